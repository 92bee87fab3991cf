"""The shapes of a line that `manage.py import_events` reads. One file per format, all pure: a line in, events, spans and
signals out, nothing raised but BadLine.

How a line's format is told, unless `--format` says it. Each line is asked on its own, in this order; the first that holds decides:

| format         | the line has                                                                                      |
|----------------|---------------------------------------------------------------------------------------------------|
| `otlp`         | `resourceSpans` or `scopeSpans` (or the same of logs; of metrics: refused)                          |
| `langfuse`     | `traceId`, `type` and `startTime` (an observation); `name` and `dataType`, or `name`, `traceId` and a value |
|                | (a score); `id`, `timestamp` and one of `userId`, `sessionId`, `tags`, `release`... (a trace);        |
|                | `trace` and `observations` (a download); `data`, a list of these (a page of the API)                  |
| `conversation` | `messages`, a list, and `conversation_id`                                                          |
| `openai`       | `messages`, a list (or inside `request` or `body`)                                                  |
| `event`        | `event_id`, `event` or `ai_data`                                                                   |

Langfuse's names are read in camelCase and in snake_case. A line with `text` and `label` is a labelled text and is refused.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ingest.files.formats import conversation, events, langfuse, openai, otlp
from ingest.files.formats.parsed import BadLine, Line, ParsedLine, StartOf, trace_of

__all__ = [
    "FORMATS",
    "BadLine",
    "Format",
    "Line",
    "ParsedLine",
    "StartOf",
    "format_of",
    "parse_line",
    "trace_of",
]


@dataclass(frozen=True, slots=True)
class Format:
    name: str
    recognises: Callable[[dict[str, Any]], bool]
    parse: Callable[[Line], ParsedLine]


FORMATS = {
    name: Format(name, module.recognises, module.parse)
    for name, module in {
        "otlp": otlp,
        "langfuse": langfuse,
        "conversation": conversation,
        "openai": openai,
        "event": events,
    }.items()
}

LABELLED_TEXT = (
    "this is a labelled text, not an interaction: such data is for `manage.py evaluate`. To import it all the same, give each "
    'line an id and a place for the text: {"event_id": "1", "ai_data": {"input": "..."}}'
)
UNKNOWN = (
    "this line has no known shape: expected an event (`event_id`, `ai_data`), a conversation (`conversation_id`, `messages`), "
    "OpenAI's `messages`, OTLP (`resourceSpans`), or a trace, observation or score of Langfuse"
)


BATCH_OUTPUT = (
    "this is the output of {}: the answers without the questions. Join it with the batch's input by custom_id, and give each line its "
    'request too: {{"custom_id": ..., "request": {{"messages": [...]}}, "response": ...}}'
)


def _batch_of(value: dict[str, Any]) -> str:
    """Whose batch the line is an answer of; empty for another line."""
    if "custom_id" not in value:
        return ""
    if isinstance(value.get("response"), dict) or {"response", "error"} <= value.keys():
        return "OpenAI's Batch API"
    result = value.get("result")
    return "Anthropic's Message Batches" if isinstance(result, dict) and "type" in result else ""


def format_of(value: dict[str, Any]) -> Format:
    """Raises BadLine for a line of no known shape."""
    for known in FORMATS.values():
        if known.recognises(value):
            return known
    if owner := _batch_of(value):
        raise BadLine(BATCH_OUTPUT.format(owner))
    raise BadLine(LABELLED_TEXT if "text" in value and ("label" in value or "labels" in value) else UNKNOWN)


def parse_line(line: Line, *, forced: str | None = None) -> ParsedLine:
    """By the line's own shape, or by the format of that name. Raises BadLine."""
    return (FORMATS[forced] if forced else format_of(line.value)).parse(line)
