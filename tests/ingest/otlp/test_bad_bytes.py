"""One string that is no UTF-8 costs nobody else a span, in either encoding."""

from typing import Any

import pytest

from ingest.otlp.decoding.decode import decode_logs, decode_traces
from ingest.otlp.raw import BadOtlp
from tests.ingest.fixtures.otlp.builders import as_json, as_protobuf, log, logs_request, request, span

MARK = "MARK"  # five bytes with what replaces it
BAD = [
    b"\xe9\xff\x80\xc3",
    b"\xed\xa0\xbd\x20",
    b"\xf0\x9f\x98\x20",
]  # Latin-1; half of a pair in UTF-8; a character that was cut


def places() -> dict[str, dict[str, Any]]:
    good = span(1, a={"gen_ai.operation.name": "chat"})
    return {
        "value": request(good, span(2, a={"x": f"a {MARK} b"})),
        "key": request(good, span(2, a={f"x{MARK}": 1})),
        "nested": request(good, span(2, a={"x": [{"deep": f"a {MARK} b"}]})),
        "name": request(good, span(2, f"chat {MARK}")),
        "status": request(good, span(2, error=MARK)),
        "event": request(good, span(2, events=[(f"gen_ai.{MARK}", {"y": MARK})])),
        "scope": request(good, span(2), scope=MARK),
        "resource": request(good, span(2), resource={"service.name": MARK}),
    }


@pytest.mark.parametrize("bad", BAD)
@pytest.mark.parametrize("place", places())
@pytest.mark.parametrize("is_json", [False, True])
def test_a_bad_string_is_replaced(place: str, bad: bytes, is_json: bool) -> None:
    made = places()[place]
    sound = decode_traces((as_json if is_json else as_protobuf)(made), is_json=is_json, received_ns=1).items
    body = (as_json if is_json else as_protobuf)(made).replace(MARK.encode(), bad)
    read = decode_traces(body, is_json=is_json, received_ns=1).items
    assert len(read) == 2
    assert repr(read) == repr(sound).replace(MARK, bad.decode(errors="replace"))


def test_logs_too() -> None:
    body = as_protobuf(logs_request(log("gen_ai.user.message", 1, body={"content": f"Caf{MARK}?"}))).replace(
        MARK.encode(), BAD[0]
    )
    [read] = decode_logs(body, is_json=False, received_ns=1).items
    assert read.body == {"content": "Caf����?"}


@pytest.mark.parametrize("body", [b"\xff\xff\xff", as_protobuf(request(span(1)))[:-3], b"{}"])
def test_what_is_no_protobuf_is_refused(body: bytes) -> None:
    with pytest.raises(BadOtlp, match="not a protobuf ExportTraceServiceRequest"):
        decode_traces(body, is_json=False)
