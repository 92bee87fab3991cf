"""Discover: problems and intents that the system found, emerging first; what a person does with them."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_POST

from ingest.counts import rollups
from ingest.jobs.progress import stop_jobs
from ingest.models import Project, User
from ingest.models.projects import Role
from ingest.projects.access import ProjectRequest, project_page
from raindrop.web.regions import render_page
from signals.clusters.changing import CannotChange, change_cluster, merge_clusters
from signals.clusters.discovered import show, together_of
from signals.clusters.reading import live_clusters
from signals.clusters.refresh import DISCOVER, first_run_of, last_refresh, refresh_of, request_refresh
from signals.clusters.splitting import request_split, splits_of
from signals.models import Cluster, ClusterKind, ClusterStatus, Facet

PAGE = 20
TABS = {"problem": "Problems", "intent": "Intents"}
SHOWN = {"open": "Open", "new": "New", "known": "Known", "promoted": "With an issue", "ignored": "Ignored"}
OPEN = (ClusterStatus.NEW, ClusterStatus.KNOWN, ClusterStatus.PROMOTED)


@project_page()
def discover(request: ProjectRequest, project: Project) -> HttpResponse:
    """`kind`: problem or intent. `status`: open by default. Intents are shown under the broad ones that they belong to."""
    kind = request.GET.get("kind", "")
    kind = kind if kind in TABS else ClusterKind.PROBLEM.value
    status = request.GET.get("status", "")
    status = status if status in SHOWN else "open"
    found = live_clusters(project)
    context = {
        "kind": kind,
        "status": status,
        "tabs": [
            (key, label, _tops(found.filter(kind=key, status__in=OPEN)).count())
            for key, label in TABS.items()
        ],
        "statuses": SHOWN,
        "may_edit": request.role != Role.VIEWER,
    }
    parts: dict[str, Callable[[], dict[str, Any]]] = {
        "found": lambda: _found(project, found.filter(kind=kind), status, request.GET.get("page", "")),
        "progress": lambda: _run_of(project),
        "splits": lambda: {"splits": splits_of(project)},
    }
    return render_page(request, "signals/discover.html", context, parts=parts)


def _found(project: Project, clusters: QuerySet[Cluster], status: str, page: str) -> dict[str, Any]:
    wanted = clusters.filter(status__in=OPEN if status == "open" else [status])
    tops = list(_tops(wanted).select_related("signal").defer("keys", "centroid", "assigner"))
    totals = rollups.totals(one.pk for one in tops)
    tops.sort(key=lambda one: (not one.is_emerging, -totals[one.pk].users, -totals[one.pk].events, one.label))
    start = PAGE * (int(page[:4]) - 1 if page.isascii() and page.isdigit() and int(page[:4]) > 0 else 0)
    rows = show(project, tops[start : start + PAGE])
    return {
        "rows": rows,
        "looks": _address_of_looks(project, [str(row.cluster.pk) for row in rows if row.together is None]),
        "any": bool(tops) or clusters.exists(),
        "number": start // PAGE + 1,
        "previous": start // PAGE if start else None,
        "next": start // PAGE + 2 if len(tops) > start + PAGE else None,
        **_run_of(project),
        "is_read": Facet.objects.filter(project=project).exists(),
    }


def _address_of_looks(project: Project, ids: list[str]) -> str:
    """What a list fetches for the rows of which it is not known what they come with; "" where there are none."""
    return (
        f"{reverse('discover-together', args=[project.slug])}?{urlencode({'cluster': ids}, doseq=True)}"
        if ids
        else ""
    )


@project_page()
def together(request: ProjectRequest, project: Project) -> HttpResponse:
    """What the clusters `cluster` of a list come with, each for the place in its row: to find that reads the newest events."""
    ids = [one for one in request.GET.getlist("cluster")[:PAGE] if _is_id(one)]
    found = together_of(project, list(live_clusters(project).filter(pk__in=ids).select_related("signal")))
    return render(request, "signals/_discover_together.html", {"found": found})


def _run_of(project: Project) -> dict[str, Any]:
    """How far the run is, what the last one said, and what the first one waits for."""
    return {
        "running": refresh_of(project),
        "last": last_refresh(project),
        "first": first_run_of(project),
    }


def _tops(clusters: QuerySet[Cluster]) -> QuerySet[Cluster]:
    """Those of the broadest level, and emerging ones below one that is not."""
    return clusters.filter(parent__isnull=True) | clusters.filter(is_emerging=True, parent__is_emerging=False)


@require_POST
@project_page(Role.MEMBER)
def refresh(request: ProjectRequest, project: Project) -> HttpResponse:
    """Finds clusters anew; `stop` ends the run that is under way."""
    if request.POST.get("stop"):
        stop_jobs(project=project, kind=DISCOVER, subject=project.id, user=request.user)
        messages.info(request, "Stopped. The clusters are as they were before.")
    else:
        request_refresh(project, user=request.user)
    return redirect("discover", project.slug)


@require_POST
@project_page(Role.MEMBER)
def change(request: ProjectRequest, project: Project) -> HttpResponse:
    """`action` on the clusters `cluster`: known, ignored, new, merge, split or rename (to `label`)."""
    ids = [one for one in request.POST.getlist("cluster") if _is_id(one)]
    chosen = list(live_clusters(project).filter(pk__in=ids).select_related("project"))
    totals = rollups.totals(one.pk for one in chosen)
    chosen.sort(key=lambda one: -totals[one.pk].events)
    act = ACTIONS.get(request.POST.get("action", ""))
    if act is None or not chosen:
        messages.warning(request, "Choose a cluster first.")
    else:
        try:
            messages.success(request, act(chosen, request.POST.get("label", ""), request.user))
        except CannotChange as error:
            messages.warning(request, str(error))
        except ValidationError as error:
            messages.warning(request, " ".join(error.messages))
    back = request.POST.get("back", "").removeprefix("?")
    if request.POST.get("here") and len(chosen) == 1:
        return redirect("cluster", project.slug, chosen[0].pk)
    return redirect(
        f"{reverse('discover', args=[project.slug])}?{back}"
        if back
        else reverse("discover", args=[project.slug])
    )


def _is_id(text: str) -> bool:
    return (
        len(text) == 36
        and set(text) <= set("0123456789abcdef-")
        and [len(part) for part in text.split("-")] == [8, 4, 4, 4, 12]
    )


def _set(status: ClusterStatus, message: str) -> Callable[[list[Cluster], str, User], str]:
    def act(chosen: list[Cluster], label: str, user: User) -> str:
        for one in chosen:
            change_cluster(cluster=one, status=status)
        return message.format(_names(chosen))

    return act


def _merge(chosen: list[Cluster], label: str, user: User) -> str:
    """Into the one with the most events."""
    whole = merge_clusters(into=chosen[0], others=chosen[1:])
    return f"Merged into “{whole.plain_label}”. A refresh keeps them together."


def _split(chosen: list[Cluster], label: str, user: User) -> str:
    if len(chosen) > 1:
        raise CannotChange("Split one cluster at a time.")
    request_split(chosen[0], user=user)
    return f"“{chosen[0].plain_label}” is being split, in the background."


def _rename(chosen: list[Cluster], label: str, user: User) -> str:
    if len(chosen) > 1:
        raise CannotChange("Rename one cluster at a time.")
    return f"It is called “{change_cluster(cluster=chosen[0], label=label).plain_label}” now, and stays so."


def _names(chosen: list[Cluster]) -> str:
    return f"“{chosen[0].plain_label}”" if len(chosen) == 1 else f"{len(chosen)} clusters"


ACTIONS: dict[str, Callable[[list[Cluster], str, User], str]] = {
    "known": _set(ClusterStatus.KNOWN, "Marked as known: {}."),
    "ignored": _set(ClusterStatus.IGNORED, "Ignored: {}."),
    "new": _set(ClusterStatus.NEW, "New again: {}."),
    "merge": _merge,
    "split": _split,
    "rename": _rename,
}
