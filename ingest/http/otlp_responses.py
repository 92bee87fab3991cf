"""OTLP's answers, in the request's encoding. An exporter retries only 429, 502, 503 and 504."""

import json
from collections import Counter

from django.http import HttpResponse
from google.rpc.status_pb2 import Status
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceResponse
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

PROTOBUF = "application/x-protobuf"
JSON = "application/json"
MAX_TEXT_BYTES = 4096

# google.rpc.Code, by HTTP status.
CODES = {400: 3, 401: 16, 403: 7, 404: 5, 405: 12, 413: 11, 415: 3, 429: 8, 500: 13, 503: 14}


def success(*, is_json: bool, rejected: int = 0, text: str = "", logs: bool = False) -> HttpResponse:
    """200. Full success is an empty message; `rejected` or a warning `text` makes it a partial one."""
    text = cut(text)
    if is_json:
        part: dict[str, str] = {}
        if rejected:
            part["rejectedLogRecords" if logs else "rejectedSpans"] = str(
                rejected
            )  # an int64 is text in JSON
        if text:
            part["errorMessage"] = text
        return HttpResponse(json.dumps({"partialSuccess": part} if part else {}), content_type=JSON)
    message = ExportLogsServiceResponse() if logs else ExportTraceServiceResponse()
    if rejected and logs:
        message.partial_success.rejected_log_records = rejected
    elif rejected:
        message.partial_success.rejected_spans = rejected
    if text:
        message.partial_success.error_message = text
    return HttpResponse(message.SerializeToString(), content_type=PROTOBUF)


def failure(status: int, text: str, *, is_json: bool, retry_after: int | None = None) -> HttpResponse:
    """A google.rpc.Status. A fault of ours must be a 503: exporters drop what is answered 500."""
    code, text = CODES.get(status, 2), cut(text)
    if is_json:
        response = HttpResponse(json.dumps({"code": code, "message": text}), content_type=JSON, status=status)
    else:
        body = Status(code=code, message=text).SerializeToString()
        response = HttpResponse(body, content_type=PROTOBUF, status=status)
    if retry_after is not None:
        response["Retry-After"] = str(retry_after)
    return response


def reasons(counts: Counter[str]) -> str:
    """`3 x trace_id is missing; 1 x ...`, most frequent first."""
    return "; ".join(f"{count} x {reason}" for reason, count in counts.most_common(10))


def cut(text: str) -> str:
    return text.encode(errors="replace")[:MAX_TEXT_BYTES].decode(errors="ignore")
