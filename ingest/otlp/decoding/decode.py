"""The way in: a request's body, in either encoding, as plain spans or logs. Raises nothing but BadOtlp."""

import time
from collections.abc import Callable

from ingest.otlp.decoding import json_body, protobuf_body
from ingest.otlp.raw import LOGS_AS_TRACES, NO_TRACE_ID, BadOtlp, DecodeResult, RawLog, RawSpan


def decode_traces(body: bytes, *, is_json: bool, received_ns: int | None = None) -> DecodeResult[RawSpan]:
    """An ExportTraceServiceRequest. `received_ns` stands in where a span has no time (default: now).

    A request in which every span is bad is bad as a whole (BadOtlp); else bad spans are counted in `rejected`.
    """
    now = time.time_ns() if received_ns is None else received_ns
    if not body:
        return DecodeResult()
    read: Callable[..., DecodeResult[RawSpan]] = (json_body if is_json else protobuf_body).decode_traces
    decoded = read(body, received_ns=now)
    if decoded.rejected and not decoded.items:
        reasons = "; ".join(f"{reason} ({count})" for reason, count in decoded.rejected.most_common(5))
        hint = " " + LOGS_AS_TRACES if decoded.rejected[NO_TRACE_ID] == decoded.rejected_count else ""
        raise BadOtlp(f"No span could be read: {reasons}.{hint}")
    return decoded


def decode_logs(body: bytes, *, is_json: bool, received_ns: int | None = None) -> DecodeResult[RawLog]:
    """An ExportLogsServiceRequest."""
    now = time.time_ns() if received_ns is None else received_ns
    if not body:
        return DecodeResult()
    read: Callable[..., DecodeResult[RawLog]] = (json_body if is_json else protobuf_body).decode_logs
    return read(body, received_ns=now)
