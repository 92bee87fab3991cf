"""Which attributes the page "Ingest health" calls unknown: none that a convention defines."""

import importlib
from typing import Any

import pytest

from ingest.health.receipts import Receipt, note_kept
from ingest.otlp.decoding.decode import decode_traces
from ingest.otlp.mapped import MappedSpan
from ingest.otlp.mapping import map_span
from ingest.otlp.vocabulary import is_known
from tests.ingest.fixtures.otlp.builders import as_json, request, span
from tests.ingest.fixtures.otlp.traces import DIALECTS, generation_b, without_content


def read(made: Any) -> list[MappedSpan]:
    return [map_span(raw) for raw in decode_traces(as_json(made), is_json=True).items]


def unknown(made: Any) -> set[str]:
    receipt, spans = Receipt(), read(made)
    note_kept(receipt, spans, {(one.trace_id, one.span_id) for one in spans})
    assert sum(scope.accepted for scope in receipt.scopes.values()) == len(spans)
    return {name for scope in receipt.scopes.values() for name in scope.unmapped}


@pytest.mark.parametrize("name", [*DIALECTS, "generation_b", "without_content"])
def test_no_dialect_has_unknown_attributes(name: str) -> None:
    make = {**DIALECTS, "generation_b": generation_b, "without_content": without_content}[name]
    assert unknown(make()) == set()


@pytest.mark.parametrize(
    ("module", "owner"),
    [
        ("opentelemetry.semconv._incubating.attributes.gen_ai_attributes", ""),
        ("opentelemetry.semconv._incubating.attributes.openai_attributes", ""),
        ("opentelemetry.semconv._incubating.attributes.mcp_attributes", ""),
        ("openinference.semconv.trace", "SpanAttributes"),
        ("opentelemetry.semconv_ai", "SpanAttributes"),
    ],
)
def test_the_published_conventions_are_known(module: str, owner: str) -> None:
    found = importlib.import_module(module)
    constants = vars(getattr(found, owner) if owner else found)
    names = {value for name, value in constants.items() if name.isupper() and isinstance(value, str)}
    assert len(names) >= 4
    assert {name for name in names if not is_known(name)} == set()


def test_what_nobody_defined_is_unknown() -> None:
    chat = {
        "gen_ai.operation.name": "chat",
        "gen_ai.conversation_text": "hi",
        "app.tenant": "a",
        "prompt_text": "b",
    }
    assert unknown(request(span(1, a=chat))) == {"gen_ai.conversation_text", "app.tenant", "prompt_text"}


def test_dimensions_of_span_and_resource() -> None:
    chat = {"gen_ai.operation.name": "chat", "gen_ai.agent.name": "travel", "gen_ai.prompt.name": "greet"}
    made = request(
        span(1, a=chat),
        span(2, a=chat | {"release": "1.8", "environment": "canary"}),
        resource={"service.name": "shop", "service.version": "1.7", "deployment.environment.name": "prod"},
    )
    plain, own = read(made)
    common = {"service": "shop", "agent": "travel", "prompt": "greet"}
    assert plain.properties == common | {"release": "1.7", "environment": "prod"}
    assert own.properties == common | {"release": "1.8", "environment": "canary"}
    assert not {"release", "environment", "gen_ai.prompt.name"} & own.attributes.keys()


def test_headers_are_never_kept() -> None:
    [mapped] = read(
        request(span(1, a={"gen_ai.operation.name": "chat", "gen_ai.headers": "x", "llm.headers": "y"}))
    )
    assert mapped.attributes == {"gen_ai.operation.name": "chat"}
