"""`/v1/users` and `/v1/conversations`."""

from collections import defaultdict
from typing import Any

from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.http import Http404
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from ingest.models import Conversation, EndUser, Event, Project
from ingest.projects.authentication import project_of
from ingest.store.events import conversation_id, end_user_id
from signals.models import SignalMatch
from signals.read_api.filters import Parameters, read_query, string_condition, time_condition, value_condition
from signals.read_api.page import PAGING, listed, ordering, time_limit
from signals.read_api.schema import WireConversation, WireUser, list_of, one_of, parameters_of, responses

USERS = Parameters(plain=PAGING, times=("first_seen", "last_seen"), strings=("user_id",), maps=("traits",))
CONVERSATIONS = Parameters(plain=PAGING, times=("started_at", "last_message_at"), strings=("user_id",))
USER_ORDER = {"timestamp": "last_seen", "last_seen": "last_seen"}
CONVERSATION_ORDER = {"timestamp": "last_message_at", "last_message_at": "last_message_at"}


def _order_names(columns: dict[str, str]) -> tuple[str, ...]:
    return tuple(sign + name for name in columns for sign in ("-", ""))


@extend_schema(
    operation_id="v1_users_list",
    tags=["Read path"],
    summary="End users, last seen first",
    parameters=parameters_of(USERS, order_by=_order_names(USER_ORDER)),
    responses=responses(list_of(WireUser)),
)
@api_view(["GET"])
def users(request: Request) -> Response:
    """`timestamp` orders by `last_seen`."""
    project, query = project_of(request), read_query(request, USERS)
    condition = Q(project=project)
    for item in query.filters:
        if item.name == "traits":
            condition &= value_condition("traits", item)
        elif item.name == "user_id":
            condition &= string_condition("user_id", item)
        else:
            condition &= time_condition(item.name, item)
    return listed(
        EndUser.objects.filter(condition),
        request=request,
        query=query,
        order=ordering(query, USER_ORDER),
        items=lambda rows: [user_item(row) for row in rows],
    )


@extend_schema(
    operation_id="v1_users_get",
    tags=["Read path"],
    summary="One end user",
    responses=responses(one_of(WireUser), missing=True),
)
@api_view(["GET"])
def user(request: Request, user_id: str) -> Response:
    """One end user by the app's own id."""
    read_query(request, Parameters())
    project = project_of(request)
    row = EndUser.objects.filter(project=project, id=end_user_id(project, user_id)).first()
    if row is None:
        raise Http404("There is no such user.")
    return Response({"data": user_item(row)})


def user_item(row: EndUser) -> dict[str, Any]:
    return {
        "id": row.user_id,
        "traits": row.traits,
        "first_seen": row.first_seen,
        "last_seen": row.last_seen,
        "event_count": row.events_count,
    }


@extend_schema(
    operation_id="v1_conversations_list",
    tags=["Read path"],
    summary="Conversations, the last active first",
    parameters=parameters_of(CONVERSATIONS, order_by=_order_names(CONVERSATION_ORDER)),
    responses=responses(list_of(WireConversation)),
)
@api_view(["GET"])
def conversations(request: Request) -> Response:
    """`timestamp` orders by `last_message_at`."""
    project, query = project_of(request), read_query(request, CONVERSATIONS)
    condition = Q(project=project)
    for item in query.filters:
        if item.name != "user_id":
            condition &= time_condition(item.name, item)
        elif item.op == "eq":  # the id is derived from the name, and has an index
            condition &= Q(end_user_id=end_user_id(project, item.value))
        else:
            condition &= string_condition("end_user__user_id", item)
    return listed(
        _with_events(Conversation.objects.filter(condition)),
        request=request,
        query=query,
        order=ordering(query, CONVERSATION_ORDER),
        items=lambda rows: conversation_items(rows, project=project),
    )


@extend_schema(
    operation_id="v1_conversations_get",
    tags=["Read path"],
    summary="One conversation",
    responses=responses(one_of(WireConversation), missing=True),
)
@api_view(["GET"])
def conversation(request: Request, convo_id: str) -> Response:
    """One conversation by the app's own id. Its events: `/v1/events?convo_id=`."""
    read_query(request, Parameters())
    project = project_of(request)
    found = Conversation.objects.filter(project=project, id=conversation_id(project, convo_id))
    row = _with_events(found).first()
    if row is None:
        raise Http404("There is no such conversation.")
    with time_limit():
        [item] = conversation_items([row], project=project)
    return Response({"data": item})


def _with_events(rows: QuerySet[Conversation]) -> QuerySet[Conversation]:
    """Without those that late spans have left empty: a trace was its own conversation until one came that names another."""
    here = Event.objects.filter(conversation=OuterRef("pk"))
    return rows.filter(Exists(here)).select_related("end_user")


def conversation_items(rows: list[Conversation], *, project: Project) -> list[dict[str, Any]]:
    """The conversations, with how often each signal holds in them."""
    signals: dict[object, list[dict[str, Any]]] = defaultdict(list)
    matches = (
        SignalMatch.objects.filter(
            project=project, event__conversation_id__in=[row.id for row in rows], event__is_pending=False
        )
        .values_list("event__conversation_id", "signal_id", "signal__key", "signal__name")
        .annotate(count=Count("id"))
        .order_by("-count", "signal__key")
    )
    for conversation_uuid, signal_id, key, name, count in matches:
        signals[conversation_uuid].append({"id": str(signal_id), "key": key, "name": name, "count": count})
    return [
        {
            "id": row.convo_id,
            "user_id": row.end_user.user_id if row.end_user else None,
            "started_at": row.started_at,
            "last_message_at": row.last_message_at,
            "message_count": row.events_count,
            "signals": signals[row.id],
        }
        for row in rows
    ]
