"""An agent that writes its own GenAI spans and events with the OpenTelemetry SDK: traces, logs and metrics.

Usage: plain.py SERVER WRITE_KEY. It is set up as for Langfuse: its path, and the key as the password of Basic.
"""

import base64
import os
import sys

SERVER, KEY = sys.argv[1:]
basic = base64.b64encode(f"pk-any:{KEY}".encode()).decode().replace("=", "%3D")
os.environ["OTEL_EXPORTER_OTLP_ENDPOINT"] = f"{SERVER}/api/public/otel"
os.environ["OTEL_EXPORTER_OTLP_HEADERS"] = f"Authorization=Basic%20{basic}"
os.environ["OTEL_EXPORTER_OTLP_METRICS_ENDPOINT"] = f"{SERVER}/v1/metrics"
os.environ["OTEL_EXPORTER_OTLP_LOGS_ENDPOINT"] = f"{SERVER}/v1/logs"
os.environ["OTEL_SERVICE_NAME"] = "plain-agent"

from opentelemetry._logs import LogRecord, SeverityNumber  # noqa: E402
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter  # noqa: E402
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter  # noqa: E402
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: E402
from opentelemetry.sdk._logs import LoggerProvider  # noqa: E402
from opentelemetry.sdk._logs.export import SimpleLogRecordProcessor  # noqa: E402
from opentelemetry.sdk.metrics import MeterProvider  # noqa: E402
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader  # noqa: E402
from opentelemetry.sdk.trace import TracerProvider  # noqa: E402
from opentelemetry.sdk.trace.export import SimpleSpanProcessor  # noqa: E402
from opentelemetry.trace import set_span_in_context  # noqa: E402

traces, logs = TracerProvider(), LoggerProvider()
traces.add_span_processor(SimpleSpanProcessor(OTLPSpanExporter()))
logs.add_log_record_processor(SimpleLogRecordProcessor(OTLPLogExporter()))
metrics = MeterProvider([PeriodicExportingMetricReader(OTLPMetricExporter())])
tracer, logger = traces.get_tracer("plain"), logs.get_logger("plain")

with tracer.start_as_current_span("invoke_agent helper") as agent:
    agent.set_attributes(
        {
            "gen_ai.operation.name": "invoke_agent",
            "gen_ai.agent.name": "helper",
            "gen_ai.conversation.id": "talk-plain",
            "user.id": "ada",
        }
    )
    with tracer.start_as_current_span("chat m-1") as chat:
        chat.set_attributes(
            {
                "gen_ai.operation.name": "chat",
                "gen_ai.provider.name": "openai",
                "gen_ai.request.model": "m-1",
                "gen_ai.response.id": "resp-1",
                "gen_ai.usage.input_tokens": 5,
                "gen_ai.usage.output_tokens": 2,
            }
        )
        text = {"gen_ai.input.messages": [{"role": "user", "parts": [{"type": "text", "content": "Do you hear me?"}]}],
                "gen_ai.output.messages": [{"role": "assistant", "parts": [{"type": "text", "content": "Loud and clear."}], "finish_reason": "stop"}]}  # fmt: skip
        logger.emit(
            LogRecord(
                event_name="gen_ai.client.inference.operation.details",
                attributes=text,
                severity_number=SeverityNumber.INFO,
                context=set_span_in_context(chat),
            )
        )
        judged = {
            "gen_ai.evaluation.name": "relevance",
            "gen_ai.evaluation.score.value": 0.25,
            "gen_ai.evaluation.score.label": "fail",
            "gen_ai.evaluation.explanation": "beside the point",
        }
        logger.emit(
            LogRecord(
                event_name="gen_ai.evaluation.result", attributes=judged, context=set_span_in_context(chat)
            )
        )
    with tracer.start_as_current_span("execute_tool lookup") as tool:
        tool.set_attributes(
            {
                "gen_ai.operation.name": "execute_tool",
                "gen_ai.tool.name": "lookup",
                "gen_ai.tool.call.arguments": '{"id":1}',
                "gen_ai.tool.call.result": '{"ok":true}',
            }
        )
metrics.get_meter("plain").create_counter("requests").add(1)
assert metrics.force_flush(), "the metrics were not taken"
for provider in (metrics, traces, logs):
    provider.shutdown()
