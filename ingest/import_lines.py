"""The lines of a file that is imported: read, decompressed, parsed as JSON; and where those that cannot be taken are kept."""

import gzip
import io
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import msgspec

from ingest.decoding import repair

MAX_LINE = 64 * 1024 * 1024


def read_lines(raw: IO[bytes], *, gzipped: bool) -> Iterator[tuple[int, bytes]]:
    """Line numbers, from 1, and lines. A line longer than MAX_LINE comes cut off, a byte too long."""
    stream: Any = io.BufferedReader(gzip.GzipFile(fileobj=raw)) if gzipped else raw
    number = 0
    while line := stream.readline(MAX_LINE + 1):
        number += 1
        yield number, line
        while len(line) > MAX_LINE and not line.endswith(b"\n"):
            line = stream.readline(MAX_LINE + 1)


def is_gzipped(path: Path) -> bool:
    return path.name.endswith(".gz")


def parse_object(raw: bytes) -> dict[str, Any]:
    """One line's JSON object, mended where it can be (decoding.repair). Raises ValueError or ApiError with what is wrong."""
    if len(raw) > MAX_LINE:
        raise ValueError(f"longer than {MAX_LINE // 2**20} MiB")
    value = parse_json(raw)
    if isinstance(value, list):
        raise ValueError("a JSON array: write one object a line (jq -c '.[]' does)")
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
