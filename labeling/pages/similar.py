"""Find similar: the events most like one, a page of them, labelled together."""

import uuid
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.core.exceptions import BadRequest
from django.db.models import QuerySet
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from ingest.models import Event, Project
from ingest.models.projects import Role
from ingest.projects.access import ProjectRequest, project_page
from issues.access import find_event
from labeling.labels.bulk import label_in_bulk, last_bulk, undo_bulk
from labeling.labels.rows import events_with_texts
from labeling.models import Answer
from labeling.queue.alike import MANY, events_alike
from labeling.queue.subject import Subject, subject_kind, urls_of
from raindrop.web.plurals import counted


@dataclass(frozen=True, slots=True)
class Row:
    """As `_row_event.html` shows it, with the cosine to the event that it is like."""

    event: Event
    input_start: str
    output_start: str
    likeness: float


@project_page()
def similar(request: ProjectRequest, project: Project, kind: str, key: str | int) -> HttpResponse:
    """`event`: to which the others are similar."""
    subject = subject_kind(kind).find(project, key)
    event = _event(project, request.GET.get("event", ""))
    found = events_alike(subject=subject.row, event=event, user=request.user)
    texts: QuerySet[Any] = events_with_texts(project, [event.pk, *(one.event for one in found)])
    by_id = {one.pk: one for one in texts}
    rows = [
        Row(by_id[one.event], by_id[one.event].input_start, by_id[one.event].output_start, one.likeness)
        for one in found
        if one.event in by_id
    ]
    context = {
        "subject": subject, "urls": urls_of(subject), "source": by_id[event.pk], "rows": rows,
        "last_bulk": last_bulk(subject.row, request.user), **subject.context(request.user),
    }  # fmt: skip
    return render(request, "labeling/similar.html", context)


@require_POST
@project_page(Role.MEMBER)
def label_similar(request: ProjectRequest, project: Project, kind: str, key: str | int) -> HttpResponse:
    """`chosen`: the events' ids, at most a page of them; `answer`; `event`: to which they are similar."""
    subject = subject_kind(kind).find(project, key)
    source = _event(project, request.POST.get("event", ""))
    answer = request.POST.get("answer", "")
    if answer not in (Answer.MATCH, Answer.NOT_MATCH):
        raise BadRequest("The answer is match or not_match.")
    chosen = _chosen(project, request.POST.getlist("chosen"))
    labels = label_in_bulk(subject=subject.row, events=chosen, answer=answer, user=request.user)
    if labels:
        subject.learn()
        in_words = subject.words.answers[Answer(answer)].lower()
        messages.success(request, f"{counted(len(labels), 'event')} labelled: {in_words}.")
    if len(labels) < len(chosen):
        messages.info(
            request, f"{counted(len(chosen) - len(labels), 'event')} had an answer by then and kept it."
        )
    return _back(subject, source)


@require_POST
@project_page(Role.MEMBER)
def undo_similar(request: ProjectRequest, project: Project, kind: str, key: str | int) -> HttpResponse:
    """Takes the person's last bulk back."""
    subject = subject_kind(kind).find(project, key)
    source = _event(project, request.POST.get("event", ""))
    labels = undo_bulk(subject=subject.row, user=request.user)
    if labels:
        subject.learn()
        messages.success(request, f"{counted(len(labels), 'label')} taken back.")
    else:
        messages.info(request, "There is nothing to undo: your last answer was not one in bulk.")
    return _back(subject, source)


def _event(project: Project, given: str) -> Event:
    event = find_event(project, given)
    if event is None:
        raise Http404("There is no such event in this project.")
    return event


def _chosen(project: Project, given: list[str]) -> list[Event]:
    """Raises BadRequest and Http404."""
    if not given or len(given) > MANY:
        raise BadRequest(f"Choose 1 to {MANY} events.")
    try:
        ids = {uuid.UUID(one) for one in given}
    except ValueError as error:
        raise BadRequest("That is not an event's id.") from error
    events = list(Event.objects.filter(project=project, id__in=ids).only("id", "project_id").order_by("id"))
    if len(events) < len(ids):
        raise Http404("One of these events is not in this project, so nothing was recorded.")
    return events


def _back(subject: Subject, source: Event) -> HttpResponse:
    return redirect(f"{urls_of(subject)['similar']}?event={source.pk}")
