"""The lines of a file that is imported: read, decompressed, parsed as JSON; and where those that cannot be taken are kept."""

import gzip
import io
import json
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import msgspec

from ingest.decoding.json_bodies import repair
from raindrop.errors import ApiError

MAX_LINE = 64 * 1024 * 1024
MAX_DOCUMENT = 256 * 1024 * 1024  # of a file that is read as a whole, since it is one JSON array
PEEKED = 8192
BLANK = b"\xef\xbb\xbf \t\r\n"  # with the byte order mark
ONE_A_LINE = "write one object a line (jq -c '.[]' does)"
_ARRAY = msgspec.json.Decoder(list[msgspec.Raw])
_DECODER = json.JSONDecoder()
_SPACE = re.compile(r"\s*")


def read_lines(raw: IO[bytes], *, gzipped: bool) -> Iterator[tuple[int, bytes]]:
    """Line numbers, from 1, and lines. A line longer than MAX_LINE comes cut off, a byte too long.

    A file that is one JSON array, or JSON objects with line breaks inside, gives its items, with their place in it for a line number."""
    stream: Any = io.BufferedReader(gzip.GzipFile(fileobj=raw) if gzipped else raw)
    if _is_document(stream.peek(PEEKED)):
        document = stream.read(MAX_DOCUMENT + 1)
        if len(document) > MAX_DOCUMENT:
            yield 1, document[: MAX_LINE + 1]
            return
        if (items := _items(document)) is not None:
            yield from enumerate(items, 1)
            return
        stream = io.BytesIO(document)
    number = 0
    while line := stream.readline(MAX_LINE + 1):
        number += 1
        yield number, line
        while len(line) > MAX_LINE and not line.endswith(b"\n"):
            line = stream.readline(MAX_LINE + 1)


def _is_document(head: bytes) -> bool:
    """Whether a file that begins so may be JSON that is not written one object a line."""
    head = head.lstrip(BLANK)
    return head[:1] == b"[" or head.split(b"\n", 1)[0].strip() == b"{"


def _items(document: bytes) -> list[bytes] | None:
    """The items of an array, or the objects that follow each other; None for anything else, such as lines of arrays."""
    document = document.strip(BLANK)
    if document[:1] == b"[":
        try:
            return [bytes(item) for item in _ARRAY.decode(document)]
        except (msgspec.DecodeError, RecursionError):
            pass
        try:
            return [msgspec.json.encode(item) for item in msgspec.json.decode(repair(document), type=list)]
        except (ApiError, msgspec.DecodeError, RecursionError):
            return None
    text, place, items = document.decode(errors="surrogateescape"), 0, []
    try:
        while place < len(text):
            _, end = _DECODER.raw_decode(text, place)
            items.append(text[place:end].encode(errors="surrogateescape"))
            place = _SPACE.match(text, end).end()  # type: ignore[union-attr]  # the pattern also matches nothing
    except (ValueError, RecursionError):
        return None
    return items


def is_gzipped(path: Path) -> bool:
    return path.name.endswith(".gz")


def parse_object(raw: bytes) -> dict[str, Any]:
    """One line's JSON object, mended where it can be (decoding.repair). Raises ValueError or ApiError with what is wrong."""
    if len(raw) > MAX_LINE:
        way_out = (
            f" (or an array of more than {MAX_DOCUMENT // 2**20} MiB): {ONE_A_LINE}"
            if raw.lstrip(BLANK)[:1] == b"["
            else ""
        )
        raise ValueError(f"longer than {MAX_LINE // 2**20} MiB{way_out}")
    value = parse_json(raw)
    if isinstance(value, list):
        raise ValueError(f"a JSON array: {ONE_A_LINE}")
    if not isinstance(value, dict):
        raise ValueError("not a JSON object")
    return value


def parse_json(raw: bytes) -> Any:
    try:
        if b"\\u0000" not in raw:
            return msgspec.json.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        pass
    return msgspec.json.decode(repair(raw))


def rejects_path(path: Path, otherwise: Path) -> Path:
    """Beside the file, or in the directory `otherwise` when that place is read-only."""
    name = f"{path.name}.rejects.jsonl"
    # The mode too: root may write everywhere, and a directory that is marked read-only is not ours to write in.
    if path.parent.stat().st_mode & 0o222 and os.access(path.parent, os.W_OK):
        return path.with_name(name)
    otherwise.mkdir(parents=True, exist_ok=True)
    return otherwise / name


def keep_reject(path: Path, row: dict[str, Any]) -> None:
    """Adds a row to the reject file. Its lines are what users wrote, not redacted: only the file's owner may read it."""
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    with os.fdopen(descriptor, "a", encoding="utf-8", errors="replace") as file:
        os.fchmod(descriptor, 0o600)  # also of a file that an earlier version made
        file.write(json.dumps(row) + "\n")


def forget_rejects(path: Path, *, after: int) -> None:
    """Takes the lines after that number out of a reject file: they are read again."""
    if not path.exists():
        return
    kept = [row for row in path.read_text(encoding="utf-8").splitlines() if _line_of(row) <= after]
    path.write_text("".join(f"{row}\n" for row in kept), encoding="utf-8")


def _line_of(row: str) -> int:
    try:
        return int(json.loads(row)["line"])
    except (ValueError, KeyError, TypeError):  # cut off by a crash
        return sys.maxsize
