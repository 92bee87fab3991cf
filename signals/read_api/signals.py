"""`/v1/signals` and `/v1/signal-groups`."""

from typing import Any

from django.db.models import Count, Q, QuerySet
from django.http import Http404
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from ingest.models import Project
from ingest.projects.authentication import project_of
from signals.catalogue.installing import install_builtin_signals
from signals.models import SignalDefinition, SignalGroup
from signals.read_api.events import as_uuid
from signals.read_api.filters import Parameters, read_query
from signals.read_api.items import signal_item
from signals.read_api.page import PAGING, listed, ordering
from signals.read_api.schema import WireSignal, WireSignalGroup, list_of, one_of, parameters_of, responses

LIST = Parameters(plain=PAGING)
ORDER = {"timestamp": "created_at", "created_at": "created_at"}
ORDER_NAMES = ("-timestamp", "timestamp", "-created_at", "created_at")


@extend_schema(
    operation_id="v1_signals_list",
    tags=["Read path"],
    summary="Signals, newest first",
    parameters=parameters_of(LIST, order_by=ORDER_NAMES),
    responses=responses(list_of(WireSignal)),
)
@api_view(["GET"])
def signals(request: Request) -> Response:
    """The project's signals, enabled or not. `timestamp` orders by `created_at`."""
    return _listed_signals(request, _signals(project_of(request)))


@extend_schema(
    operation_id="v1_signals_get",
    tags=["Read path"],
    summary="One signal",
    responses=responses(one_of(WireSignal), missing=True),
)
@api_view(["GET"])
def signal(request: Request, signal_id: str) -> Response:
    """One signal by its id or its key."""
    read_query(request, Parameters())
    row = _signals(project_of(request)).filter(_named(signal_id, "key")).first()
    if row is None:
        raise Http404("There is no such signal.")
    return Response({"data": signal_item(row)})


@extend_schema(
    operation_id="v1_signal_groups_list",
    tags=["Read path"],
    summary="Signal groups, newest first",
    parameters=parameters_of(LIST, order_by=ORDER_NAMES),
    responses=responses(list_of(WireSignalGroup)),
)
@api_view(["GET"])
def signal_groups(request: Request) -> Response:
    """`timestamp` orders by `created_at`."""
    query = read_query(request, LIST)
    return listed(
        _groups(project_of(request)),
        request=request,
        query=query,
        order=ordering(query, ORDER),
        items=lambda rows: [group_item(row) for row in rows],
    )


@extend_schema(
    operation_id="v1_signal_groups_get",
    tags=["Read path"],
    summary="One signal group",
    responses=responses(one_of(WireSignalGroup), missing=True),
)
@api_view(["GET"])
def signal_group(request: Request, group_id: str) -> Response:
    """One group by its id or its name."""
    read_query(request, Parameters())
    return Response({"data": group_item(_find_group(request, group_id))})


@extend_schema(
    operation_id="v1_signal_groups_signals",
    tags=["Read path"],
    summary="A group's signals",
    parameters=parameters_of(LIST, order_by=ORDER_NAMES),
    responses=responses(list_of(WireSignal), missing=True),
)
@api_view(["GET"])
def signals_of_group(request: Request, group_id: str) -> Response:
    """The signals of one group, newest first."""
    group = _find_group(request, group_id)
    return _listed_signals(request, _signals(project_of(request)).filter(group=group))


def _listed_signals(request: Request, queryset: QuerySet[SignalDefinition]) -> Response:
    query = read_query(request, LIST)
    return listed(
        queryset,
        request=request,
        query=query,
        order=ordering(query, ORDER),
        items=lambda rows: [signal_item(row) for row in rows],
    )


def _signals(project: Project) -> QuerySet[SignalDefinition]:
    mine = SignalDefinition.objects.filter(project=project)
    if not mine.exists():
        install_builtin_signals(project)
    return mine.select_related("group")


def _groups(project: Project) -> QuerySet[SignalGroup]:
    """With `signal_count`: a taxonomy has tens of rows, so this is counted as it is read."""
    return SignalGroup.objects.filter(project=project).annotate(signal_count=Count("signals"))


def _find_group(request: Request, value: str) -> SignalGroup:
    row = _groups(project_of(request)).filter(_named(value, "name")).first()
    if row is None:
        raise Http404("There is no such signal group.")
    return row


def _named(value: str, column: str) -> Q:
    if "\x00" in value:
        raise Http404("There is no such thing.")
    named = Q(**{column: value})
    if (wanted := as_uuid(value)) is not None:
        named |= Q(id=wanted)
    return named


def group_item(row: SignalGroup) -> dict[str, Any]:
    return {
        "id": str(row.id),
        "name": row.name,
        "description": row.description or None,
        "org_id": str(row.project_id),
        "created_at": row.created_at,
        "signal_count": row.signal_count,  # type: ignore[attr-defined]  # annotated by _groups()
    }
