"""`/v1/events/count`, `/v1/events/timeseries` and `/v1/events/facets`: counts over the filters that a caller makes up.

No roll-up can know those filters, so these count rows, in a window (the last 14 days unless the caller names another)
and within a time limit.
"""

import datetime as dt
from collections.abc import Iterator

from django.db.models import Count, DateTimeField, F, QuerySet
from django.db.models.functions import Trunc
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from ingest.models import Event
from ingest.projects.authentication import project_of
from signals.read_api.events import FILTERS, matching_events
from signals.read_api.filters import DEFAULT_WINDOW, Parameters, Query, Window, bad, read_query, read_window
from signals.read_api.page import SEARCHES, time_limit
from signals.read_api.schema import (
    WireFacet,
    WireTimeseries,
    WireTotal,
    WireWindow,
    enveloped,
    parameters_of,
    responses,
)

COUNT_COLUMNS = {"event_id": "id", "user_id": "end_user_id", "convo_id": "conversation_id"}
FACETS = {"event_name": "name", "user_id": "end_user__user_id", "signal": "signal_matches__signal__key"}
# How far back a series looks by itself.
INTERVALS = {
    "day": DEFAULT_WINDOW,
    "minute": dt.timedelta(hours=6),
    "hour": dt.timedelta(days=3),
    "week": dt.timedelta(weeks=12),
    "month": dt.timedelta(days=366),
}
SHORTEST = {
    "minute": dt.timedelta(minutes=1),
    "hour": dt.timedelta(hours=1),
    "day": dt.timedelta(days=1),
    "week": dt.timedelta(days=7),
    "month": dt.timedelta(days=28),
}
MAX_BUCKETS = 2000


def _with(*names: str) -> Parameters:
    return Parameters(
        plain=(*names, *FILTERS.plain),
        times=FILTERS.times,
        strings=FILTERS.strings,
        signals=FILTERS.signals,
        maps=FILTERS.maps,
    )


COUNT = _with("count_by")
TIMESERIES = _with("interval", "count_by")
FACET = _with("field", "count_by", "limit")
COUNT_BY = {"count_by": tuple(COUNT_COLUMNS)}


@extend_schema(
    operation_id="v1_events_count",
    tags=["Read path"],
    summary="How many events, users or conversations",
    parameters=parameters_of(COUNT, enums=COUNT_BY),
    responses=responses(
        enveloped("WireCountAnswer", data=WireTotal(), meta=enveloped("WireCountMeta", window=WireWindow()))
    ),
)
@api_view(["GET"])
def count(request: Request) -> Response:
    """In the last 14 days, unless `timestamp[gte]` names another beginning; `meta.window` says which time was counted."""
    query = read_query(request, COUNT)
    column = COUNT_COLUMNS[query.choice("count_by", list(COUNT_COLUMNS), "event_id")]
    window = read_window(query)
    with SEARCHES.enter(project_of(request).id), time_limit():
        rows = _in_window(request, query, window)
        total = rows.aggregate(total=Count(column, distinct=column != "id"))["total"]
    return Response({"data": {"total": total}, "meta": {"window": window.as_json()}})


@extend_schema(
    operation_id="v1_events_timeseries",
    tags=["Read path"],
    summary="Counts per minute, hour, day, week or month (UTC)",
    parameters=parameters_of(TIMESERIES, enums={"interval": tuple(INTERVALS), **COUNT_BY}),
    responses=responses(
        enveloped(
            "WireTimeseriesAnswer",
            data=WireTimeseries(),
            meta=enveloped("WireTimeseriesMeta", interval=serializers.CharField(), window=WireWindow()),
        )
    ),
)
@api_view(["GET"])
def timeseries(request: Request) -> Response:
    """Buckets without events are there too. By itself it looks back 14 days (6 hours by minute, 3 days by hour,
    12 weeks by week, a year by month). `total` adds the buckets up, so a user who comes on two days counts twice."""
    query = read_query(request, TIMESERIES)
    interval = query.choice("interval", list(INTERVALS), "day")
    column = COUNT_COLUMNS[query.choice("count_by", list(COUNT_COLUMNS), "event_id")]
    window = read_window(query, default=INTERVALS[interval])
    if window.length / SHORTEST[interval] > MAX_BUCKETS:
        raise bad(
            "interval", f"That is more than {MAX_BUCKETS} buckets: take a longer interval or less time."
        )
    with SEARCHES.enter(project_of(request).id), time_limit():
        start = Trunc("timestamp", interval, output_field=DateTimeField(), tzinfo=dt.UTC)
        rows = _in_window(request, query, window).annotate(start=start).values("start").order_by("start")
        found = dict(rows.annotate(n=Count(column, distinct=column != "id")).values_list("start", "n"))
    buckets = [{"timestamp": at, "count": found.get(at, 0)} for at in _starts(window, interval)]
    return Response(
        {
            "data": {"buckets": buckets, "total": sum(found.values())},
            "meta": {"interval": interval, "window": window.as_json()},
        }
    )


@extend_schema(
    operation_id="v1_events_facets",
    tags=["Read path"],
    summary="The commonest values of a field",
    parameters=parameters_of(FACET, enums={"field": tuple(FACETS), **COUNT_BY}, limit=(20, 200)),
    responses=responses(
        enveloped(
            "WireFacetsAnswer",
            data=WireFacet(many=True),
            meta=enveloped("WireFacetsMeta", window=WireWindow()),
        )
    ),
)
@api_view(["GET"])
def facets(request: Request) -> Response:
    """In the last 14 days, unless `timestamp[gte]` names another beginning. A signal's value is its key, which the filter
    `signal` takes."""
    query = read_query(request, FACET)
    field = FACETS[query.choice("field", list(FACETS), "event_name")]
    column = COUNT_COLUMNS[query.choice("count_by", list(COUNT_COLUMNS), "event_id")]
    limit = query.number("limit", default=20, maximum=200)
    window = read_window(query)
    with SEARCHES.enter(project_of(request).id), time_limit():
        rows = _in_window(request, query, window).filter(**{f"{field}__isnull": False}).order_by()
        groups = rows.values(value=F(field)).annotate(count=Count(column, distinct=True))
        found = groups.filter(count__gt=0).order_by("-count", "value")[:limit]
        data = [{"value": row["value"], "count": row["count"]} for row in found]
    return Response({"data": data, "meta": {"window": window.as_json()}})


def _in_window(request: Request, query: Query, window: Window) -> QuerySet[Event]:
    rows = matching_events(project_of(request), query).select_related(None)
    return rows.filter(timestamp__gte=window.start, timestamp__lt=window.end)


def _starts(window: Window, interval: str) -> Iterator[dt.datetime]:
    """The beginning of each bucket that the window touches, as PostgreSQL's date_trunc has them (a week begins on Monday)."""
    at = window.start.replace(second=0, microsecond=0)
    if interval != "minute":
        at = at.replace(minute=0)
    if interval in ("day", "week", "month"):
        at = at.replace(hour=0)
    if interval == "week":
        at -= dt.timedelta(days=at.weekday())
    if interval == "month":
        at = at.replace(day=1)
    while at < window.end:
        yield at
        at = (at + dt.timedelta(days=31)).replace(day=1) if interval == "month" else at + SHORTEST[interval]
