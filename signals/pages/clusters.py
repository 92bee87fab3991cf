"""A cluster's page: its numbers, its trend, what it comes with, its events; and the matrix and the map of all of them."""

import uuid
from typing import Any

from django.core.exceptions import BadRequest
from django.http import HttpResponse, HttpResponsePermanentRedirect, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from ingest.counts.period import Period
from ingest.counts.waiting import count_waiting
from ingest.models import Project
from ingest.models.projects import Role
from ingest.projects.access import ProjectRequest, project_page
from raindrop.api.pagination import paginate
from raindrop.errors import ApiError
from raindrop.web.regions import render_page
from signals.catalogue.access import find_signal
from signals.clusters.discovered import show
from signals.clusters.map import map_points
from signals.clusters.matrix import make_matrix, row_kinds
from signals.clusters.reading import find_cluster, small_model_of
from signals.clusters.splitting import splits_of
from signals.dimensions.breakdown import EVENTS, MATCHES, break_down_for_page
from signals.models import Cluster, ClusterKind, ClusterMember
from signals.pages.panels import Page, panels_of

PAGE = 25
PERIODS = ("7d", "14d", "30d", "90d")
DEFAULT = "30d"
COLOURS = {ClusterKind.PROBLEM.value: "--signal-negative", ClusterKind.INTENT.value: "--tblr-primary"}


@project_page()
def cluster(request: ProjectRequest, project: Project, cluster_id: uuid.UUID) -> HttpResponse:
    """One that was merged leads to the one that it was merged into."""
    found = find_cluster(project, cluster_id)
    if found.pk != cluster_id:
        return redirect("cluster", project.slug, found.pk)
    return render_page(
        request,
        "signals/cluster.html",
        {"cluster": found, "may_edit": request.role != Role.VIEWER},
        parts={"splits": lambda: {"splits": splits_of(project, cluster=found)}},
        rest=lambda: _what_it_holds(request, project, found),
    )


def _what_it_holds(request: ProjectRequest, project: Project, found: Cluster) -> dict[str, Any]:
    """Its numbers and its events. Raises BadRequest for a cursor that is none."""
    name = request.GET.get("period", "")
    period = Period.named(name if name in PERIODS else DEFAULT)
    members = ClusterMember.objects.filter(project=project, cluster=found)
    in_period = members.filter(timestamp__gte=period.start).order_by("-timestamp", "-id")
    try:
        rows, cursor = paginate(
            members.select_related("event__conversation", "end_user"), request=request, default=PAGE
        )
    except ApiError as error:
        raise BadRequest(error.message) from error
    [shown] = show(project, [found])
    return {
        "shown": shown,
        "small_model": small_model_of(found),
        "siblings": _parts(found),
        "period": period.key,
        "periods": PERIODS,
        "chart": _chart(found, period),
        "dimensions": break_down_for_page(
            list(in_period.values_list("event_id", flat=True)[:MATCHES]),
            project=project,
            since=period.start,
        ),
        "where": {"q": f"cluster:{found.pk}", "range": period.key},
        "since": period.start,
        "most": MATCHES,
        "events": EVENTS,
        "waiting": count_waiting(project),
        "members": rows,
        "next_cursor": cursor,
        "panels": panels_of(Page.CLUSTER),
    }


def _parts(found: Cluster) -> list[Cluster]:
    parts = Cluster.objects.filter(parent=found, is_gone=False, merged_into__isnull=True)
    return list(parts.order_by("-conversations", "label").defer("keys", "centroid", "assigner"))


def _chart(found: Cluster, period: Period) -> dict[str, Any]:
    return {
        "labels": period.labels(),
        "unfinished": True,
        "series": [
            {"name": "Events", "values": period.series([found.pk])[found.pk], "color": COLOURS[found.kind]}
        ],
    }


@project_page()
def matrix(request: ProjectRequest, project: Project) -> HttpResponse:
    """`rows`: problem by default."""
    kinds = {kind.name: kind.title for kind in row_kinds()}
    rows = request.GET.get("rows", "")
    rows = rows if rows in kinds else "problem"
    found = make_matrix(project, rows=rows)
    width = len(found.columns)
    lines = [(row, found.cells[i * width : (i + 1) * width]) for i, row in enumerate(found.rows)]
    context = {"kinds": kinds, "rows": rows, "matrix": found, "lines": lines}
    return render(request, "signals/matrix.html", context)


@project_page()
def cluster_map(request: ProjectRequest, project: Project) -> HttpResponse:
    kind = request.GET.get("kind", "")
    context = {
        "kind": kind if kind in ClusterKind.values else ClusterKind.INTENT.value,
        "kinds": ClusterKind.choices,
    }
    return render(request, "signals/map.html", context)


@project_page()
def cluster_map_points(request: ProjectRequest, project: Project) -> JsonResponse:
    """What static/map.js draws."""
    kind = request.GET.get("kind", "")
    return JsonResponse(
        map_points(project, kind=ClusterKind(kind if kind in ClusterKind.values else "intent"))
    )


@project_page()
def of_signal(request: ProjectRequest, project: Project, key: str, cluster_id: str) -> HttpResponse:
    """The address of a group of a signal's evidence, before there were clusters."""
    signal = find_signal(project, key)
    return HttpResponsePermanentRedirect(reverse("signal", args=[project.slug, signal.key]))
