"""An agent on the OpenAI SDK, seen by OpenInference or by OpenLLMetry, exported by the OpenTelemetry SDK.

Usage: instrumented.py openinference|openllmetry|openllmetry-legacy SERVER WRITE_KEY OPENAI_URL
"""

import contextlib
import json
import os
import sys
from typing import Any

DIALECT, SERVER, KEY, OPENAI = sys.argv[1:]
os.environ["TRACELOOP_TRACE_CONTENT"] = "true"
# A program that knows nothing of us: only the two usual variables point it here.
os.environ["OTEL_EXPORTER_OTLP_ENDPOINT"] = SERVER
os.environ["OTEL_EXPORTER_OTLP_HEADERS"] = f"authorization=Bearer%20{KEY}"
os.environ["OTEL_EXPORTER_OTLP_COMPRESSION"] = "gzip"
os.environ["OTEL_SERVICE_NAME"] = "weather-agent"
os.environ["OTEL_RESOURCE_ATTRIBUTES"] = "service.version=1.2.3,deployment.environment.name=staging"

import openai  # noqa: E402
from opentelemetry import trace  # noqa: E402
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: E402
from opentelemetry.sdk.trace import TracerProvider  # noqa: E402
from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: E402

TOOLS: list[Any] = [{"type": "function", "function": {"name": "weather", "description": "The weather.", "parameters": {"type": "object", "properties": {"city": {"type": "string"}}}}}]  # fmt: skip
provider = TracerProvider()
provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
trace.set_tracer_provider(provider)
tracer = trace.get_tracer("weather-agent")

if DIALECT == "openinference":
    from openinference.instrumentation.openai import OpenAIInstrumentor as OpenInference

    OpenInference().instrument(tracer_provider=provider)
    AGENT = {"openinference.span.kind": "AGENT", "agent.name": "weather"}
    TOOL = {"openinference.span.kind": "TOOL", "tool.name": "weather"}
    INPUT, OUTPUT, USER, SESSION = "input.value", "output.value", "user.id", "session.id"
else:
    from opentelemetry.instrumentation.openai import OpenAIInstrumentor as OpenLLMetry

    OpenLLMetry().instrument(tracer_provider=provider)
    AGENT = {
        "traceloop.span.kind": "workflow",
        "traceloop.entity.name": "weather",
        "traceloop.workflow.name": "weather",
    }
    TOOL = {"traceloop.span.kind": "tool", "traceloop.entity.name": "weather"}
    INPUT, OUTPUT = "traceloop.entity.input", "traceloop.entity.output"
    USER, SESSION = "traceloop.association.properties.user_id", "traceloop.association.properties.session_id"

client = openai.OpenAI(base_url=OPENAI, api_key="none", max_retries=0)


def turn() -> None:
    with tracer.start_as_current_span(
        "weather-agent", attributes={**AGENT, USER: "ada", SESSION: f"talk-{DIALECT}"}
    ):
        messages: list[Any] = [
            {"role": "system", "content": "You know the weather."},
            {"role": "user", "content": "How is the weather in Paris?"},
        ]
        answer = client.chat.completions.create(
            model="gpt-4o", messages=messages, tools=TOOLS, temperature=0.5
        )
        call: Any = answer.choices[0].message.tool_calls[0]
        with tracer.start_as_current_span(
            "weather", attributes={**TOOL, INPUT: call.function.arguments}
        ) as span:
            span.set_attribute(OUTPUT, json.dumps({"t": 21}))
        messages += [
            answer.choices[0].message.model_dump(exclude_none=True),
            {"role": "tool", "tool_call_id": call.id, "content": '{"t": 21}'},
        ]
        client.chat.completions.create(model="gpt-4o", messages=messages, tools=TOOLS)


def alone() -> None:
    """No span around them: a streamed call, and one that fails."""
    ask: list[Any] = [{"role": "user", "content": "And in Rome?"}]
    for _ in client.chat.completions.create(
        model="gpt-4o", messages=ask, stream=True, stream_options={"include_usage": True}
    ):
        pass
    with contextlib.suppress(openai.BadRequestError):
        client.chat.completions.create(model="gpt-none", messages=[{"role": "user", "content": "fail"}])


turn()
alone()
provider.shutdown()
