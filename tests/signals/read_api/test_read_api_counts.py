"""`/v1/events/count`, `/v1/events/timeseries`, `/v1/events/facets`."""

import datetime as dt
from collections.abc import Callable

import pytest
from django.test import Client
from django.utils import timezone

from ingest.models import Event
from tests.signals.read_api.world import NOON, Reader, make_signal, match

COUNT, SERIES, FACETS = "/v1/events/count", "/v1/events/timeseries", "/v1/events/facets"
ALL = {"timestamp[gte]": "2026-11-01T00:00:00Z", "timestamp[lt]": "2026-12-01T00:00:00Z"}


@pytest.fixture
def read(client: Client, query_key: str) -> Reader:
    return Reader(client, query_key)


@pytest.fixture
def six(make_event: Callable[..., Event]) -> list[Event]:
    """Six events on three days, every 8 hours from noon on: ann ben ann ben ann, and one of nobody."""
    return [
        make_event(
            event_id=f"e{i}",
            name="chat" if i < 4 else "voice",
            user_id=None if i == 5 else ("ann", "ben")[i % 2],
            convo_id=f"c{i // 2}",
            timestamp=NOON + dt.timedelta(hours=8 * i),
            properties={"n": i},
        )
        for i in range(6)
    ]


def test_count(read: Reader, six: list[Event]) -> None:
    body = read.body(COUNT, ALL)
    assert body["data"] == {"total": 6}
    assert body["meta"]["window"] == {"gte": "2026-11-01T00:00:00Z", "lt": "2026-12-01T00:00:00Z"}
    assert read.data(COUNT, ALL | {"count_by": "user_id"}) == {"total": 2}
    assert read.data(COUNT, ALL | {"count_by": "convo_id"}) == {"total": 3}
    assert read.data(COUNT, ALL | {"event_name": "voice"}) == {"total": 2}
    assert read.data(COUNT, ALL | {"properties[n][gte]": "2", "user_id": "ann"}) == {"total": 2}
    assert read.data(COUNT, {"timestamp[gt]": NOON.isoformat(), "timestamp[lt]": "2026-12-01"}) == {
        "total": 5
    }


def test_a_count_looks_at_14_days_by_itself(read: Reader, make_event: Callable[..., Event]) -> None:
    for days in (1, 13, 15):
        make_event(timestamp=timezone.now() - dt.timedelta(days=days))
    assert read.data(COUNT) == {"total": 2}
    window = read.body(COUNT)["meta"]["window"]
    length = dt.datetime.fromisoformat(window["lt"]) - dt.datetime.fromisoformat(window["gte"])
    assert length == dt.timedelta(days=14)
    since = (timezone.now() - dt.timedelta(days=30)).isoformat()
    assert read.data(COUNT, {"timestamp[gte]": since}) == {"total": 3}
    before = (timezone.now() - dt.timedelta(days=2)).isoformat()
    assert read.data(COUNT, {"timestamp[lt]": before}) == {"total": 2}


def test_timeseries(read: Reader, six: list[Event]) -> None:
    window = {"timestamp[gte]": "2026-11-20T00:00:00Z", "timestamp[lt]": "2026-11-24T00:00:00Z"}
    body = read.body(SERIES, window)
    assert [(b["timestamp"][:10], b["count"]) for b in body["data"]["buckets"]] == [
        ("2026-11-20", 2), ("2026-11-21", 3), ("2026-11-22", 1), ("2026-11-23", 0),
    ]  # fmt: skip
    assert body["data"]["total"] == 6
    assert body["meta"]["interval"] == "day"
    hours = read.data(SERIES, {**window, "timestamp[lt]": "2026-11-21T00:00:00Z", "interval": "hour"})[
        "buckets"
    ]
    assert len(hours) == 24
    assert [hours[i]["count"] for i in (11, 12, 13, 20)] == [0, 1, 0, 1]
    users = read.data(SERIES, window | {"count_by": "user_id"})["buckets"]
    assert [b["count"] for b in users] == [2, 2, 0, 0]


@pytest.mark.parametrize(
    ("interval", "first", "buckets"),
    [
        ("week", "2026-11-16", 2),
        ("month", "2026-11-01", 1),
        ("day", "2026-11-18", 8),
        ("hour", "2026-11-18", 180),
    ],
)
def test_buckets_begin_where_the_database_begins_them(
    read: Reader, six: list[Event], interval: str, first: str, buckets: int
) -> None:
    window = {"timestamp[gte]": "2026-11-18T05:30:00Z", "timestamp[lt]": "2026-11-25T17:00:00Z"}
    data = read.data(SERIES, window | {"interval": interval})
    assert data["buckets"][0]["timestamp"].startswith(first)
    assert len(data["buckets"]) == buckets
    assert data["total"] == sum(bucket["count"] for bucket in data["buckets"]) == 6


def test_minutes(read: Reader, six: list[Event]) -> None:
    window = {"timestamp[gte]": "2026-11-20T11:58:30Z", "timestamp[lte]": "2026-11-20T12:00:00Z"}
    buckets = read.data(SERIES, window | {"interval": "minute"})["buckets"]
    assert [(b["timestamp"][11:16], b["count"]) for b in buckets] == [
        ("11:58", 0),
        ("11:59", 0),
        ("12:00", 1),
    ]


def test_too_many_buckets(read: Reader) -> None:
    error = read.error(SERIES, ALL | {"interval": "minute"})
    assert error["details"]["field"] == "interval"
    assert read.error(SERIES, {"interval": "year"})["details"]["allowed_fields"]


def test_facets(read: Reader, six: list[Event]) -> None:
    refusal, win = make_signal(six[0].project, "refusal"), make_signal(six[0].project, "win")
    for event in six[:3]:
        match(event, refusal)
    match(six[0], win)
    assert read.data(FACETS, ALL) == [{"value": "chat", "count": 4}, {"value": "voice", "count": 2}]
    assert read.data(FACETS, ALL | {"field": "user_id"}) == [
        {"value": "ann", "count": 3}, {"value": "ben", "count": 2},
    ]  # fmt: skip
    assert read.data(FACETS, ALL | {"field": "signal"}) == [
        {"value": "refusal", "count": 3}, {"value": "win", "count": 1},
    ]  # fmt: skip
    assert read.data(FACETS, ALL | {"field": "signal", "count_by": "user_id"})[0] == {
        "value": "refusal",
        "count": 2,
    }
    assert read.data(FACETS, ALL | {"field": "user_id", "limit": 1}) == [{"value": "ann", "count": 3}]
    assert read.data(FACETS, ALL | {"signal": "win", "field": "event_name"}) == [
        {"value": "chat", "count": 1}
    ]
    dotted = {"timestamp.gte": "2026-11-21T00:00:00Z", "timestamp.lt": "2026-12-01T00:00:00Z"}
    assert read.data(FACETS, dotted | {"field": "user_id"}) == [
        {"value": "ann", "count": 2}, {"value": "ben", "count": 1},
    ]  # fmt: skip


def test_wrong_parameters(read: Reader) -> None:
    for path, name in (
        (COUNT, "count_by"),
        (FACETS, "field"),
        (FACETS, "limit"),
        (COUNT, "limit"),
        (SERIES, "cursor"),
    ):
        assert read.error(path, {name: "x"})["details"]["field"] == name
