"""`/v1/events` and `/v1/events/{id}`, and the event filters that search and counts share."""

import uuid

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.http import Http404
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from ingest.models import Event, EventKey, Project
from ingest.projects.authentication import project_of
from ingest.store.events import conversation_id, end_user_id
from signals.models import SignalDefinition, SignalMatch
from signals.read_api.bytes import EVENT_TEXTS, light
from signals.read_api.filters import (
    Filter,
    Parameters,
    Query,
    read_query,
    string_condition,
    time_condition,
    value_condition,
)
from signals.read_api.items import event_items, event_items_within
from signals.read_api.page import PAGING, listed, ordering, time_limit
from signals.read_api.schema import WireEvent, list_of, one_of, parameters_of, responses

FILTERS = Parameters(
    plain=("signal_group",),
    times=("timestamp",),
    strings=("user_id", "convo_id", "event_name"),
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
    """Finished events. A page ends before its limit where its texts are long: go by the cursor. `signal` and `signal_group` take an id, or a signal's key and a group's name."""
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
    condition = Q(project=project, is_pending=False)
    for item in query.filters:
        condition &= _condition(project, item)
    if group := query.plain.get("signal_group"):
        condition &= Q(_has_signal(project, find_group_signals(project, group)))
    return Event.objects.filter(condition).select_related("end_user", "conversation")


def _condition(project: Project, item: Filter) -> Q:
    if item.name == "timestamp":
        return time_condition("timestamp", item)
    if item.name == "user_id":
        if item.op == "eq":  # the id is derived from the name, and has an index
            return Q(end_user_id=end_user_id(project, item.value))
        return string_condition("end_user__user_id", item)
    if item.name == "convo_id":
        if item.op == "eq":
            return Q(conversation_id=conversation_id(project, item.value))
        return string_condition("conversation__convo_id", item)
    if item.name == "event_name":
        return string_condition("name", item)
    if item.name == "properties":
        return value_condition("properties", item)
    if item.name == "traits":
        return value_condition("end_user__traits", item)
    return _signal_condition(project, item)


def _signal_condition(project: Project, item: Filter) -> Q:
    ids = find_signals(project, item.value)
    if item.name == "astray" and not ids:
        return (
            Q()
        )  # `?eq=x` where x is no signal: not the client's mistake that we know, so not ours to guess
    has = Q(_has_signal(project, ids))
    return has if item.op == "eq" else ~has


def _has_signal(project: Project, ids: list[uuid.UUID]) -> Exists:
    return Exists(SignalMatch.objects.filter(project=project, event_id=OuterRef("id"), signal_id__in=ids))


def find_signals(project: Project, value: str) -> list[uuid.UUID]:
    """The id of the project's signal that the value names by id or by key, else nothing."""
    named = Q(key=value)
    if (wanted := as_uuid(value)) is not None:
        named |= Q(id=wanted)
    found = SignalDefinition.objects.filter(named, project=project).values_list("id", flat=True)
    return list(found)


def find_group_signals(project: Project, value: str) -> list[uuid.UUID]:
    """The ids of the signals in the project's group that the value names by id or by name."""
    named = Q(group__name=value)
    if (wanted := as_uuid(value)) is not None:
        named |= Q(group_id=wanted)
    found = SignalDefinition.objects.filter(named, project=project).values_list("id", flat=True)
    return list(found)


def as_uuid(value: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(value)
    except ValueError:
        return None
