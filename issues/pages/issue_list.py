"""The issues list, bulk actions on it, and making a new issue."""

import uuid
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Count
from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST

from ingest.counts.period import DAYS, Period
from ingest.counts.rollups import totals
from ingest.models import Event, Job, Project, Total, User
from ingest.models.projects import Role
from ingest.projects.access import ProjectRequest, project_page
from issues.access import find_event
from issues.actions import TITLE_LENGTH, assign_issue
from issues.following.history import create_following
from issues.following.promoting import promote_cluster
from issues.following.searching import begin_search
from issues.following.sources import Source, UnknownSource, read_source
from issues.models import Issue
from issues.models.issues import Follows, IssueQuerySet, State
from issues.pages.acting import MUTE_MENU, RESOLVE_MENU, read_action
from issues.pages.forms import SORTS, TABS, BulkForm, IssueForm, ListForm
from issues.pages.overview import shown_signals
from issues.pages.tools import first_words
from issues.states.doors import apply_to_many, undo_many
from raindrop.web.plurals import counted
from raindrop.web.regions import render_page
from signals.models import SignalDefinition
from signals.models.definitions import Sentiment
from signals.search.language.errors import QueryError

PAGE_SIZE = 50
DONE = {
    "resolve": "resolved",
    "mute": "muted",
    "reopen": "reopened",
    "settle": "reviewed",
    "assign": "assigned to you",
}


@dataclass(frozen=True, slots=True)
class IssueRow:
    """An issue with its counts of all time, and those of the period."""

    issue: Issue
    events: int
    users: int
    rate: float | None  # of all events
    trend: list[float]


@project_page()
def issue_list(request: ProjectRequest, project: Project) -> HttpResponse:
    filters = ListForm.read(request.GET)
    wrong = ListForm.unknown(request.GET)
    mine = Issue.objects.in_project(project)
    try:
        mine = mine.none() if wrong else mine.matching(filters["q"])
    except QueryError as error:
        mine, wrong = mine.none(), f"{error.message} (at character {error.start + 1})"
    counts = {row["state"]: row["n"] for row in mine.order_by().values("state").annotate(n=Count("id"))}
    counts["all"] = sum(n for state, n in counts.items() if state != State.MERGED)
    period = Period.named(filters["period"])
    found = mine.with_state(filters["state"]).sorted_by(filters["sort"], since=period.start)
    found = found.select_related("assignee")
    page = Paginator(found, PAGE_SIZE).get_page(filters["page"])
    context = {
        "filters": filters,
        "wrong": wrong,
        "tabs": [
            (tab, counts.get(tab, 0))
            for tab in TABS
            if tab != State.MERGED or counts.get(tab) or tab == filters["state"]
        ],
        "sorts": SORTS,
        "page": page,
        "rows": _rows(list(page.object_list), project, period),
        "period": period,
        "periods": list(DAYS),
        "mute_menu": MUTE_MENU,
        "resolve_menu": RESOLVE_MENU,
        "ticked": set(request.GET.getlist("ticked")[:PAGE_SIZE]),
        "any_issue": counts["all"] > 0 or bool(filters["q"] or wrong) and project_has_issues(project),
    }
    if not context["any_issue"]:
        context["suggestions"] = _negative_signals(project)[:4]
    status = 400 if wrong else 200
    return render_page(request, "issues/issue_list.html", context, status=status)


def _negative_signals(project: Project) -> list[tuple[SignalDefinition, int]]:
    """What an issue can be started from, each with its events of the last 14 days: the biggest first."""
    found = [signal for signal in shown_signals(project) if signal.sentiment == Sentiment.NEGATIVE]
    events = Period.named("14d").sums(signal.id for signal in found)
    found.sort(key=lambda signal: (-events.get(signal.id, 0), signal.name.lower()))
    return [(signal, events.get(signal.id, 0)) for signal in found]


def project_has_issues(project: Project) -> bool:
    return Issue.objects.in_project(project).exists()


def _rows(issues: list[Issue], project: Project, period: Period) -> list[IssueRow]:
    ids = [issue.pk for issue in issues]
    if not ids:
        return []
    sums, users = period.sums([project.pk, *ids]), period.users(ids)
    trends, everything = period.rates(ids, project=project.pk), sums.get(project.pk, 0)
    return [
        IssueRow(
            issue,
            sums.get(issue.pk, 0),
            users.get(issue.pk, 0),
            min(1.0, sums.get(issue.pk, 0) / everything) if everything else None,
            trends[issue.pk],
        )
        for issue in issues
    ]


@require_POST
@project_page(Role.MEMBER)
def bulk(request: ProjectRequest, project: Project) -> HttpResponse:
    form = BulkForm(request.POST, project=project)
    if not form.is_valid():
        messages.error(request, "Nothing was done: tick issues of this project first, then choose an action.")
        return redirect(_back_to_list(request, project))
    button, user = form.cleaned_data["action"], request.user
    chosen = Issue.objects.in_project(project).filter(number__in=form.cleaned_data["issue"])
    if button == "assign":
        done = _assign_to(chosen, user)
        messages.success(request, f"{_issues(done)} {DONE[button]}.")
        return redirect(_back_to_list(request, project))
    try:
        action, terms = read_action(button, project=project, now=timezone.now())
    except ValueError as error:
        messages.warning(request, str(error))
        return redirect(_back_to_list(request, project, ticked=form.cleaned_data["issue"]))
    batch = apply_to_many(chosen, action, user, terms=terms)
    if batch.changed:
        messages.success(
            request, f"{_issues(len(batch.changed))} {DONE[action]}.", extra_tags=f"undo-{batch.undo}"
        )
    if illegal := batch.refused:
        names = ", ".join(f"#{issue.number} is {issue.state}" for issue in illegal[:10])
        messages.warning(request, f"{_issues(len(illegal))} could not be {DONE[action]}: {names}.")
    return redirect(_back_to_list(request, project, ticked=[issue.number for issue in illegal]))


@require_POST
@project_page(Role.MEMBER)
def undo(request: ProjectRequest, project: Project) -> HttpResponse:
    """Takes an action on many back. Issues that changed again since stay as they are."""
    try:
        batch = uuid.UUID(request.POST.get("undo", ""))
    except ValueError:
        raise Http404("There is no such action.") from None
    undone, kept = undo_many(project=project, batch=batch, user=request.user)
    if undone:
        messages.success(request, f"{_issues(len(undone))} as before.")
    if kept:
        names = ", ".join(f"#{issue.number}" for issue in kept[:10])
        messages.warning(request, f"{_issues(len(kept))} changed again since, and stay as they are: {names}.")
    if not undone and not kept:
        messages.warning(
            request, "There is nothing to take back: it is done already, or longer ago than a day."
        )
    return redirect(_back_to_list(request, project))


@project_page(Role.MEMBER)
def new_issue(request: ProjectRequest, project: Project) -> HttpResponse:
    event = find_event(project, request.GET.get("event", ""))
    source, wrong = asked_source(project, request.GET)
    if request.method == "POST":
        form = IssueForm(request.POST)
        follows = source is not None and request.POST.get("how") != "labels"
        if form.is_valid() and follows and source is not None and source.cluster:
            issue, _ = promote_cluster(cluster=source.cluster, user=request.user, **form.cleaned_data)
            messages.success(request, _following(issue, None))
            return redirect("issue", project.slug, issue.number)
        if form.is_valid() and follows and source is not None:
            issue, job = create_following(
                project=project, source=source, user=request.user, **form.cleaned_data
            )
            messages.success(request, _following(issue, job))
            return redirect("issue", project.slug, issue.number)
        if form.is_valid():
            issue = begin_search(project=project, source=source, user=request.user, **form.cleaned_data)
            messages.success(
                request,
                f"{project.slug.upper()}-{issue.number} is open. Answer a few: the first match that you find trains a classifier.",
            )
            address = reverse("issue-review", args=[project.slug, issue.number])
            return redirect(address + (f"?event={event.id}" if event else ""))
    else:
        form = IssueForm(initial=_prefill(project, request.GET, event, source))
    return render(
        request,
        "issues/issue_new.html",
        {
            "form": form,
            "event": event,
            "source": source,
            "wrong": wrong,
            "finds": _finds(source) if source else None,
            "how": request.POST.get("how") or request.GET.get("how", "follow"),
            "suggestions": [] if source else _negative_signals(project)[:6],
        },
        status=400 if wrong else 200,
    )


def _finds(source: Source) -> Total | None:
    """What the signal or the cluster has found so far; None of a query, which is counted when the issue is made."""
    found = source.signal or source.cluster
    return totals([found.pk])[found.pk] if found else None


def _following(issue: Issue, job: Job | None) -> str:
    name = f"{issue.project.slug.upper()}-{issue.number}"
    if job is not None:
        return f"{name} is open. Its history is long: it is read in the background."
    total = totals([issue.pk])[issue.pk]
    users = f"{total.users} user" + ("" if total.users == 1 else "s")
    return f"{name} is open, with {counted(total.events, 'event')} of {users}."


def asked_source(project: Project, params: QueryDict) -> tuple[Source | None, str]:
    """(What the new issue is to follow or to start from, what is wrong with what was asked): a query, a signal or a cluster."""
    if query := params.get("query", ""):
        try:
            return read_source(project, {"query": query}), ""
        except QueryError as error:
            return None, f"{error.message} (at character {error.start + 1})"
    for kind in (Follows.SIGNAL, Follows.CLUSTER):
        if name := params.get(kind):
            try:
                return read_source(project, {kind: name}), ""
            except UnknownSource:
                return None, ""
    return None, ""


def _prefill(
    project: Project, params: QueryDict, event: Event | None, source: Source | None
) -> dict[str, str]:
    """A first wording from the signal, the cluster, the event or the failing tool that the issue is made from."""
    key = params.get("signal", "").replace("\x00", "")
    signal = SignalDefinition.objects.filter(project=project, key=key).first() if key else None
    if query := params.get("query", ""):
        if tool := params.get("tool", "").replace("\x00", ""):
            period = Period.named(params.get("period", ""))
            if words := first_words(project, tool, period):
                return words
        return {"title": " ".join(query.split())[:120], "description": ""}
    if event:
        text = " ".join((event.input or event.output).split())
        return {"title": text[:120], "description": f"Like this one: “{text[:400]}”"}
    if source is not None and source.cluster:
        return {"title": source.cluster.plain_label[:TITLE_LENGTH], "description": source.cluster.description}
    return {"title": signal.name, "description": signal.description} if signal else {}


def _assign_to(issues: IssueQuerySet, user: User) -> int:
    """To a superuser too, who need not be a member. Returns how many."""
    chosen = list(issues.select_related("project"))
    for issue in chosen:
        assign_issue(issue=issue, assignee=user, user=user)
    return len(chosen)


def _back_to_list(request: ProjectRequest, project: Project, ticked: list[int] | None = None) -> str:
    """The list as it was: its own filters only, so that the form's field cannot lead elsewhere."""
    shown = QueryDict(request.POST.get("back", "").removeprefix("?"))
    kept: list[tuple[str, Any]] = [
        (key, shown[key]) for key in ("state", "sort", "q", "period", "page") if shown.get(key)
    ]
    kept += [("ticked", number) for number in ticked or []]
    return reverse("issues", args=[project.slug]) + ("?" + urlencode(kept) if kept else "")


def _issues(count: int) -> str:
    return "1 issue" if count == 1 else f"{count} issues"
