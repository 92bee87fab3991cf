"""Our own event shape (ingest/files/event_lines.py): one event of the write API a line, perhaps with its `spans` and `signals`."""

from typing import Any

from ingest.decoding.json_bodies import FieldError
from ingest.files.event_lines import parse_event_line
from ingest.files.formats.parsed import BadLine, Line, ParsedLine

MARKS = ("event_id", "event", "ai_data")


def recognises(line: dict[str, Any]) -> bool:
    return any(mark in line for mark in MARKS)


def parse(line: Line) -> ParsedLine:
    try:
        event = parse_event_line(line.value)
    except FieldError as error:
        raise BadLine(f"{error.field}: {error.message}" if error.field else error.message) from None
    return ParsedLine(events=[event], dated=event.timestamp is not None)
