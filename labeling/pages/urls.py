"""Pages under /p/<slug>/ that this room answers: they lie under an issue's or a signal's."""

from collections.abc import Callable, Iterator
from typing import Any

from django.urls import URLPattern, path

from labeling.labels.authors import ISSUE, SIGNAL
from labeling.pages import judging, labels, people, questions, review, similar, splitting, teacher

WHERE = {ISSUE: "issues/<int:key>/", SIGNAL: "signals/<slug:key>/"}


def _of_kind(kind: str) -> Iterator[URLPattern]:
    """The pages that each kind of subject has."""

    def under(route: str, view: Callable[..., Any], name: str) -> URLPattern:
        return path(WHERE[kind] + route, view, {"kind": kind}, name=f"{kind}-{name}")

    yield under("review/", review.review, "review")
    yield under("review/label/", review.label, "review-label")
    yield under("review/undo/", review.undo, "review-undo")
    yield under("review/progress/", review.review_progress, "review-progress")
    yield under("review/similar/", similar.similar, "similar")
    yield under("review/similar/label/", similar.label_similar, "similar-label")
    yield under("review/similar/undo/", similar.undo_similar, "similar-undo")
    yield under("people/", people.people, "people")
    yield under("people/plan/", people.plan, "people-plan")
    yield under("labels/", labels.labels, "labels")
    yield under("labels/export/", labels.export, "labels-export")
    yield under("matches/<uuid:event_pk>/", judging.judge, "judge")


urlpatterns = [
    *_of_kind(ISSUE),
    *_of_kind(SIGNAL),
    path("labeling/", people.queues, name="labeling"),
    path("issues/<int:number>/matches/", labels.matches, name="issue-matches"),
    path("issues/<int:number>/split/", splitting.split, name="issue-split"),
    path("issues/<int:number>/teaching/", labels.teaching_card, name="issue-teaching"),
    path("issues/<int:number>/teacher/", teacher.teacher, name="issue-teacher"),
    path("issues/<int:number>/teach/", teacher.teach, name="issue-teach"),
    path("issues/<int:number>/question/", questions.question, name="issue-question"),
    path("issues/<int:number>/questions/<uuid:question_id>/", questions.answer, name="issue-question-answer"),
    path("issues/<int:number>/definition/revert/", questions.revert, name="issue-definition-revert"),
]
