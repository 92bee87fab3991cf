"""Keyset pages go through every row once, whatever its time, in both directions."""

import datetime as dt
from typing import Any

import pytest
from django.test import RequestFactory

from ingest.models import Event, Project
from raindrop.api.pagination import page_of, paginate
from raindrop.errors import ApiError
from raindrop.ids import new_id

NOW = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)


@pytest.fixture
def events(project: Project) -> list[Event]:
    """Ten events at three different times."""
    return Event.objects.bulk_create(
        Event(id=new_id(), project=project, event_id=str(i), timestamp=NOW + dt.timedelta(microseconds=i % 3))
        for i in range(10)
    )


def request(**query: Any) -> Any:
    return RequestFactory().get("/", query)


@pytest.mark.parametrize(
    "order", [("-timestamp", "-id"), ("timestamp", "id"), ("timestamp", "-id"), ("event_id",)]
)
def test_every_row_comes_once_and_in_order(events: list[Event], order: tuple[str, ...]) -> None:
    seen: list[Event] = []
    cursor: str | None = ""
    while cursor is not None:
        rows, cursor = paginate(Event.objects.all(), request=request(cursor=cursor, limit=3), order=order)
        assert len(rows) <= 3
        seen += rows
    assert seen == list(Event.objects.order_by(*order))


def test_a_row_that_arrives_in_between_moves_nothing(events: list[Event], project: Project) -> None:
    rows, cursor = paginate(Event.objects.all(), request=request(limit=4))
    Event.objects.create(project=project, event_id="new", timestamp=NOW + dt.timedelta(days=1))
    rest, end = paginate(Event.objects.all(), request=request(limit=100, cursor=cursor))
    assert end is None and {e.pk for e in rows + rest} == {e.pk for e in events}


def test_the_page_has_the_apis_shape(events: list[Event]) -> None:
    page = page_of(Event.objects.all(), request=request(limit=9))
    assert page.body([1])["results"] == [1] and isinstance(page.body([])["next"], str)
    assert page_of(Event.objects.all(), request=request(limit=10)).next is None


@pytest.mark.parametrize("limit", ["0", "-1", "x", "1.5", "²", " "])
def test_a_limit_that_is_none_is_refused(db: None, limit: str) -> None:
    with pytest.raises(ApiError) as error:
        paginate(Event.objects.all(), request=request(limit=limit))
    assert error.value.status == 400


def test_a_large_limit_is_lowered(events: list[Event]) -> None:
    rows, _ = paginate(Event.objects.all(), request=request(limit="9" * 400), maximum=4)
    assert len(rows) == 4


@pytest.mark.parametrize(
    "cursor", ["x", "!!!", "W10", "bnVsbA", "e30", "W251bGwsbnVsbF0", "WyIyMDI2LTAxLTAxIiwieCJd", "é", "A" * 5000, "W1tdLFtdXQ",
               "WyIyMDI2LTAxLTAxVDAwOjAwOjAwIiwiMDAwMDAwMDAtMDAwMC0wMDAwLTAwMDAtMDAwMDAwMDAwMDAwIl0"]
)  # fmt: skip
def test_a_cursor_that_is_not_ours_is_refused(db: None, cursor: str) -> None:
    with pytest.raises(ApiError) as error:
        paginate(Event.objects.all(), request=request(cursor=cursor))
    assert error.value.status == 400
