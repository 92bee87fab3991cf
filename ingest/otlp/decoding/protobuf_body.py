"""OTLP as protobuf. upb reads it; the AnyValue walk here is most of the cost, hence its plain shape."""

from collections.abc import Iterable
from typing import Any

from google.protobuf.message import DecodeError
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from ingest.incoming.cleaning import clean_text, sound_text
from ingest.otlp.decoding.depth import TOO_DEEP, shallow_protobuf
from ingest.otlp.decoding.utf8 import sound_utf8
from ingest.otlp.raw import (
    KINDS,
    MAX_DEPTH,
    NO_SPAN,
    NO_SPAN_ID,
    NO_TRACE,
    NO_TRACE_ID,
    STATUSES,
    BadOtlp,
    DecodeResult,
    RawLog,
    RawSpan,
    RawSpanEvent,
    bytes_text,
    clean_float,
    time_range,
)


def _parse(body: bytes, kind: Any, decoded: DecodeResult[Any]) -> Any:
    try:
        return kind.FromString(body)
    except DecodeError as error:
        body, cut = shallow_protobuf(body, logs=kind is ExportLogsServiceRequest)
        if cut:
            decoded.warnings[TOO_DEEP] += cut
        try:
            return kind.FromString(sound_utf8(body, kind))
        except DecodeError:
            name = kind.DESCRIPTOR.name
            raise BadOtlp(f"The body is not a protobuf {name}: {error}") from None


def decode_traces(body: bytes, *, received_ns: int) -> DecodeResult[RawSpan]:
    decoded: DecodeResult[RawSpan] = DecodeResult()
    request = _parse(body, ExportTraceServiceRequest, decoded)
    for resource_spans in request.resource_spans:
        resource = attributes(resource_spans.resource.attributes)
        for scope_spans in resource_spans.scope_spans:
            scope = clean_text(scope_spans.scope.name), clean_text(scope_spans.scope.version)
            for span in scope_spans.spans:
                _span(span, resource, scope, decoded, received_ns)
    return decoded


def decode_logs(body: bytes, *, received_ns: int) -> DecodeResult[RawLog]:
    decoded: DecodeResult[RawLog] = DecodeResult()
    request = _parse(body, ExportLogsServiceRequest, decoded)
    for resource_logs in request.resource_logs:
        resource = attributes(resource_logs.resource.attributes)
        for scope_logs in resource_logs.scope_logs:
            scope = clean_text(scope_logs.scope.name), clean_text(scope_logs.scope.version)
            for log in scope_logs.log_records:
                trace_id, span_id = log.trace_id.hex(), log.span_id.hex()
                found = attributes(log.attributes)
                time_ns, _ = time_range(log.time_unix_nano, log.observed_time_unix_nano, received_ns)
                decoded.items.append(
                    RawLog(
                        trace_id=trace_id if len(trace_id) == 32 and trace_id != NO_TRACE else "",
                        span_id=span_id if len(span_id) == 16 and span_id != NO_SPAN else "",
                        time_ns=time_ns,
                        event_name=clean_text(log.event_name) or str(found.get("event.name") or ""),
                        body=any_value(log.body),
                        attributes=found,
                        resource=resource,
                        scope_name=scope[0],
                        scope_version=scope[1],
                    )
                )
    return decoded


def _span(
    span: Any,
    resource: dict[str, Any],
    scope: tuple[str, str],
    decoded: DecodeResult[RawSpan],
    received_ns: int,
) -> None:
    trace_id, span_id, parent = span.trace_id.hex(), span.span_id.hex(), span.parent_span_id.hex()
    if len(trace_id) != 32 or trace_id == NO_TRACE:
        decoded.rejected[NO_TRACE_ID] += 1
        return
    if len(span_id) != 16 or span_id == NO_SPAN:
        decoded.rejected[NO_SPAN_ID] += 1
        return
    start, end = time_range(span.start_time_unix_nano, span.end_time_unix_nano, received_ns)
    status = span.status
    decoded.items.append(
        RawSpan(
            trace_id=trace_id,
            span_id=span_id,
            parent_span_id=parent if len(parent) == 16 and parent not in (NO_SPAN, span_id) else "",
            name=clean_text(span.name),
            kind=KINDS[span.kind] if 0 <= span.kind < len(KINDS) else KINDS[0],
            start_ns=start,
            end_ns=end,
            status_code=STATUSES[status.code] if 0 <= status.code < len(STATUSES) else STATUSES[0],
            status_message=clean_text(status.message),
            attributes=attributes(span.attributes),
            events=[
                RawSpanEvent(clean_text(event.name), event.time_unix_nano, attributes(event.attributes))
                for event in span.events
            ],
            resource=resource,
            scope_name=scope[0],
            scope_version=scope[1],
        )
    )


def attributes(pairs: Iterable[Any], depth: int = 0) -> dict[str, Any]:
    """KeyValue messages as a dict; of a key given twice, the last counts."""
    found: dict[str, Any] = {}
    for pair in pairs:
        value = pair.value
        if value.WhichOneof("value") == "string_value":  # nearly all of them
            found[clean_text(pair.key)] = sound_text(value.string_value)
        else:
            found[clean_text(pair.key)] = any_value(value, depth)
    return found


def any_value(value: Any, depth: int = 0) -> Any:
    which = value.WhichOneof("value")
    if which is None or depth >= MAX_DEPTH:
        return None
    if which == "string_value":
        return sound_text(value.string_value)
    if which == "array_value":
        return [any_value(item, depth + 1) for item in value.array_value.values]
    if which == "kvlist_value":
        return attributes(value.kvlist_value.values, depth + 1)
    if which == "bytes_value":
        return bytes_text(value.bytes_value)
    if which == "double_value":
        return clean_float(value.double_value)
    return getattr(value, which)
