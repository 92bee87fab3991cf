"""OTLP as JSON: orjson and a walk of our own. `json_format.ParseDict` is 13 times slower, and decodes hex ids as base64.

Lenient where hand-written exporters err: ids in hex or base64, enums by number or name, times as text or number,
attributes as an object. Unknown fields are ignored, as the specification demands.
"""

import base64
import binascii
import json
from typing import Any

import orjson

from ingest.incoming.cleaning import clean_text, sound_text
from ingest.otlp.decoding.depth import TOO_DEEP, shallow_json
from ingest.otlp.raw import (
    KINDS,
    MAX_DEPTH,
    NO_SPAN_ID,
    NO_TRACE_ID,
    STATUSES,
    BadOtlp,
    DecodeResult,
    RawLog,
    RawSpan,
    RawSpanEvent,
    clean_float,
    clean_json,
    time_range,
)

OBJECT_ATTRIBUTES = "attributes were sent as an object; OTLP wants a list of {key, value}"
BAD_ENTRY = "an entry is not a JSON object"
LOGS_ON_TRACES = "The body holds resourceLogs: send logs to /v1/logs."
SPANS_ON_LOGS = "The body holds resourceSpans: send spans to /v1/traces."

BLANK = "\ufeff \t\r\n"
HEX = frozenset("0123456789abcdef")
VALUE_KEYS = frozenset(
    ("stringValue", "boolValue", "intValue", "doubleValue", "bytesValue", "arrayValue", "kvlistValue")
)


def decode_traces(body: bytes, *, received_ns: int) -> DecodeResult[RawSpan]:
    decoded: DecodeResult[RawSpan] = DecodeResult()
    document = parse(body, decoded)
    if "resourceSpans" not in document and "resourceLogs" in document:
        raise BadOtlp(LOGS_ON_TRACES)
    for resource_spans in objects(document.get("resourceSpans"), decoded):
        resource = attributes(as_object(resource_spans.get("resource")).get("attributes"), decoded)
        for scope_spans in objects(resource_spans.get("scopeSpans"), decoded):
            scope = as_object(scope_spans.get("scope"))
            names = text(scope.get("name")), text(scope.get("version"))
            for span in objects(scope_spans.get("spans"), decoded):
                _span(span, resource, names, decoded, received_ns)
    return decoded


def decode_logs(body: bytes, *, received_ns: int) -> DecodeResult[RawLog]:
    decoded: DecodeResult[RawLog] = DecodeResult()
    document = parse(body, decoded)
    if "resourceLogs" not in document and "resourceSpans" in document:
        raise BadOtlp(SPANS_ON_LOGS)
    for resource_logs in objects(document.get("resourceLogs"), decoded):
        resource = attributes(as_object(resource_logs.get("resource")).get("attributes"), decoded)
        for scope_logs in objects(resource_logs.get("scopeLogs"), decoded):
            scope = as_object(scope_logs.get("scope"))
            for log in objects(scope_logs.get("logRecords"), decoded):
                found = attributes(log.get("attributes"), decoded)
                times = nanoseconds(log.get("timeUnixNano")), nanoseconds(log.get("observedTimeUnixNano"))
                decoded.items.append(
                    RawLog(
                        trace_id=identifier(log.get("traceId"), 16),
                        span_id=identifier(log.get("spanId"), 8),
                        time_ns=time_range(*times, received_ns)[0],
                        event_name=text(log.get("eventName")) or text(found.get("event.name")),
                        body=any_value(log.get("body")),
                        attributes=found,
                        resource=resource,
                        scope_name=text(scope.get("name")),
                        scope_version=text(scope.get("version")),
                    )
                )
    return decoded


def parse(body: bytes, decoded: DecodeResult[Any]) -> dict[str, Any]:
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        # orjson refuses NaN, lone surrogates, raw line breaks and bytes that are no UTF-8; all are met in the wild, and the
        # standard library reads them.
        body, cut = shallow_json(body)
        if cut:
            decoded.warnings[TOO_DEEP] += cut
        try:
            document = json.loads(body.decode(errors="replace").lstrip(BLANK), strict=False)
        except (ValueError, RecursionError):
            raise BadOtlp(f"The body is not JSON: {error}") from None
    if not isinstance(document, dict):
        raise BadOtlp("The body is not a JSON object with resourceSpans or resourceLogs.")
    return document


def objects(value: Any, decoded: DecodeResult[Any]) -> list[dict[str, Any]]:
    """The objects of a list. What is something else is counted, never a reason to lose its neighbours."""
    if value is None:
        return []
    if not isinstance(value, list):
        value = [value]
    kept = [item for item in value if isinstance(item, dict)]
    if len(kept) < len(value):
        decoded.rejected[BAD_ENTRY] += len(value) - len(kept)
    return kept


def _span(
    span: dict[str, Any],
    resource: dict[str, Any],
    scope: tuple[str, str],
    decoded: DecodeResult[RawSpan],
    received_ns: int,
) -> None:
    trace_id, span_id = identifier(span.get("traceId"), 16), identifier(span.get("spanId"), 8)
    if not trace_id or not span_id:
        decoded.rejected[NO_SPAN_ID if trace_id else NO_TRACE_ID] += 1
        return
    start, end = time_range(
        nanoseconds(span.get("startTimeUnixNano")), nanoseconds(span.get("endTimeUnixNano")), received_ns
    )
    status = as_object(span.get("status"))
    parent = identifier(span.get("parentSpanId"), 8)
    events = span.get("events")
    decoded.items.append(
        RawSpan(
            trace_id=trace_id,
            span_id=span_id,
            parent_span_id=parent if parent != span_id else "",
            name=text(span.get("name")),
            kind=enum(span.get("kind"), KINDS),
            start_ns=start,
            end_ns=end,
            status_code=enum(status.get("code"), STATUSES),
            status_message=text(status.get("message")),
            attributes=attributes(span.get("attributes"), decoded),
            events=[
                RawSpanEvent(
                    text(event.get("name")),
                    nanoseconds(event.get("timeUnixNano")),
                    attributes(event.get("attributes"), decoded),
                )
                for event in (events if isinstance(events, list) else ())
                if isinstance(event, dict)
            ],
            resource=resource,
            scope_name=scope[0],
            scope_version=scope[1],
        )
    )


def identifier(value: Any, size: int) -> str:
    """Hex digits of an id of `size` bytes, from hex (as OTLP says) or base64 (as some SDKs send); empty when neither."""
    if not isinstance(value, str):
        return ""
    found = ""
    if len(value) == 2 * size:
        lowered = value.lower()
        found = lowered if HEX.issuperset(lowered) else ""
    else:
        padded = value.strip().replace("-", "+").replace("_", "/").rstrip("=")
        try:
            raw = base64.b64decode(padded + "=" * (-len(padded) % 4), validate=True)
        except (binascii.Error, ValueError):
            return ""
        found = raw.hex() if len(raw) == size else ""
    return found if found.strip("0") else ""


def nanoseconds(value: Any) -> int:
    """0 when absent or unreadable."""
    if isinstance(value, bool) or value is None:
        return 0
    try:
        return int(value) if not isinstance(value, float) or clean_float(value) is not None else 0
    except (TypeError, ValueError):
        return 0


def enum(value: Any, names: tuple[str, ...]) -> str:
    """An enum by number, by name (`SPAN_KIND_CLIENT`, `STATUS_CODE_ERROR`) or by its short name."""
    if isinstance(value, str):
        short = value.lower().removeprefix("span_kind_").removeprefix("status_code_")
        if short in names:
            return short
        value = int(short) if short.isascii() and short.isdigit() and len(short) < 3 else 0
    if isinstance(value, int) and 0 <= value < len(names):
        return names[value]
    return names[0]


def text(value: Any) -> str:
    return clean_text(value) if isinstance(value, str) else ""


def as_object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def attributes(value: Any, decoded: DecodeResult[Any] | None = None, depth: int = 0) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if isinstance(value, dict):
        if decoded is not None:
            decoded.warnings[OBJECT_ATTRIBUTES] += 1
        for key, item in value.items():
            wrapped = isinstance(item, dict) and len(item) == 1 and not VALUE_KEYS.isdisjoint(item)
            found[clean_text(key)] = any_value(item, depth) if wrapped else clean_json(item)
    elif isinstance(value, list):
        for pair in value:
            if isinstance(pair, dict) and isinstance(key := pair.get("key"), str):
                found[clean_text(key)] = any_value(pair.get("value"), depth)
    return found


def any_value(value: Any, depth: int = 0) -> Any:
    """An AnyValue as a value. Anything else (a bare string, say) is returned as it is."""
    if not isinstance(value, dict):
        return clean_json(value)
    if depth >= MAX_DEPTH or not value:
        return None
    if isinstance(item := value.get("stringValue"), str):
        return sound_text(item)
    if "intValue" in value:
        return integer(value["intValue"])
    if isinstance(item := value.get("boolValue"), bool):
        return item
    if "doubleValue" in value:
        return double(value["doubleValue"])
    if "arrayValue" in value:
        items = as_object(value["arrayValue"]).get("values")
        return [any_value(item, depth + 1) for item in items] if isinstance(items, list) else []
    if "kvlistValue" in value:
        return attributes(as_object(value["kvlistValue"]).get("values"), None, depth + 1)
    if "bytesValue" in value:
        return text(value["bytesValue"])
    return None


def integer(value: Any) -> int | float | None:
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, str):
        try:
            value = int(value)
        except ValueError:
            return None
    if isinstance(value, int):
        return value if -(2**63) <= value < 2**63 else None
    return clean_float(value) if isinstance(value, float) else None


def double(value: Any) -> float | None:
    """JSON writes NaN and the infinities as text; PostgreSQL's jsonb has no place for them."""
    try:
        return clean_float(float(value)) if not isinstance(value, bool) and value is not None else None
    except (TypeError, ValueError, OverflowError):
        return None
