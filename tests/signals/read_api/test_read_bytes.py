"""Pages of the read path end where their bytes do, and the cursor goes on so that nothing is skipped and nothing comes twice."""

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from ingest.incoming.values import IncomingAttachment, IncomingSpan
from ingest.models import Event
from signals.read_api.bytes import PAGE_BYTES
from tests.signals.read_api.world import NOON, Reader

pytestmark = pytest.mark.django_db
MakeEvent = Callable[..., Event]
MEGABYTE = "The agent answers at great length. " * 29_000  # 1,015,000 characters


@pytest.fixture
def read(client: Client, query_key: str) -> Reader:
    return Reader(client, query_key)


def walk(read: Reader, path: str, **parameters: Any) -> list[list[str]]:
    """The ids of each page."""
    pages, cursor = [], ""
    while cursor is not None:
        answer = read.get(path, parameters | ({"cursor": cursor} if cursor else {}))
        assert answer.status_code == 200, answer.content[:300]
        body = answer.json()
        assert len(answer.content) <= PAGE_BYTES + 1000 or len(body["data"]) == 1
        assert body["meta"]["has_more"] is (body["meta"]["cursor"] is not None)
        assert body["data"]
        pages.append([item.get("id") or item["span_id"] for item in body["data"]])
        cursor = body["meta"]["cursor"]
    return pages


@pytest.mark.parametrize("order", ["-timestamp", "timestamp"])
def test_events_of_a_megabyte_come_in_pages_of_bounded_bytes(
    read: Reader, make_event: MakeEvent, order: str
) -> None:
    ids = [f"e{place:02}" for place in range(20)]
    for place, event_id in enumerate(ids):  # two at each moment
        text = MEGABYTE if place % 4 else "short"
        make_event(event_id=event_id, output=text, timestamp=NOON + dt.timedelta(minutes=place // 2))
    pages = walk(read, "/v1/events", limit=200, order_by=order)
    found = [event_id for page in pages for event_id in page]
    assert sorted(found) == ids
    times = {event.event_id: event.timestamp for event in Event.objects.all()}
    assert [times[i] for i in found] == sorted(times.values(), reverse=order.startswith("-"))
    assert len(pages) == 2 and len(pages[0]) > 5


def test_the_limit_still_holds(read: Reader, make_event: MakeEvent) -> None:
    for place in range(5):
        make_event(event_id=f"e{place}", output=MEGABYTE, timestamp=NOON + dt.timedelta(minutes=place))
    assert [len(page) for page in walk(read, "/v1/events", limit=2)] == [2, 2, 1]


def test_what_hangs_on_an_event_counts_too(read: Reader, make_event: MakeEvent) -> None:
    for place in range(4):
        make_event(
            event_id=f"e{place}", timestamp=NOON + dt.timedelta(minutes=place),
            attachments=[IncomingAttachment(attachment_id=f"{place}-{n}", role="input", value=MEGABYTE) for n in range(3)],
            spans=[IncomingSpan(name="search", kind="tool", status="error", output=MEGABYTE)],
        )  # fmt: skip
    pages = walk(read, "/v1/events")
    assert [len(page) for page in pages] == [2, 2] and sorted(sum(pages, [])) == ["e0", "e1", "e2", "e3"]


def test_what_grows_as_json_is_measured_as_it_is_sent(read: Reader, make_event: MakeEvent) -> None:
    """A control character is six bytes of JSON."""
    for place in range(6):
        make_event(
            event_id=f"e{place}", output="\x01" * 900_000, timestamp=NOON + dt.timedelta(minutes=place)
        )
    assert sorted(sum(walk(read, "/v1/events"), [])) == [f"e{place}" for place in range(6)]


@pytest.mark.parametrize(
    "parameters", [{"mode": "text", "query": "answers"}, {"mode": "regex", "query": "great length"}]
)
def test_searches_are_bounded_too(read: Reader, make_event: MakeEvent, parameters: dict[str, str]) -> None:
    now = dt.datetime.now(dt.UTC)
    for place in range(12):
        make_event(event_id=f"e{place:02}", output=MEGABYTE, timestamp=now - dt.timedelta(minutes=place))
    if parameters["mode"] == "text":
        from signals.vectors.embedding import embed

        embed(list(Event.objects.all()))
    pages = walk(read, "/v1/events/search", **parameters)
    assert len(pages) > 1 and sum(pages, []) == [f"e{place:02}" for place in range(12)]


def test_the_spans_of_a_trace_are_bounded_too(read: Reader, make_event: MakeEvent) -> None:
    spans = [
        IncomingSpan(name=f"s{place}", kind="tool", input=MEGABYTE, output="short", started_at=NOON + dt.timedelta(seconds=place))
        for place in range(12)
    ]  # fmt: skip
    make_event(event_id="e1", spans=spans)
    pages = walk(read, "/v1/traces", event_id="e1", limit=1000)
    found = sum(pages, [])
    assert len(pages) == 2 and len(found) == len(set(found)) == 12
