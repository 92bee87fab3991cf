"""The inbox: what waits for a person, and marking it as reviewed."""

import datetime as dt
from dataclasses import dataclass

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_POST

from ingest.counts.period import Period
from ingest.models import Project
from ingest.models.projects import Role
from ingest.projects.access import ProjectRequest, project_page
from issues.inbox.items import Item, read_inbox, review
from issues.models import Activity, Issue
from issues.models.activity import ActivityKind
from issues.models.issues import State
from issues.states.transitions import Action
from raindrop.web.plurals import counted
from raindrop.web.regions import render_page

SHOWN = 100
PERIOD = "14d"


@dataclass(frozen=True, slots=True)
class ItemRow:
    """An item with its numbers of the period."""

    item: Item
    events: int
    users: int
    trend: list[float]


@project_page()
def inbox(request: ProjectRequest, project: Project) -> HttpResponse:
    items = read_inbox(project, request.user)
    shown = items[:SHOWN]
    period = Period.named(PERIOD)
    ids = [item.subject for item in shown]
    sums, users, trends = period.sums(ids), period.users(ids), period.rates(ids, project=project.pk)
    rows = [
        ItemRow(item, sums.get(item.subject, 0), users.get(item.subject, 0), trends[item.subject])
        for item in shown
    ]
    context = {"rows": rows, "waiting": len(items), **(_quiet(project) if not rows else {})}
    return render_page(request, "issues/inbox.html", context)


def _quiet(project: Project) -> dict[str, object]:
    """What to say when nothing waits: how much is followed, and what came back or was settled in the last week."""
    week = timezone.now() - dt.timedelta(days=7)
    changes = Activity.objects.filter(issue__project=project, kind=ActivityKind.STATE, created_at__gte=week)
    actions = list(changes.values_list("data__action", flat=True))
    return {
        "open_issues": Issue.objects.in_project(project).filter(state=State.OPEN).count(),
        "reviewed": sum(action == Action.SETTLE for action in actions),
        "resolved": sum(action == Action.RESOLVE for action in actions),
    }


@require_POST
@project_page(Role.MEMBER)
def review_ticked(request: ProjectRequest, project: Project) -> HttpResponse:
    """Marks what was ticked, and nothing else, as reviewed."""
    names = request.POST.getlist("issue")[:SHOWN]
    done, undo = review(project=project, names=names, user=request.user)
    if done:
        tags = f"undo-{undo}" if undo else ""
        messages.success(request, f"{counted(done, 'item')} reviewed.", extra_tags=tags)
    else:
        messages.warning(request, "Nothing was done: tick what you have looked at first.")
    return redirect("inbox", project.slug)
