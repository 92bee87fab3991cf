"""OTLP as JSON lines, as the OpenTelemetry Collector's file exporter writes them: a whole request a line (`resourceSpans`, or
`resourceLogs` with GenAI events), or a single element of that list.

https://opentelemetry.io/docs/specs/otel/protocol/file-exporter/: lines come in no order, so a trace's spans may lie anywhere. They
are stored as they come and made into events when the file has been read (ingest/files/importing.py).
"""

from typing import Any

from ingest.files.formats.parsed import BadLine, Line, ParsedLine
from ingest.otlp.decoding.decode import decode_logs, decode_traces
from ingest.otlp.raw import BadOtlp

SPANS, LOGS, METRICS = (
    ("resourceSpans", "scopeSpans"),
    ("resourceLogs", "scopeLogs"),
    ("resourceMetrics", "scopeMetrics"),
)


def recognises(line: dict[str, Any]) -> bool:
    return any(key in line for key in (*SPANS, *LOGS, *METRICS))


def parse(line: Line) -> ParsedLine:
    if any(key in line.value for key in METRICS):
        raise BadLine("these are OTLP metrics: only spans and GenAI logs are imported")
    if not recognises(line.value):
        raise BadLine("there is no resourceSpans and no resourceLogs in it")
    is_spans = any(key in line.value for key in SPANS)
    whole, element = SPANS if is_spans else LOGS
    body = line.raw
    if element in line.value and whole not in line.value:
        body = b'{"%s":[%s]}' % (whole.encode(), body.strip())
    try:
        if is_spans:
            spans = decode_traces(body, is_json=True)
            return ParsedLine(spans=spans.items, complaints=spans.rejected)
        logs = decode_logs(body, is_json=True)
        return ParsedLine(logs=logs.items, complaints=logs.rejected)
    except BadOtlp as error:
        raise BadLine(str(error)) from None
