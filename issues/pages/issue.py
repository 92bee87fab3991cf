"""One issue: its page, what a person may do on it, and the chips on an event's page."""

import uuid
from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST

from ingest.counts import rollups
from ingest.counts.period import DAYS, Period
from ingest.counts.waiting import count_waiting
from ingest.jobs.kinds import learning_kinds, title_of
from ingest.jobs.progress import jobs_under_way
from ingest.jobs.queueing import queue_job
from ingest.models import Event, Project
from ingest.models.projects import Role
from ingest.projects.access import ProjectRequest, project_page
from issues.access import get_issue
from issues.actions import NotAMember, add_note, assign_issue, edit_definition, set_priority
from issues.causes.reading import CAUSES, last_found, look
from issues.following.sources import follows_item
from issues.models import Activity, Issue, IssueMatch
from issues.models.activity import ActivityKind
from issues.models.issues import Follows, Priority, State
from issues.pages.acting import BUTTONS, MUTE_MENU, RESOLVE_MENU, read_action
from issues.pages.forms import AssigneeForm, IssueForm, NoteForm, PriorityForm
from issues.pages.related import related_issues, related_problems
from issues.pages.trend import trend
from issues.states.doors import apply_action, legal_actions, mute_terms
from issues.states.terms import MuteTerms
from issues.states.transitions import SYSTEMS, IllegalTransition
from issues.states.words import fixed_words, until_words, words_for
from raindrop.web.plurals import counted
from raindrop.web.regions import render_page
from signals.dimensions.breakdown import EVENTS, MATCHES, break_down_for_page
from signals.dimensions.units import AT_ONCE
from signals.dimensions.words import in_words, shown
from signals.models import Cluster
from signals.search.scope import Scope

ACTIVITY_SHOWN = 50
NEWEST = 1000  # matches whose users and neighbours are read
USERS_SHOWN = 8
OWN = "own"
PERIODS = [key for key in DAYS if key != "24h"]


@project_page()
def issue_page(request: ProjectRequest, project: Project, number: int) -> HttpResponse:
    """Of a merged issue the one that it is part of; its own with `own`."""
    issue = get_issue(project, number)
    if issue.merged_into is not None and OWN not in request.GET:
        return redirect("issue", project.slug, issue.merged_into.number)
    period = Period.named(request.GET.get("period", ""))
    period = Period.named("14d") if period.is_hourly else period
    context = {
        "issue": issue,
        "followed": follows_item(issue, Scope(project)),
        "period": period,
        "periods": PERIODS,
        "sample": NEWEST,
        "compare": f"issue:{issue.number}",
    }
    parts: dict[str, Callable[[], dict[str, Any]]] = {
        "numbers": lambda: {
            **work_on(issue),
            "classifier": None if issue.follows else issue.classifiers.current().first(),
            **trend(issue, period, request.GET.get("chart", "matches")),
        },
        "activity": lambda: {"activity": recent_activity(issue)},
        "state": lambda: state_of(issue),
        "causes": lambda: causes_panel(issue),
        "people": lambda: {"people": issue.matches.top_users(among=NEWEST, limit=USERS_SHOWN)},
    }

    def rest() -> dict[str, Any]:
        newest = newest_events(issue)[:NEWEST]
        return {
            "related": related_issues(issue, newest),
            "merged": list(Issue.objects.filter(merged_into=issue).with_counts().order_by("number")),
            "problems": related_problems(issue, newest),
            "definitions": list(issue.definitions.select_related("author")[:20]),
            "most": NEWEST,
            "form": IssueForm(initial={"title": issue.title, "description": issue.description}),
            "note_form": NoteForm(),
            "assignee_form": AssigneeForm(initial={"assignee": issue.assignee_id}, project=project),
            "priority_form": PriorityForm(initial={"priority": issue.priority}),
        }

    return render_page(request, "issues/issue.html", context, parts=parts, rest=rest)


@project_page()
def breakdown(request: ProjectRequest, project: Project, number: int) -> HttpResponse:
    """A fragment: where it happens. It reads thousands of events with their properties, which would hold the page up."""
    issue = get_issue(project, number)
    context = {
        "dimensions": break_down_for_page(newest_events(issue), project=project),
        "where": {"q": f"issue:{issue.number}", "range": "all"},
        "compare": f"issue:{issue.number}",
        "most": MATCHES,
        "events": EVENTS,
        "waiting": count_waiting(project),
    }
    return render(request, "signals/_breakdown.html", context)


def state_of(issue: Issue) -> dict[str, Any]:
    """What may be done, and when a muted or a resolved issue opens again."""
    until = until_words(mute_terms(issue)) if issue.state == State.MUTED else ""
    return {
        "actions": [action.value for action in legal_actions(issue)],
        "mute_menu": MUTE_MENU,
        "resolve_menu": RESOLVE_MENU,
        "on_terms": until or fixed_words(issue.terms),
    }


def causes_panel(issue: Issue) -> dict[str, Any]:
    """What it comes from, in words, and as rows. In a large project what a job found last; a viewer's page starts none."""
    total = rollups.totals([issue.project_id])[issue.project_id].events
    kept = None
    if total <= AT_ONCE:
        found = look(issue)
    else:
        kept = last_found(issue)
        found = kept.found if kept else []
    return {
        "causes": [shown(one, among=f"issue:{issue.number}") for one in found],
        "summary": in_words(found),
        "kept": kept,
        "waiting": count_waiting(issue.project),
        "large": total > AT_ONCE,
    }


@require_POST
@project_page(Role.MEMBER)
def find_causes(request: ProjectRequest, project: Project, number: int) -> HttpResponse:
    """Has a job look for causes, or look again."""
    issue = get_issue(project, number)
    queue_job(project=project, kind=CAUSES, subject=issue.pk, user=request.user)
    return redirect("issue", project.slug, number)


def work_on(issue: Issue) -> dict[str, Any]:
    """What waits or runs for it, each with its kind's title, in order; and whether its labels are being learnt."""
    jobs = jobs_under_way(project_id=issue.project_id, subjects=[issue.pk]).get(issue.pk, [])
    return {
        "jobs": [(title_of(job), job) for job in jobs],
        "is_learning": any(job.kind in learning_kinds() for job in jobs),
    }


def recent_activity(issue: Issue) -> list[tuple[Activity, str, Cluster | None]]:
    """The newest entries, each with what is to be said of it besides, and the cluster that it made the issue follow, where that stands. Of
    trainings in a row only the last: each few labels bring one."""
    shown: list[Activity] = []
    for entry in issue.activity.select_related("actor")[: 4 * ACTIVITY_SHOWN]:
        if not (shown and entry.kind == shown[-1].kind == ActivityKind.TRAINED):
            shown.append(entry)
    shown = shown[:ACTIVITY_SHOWN]
    named = {entry.data["name"] for entry in shown if entry.data.get("what") == Follows.CLUSTER}
    rows = Cluster.objects.filter(project=issue.project_id, pk__in=named) if named else []
    clusters = {str(cluster.pk): cluster for cluster in rows}
    return [(entry, _said(entry), clusters.get(entry.data.get("name", ""))) for entry in shown]


def _said(entry: Activity) -> str:
    """Of a change of state: the system's reason, or a person's terms."""
    if entry.kind == ActivityKind.PRIORITY and "of_users" in entry.data:
        impact = entry.data
        return f"Its impact: {impact['users']:,} of {counted(impact['of_users'], 'user')} in {impact['days']} days, of severity {impact['severity']:g}."
    if entry.kind != ActivityKind.STATE:
        return ""
    if entry.data["action"] in SYSTEMS:
        return words_for(entry.data)
    terms = entry.data.get("terms") or {}
    return until_words(MuteTerms.from_json(terms)) if entry.data["to"] == State.MUTED else fixed_words(terms)


def newest_events(issue: Issue) -> list[uuid.UUID]:
    """The events of its newest matches, at most MATCHES."""
    newest = IssueMatch.objects.filter(issue=issue).order_by("-timestamp", "-id")
    return list(newest.values_list("event_id", flat=True)[:MATCHES])


@require_POST
@project_page(Role.MEMBER)
def change_state(request: ProjectRequest, project: Project, number: int) -> HttpResponse:
    issue = get_issue(project, number)
    if (button := request.POST.get("action", "")) not in BUTTONS:
        raise Http404("There is no such action.")
    try:
        action, terms = read_action(button, project=project, now=timezone.now())
        apply_action(issue=issue, action=action, user=request.user, terms=terms)
    except (IllegalTransition, ValueError) as error:
        messages.warning(request, str(error))
    return redirect("issue", project.slug, number)


@require_POST
@project_page(Role.MEMBER)
def assign(request: ProjectRequest, project: Project, number: int) -> HttpResponse:
    issue = get_issue(project, number)
    form = AssigneeForm(request.POST, project=project)
    if form.is_valid():
        try:
            assign_issue(issue=issue, assignee=form.cleaned_data["assignee"], user=request.user)
        except NotAMember as error:
            messages.error(request, str(error))
    else:
        messages.error(request, "Choose a member of this project.")
    return redirect("issue", project.slug, number)


@require_POST
@project_page(Role.MEMBER)
def prioritise(request: ProjectRequest, project: Project, number: int) -> HttpResponse:
    issue = get_issue(project, number)
    form = PriorityForm(request.POST)
    if form.is_valid():
        priority = Priority(form.cleaned_data["priority"])
        set_priority(issue=issue, priority=priority, user=request.user)
    else:
        messages.error(request, "Choose high, medium or low.")
    return redirect("issue", project.slug, number)


@require_POST
@project_page(Role.MEMBER)
def define(request: ProjectRequest, project: Project, number: int) -> HttpResponse:
    issue = get_issue(project, number)
    form = IssueForm(request.POST)
    if form.is_valid():
        definition = edit_definition(issue=issue, user=request.user, **form.cleaned_data)
        again = " The classifier is trained anew in the background." if issue.classifiers.exists() else ""
        messages.success(request, f"This is version {definition.version} of the definition.{again}")
    else:
        messages.error(request, "Not saved: " + _problems(form))
    return redirect("issue", project.slug, number)


@require_POST
@project_page(Role.MEMBER)
def note(request: ProjectRequest, project: Project, number: int) -> HttpResponse:
    issue = get_issue(project, number)
    form = NoteForm(request.POST)
    if form.is_valid():
        add_note(issue=issue, text=form.cleaned_data["text"], user=request.user)
    else:
        messages.error(request, "Not saved: " + _problems(form))
    return redirect("issue", project.slug, number)


def _problems(form: IssueForm | NoteForm) -> str:
    return " ".join(f"{field}: {' '.join(map(str, errors))}" for field, errors in form.errors.items())


@project_page()
def event_issues(request: ProjectRequest, project: Project, event_pk: uuid.UUID) -> HttpResponse:
    """A fragment for the event's page: the issues that match it."""
    event = Event.objects.filter(project=project, id=event_pk).first()
    if event is None:
        raise Http404("There is no such event in this project.")
    found = IssueMatch.objects.filter(event=event, project=project).exclude(issue__state=State.MERGED)
    found = found.select_related("issue").order_by("-score")
    return render(request, "issues/_event_issues.html", {"event": event, "found": found})
