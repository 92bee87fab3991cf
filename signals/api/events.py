"""`/api/events/?q=`: the events that a query finds, how many they are, and what they have of a field."""

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from ingest.models import Event, Project
from ingest.projects.authentication import project_of
from raindrop.api.pagination import BAD_CURSOR, cursor_of, page_of, read_limit
from raindrop.api.shapes import answers, listed, refuse_unknown
from raindrop.errors import ApiError
from signals.api.event_schema import (
    COUNT,
    DEFAULT_FACETS,
    EVENTS,
    FACETS,
    MAX_FACETS,
    EventCount,
    Facets,
    FoundEventItem,
)
from signals.read_api.bytes import EVENT_TEXTS, items_within, light
from signals.read_api.found import found_items
from signals.read_api.page import SEARCHES, TakesTooLong, time_limit
from signals.search.counting import count_found
from signals.search.faceting import count_facets, facet_field, newest_found
from signals.search.finding import find_events, split_meaning
from signals.search.kept import kept_ids
from signals.search.language.errors import QueryError
from signals.search.language.nodes import And, Meaning, Node
from signals.search.language.parsing import parse
from signals.search.near_pages import near_cursor, near_page
from signals.search.scope import Scope
from signals.vectors.nearest import EXACT_AMONG, Among

TAGS = ["Events"]
NEWEST = ("-timestamp", "-id")


@extend_schema(
    operation_id="events_list", tags=TAGS, summary="Events that a query finds, newest first", parameters=EVENTS,
    responses=answers(listed(FoundEventItem), missing=False),
)  # fmt: skip
@api_view(["GET"])
def events(request: Request) -> Response:
    """Finished or not. A query that says `~"what it means"` ranks what else it finds: the nearest come first. A page ends before its
    limit where its texts are long: go by `next`, which also keeps the moment from which `-24h` counts."""
    refuse_unknown(request, EVENTS)
    project, node = project_of(request), _read_query(request)
    place, now = _read_cursor(request.GET.get("cursor", ""))
    scope = Scope(project, now)
    read_limit(request)
    meaning, rest = split_meaning(node)
    with _asked(project):
        if meaning is not None:
            among = (
                None if rest == And() else kept_ids(rest, scope, most=EXACT_AMONG) or find_events(rest, scope)
            )
            rows, following = _nearest(request, meaning, among, project, place)
        else:
            page = page_of(_light(find_events(node, scope)), request=request, order=NEWEST, cursor=place)
            rows, following = page.rows, page.next
        items = items_within(rows, heavy=EVENT_TEXTS, items=lambda some: found_items(some, project=project))
    if len(items) < len(rows):
        last = rows[len(items) - 1]
        following = near_cursor((last.id, vars(last)["nearness"])) if meaning else cursor_of(last, NEWEST)
    return Response({"results": items, "next": following and f"{following}.{_micros(now)}"})


@extend_schema(
    operation_id="events_count", tags=TAGS, summary="How many events a query finds", parameters=COUNT,
    responses=answers(EventCount, missing=False),
)  # fmt: skip
@api_view(["GET"])
def count(request: Request) -> Response:
    """Exactly, with their different users and conversations; of more than 10,000 events that a condition finds, `at_least` is true, and users and
    conversations are those of 10,000. All events, and those of one signal or issue, are counted exactly however many they are; those of the last
    days (`-30d`) too, of a signal or an issue up to 50,000. An event whose own id is `count` or `facets` answers here when there is no parameter."""
    refuse_unknown(request, COUNT)
    project, node = project_of(request), _read_query(request)
    with _asked(project):
        counts = asdict(count_found(node, Scope(project)))
    if not counts["at_least"]:
        del counts["at_least"]
    return Response(counts)


@extend_schema(
    operation_id="events_facets", tags=TAGS, summary="What a query's events have of a field", parameters=FACETS,
    responses=answers(Facets, missing=False),
)  # fmt: skip
@api_view(["GET"])
def facets(request: Request) -> Response:
    """The values that most of the events have, counted exactly, those with most events first. Of more than 10,000 events (5,000 where texts or
    properties must be read to find them), about so many of the newest are counted: `since` says from when on. Of `time`, days. Of a field that is
    computed, such as `turns`, the values of the newest 2,000 events are counted."""
    refuse_unknown(request, FACETS)
    project, node = project_of(request), _read_query(request)
    scope = Scope(project)
    try:
        facet_field(request.GET.get("by", ""), scope)
    except ValueError as error:
        raise ApiError(400, f"{error}.", details={"field": "by"}) from error
    limit = read_limit(request, default=DEFAULT_FACETS, maximum=MAX_FACETS)
    with _asked(project):
        events, since = newest_found(node, scope)
        found = count_facets(events, by=request.GET["by"], scope=scope, limit=limit)
    answer: dict[str, Any] = {"results": [asdict(one) for one in found]}
    return Response(answer if since is None else answer | {"since": since})


def _read_query(request: Request) -> Node:
    """Raises ApiError 400 at the character, also for what does not fit the project's fields."""
    try:
        node = parse(request.GET.get("q", ""))
        find_events(node, Scope(project_of(request)))
    except QueryError as error:
        raise error.as_api_error(field="q") from error
    return node


@contextmanager
def _asked(project: Project) -> Iterator[None]:
    """A place among the project's searches, and a bound on the time. Raises ApiError 429 and 400."""
    try:
        with SEARCHES.enter(project.id), time_limit():
            yield
    except TakesTooLong as error:
        message = "This search takes too long. Look at less time, such as -24h, or add a user or a signal."
        raise ApiError(400, message, details={"field": "q"}) from error


def _light(rows: QuerySet[Event]) -> QuerySet[Event]:
    return light(rows.select_related("end_user", "conversation"), EVENT_TEXTS, each="tool_calls")


def _nearest(
    request: Request, meaning: Meaning, among: Among | None, project: Project, place: str
) -> tuple[list[Event], str | None]:
    """A page of the events that are near enough, the nearest first, and the next page's place."""
    page, following = near_page(
        meaning.text, project=project, among=among, limit=read_limit(request), cursor=place
    )
    found = _light(Event.objects.filter(project=project)).in_bulk([event for event, _ in page])
    rows = []
    for event, score in page:
        if row := found.get(event):
            row.nearness = score  # type: ignore[attr-defined]  # read by found_items
            rows.append(row)
    return rows, following


# -- cursors: a place and the moment at which the first page was asked, so that what arrives meanwhile moves nothing


def _read_cursor(cursor: str) -> tuple[str, dt.datetime]:
    """The place ("" for the first page), and the moment from which relative times count. Raises ApiError 400."""
    if not cursor:
        return "", timezone.now()
    place, _, micros = cursor.rpartition(".")
    if not place or not micros.isdigit() or not micros.isascii() or len(micros) > 16:
        raise ApiError(400, BAD_CURSOR, details={"field": "cursor"})
    return place, dt.datetime(1970, 1, 1, tzinfo=dt.UTC) + dt.timedelta(microseconds=int(micros))


def _micros(moment: dt.datetime) -> int:
    return (moment - dt.datetime(1970, 1, 1, tzinfo=dt.UTC)) // dt.timedelta(microseconds=1)
