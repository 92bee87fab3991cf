"""What an import writes down so that it can go on when it was broken off: small files in the data directory."""

import hashlib
import json
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path
from typing import Any


class StateFile:
    """JSON that counts only for the same `identity`: a file that was changed, or other options, begin anew."""

    def __init__(self, directory: Path, *, key: Iterable[object], identity: dict[str, Any]) -> None:
        name = hashlib.sha256("\n".join(map(str, key)).encode(errors="surrogatepass")).hexdigest()[:24]
        self.path, self.identity = directory / f"{name}.json", identity

    def read(self) -> dict[str, Any] | None:
        try:
            state: dict[str, Any] = json.loads(self.path.read_text())
        except (FileNotFoundError, ValueError):
            return None
        return state if state.get("of") == self.identity else None

    def write(self, **values: Any) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        draft = self.path.with_suffix(".draft")
        draft.write_text(json.dumps({**values, "of": self.identity}))
        draft.replace(self.path)

    def delete(self) -> None:
        self.path.unlink(missing_ok=True)


class TraceList:
    """The traces whose spans an import stores. Noted before they are stored: after a crash their events are made all the same."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def add(self, trace_ids: Collection[str]) -> None:
        if trace_ids:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with self.path.open("a") as file:
                file.write("".join(f"{trace_id}\n" for trace_id in sorted(trace_ids)))

    def batches(self, size: int) -> Iterator[list[str]]:
        """Each trace once."""
        try:  # a line that was cut off by a crash is no trace: its spans were not stored yet
            found = sorted({line for line in self.path.read_text().splitlines() if len(line) == 32})
        except FileNotFoundError:
            return
        for start in range(0, len(found), size):
            yield found[start : start + size]

    def delete(self) -> None:
        self.path.unlink(missing_ok=True)


def identity_of(path: Path) -> dict[str, Any]:
    stat = path.stat()
    return {"size": stat.st_size, "modified": stat.st_mtime_ns}
