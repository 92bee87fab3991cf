"""Who labels: the page of all queues of a project, one's own first, and the page of one queue's people."""

from dataclasses import dataclass

from django.contrib import messages
from django.core.exceptions import BadRequest
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from ingest.models import Project, User
from ingest.models.projects import Role
from ingest.projects.access import ProjectRequest, project_page
from issues.models import Issue
from issues.models.issues import State
from labeling.labels.authors import author_of
from labeling.labels.labels import standing_rows
from labeling.labels.people import answered_by, assigned_users, assignments, overlap_of, people_of, plan_queue
from labeling.pages.forms import PlanForm
from labeling.queue.subject import Subject, all_subject_kinds, subject_kind, urls_of

MOST_QUEUES = 200  # beside one's own


@dataclass(frozen=True, slots=True)
class Queue:
    """One row: a subject with who has answered how much. `mine`: the person's own answers, `labels`: everybody's."""

    subject: Subject
    urls: dict[str, str]
    mine: int
    labels: int
    people: int
    assigned: list[User]


@project_page()
def queues(request: ProjectRequest, project: Project) -> HttpResponse:
    """Those that are assigned to the person; then those with labels, the most first; then the open issues without any."""
    counts, assigned = answered_by(project), assignments(project)
    unlabelled = Issue.objects.filter(project=project, state=State.OPEN).order_by("-number")
    ids = {*counts, *assigned, *unlabelled.values_list("pk", flat=True)[:MOST_QUEUES]}
    me = author_of(request.user)
    rows = [
        Queue(
            subject,
            urls_of(subject),
            counts.get(pk, {}).get(me, 0),
            sum(counts.get(pk, {}).values()),
            len(counts.get(pk, {})),
            assigned.get(pk, []),
        )
        for kind in all_subject_kinds()
        for pk, subject in kind.of_ids(ids).items()
        if subject.project == project
    ]
    rows.sort(key=lambda row: (-row.labels, row.subject.title))
    yours = [row for row in rows if request.user in row.assigned]
    others = [row for row in rows if row not in yours]
    context = {
        "groups": [("Yours", yours), ("Others", others[:MOST_QUEUES])], "left_off": max(0, len(others) - MOST_QUEUES),
        "all_labels": sum(row.labels for row in rows), "my_labels": sum(row.mine for row in rows),
    }  # fmt: skip
    return render(request, "labeling/queues.html", context)


@project_page()
def people(request: ProjectRequest, project: Project, kind: str, key: str | int) -> HttpResponse:
    subject = subject_kind(kind).find(project, key)
    found = people_of(subject.row, standing_rows(subject.row), user=request.user)
    chosen = {"overlap": overlap_of(subject.row), "assigned": list(assigned_users(subject.row))}
    context = {
        "subject": subject, "urls": urls_of(subject), "people": found, "form": PlanForm(project=project, initial=chosen),
        **subject.context(request.user),
    }  # fmt: skip
    return render(request, "labeling/people.html", context)


@require_POST
@project_page(Role.MEMBER)
def plan(request: ProjectRequest, project: Project, kind: str, key: str | int) -> HttpResponse:
    """`overlap`: per cent; `assigned`: ids of members."""
    subject = subject_kind(kind).find(project, key)
    form = PlanForm(request.POST, project=project)
    if not form.is_valid():
        raise BadRequest(form.problem())
    plan_queue(
        subject=subject.row, overlap=form.cleaned_data["overlap"], users=list(form.cleaned_data["assigned"])
    )
    messages.success(request, "That is how the queue is shared now.")
    return redirect(urls_of(subject)["people"])
