"""A Langfuse export: traces, observations and scores, one a line, in one file or several, in any order.

Field names are those of the public API (camelCase) or of the blob storage export (snake_case); both are read:
https://langfuse.com/docs/api-and-data-platform/features/blob-storage-export-fields. Also taken: a trace with its observations and
scores inside (`GET /api/public/traces/{id}`, or under `trace` as the web page downloads it), a page of the API (`{"data": [...]}`), and
enriched observations (`observations_v2/`), which carry their trace's name, user and session themselves.

An observation may come before its trace. So nothing is put together here: each line is spans of its own, with the attributes
that Langfuse's SDK would have sent over OTLP, and `ingest.tracing.trace_events` makes the events from what is stored, again whenever
more arrives. The trace itself becomes the root span (its id follows from the trace's id, so that observations name it
as their parent before it is there). The event's id is the trace's id; a span's follows from the observation's id; a
score becomes a signal of the trace's event, once by its id.
"""

from typing import Any

from ingest.files.formats.parsed import BadLine, Line, ParsedLine, digest, trace_of
from ingest.incoming.cleaning import parse_timestamp
from ingest.incoming.values import MAX_ID, IncomingSignal
from ingest.otlp.attributes import amount, as_object, first, first_text
from ingest.otlp.dialects.semconv import NEGATIVE, POSITIVE
from ingest.otlp.json_text import dump
from ingest.otlp.precedence import EVENT_ID
from ingest.otlp.raw import RawSpan, clean_json
from ingest.otlp.stored import nanoseconds

SCOPE = "langfuse-export"
SCORE_ID = "score_id"
HEX = frozenset("0123456789abcdef")

ID, TRACE_ID = ("id",), ("traceId", "trace_id")
PARENT_ID = ("parentObservationId", "parent_observation_id")
START, END, TIMESTAMP = (
    ("startTime", "start_time"),
    ("endTime", "end_time"),
    ("timestamp", "createdAt", "created_at"),
)
DATA_TYPE = ("dataType", "data_type")
STRING_VALUE = ("stringValue", "string_value")
# Only a trace's line has these.
TRACE_MARKS = (
    "userId", "user_id", "sessionId", "session_id", "htmlPath", "bookmarked", "public", "release", "tags", "observations",
    "scores",
)  # fmt: skip
# What an enriched observation knows of its trace.
ENRICHED = ("trace_name", "traceName", "user_id", "userId", "session_id", "sessionId")

# The span's attribute -> the field's names.
OF_OBSERVATION = {
    "langfuse.observation.input": ("input",),
    "langfuse.observation.output": ("output",),
    "langfuse.observation.model.name": ("model", "providedModelName", "provided_model_name"),
    "langfuse.observation.model.parameters": ("modelParameters", "model_parameters"),
    "langfuse.observation.metadata": ("metadata",),
    "langfuse.observation.level": ("level",),
    "langfuse.observation.status_message": ("statusMessage", "status_message"),
    "langfuse.observation.completion_start_time": ("completionStartTime", "completion_start_time"),
    "langfuse.observation.prompt.name": ("promptName", "prompt_name"),
    "langfuse.observation.prompt.version": ("promptVersion", "prompt_version"),
    "langfuse.trace.name": ("traceName", "trace_name"),
}
OF_TRACE = {
    "langfuse.trace.name": ("name",),
    "langfuse.trace.input": ("input",),
    "langfuse.trace.output": ("output",),
    "langfuse.trace.metadata": ("metadata",),
}
OF_BOTH = {
    "langfuse.user.id": ("userId", "user_id"),
    "langfuse.session.id": ("sessionId", "session_id"),
    "langfuse.trace.tags": ("tags",),
    "langfuse.release": ("release",),
    "langfuse.version": ("version",),
    "langfuse.environment": ("environment",),
}
USAGE = ("usageDetails", "usage_details")
COST = ("costDetails", "cost_details")
TOTAL_COST = ("calculatedTotalCost", "totalCost", "total_cost")


def recognises(line: dict[str, Any]) -> bool:
    return _reader(line) is not None


def parse(line: Line) -> ParsedLine:
    return _parse(clean_json(line.value))


def _parse(value: dict[str, Any]) -> ParsedLine:
    reader = _reader(value)
    if reader is None:
        raise BadLine("this is no trace, observation or score of Langfuse")
    parsed: ParsedLine = reader(value)
    return parsed


def _reader(value: dict[str, Any]) -> Any:
    """By what the line holds, in this order: an observation, a score, a trace, a wrapper around them."""
    trace_id = first(value, TRACE_ID)
    if trace_id is not None and "type" in value and first(value, START) is not None:
        return _observation
    if "name" in value and (
        first(value, DATA_TYPE) is not None
        or (trace_id is not None and ("value" in value or first(value, STRING_VALUE) is not None))
    ):
        return _score
    if "id" in value and first(value, TIMESTAMP) is not None and any(mark in value for mark in TRACE_MARKS):
        return _trace
    if isinstance(value.get("trace"), dict) and isinstance(value.get("observations"), list):
        return _download
    data = value.get("data")
    if isinstance(data, list) and data and all(isinstance(item, dict) and _reader(item) for item in data):
        return _page
    return None


# -- the three kinds of line


def _observation(value: dict[str, Any]) -> ParsedLine:
    own_id, trace_id = _id(value, ID), _id(value, TRACE_ID, what="traceId")
    trace = trace_of(trace_id)
    start = _time(value, START, what="startTime")
    attributes = {
        "langfuse.observation.id": own_id,
        "langfuse.observation.type": first_text(value, ("type",)).lower(),
        **_taken(value, OF_OBSERVATION | OF_BOTH),
        **_usage(value),
        **_event_id(trace_id),
    }
    if attributes.get("langfuse.observation.level") == "DEFAULT":
        del attributes["langfuse.observation.level"]
    parent = first_text(value, PARENT_ID)
    if parent:
        parent = _span_id(trace, parent)
    elif not any(name in value for name in ENRICHED):
        parent = _root_id(trace)
    return ParsedLine(
        spans=[
            RawSpan(
                trace_id=trace,
                span_id=_span_id(trace, own_id),
                parent_span_id=parent,
                name=first_text(value, ("name",)),
                kind="internal",
                start_ns=start,
                end_ns=max(start, _time(value, END, what="endTime", default=start)),
                status_code="error" if attributes.get("langfuse.observation.level") == "ERROR" else "unset",
                status_message=first_text(
                    value, OF_OBSERVATION["langfuse.observation.status_message"], limit=8192
                ),
                attributes=attributes,
                events=[],
                resource={},
                scope_name=SCOPE,
                scope_version="",
            )
        ]
    )


def _trace(value: dict[str, Any]) -> ParsedLine:
    trace_id = _id(value, ID)
    trace = trace_of(trace_id)
    start = _time(value, TIMESTAMP, what="timestamp")
    seconds = amount(value.get("latency")) or 0.0
    attributes = {
        "langfuse.trace.id": trace_id,
        **_taken(value, OF_TRACE | OF_BOTH),
        **_event_id(trace_id),
    }
    if (
        EVENT_ID[0] in attributes
    ):  # without a session a trace is a conversation, as ingest.tracing.trace_events has it for unnamed events
        attributes.setdefault("langfuse.session.id", trace_id)
    parsed = ParsedLine(
        spans=[
            RawSpan(
                trace_id=trace,
                span_id=_root_id(trace),
                parent_span_id="",
                name=first_text(value, ("name",)),
                kind="internal",
                start_ns=start,
                end_ns=start + int(min(max(seconds, 0.0), 86_400.0) * 1e9),
                status_code="unset",
                status_message="",
                attributes=attributes,
                events=[],
                resource={},
                scope_name=SCOPE,
                scope_version="",
            )
        ]
    )
    for items, parse_item in ((value.get("observations"), _observation), (value.get("scores"), _score)):
        for item in items if isinstance(items, list) else ():
            if isinstance(item, dict):  # else their ids, which the list of traces has
                _add(parsed, {**item, "traceId": trace_id}, parse_item)
    return parsed


def _score(value: dict[str, Any]) -> ParsedLine:
    if first(value, TRACE_ID) is None:
        raise BadLine("this score is about no trace: scores of sessions and of dataset runs are not imported")
    trace_id = _id(value, TRACE_ID, what="traceId")
    name = first_text(value, ("name",))
    if not name:
        raise BadLine("name: missing")
    label, number = first(value, STRING_VALUE), value.get("value")
    if label is None and isinstance(number, str):
        label, number = number, None
    kind = first_text(value, DATA_TYPE).upper()
    source = first_text(value, ("source",)).upper()
    properties: dict[str, Any] = {
        SCORE_ID: first_text(value, ID) or digest(dump(value))[:32],
        "score": None if kind == "TEXT" else amount(number),
        "label": dump(label),
        "comment": dump(value.get("comment")),
        "source": source.lower(),
        "observation_id": first_text(value, ("observationId", "observation_id")),
    }
    return ParsedLine(
        signals=[
            IncomingSignal(
                event_id=trace_id,
                name=name,
                signal_type="feedback" if source == "ANNOTATION" else "standard",
                sentiment=_sentiment(label),
                properties={key: item for key, item in properties.items() if item not in (None, "")},
                timestamp=parse_timestamp(_time(value, TIMESTAMP, what="timestamp") / 1e9),
            )
        ]
    )


def _download(value: dict[str, Any]) -> ParsedLine:
    return _trace({**value["trace"], "observations": value["observations"], "scores": value.get("scores")})


def _page(value: dict[str, Any]) -> ParsedLine:
    parsed = ParsedLine()
    for item in value["data"]:
        _add(parsed, item, _parse)
    return parsed


def _add(parsed: ParsedLine, value: dict[str, Any], parse_item: Any) -> None:
    """A part that is bad is told of, and takes no other part with it."""
    try:
        parsed.add(parse_item(value))
    except BadLine as error:
        parsed.complaints[str(error)] += 1


# -- fields


def _id(value: dict[str, Any], names: tuple[str, ...], *, what: str = "id") -> str:
    found = first_text(value, names, limit=MAX_ID + 1)
    if not found:
        raise BadLine(f"{what}: missing")
    if len(found) > MAX_ID:
        raise BadLine(f"{what}: longer than {MAX_ID} characters")
    return found


def _time(value: dict[str, Any], names: tuple[str, ...], *, what: str, default: int | None = None) -> int:
    """Nanoseconds since 1970."""
    found = first(value, names)
    if found is None:
        if default is None:
            raise BadLine(f"{what}: missing")
        return default
    try:
        return nanoseconds(parse_timestamp(found))
    except ValueError as error:
        raise BadLine(f"{what}: {error}") from None


def _taken(value: dict[str, Any], fields: dict[str, tuple[str, ...]]) -> dict[str, Any]:
    return {name: found for name, names in fields.items() if (found := first(value, names)) is not None}


def _usage(value: dict[str, Any]) -> dict[str, Any]:
    """Tokens and cost, of the present fields (`usageDetails`, `costDetails`) or the former ones."""
    found: dict[str, Any] = {}
    usage = as_object(first(value, ("usage",)))
    tokens = as_object(first(value, USAGE))
    if not tokens and first_text(usage, ("unit",)).upper() in {"", "TOKENS"}:
        tokens = usage or {
            name: value[name] for name in ("promptTokens", "completionTokens") if name in value
        }
    if tokens:
        found["langfuse.observation.usage_details"] = tokens
    cost = as_object(first(value, COST))
    if not cost and (total := first(value, TOTAL_COST) or first(usage, TOTAL_COST)) is not None:
        cost = {"total": total}
    if cost:
        found["langfuse.observation.cost_details"] = cost
    return found


def _event_id(trace_id: str) -> dict[str, str]:
    """A trace whose id is not what its spans are stored under keeps it as its event's id."""
    return {} if trace_of(trace_id) == trace_id else {EVENT_ID[0]: trace_id}


def _span_id(trace: str, own_id: str) -> str:
    """The observation's own id when it is 16 hex digits, as Langfuse's SDKs make them now; else a hash."""
    return own_id if len(own_id) == 16 and HEX.issuperset(own_id) else digest(trace, own_id)[:16]


def _root_id(trace: str) -> str:
    return digest(trace, "langfuse trace")[:16]


def _sentiment(label: Any) -> str:
    """Only a word tells good from bad: whether a high number, or True, is good depends on what is scored."""
    word = dump(label).strip().lower()
    return "POSITIVE" if word in POSITIVE else "NEGATIVE" if word in NEGATIVE else ""
