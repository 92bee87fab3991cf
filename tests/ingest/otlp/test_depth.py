"""A value that is nested deeper than a parser goes costs nobody else a span, in either encoding, and the answer says it."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

from ingest.models import Span
from ingest.otlp.decoding.decode import decode_logs, decode_traces
from ingest.otlp.decoding.depth import MAX_JSON_DEEP, TOO_DEEP, shallow_json, shallow_protobuf
from ingest.otlp.raw import MAX_DEPTH, BadOtlp
from tests.growth import ten_times_takes_tens_at_most
from tests.ingest.fixtures.otlp.builders import as_protobuf, request, span

TRACE, NEIGHBOUR = "a" * 32, "chat"


def field(tag: int, content: bytes) -> bytes:
    length, size = bytearray([tag]), len(content)
    while size > 0x7F:
        length.append(size & 0x7F | 0x80)
        size >>= 7
    return bytes([*length, size]) + content


def listed(value: bytes) -> bytes:
    """An AnyValue that holds a list of this one."""
    return field(0x2A, field(0x0A, value))


def mapped(value: bytes) -> bytes:
    return field(0x32, field(0x0A, field(0x0A, b"k") + field(0x12, value)))


def nested(wrap: Callable[[bytes], bytes], levels: int) -> bytes:
    value = field(0x0A, b"x")
    for _ in range(levels):
        value = wrap(value)
    return value


def pair(value: bytes) -> bytes:
    return field(0x0A, b"deep") + field(0x12, value)


def a_span(content: bytes, *, resource: bytes = b"") -> bytes:
    """A request with one span: its ids, its name, and `content`."""
    ids = field(0x0A, bytes.fromhex(TRACE)) + field(0x12, b"12345678") + field(0x2A, b"deep one")
    return field(0x0A, resource + field(0x12, field(0x12, ids + content)))


PLACES: dict[str, Callable[[bytes], bytes]] = {
    "attribute": lambda value: a_span(field(0x4A, pair(value)) + field(0x4A, field(0x0A, b"kept") + field(0x12, field(0x0A, b"yes")))),
    "event": lambda value: a_span(field(0x5A, field(0x12, b"happened") + field(0x1A, pair(value)))),
    "resource": lambda value: a_span(b"", resource=field(0x0A, field(0x0A, pair(value)))),
    "link": lambda value: a_span(field(0x6A, field(0x22, pair(value)))),
}  # fmt: skip


@pytest.mark.parametrize("levels", [33, 60, 101, 300])
@pytest.mark.parametrize("wrap", [listed, mapped])
@pytest.mark.parametrize("place", PLACES)
def test_a_deep_value_costs_its_depth_alone(place: str, wrap: Callable[[bytes], bytes], levels: int) -> None:
    good = as_protobuf(request(span(1, NEIGHBOUR, a={"k": "v"})))
    decoded = decode_traces(good + PLACES[place](nested(wrap, levels)) + good, is_json=False, received_ns=1)
    assert [one.name for one in decoded.items] == [NEIGHBOUR, "deep one", NEIGHBOUR]
    assert not decoded.rejected
    assert decoded.items[0] == decoded.items[2]
    if levels > 60 or wrap is mapped:
        assert decoded.warnings == {TOO_DEEP: 1}
    deep = decoded.items[1]
    found = {"attribute": deep.attributes, "resource": deep.resource, "link": {}}
    value: Any = deep.events[0].attributes if place == "event" else found[place]
    if place == "attribute":
        assert value["kept"] == "yes"
    if place != "link":
        value, depth = value["deep"], 0
        while value not in (None, "x"):
            value, depth = value[0] if isinstance(value, list) else value["k"], depth + 1
        assert 28 <= depth <= MAX_DEPTH


def test_a_bad_string_beside_a_deep_value() -> None:
    body = PLACES["attribute"](nested(listed, 200)) + as_protobuf(request(span(1, "chat MARK"))).replace(
        b"MARK", b"\xff\xfe\xfd\xfc"
    )
    decoded = decode_traces(body, is_json=False, received_ns=1)
    assert [one.name for one in decoded.items] == ["deep one", "chat " + "\ufffd" * 4]
    assert decoded.warnings == {TOO_DEEP: 1}


def test_the_body_of_a_log_record_too() -> None:
    record = field(0x2A, nested(mapped, 200)) + field(0x4A, bytes.fromhex(TRACE))
    beside = field(0x2A, field(0x0A, b"hello"))
    decoded = decode_logs(
        field(0x0A, field(0x12, field(0x12, record) + field(0x12, beside))), is_json=False, received_ns=1
    )
    assert [type(one.body) for one in decoded.items] == [dict, str]
    assert decoded.warnings == {TOO_DEEP: 1}


def json_request(value: str) -> bytes:
    def one(number: int, attributes: str) -> str:
        return f'{{"traceId": "{TRACE}", "spanId": "{number:016x}", "name": "s{number}", "attributes": [{attributes}]}}'

    deep = f'{{"key": "deep", "value": {value}}}, {{"key": "a [[[ {{ \\" text", "value": {{"stringValue": "]]"}}}}'
    return f'{{"resourceSpans": [{{"scopeSpans": [{{"spans": [{one(1, "")}, {one(2, deep)}, {one(3, "")}]}}]}}]}}'.encode()


@pytest.mark.parametrize("levels", [400, 5000, 100_000])
def test_deep_json_costs_its_depth_alone(levels: int) -> None:
    value = '{"arrayValue": {"values": [' * levels + '{"stringValue": "x"}' + "]}}" * levels
    decoded = decode_traces(json_request(value), is_json=True, received_ns=1)
    assert [one.name for one in decoded.items] == ["s1", "s2", "s3"]
    assert decoded.warnings == {TOO_DEEP: 1}
    assert decoded.items[1].attributes['a [[[ { " text'] == "]]"


def test_what_is_not_deep_is_left_as_it_is() -> None:
    body = as_protobuf(request(span(1, a={"x": [{"y": [1, 2.5, True, None]}], "z": "é" * 300})))
    assert shallow_protobuf(body, logs=False) == (body, 0)
    text = json.dumps({"a": [[{"b": '"]}{['}]] * 9, "c": "\\"}).encode()
    assert shallow_json(text) == (text, 0)


@pytest.mark.parametrize("body", [b"\x0a\xff\xff\xff", b"\x0a\x05\x12", b"{}", b"\xff" * 99])
def test_what_is_no_message_stays_refused(body: bytes) -> None:
    assert shallow_protobuf(body, logs=False) == (body, 0)
    with pytest.raises(BadOtlp):
        decode_traces(body, is_json=False)


@pytest.mark.parametrize(
    "build",
    [
        lambda size: b"[" * size,
        lambda size: b"[" * 300 + b'"' + b'\\"' * size,
        lambda size: b'"' + b'\\"' * size + b"\\",
    ],
)
def test_json_that_never_ends_is_refused_in_linear_time(build: Callable[[int], bytes]) -> None:
    def refused(size: int) -> None:
        with pytest.raises(BadOtlp):
            decode_traces(build(size), is_json=True)

    # Looked at again from each quote it would be hours.
    assert ten_times_takes_tens_at_most(refused, size=30_000)
    assert MAX_JSON_DEEP < 1000


@pytest.mark.django_db
def test_the_answer_says_it(client: Client, write_key: str) -> None:
    body = as_protobuf(request(span(1, a={"gen_ai.operation.name": "chat"}))) + PLACES["attribute"](
        nested(listed, 200)
    )
    headers = {"Authorization": f"Bearer {write_key}"}
    answer = client.post("/v1/traces", body, content_type="application/x-protobuf", headers=headers)
    assert answer.status_code == 200
    partial = ExportTraceServiceResponse.FromString(answer.content).partial_success
    assert (partial.rejected_spans, TOO_DEEP in partial.error_message) == (0, True)
    assert Span.objects.exists()
