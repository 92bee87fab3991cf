"""`/v1/events` and `/v1/events/{id}`, and the event filters that search and counts share."""

import uuid

from django.db.models import QuerySet
from django.http import Http404
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from ingest.models import Event, EventKey, Project
from ingest.projects.authentication import project_of
from signals.read_api.bytes import EVENT_TEXTS, light
from signals.read_api.event_query import STRINGS, read_event_query, refused
from signals.read_api.filters import Parameters, Query, read_query
from signals.read_api.items import event_items, event_items_within
from signals.read_api.page import PAGING, listed, ordering, time_limit
from signals.read_api.schema import WireEvent, list_of, one_of, parameters_of, responses
from signals.search.finding import find_events
from signals.search.language.errors import QueryError
from signals.search.scope import Scope

FILTERS = Parameters(
    plain=("q", "signal_group"),
    times=("timestamp",),
    strings=tuple(STRINGS),
    signals=("signal",),
    maps=("properties", "traits"),
)
LIST = Parameters(
    plain=(*PAGING, *FILTERS.plain),
    times=FILTERS.times,
    strings=FILTERS.strings,
    signals=FILTERS.signals,
    maps=FILTERS.maps,
)


@extend_schema(
    operation_id="v1_events_list",
    tags=["Read path"],
    summary="Events, newest first",
    parameters=parameters_of(LIST, order_by=("-timestamp", "timestamp")),
    responses=responses(list_of(WireEvent)),
)
@api_view(["GET"])
def events(request: Request) -> Response:
    """Finished events. A page ends before its limit where its texts are long: go by the cursor. `q` is a query (docs/guide/search.md). `signal` and `signal_group` take an id, or a signal's key and a group's name."""
    project, query = project_of(request), read_query(request, LIST)
    return listed(
        light(matching_events(project, query), EVENT_TEXTS, each="tool_calls"),
        request=request,
        query=query,
        order=ordering(query, {"timestamp": "timestamp"}),
        items=lambda rows: event_items_within(rows, project=project),
    )


@extend_schema(
    operation_id="v1_events_get",
    tags=["Read path"],
    summary="One event",
    responses=responses(one_of(WireEvent), missing=True),
)
@api_view(["GET"])
def event(request: Request, event_id: str) -> Response:
    """One event by the app's own id, finished or not."""
    read_query(request, Parameters())
    project = project_of(request)
    with time_limit():
        [item] = event_items([find_event(project, event_id)], project=project)
    return Response({"data": item})


def find_event(project: Project, event_id: str) -> Event:
    """The project's event of this id (the app's own). Raises Http404."""
    found = Event.objects.filter(project=project, id__in=_ids_of(project, event_id))
    row = found.select_related("end_user", "conversation").first()
    if row is None:
        raise Http404("There is no such event.")
    return row


def _ids_of(project: Project, event_id: str) -> list[uuid.UUID]:
    if "\x00" in event_id:
        return []
    keys = EventKey.objects.filter(project=project, event_id=event_id)
    return list(keys.values_list("event_uuid", flat=True))


def matching_events(project: Project, query: Query) -> QuerySet[Event]:
    """The project's finished events on which all filters of the query hold."""
    node = read_event_query(query, project)
    finished = Event.objects.filter(is_pending=False)
    try:
        events = find_events(node, Scope(project), among=finished)
    except QueryError as error:
        raise refused(error, query) from error
    return events.select_related("end_user", "conversation")


def as_uuid(value: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(value)
    except ValueError:
        return None
