"""Bodies of all kinds: what is good is read, what is bad is counted, and nothing but BadOtlp is raised."""

import base64
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.otlp.decoding.decode import decode_logs, decode_traces
from ingest.otlp.decoding.json_body import OBJECT_ATTRIBUTES
from ingest.otlp.logs import is_genai, map_log
from ingest.otlp.mapping import map_span
from ingest.otlp.raw import NO_SPAN_ID, NO_TRACE_ID, BadOtlp, RawSpan
from ingest.otlp.traces.assembly import assemble
from tests.examples import examples
from tests.ingest.fixtures.otlp import traces
from tests.ingest.fixtures.otlp.builders import (
    T0,
    TRACE,
    as_json,
    as_protobuf,
    log,
    logs_request,
    request,
    span,
)


def only(made: dict[str, Any]) -> RawSpan:
    [raw] = decode_traces(as_json(made), is_json=True).items
    return raw


def test_logs_on_the_traces_path_are_named() -> None:
    logs = as_protobuf(logs_request(log("gen_ai.user.message", body="hello")))
    with pytest.raises(BadOtlp, match="/v1/logs"):
        decode_traces(logs, is_json=False)
    with pytest.raises(BadOtlp, match="/v1/logs"):
        decode_traces(as_json(logs_request()), is_json=True)
    with pytest.raises(BadOtlp, match="/v1/traces"):
        decode_logs(as_json(request()), is_json=True)


def test_attributes_as_an_object_are_read_with_a_warning() -> None:
    made = request(span(1))
    made["resourceSpans"][0]["scopeSpans"][0]["spans"][0]["attributes"] = {
        "gen_ai.request.model": "m", "n": 3, "wrapped": {"intValue": "7"}, "plain": {"a": [1]}
    }  # fmt: skip
    decoded = decode_traces(as_json(made), is_json=True)
    assert decoded.items[0].attributes == {
        "gen_ai.request.model": "m",
        "n": 3,
        "wrapped": 7,
        "plain": {"a": [1]},
    }
    assert decoded.warnings == {OBJECT_ATTRIBUTES: 1}


def test_nan_nul_and_lone_surrogates_never_pass() -> None:
    made = request(
        span(
            1,
            "a\x00b",
            a={
                "nan": float("nan"),
                "inf": float("inf"),
                "t\x00": "x\x00y",
                "s": "\ud800z",
                "k": {"q": "\x00"},
            },
        )
    )
    raw = only(made)
    assert raw.name == "ab"
    assert raw.attributes == {"nan": None, "inf": None, "t": "xy", "s": "\ufffdz", "k": {"q": ""}}
    made["resourceSpans"][0]["scopeSpans"][0]["spans"][0]["attributes"] = [
        {"key": "n", "value": {"doubleValue": "NaN"}}
    ]
    assert only(made).attributes == {"n": None}
    [raw] = decode_traces(
        as_protobuf(request(span(1, "a\x00b", a={"nan": float("nan"), "t": "x\x00y"}))), is_json=False
    ).items
    assert (raw.name, raw.attributes) == ("ab", {"nan": None, "t": "xy"})


def test_nul_inside_json_text_does_not_come_back() -> None:
    chat = {
        "gen_ai.operation.name": "chat",
        "gen_ai.input.messages": r'[{"role":"user","content":"a\u0000b"}]',
    }
    [event] = assemble([map_span(only(request(span(1, a=chat))))])
    assert event.input == "ab"


def test_bytes_and_empty_values() -> None:
    made = request(span(1))
    made["resourceSpans"][0]["scopeSpans"][0]["spans"][0]["attributes"] = [
        {"key": "b", "value": {"bytesValue": "aGk="}}, {"key": "e", "value": {}}, {"key": "m"}, {"value": {}}, 5,
        {"key": "list", "value": {"arrayValue": {"values": [{"boolValue": True}, {}]}}},
    ]  # fmt: skip
    assert only(made).attributes == {"b": "aGk=", "e": None, "m": None, "list": [True, None]}


def test_unknown_fields_are_ignored() -> None:
    made = request(span(1) | {"brandNew": {"x": 1}}) | {"more": []}
    assert only(made).name == "chat"
    body = as_protobuf(request(span(1))) + b"\xd2\x3e\x03abc"  # field 1002
    assert len(decode_traces(body, is_json=False).items) == 1


@pytest.mark.parametrize("form", ["lower", "upper", "base64", "urlsafe", "unpadded"])
def test_ids_in_hex_and_base64(form: str) -> None:
    raw_trace, raw_span = bytes.fromhex("fb" * 16), bytes.fromhex("ff" * 8)
    write = {
        "lower": bytes.hex,
        "upper": lambda raw: raw.hex().upper(),
        "base64": lambda raw: base64.b64encode(raw).decode(),
        "urlsafe": lambda raw: base64.urlsafe_b64encode(raw).decode(),
        "unpadded": lambda raw: base64.b64encode(raw).decode().rstrip("="),
    }[form]
    raw = only(request(span(1) | {"traceId": write(raw_trace), "spanId": write(raw_span)}))
    assert (raw.trace_id, raw.span_id) == ("fb" * 16, "ff" * 8)


@pytest.mark.parametrize(
    "bad", ["", "0" * 32, "zz" * 16, "abc", None, 7, base64.b64encode(b"x" * 15).decode(), ["a"]]
)
def test_a_bad_id_rejects_only_its_span(bad: Any) -> None:
    decoded = decode_traces(as_json(request(span(1) | {"traceId": bad}, span(2))), is_json=True)
    assert [raw.span_id for raw in decoded.items] == [f"{2:016x}"]
    assert decoded.rejected == {NO_TRACE_ID: 1}
    decoded = decode_traces(as_json(request(span(1) | {"spanId": bad}, span(2))), is_json=True)
    assert decoded.rejected == {NO_SPAN_ID: 1}


@pytest.mark.parametrize(
    ("start", "end", "wanted"),
    [
        (str(T0), str(T0 + 5), (T0, T0 + 5)),
        (T0, T0 + 5, (T0, T0 + 5)),
        (str(T0), None, (T0, T0)),
        (None, str(T0), (T0, T0)),
        (None, None, (1, 1)),
        (T0 + 5, T0, (T0 + 5, T0 + 5)),
        ("soon", "-3", (1, 1)),
        (10**25, 0, (1, 1)),
        (True, [], (1, 1)),
        (1795427805, 1795427806, (1795427805 * 10**9, 1795427806 * 10**9)),  # seconds
        ("1795427805885", "1795427805886", (1795427805885 * 10**6, 1795427805886 * 10**6)),  # milliseconds
    ],
)
def test_times(start: Any, end: Any, wanted: tuple[int, int]) -> None:
    made = request(span(1) | {"startTimeUnixNano": start, "endTimeUnixNano": end})
    [raw] = decode_traces(as_json(made), is_json=True, received_ns=1).items
    assert (raw.start_ns, raw.end_ns) == wanted


def test_enums_by_number_and_name() -> None:
    raw = only(
        request(
            span(1) | {"kind": "SPAN_KIND_CLIENT", "status": {"code": "STATUS_CODE_ERROR", "message": "m"}}
        )
    )
    assert (raw.kind, raw.status_code, raw.status_message) == ("client", "error", "m")
    raw = only(request(span(1) | {"kind": 3, "status": {"code": "1"}}))
    assert (raw.kind, raw.status_code) == ("client", "ok")
    raw = only(request(span(1) | {"kind": 77, "status": []}))
    assert (raw.kind, raw.status_code) == ("unspecified", "unset")


def test_an_empty_body_is_an_empty_request() -> None:
    assert decode_traces(b"", is_json=True).items == []
    assert decode_traces(b"{}", is_json=True).items == []
    assert decode_logs(b"", is_json=False).items == []


def test_deep_nesting_is_cut() -> None:
    deep: Any = "end"
    for _ in range(200):
        deep = {"arrayValue": {"values": [deep]}}
    made = request(span(1))
    made["resourceSpans"][0]["scopeSpans"][0]["spans"][0]["attributes"] = [{"key": "d", "value": deep}]
    assert "end" not in json.dumps(only(made).attributes)
    with pytest.raises(BadOtlp):
        decode_traces(b"[" * 100_000, is_json=True)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(), max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=20,
)
KEYS = ("resourceSpans", "scopeSpans", "spans", "resource", "scope", "attributes", "key", "value", "traceId", "spanId",
        "events", "status", "code", "kind", "stringValue", "intValue", "kvlistValue", "arrayValue", "values", "name")  # fmt: skip
LIKE_OTLP = st.recursive(
    JSON,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=6),
    max_leaves=30,
)
NAMES = ("gen_ai.input.messages", "gen_ai.output.messages", "gen_ai.system_instructions", "gen_ai.operation.name", "metadata",
         "gen_ai.prompt.0.content", "gen_ai.prompt.0.tool_calls.0.name", "llm.input_messages.0.message.contents.0.message_content.text",
         "llm.input_messages.0.message.tool_calls.0.tool_call.id", "ai.prompt", "ai.prompt.messages", "ai.response.toolCalls",
         "ai.response.text", "traceloop.entity.input", "input.value", "output.value", "langfuse.observation.usage_details",
         "langfuse.observation.cost_details", "langfuse.trace.metadata", "langfuse.trace.tags", "gen_ai.usage.input_tokens",
         "gen_ai.usage.cost", "gen_ai.tool.name", "gen_ai.tool.call.result", "events", "annotations.0.annotation.name", "error.type",
         "http.url", "ai.telemetry.metadata.raindrop.featureFlags", "raindrop.handoff.childEventId", "user.id")  # fmt: skip
MESSAGE_LIKE = st.recursive(
    JSON,
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(
        st.sampled_from(("role", "content", "parts", "type", "text", "tool_calls", "function", "message", "messages", "args",
                         "kwargs", "id", "response", "name", "input", "output", "choices", "reasoning", "approved", "modality")),
        inner | st.sampled_from(("user", "assistant", "tool", "tool_call", "tool_result", "text")), max_size=5),
    max_leaves=20,
)  # fmt: skip


@settings(max_examples=examples(150), deadline=None)
@given(LIKE_OTLP)
def test_any_json_is_read_or_refused(document: Any) -> None:
    for made in (
        document,
        {"resourceSpans": document},
        request(span(1) | (document if isinstance(document, dict) else {})),
    ):
        body = json.dumps(made).encode()
        for read in (decode_traces, decode_logs):
            try:
                decoded = read(body, is_json=True)
            except BadOtlp:
                continue
            for raw in decoded.items:
                if isinstance(raw, RawSpan):
                    map_span(raw)
                elif is_genai(raw):
                    map_log(raw)


@settings(max_examples=examples(150), deadline=None)
@given(st.binary(max_size=200), st.integers(0, 400))
def test_any_bytes_are_read_or_refused(noise: bytes, at: int) -> None:
    good = as_protobuf(traces.generation_b())
    for body in (noise, good[:at] + noise + good[at + len(noise) :]):
        for is_json in (False, True):
            try:
                for raw in decode_traces(body, is_json=is_json).items:
                    map_span(raw)
            except BadOtlp:
                pass


@settings(max_examples=examples(200), deadline=None)
@given(st.dictionaries(st.sampled_from(NAMES), MESSAGE_LIKE | MESSAGE_LIKE.map(json.dumps), max_size=6))
def test_any_attributes_are_mapped_to_what_postgresql_takes(attributes: dict[str, Any]) -> None:
    from ingest.otlp.decoding.json_body import clean_json
    from ingest.otlp.stored import to_span

    raw = only(request(span(1)))
    raw.attributes = clean_json(attributes)
    mapped = map_span(raw)
    assemble([mapped])
    row = to_span(mapped)
    for text in (row.name, row.input, row.output, row.model, row.error, row.provider):
        assert "\x00" not in text
        text.encode()
    json.dumps(row.attributes)


def test_span_ids_of_other_traces_do_not_mix() -> None:
    other = "ab" * 16
    raws = decode_traces(as_json(request(span(1), span(1, trace=other))), is_json=True).items
    assert {raw.trace_id for raw in raws} == {TRACE, other}
