"""A subject's labels, and an issue's matches, as lists; and the labels as a file.

The matches lie in this room because each row shows what people said about it.
"""

from typing import Any

from django.core.exceptions import BadRequest
from django.db.models import Count, QuerySet
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse

from ingest.counts.period import DAYS, Period
from ingest.counts.rollups import totals
from ingest.jobs.progress import job_under_way
from ingest.models import Project
from ingest.projects.access import ProjectRequest, project_page
from issues.access import get_issue
from issues.models import IssueMatch
from labeling.labels.authors import ISSUE, author_of
from labeling.labels.disagreements import SPLIT
from labeling.labels.labels import Standing, standing_labels, standing_rows
from labeling.labels.people import disputed_events
from labeling.labels.rows import label_lines, labels_in_force, with_texts
from labeling.models import TRAIN, Answer, Rationale
from labeling.queue.subject import subject_kind, urls_of
from raindrop.api.pagination import paginate
from raindrop.errors import ApiError

BESIDE = 10  # rows in the fragment on the issue's page


@project_page()
def matches(request: ProjectRequest, project: Project, number: int) -> HttpResponse:
    issue = get_issue(project, number)
    found = with_texts(IssueMatch.objects.filter(issue=issue, project=project))
    chosen = request.GET.get("range", "")
    if chosen in DAYS:
        period = Period.named(chosen)
        found = found.filter(timestamp__gte=period.start, timestamp__lt=period.until)
        count = period.sums([issue.id]).get(issue.id, 0)
    elif chosen in ("", "all"):
        chosen, count = "all", totals([issue.id])[issue.id].events
    else:
        raise BadRequest(f"range is one of {', '.join(DAYS)} and all, not {chosen[:40]!r}.")
    rows, cursor = _page(request, found, ("-timestamp", "-id"))
    given = [
        Standing(*row)
        for row in standing_labels(issue)
        .filter(event__in=[row.event_id for row in rows])
        .values_list("event_id", "answer", "author", "reason")
    ]
    feedback = {Answer.MATCH.value: True, Answer.NOT_MATCH.value: False}
    mine = {row.event: feedback.get(row.answer) for row in given if row.author == author_of(request.user)}
    disputed = disputed_events(given)
    for row in rows:
        row.my_answer = mine.get(row.event_id)
        row.is_disputed = row.event_id in disputed
    training = None if rows else job_under_way(project_id=project.pk, subject=issue.pk, kinds=[TRAIN])
    context = {
        "issue": issue, "rows": rows, "cursor": cursor, "beside": "beside" in request.GET, "range": chosen,
        "disputed_url": _disputed_url(project, ISSUE, number), "training": training, "ranges": [*DAYS, "all"], "count": count,
    }  # fmt: skip
    return render(request, _template(request, "matches"), context)


@project_page()
def labels(request: ProjectRequest, project: Project, kind: str, key: str | int) -> HttpResponse:
    subject = subject_kind(kind).find(project, key)
    found = labels_in_force(subject.row)
    counts = {row["answer"]: row["n"] for row in found.order_by().values("answer").annotate(n=Count("id"))}
    answer = request.GET.get("answer", "")
    disputed = disputed_events(standing_rows(subject.row))
    split = standing_labels(subject.row).filter(event__in=disputed)
    if answer == SPLIT:
        found = split
    elif answer in Answer.values:
        found = found.filter(answer=answer)
    given = found.exclude(rationale="").order_by().values("rationale").annotate(n=Count("id"))
    whys = {row["rationale"]: row["n"] for row in given}
    rationale = request.GET.get("rationale", "")
    if rationale in Rationale.values:
        found = found.filter(rationale=rationale)
    rows, cursor = _page(request, with_texts(found.select_related("user")), ("-created_at", "-id"))
    for row in rows:
        row.is_disputed = row.event_id in disputed
    tabs = [("", "All", sum(counts.values()))]
    tabs += [(value.value, name, counts.get(value, 0)) for value, name in subject.words.answers.items()]
    if disputed or answer == SPLIT:
        tabs.append((SPLIT, "Answered differently", split.count()))
    context = {
        "subject": subject, "urls": urls_of(subject), "rows": rows, "cursor": cursor, "beside": "beside" in request.GET,
        "tabs": tabs, "answer": answer, "rationale": rationale, "disputed_url": _disputed_url(project, kind, key),
        "rationales": [(value, name, whys[value]) for value, name in Rationale.choices if value in whys], **subject.context(request.user),
    }  # fmt: skip
    return render(request, _template(request, "labels"), context)


@project_page()
def export(request: ProjectRequest, project: Project, kind: str, key: str | int) -> HttpResponse:
    subject = subject_kind(kind).find(project, key)
    return HttpResponse(
        b"".join(label_lines(subject.row)),
        content_type="application/x-ndjson",
        headers={"Content-Disposition": f'attachment; filename="{subject.file_name}-labels.jsonl"'},
    )


@project_page()
def teaching_card(request: ProjectRequest, project: Project, number: int) -> HttpResponse:
    """A fragment for the issue's page: how far its teaching has come."""
    subject = subject_kind(ISSUE).find(project, number)
    context = {"urls": urls_of(subject), **subject.context(request.user)}
    return render(request, "labeling/_teaching.html", context)


def _disputed_url(project: Project, kind: str, key: str | int) -> str:
    return f"{reverse(f'{kind}-labels', args=[project.slug, key])}?answer={SPLIT}"


def _page(
    request: ProjectRequest, found: QuerySet[Any], order: tuple[str, str]
) -> tuple[list[Any], str | None]:
    try:
        return paginate(
            found, request=request, order=order, default=BESIDE if "beside" in request.GET else 50
        )
    except ApiError as error:
        raise BadRequest(error.message) from error


def _template(request: ProjectRequest, name: str) -> str:
    """With ?beside only the rows, for the issue's page."""
    return f"labeling/_{name}.html" if "beside" in request.GET else f"labeling/{name}.html"
