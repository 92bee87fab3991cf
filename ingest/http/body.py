"""Reading a request's body within bounds, before and after decompression."""

import zlib
from collections.abc import Mapping

from django.http import HttpRequest, UnreadablePostError

from raindrop.errors import ApiError

MIB = 1024 * 1024
MAX_BODY = 20 * MIB
MAX_DECOMPRESSED = 64 * MIB
CHUNK = 256 * 1024
PIECE = 64 * 1024
MAX_MEMBERS = 1000  # gzip members in one body


def read_body(request: HttpRequest) -> bytes:
    """The body, decompressed. Raises ApiError: 413 beyond the bounds, 415 for an encoding that is not known, 400 for a
    body that is cut off or broken."""
    _encodings(request.headers)  # before reading: an encoding that is not known is refused at once
    return decompress(_read(request), request.headers)


def decompress(body: bytes, headers: Mapping[str, str]) -> bytes:
    """The body as its Content-Encoding says. Raises ApiError as `read_body`."""
    for encoding in _encodings(headers):
        body = _decompress(body, raw_allowed=encoding == "deflate")
    return body


def too_large() -> ApiError:
    return ApiError(413, f"The body is larger than {MAX_BODY // MIB} MiB: send fewer events at a time.")


def _encodings(headers: Mapping[str, str]) -> list[str]:
    names = [name.strip().lower() for name in headers.get("Content-Encoding", "").split(",")]
    names = [name.removeprefix("x-") for name in names if name not in {"", "identity"}]
    if len(names) > 1 or not set(names) <= {"gzip", "deflate"}:
        raise ApiError(
            415,
            f"Content-Encoding {', '.join(names)[:40]} is not read here. Send the body as it is, or with gzip or deflate; OpenTelemetry's "
            "SDKs: OTEL_EXPORTER_OTLP_COMPRESSION=gzip, a Collector's otlphttp exporter: `compression: gzip`.",
        )
    return names


def _read(request: HttpRequest) -> bytes:
    try:
        announced = int(request.headers.get("Content-Length") or 0)
    except ValueError:
        raise ApiError(400, "The Content-Length header is not a number.") from None
    if announced > MAX_BODY:
        raise too_large()
    chunks, size = [], 0
    try:
        while chunk := request.read(CHUNK):  # a chunked body announces no length
            size += len(chunk)
            if size > MAX_BODY:
                raise too_large()
            chunks.append(chunk)
    except UnreadablePostError:
        raise ApiError(400, "The connection broke before the whole body had arrived.") from None
    return b"".join(chunks)


def _decompress(body: bytes, *, raw_allowed: bool) -> bytes:
    try:
        return _inflate(body, wbits=47)  # gzip or zlib, by their header
    except zlib.error:
        if not raw_allowed:
            raise ApiError(400, "The body is not what its Content-Encoding says.") from None
    try:
        return _inflate(body, wbits=-15)  # some clients send "deflate" without zlib's header
    except zlib.error:
        raise ApiError(400, "The body is not what its Content-Encoding says.") from None


def _inflate(body: bytes, *, wbits: int) -> bytes:
    """All members of the stream. Never holds more than MAX_DECOMPRESSED plus a chunk."""
    chunks, size, members = [], 0, 1
    stream = zlib.decompressobj(wbits)
    for start in range(0, len(body), PIECE):  # in pieces, because what is left over is copied at each step
        piece = body[start : start + PIECE]
        while piece:
            if stream.eof:
                members += 1
                stream = zlib.decompressobj(wbits)
            chunk = stream.decompress(piece, CHUNK)
            piece = stream.unused_data if stream.eof else stream.unconsumed_tail
            size += len(chunk)
            if size > MAX_DECOMPRESSED or members > MAX_MEMBERS:
                limit = f"{MAX_DECOMPRESSED // MIB} MiB"
                raise ApiError(413, f"The body is larger than {limit} when decompressed: send fewer events.")
            chunks.append(chunk)
    chunks.append(stream.flush())
    if body and not stream.eof:
        raise ApiError(400, "The compressed body ends too early.")
    return b"".join(chunks)
