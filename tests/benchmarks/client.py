"""A small HTTP/1.1 load generator on raw asyncio streams: it must cost far less than the server that it measures."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass
class Result:
    """Latencies in seconds of the requests that were answered 2xx, and how many were not."""

    latencies: list[float] = field(default_factory=list)
    refused: dict[int, int] = field(default_factory=dict)
    seconds: float = 0.0

    @property
    def per_second(self) -> float:
        return len(self.latencies) / self.seconds

    def quantile(self, share: float) -> float:
        """Milliseconds."""
        ordered = sorted(self.latencies)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))] * 1000


def run(
    *,
    port: int,
    path: str,
    headers: dict[str, str],
    body: Callable[[int], bytes],
    connections: int,
    requests: int,
    rate: float | None = None,
) -> Result:
    """Sends `requests` POSTs over `connections`, as fast as they are answered or at `rate` per second in all.

    `body(i)` makes the i-th request's body. Latency at a fixed rate counts from when the request was due.
    """
    return asyncio.run(_run(port, path, headers, body, connections, requests, rate))


async def _run(
    port: int,
    path: str,
    headers: dict[str, str],
    body: Callable[[int], bytes],
    connections: int,
    requests: int,
    rate: float | None,
) -> Result:
    result = Result()
    head = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n" + "".join(
        f"{k}: {v}\r\n" for k, v in headers.items()
    )
    counter = iter(range(requests))
    began = time.perf_counter()

    async def connection() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1 << 20)
        for i in counter:
            data = body(i)
            due = time.perf_counter()
            if rate:
                due = began + i / rate
                await asyncio.sleep(max(0.0, due - time.perf_counter()))
            writer.write(f"{head}Content-Length: {len(data)}\r\n\r\n".encode() + data)
            status_line = await reader.readline()
            length = 0
            while (line := await reader.readline()) not in (b"\r\n", b""):
                if line.lower().startswith(b"content-length:"):
                    length = int(line.split(b":")[1])
            await reader.readexactly(length)
            status = int(status_line.split()[1])
            if 200 <= status < 300:
                result.latencies.append(time.perf_counter() - due)
            else:
                result.refused[status] = result.refused.get(status, 0) + 1
        writer.close()

    await asyncio.gather(*(connection() for _ in range(connections)))
    result.seconds = time.perf_counter() - began
    return result
