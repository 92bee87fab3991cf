"""An issue's matches and labels as lists, and the right/wrong buttons beside a match.

They lie in this room because each row shows what people said about it.
"""

from typing import Any

from django.core.exceptions import BadRequest
from django.db.models import Count, QuerySet
from django.db.models.functions import Left
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from ingest.counts.period import DAYS, Period
from ingest.counts.rollups import totals
from ingest.models import Project
from ingest.models.projects import Role
from ingest.projects.access import ProjectRequest, project_page
from issues.access import find_event, get_issue
from issues.models import Issue, IssueMatch
from labeling.labels.labels import record_label, standing_labels
from labeling.labels.progress import progress
from labeling.models import Answer
from labeling.pages.forms import QuickAnswerForm
from labeling.teaching import retrain_soon
from raindrop.api.pagination import paginate
from raindrop.errors import ApiError

SAID = 400  # characters of a text that a row shows
BESIDE = 10  # rows in the fragment on the issue's page


@project_page()
def matches(request: ProjectRequest, project: Project, number: int) -> HttpResponse:
    issue = get_issue(project, number)
    found = (
        IssueMatch.objects.filter(issue=issue, project=project)
        .select_related("event__conversation", "event__end_user")
        .defer("event__input", "event__output", "event__properties", "event__feature_flags")
        .annotate(said=Left("event__input", SAID), answered=Left("event__output", SAID))
    )
    chosen = request.GET.get("range", "")
    if chosen in DAYS:
        period = Period.named(chosen)
        found = found.filter(timestamp__gte=period.start, timestamp__lt=period.until)
        count = period.sums([issue.id]).get(issue.id, 0)
    elif chosen in ("", "all"):
        chosen, count = "all", totals([issue.id])[issue.id].events
    else:
        raise BadRequest(f"range is one of {', '.join(DAYS)} and all, not {chosen[:40]!r}.")
    ranges = [*DAYS, "all"]
    return _list(
        request, issue, "matches", found, ("-timestamp", "-id"), range=chosen, ranges=ranges, count=count
    )


@project_page()
def labels(request: ProjectRequest, project: Project, number: int) -> HttpResponse:
    issue = get_issue(project, number)
    answer = request.GET.get("answer", "")
    found = (
        standing_labels(issue)
        .select_related("event__conversation", "event__end_user", "user")
        .defer("event__input", "event__output", "event__properties", "event__feature_flags")
        .annotate(said=Left("event__input", SAID), answered=Left("event__output", SAID))
    )
    if answer in Answer.values:
        found = found.filter(answer=answer)
    counts = {
        row["answer"]: row["n"]
        for row in standing_labels(issue).order_by().values("answer").annotate(n=Count("id"))
    }
    names = {Answer.MATCH: "Match", Answer.NOT_MATCH: "Not a match", Answer.UNSURE: "Unsure"}
    tabs = [("", "All", sum(counts.values()))] + [
        (value.value, name, counts.get(value, 0)) for value, name in names.items()
    ]
    return _list(request, issue, "labels", found, ("-created_at", "-id"), tabs=tabs, answer=answer)


def _list(
    request: ProjectRequest,
    issue: Issue,
    name: str,
    found: QuerySet[Any],
    order: tuple[str, str],
    **more: Any,
) -> HttpResponse:
    """A page of rows; with ?beside only the rows, for the issue's page."""
    beside = "beside" in request.GET
    try:
        rows, cursor = paginate(found, request=request, order=order, default=BESIDE if beside else 50)
    except ApiError as error:
        raise BadRequest(error.message) from error
    if name == "matches":
        mine = standing_labels(issue).filter(user=request.user, event__in=[row.event_id for row in rows])
        answers = dict(mine.values_list("event_id", "answer"))
        for row in rows:
            row.my_answer = answers.get(row.event_id, "")
    template = f"labeling/_{name}.html" if beside else f"labeling/{name}.html"
    return render(
        request, template, {"issue": issue, "rows": rows, "cursor": cursor, "beside": beside, **more}
    )


@require_POST
@project_page(Role.MEMBER)
def quick_label(request: ProjectRequest, project: Project, number: int) -> HttpResponse:
    issue = get_issue(project, number)
    form = QuickAnswerForm(request.POST)
    if not form.is_valid():
        raise BadRequest("Say match or not_match, and of which event.")
    event = find_event(project, str(form.cleaned_data["event"]))
    if event is None:
        raise Http404("There is no such event in this project.")
    match = IssueMatch.objects.filter(issue=issue, event=event).first()
    label = record_label(
        issue=issue,
        event=event,
        answer=form.cleaned_data["answer"],
        user=request.user,
        source="page",
        score=match.score if match else None,
    )
    retrain_soon(issue)
    if request.headers.get("HX-Request") == "true":
        context = {"issue": issue, "event_pk": event.id, "my_answer": label.answer}
        return render(request, "labeling/_right_wrong.html", context)
    return redirect("issue-matches", project.slug, number)


@project_page()
def teaching_card(request: ProjectRequest, project: Project, number: int) -> HttpResponse:
    """A fragment for the issue's page: how far its teaching has come."""
    issue = get_issue(project, number)
    return render(request, "labeling/_teaching.html", {"issue": issue, "progress": progress(issue)})
