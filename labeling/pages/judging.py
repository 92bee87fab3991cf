"""Right or wrong, on one match, wherever it is shown."""

import uuid

from django.core.exceptions import BadRequest
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST

from ingest.models import Event, Project
from ingest.models.projects import Role
from ingest.projects.access import ProjectRequest, project_page
from labeling.labels.authors import author_of, counts_last_word
from labeling.labels.labels import Why, record_label, take_back_label, why_asked
from labeling.labels.rows import labels_in_force
from labeling.models import Answer, Reason
from labeling.queue.subject import Subject, subject_kind

ANSWERS = {"right": Answer.MATCH, "wrong": Answer.NOT_MATCH} | {answer.value: answer for answer in Answer}


@require_POST
@project_page(Role.MEMBER)
def judge(
    request: ProjectRequest, project: Project, kind: str, key: str | int, event_pk: uuid.UUID
) -> HttpResponse:
    """`answer`: right (or match), wrong (or not_match), unsure, or empty to take one's own back."""
    subject = subject_kind(kind).find(project, key)
    given = request.POST.get("answer")
    if given is None or (given and given not in ANSWERS):
        raise BadRequest("The answer is right, wrong, unsure or empty.")
    event = Event.objects.filter(project=project, id=event_pk).only("id", "project_id").first()
    if event is None:
        raise Http404("There is no such event in this project.")
    if given:
        _record(request, subject, event, ANSWERS[given])
    else:
        take_back_label(subject=subject.row, event_id=event.id, author=author_of(request.user))
    subject.learn()
    if request.htmx:
        return render(request, "signals/_judge.html", _judged(request, subject, event))
    return redirect(kind, project.slug, subject.key)


def _record(request: ProjectRequest, subject: Subject, event: Event, answer: Answer) -> None:
    """Records the answer. An event that the queue asked about keeps the queue's reason."""
    known = why_asked(subject.row, [event.id], author_of(request.user)).get(event.id)
    why = known or Why(Reason.SHOWN, subject.score_of(event))
    record_label(subject=subject.row, event=event, answer=answer, user=request.user, source="page", why=why)


def _judged(request: ProjectRequest, subject: Subject, event: Event) -> dict[str, object]:
    """For the buttons: the newest answer of anybody, or the person's own answer where each person's counts."""
    rows = labels_in_force(subject.row).filter(event=event)
    if not counts_last_word(subject.row):
        rows = rows.filter(author=author_of(request.user))
    label = rows.first()
    return {
        "judge_url": reverse(f"{subject.kind}-judge", args=[request.project.slug, subject.key, event.id]),
        "judged": subject.title,
        "feedback": {Answer.MATCH: True, Answer.NOT_MATCH: False}.get(Answer(label.answer))
        if label
        else None,
    }
