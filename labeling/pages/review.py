"""The review queue: one card per screen, answered with a key; the answer brings the next card."""

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.core.exceptions import BadRequest
from django.db.models.functions import Left
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST

from ingest.counts.rollups import totals
from ingest.models import Event, Project, User
from ingest.models.projects import Role
from ingest.projects.access import ProjectRequest, project_page
from issues.access import find_event, get_issue
from issues.models import Issue
from labeling.labels.labels import record_label, standing_labels, undo_last_label
from labeling.labels.progress import progress
from labeling.models import Label
from labeling.pages.forms import AnswerForm, ticket_for
from labeling.queue.lookahead import next_card
from labeling.queue.of_issues import Card
from labeling.teaching import retrain_soon
from signals.pages.events.transcripts import Turn, build_turns, read_event, read_window

LAST_SHOWN = 10
CHOSEN = "chosen"  # the person asked for this event: it says nothing about events at large


@dataclass(frozen=True, slots=True)
class Shown:
    """A card with what stands around it."""

    card: Card
    ticket: str
    turns: list[Turn]
    is_part: bool  # of a longer conversation
    mine: Label | None  # the answer that the person gave before

    @property
    def hides_score(self) -> bool:
        """A random card is asked blind: a score beside it would lead the answer that the score is measured by."""
        return self.card.reason == "random" and self.mine is None


@project_page()
def review(request: ProjectRequest, project: Project, number: int) -> HttpResponse:
    issue = get_issue(project, number)
    asked = find_event(project, request.GET.get("event", ""))
    return render(request, "labeling/review.html", _step(request, issue, asked))


@require_POST
@project_page(Role.MEMBER)
def label(request: ProjectRequest, project: Project, number: int) -> HttpResponse:
    issue = get_issue(project, number)
    form = AnswerForm(request.POST, subject=issue)
    if not form.is_valid():
        raise BadRequest(" ".join(str(error) for errors in form.errors.values() for error in errors))
    ticket = form.cleaned_data["card"]
    event = find_event(project, ticket.event)
    if event is None:
        messages.warning(request, "That event is gone, so nothing was recorded.")
    else:
        record_label(
            issue=issue,
            event=event,
            answer=form.cleaned_data["answer"],
            user=request.user,
            note=form.cleaned_data["note"],
            reason=ticket.reason,
            score=ticket.score,
        )
        retrain_soon(issue)
    return _next(request, issue, None)


@require_POST
@project_page(Role.MEMBER)
def undo(request: ProjectRequest, project: Project, number: int) -> HttpResponse:
    issue = get_issue(project, number)
    undone = undo_last_label(issue=issue, user=request.user)
    if undone is None:
        messages.info(request, "There is nothing to undo.")
        return _next(request, issue, None)
    retrain_soon(issue)
    return _next(request, issue, undone.event)


@project_page()
def review_progress(request: ProjectRequest, project: Project, number: int) -> HttpResponse:
    """A fragment: re-read while a training runs, so that the card in front of the person stays as it is."""
    issue = get_issue(project, number)
    context = {"issue": issue, "progress": progress(issue, user=request.user)}
    return render(request, "labeling/_progress.html", context)


def _next(request: ProjectRequest, issue: Issue, event: Event | None) -> HttpResponse:
    """The next card in place, or (without JavaScript) the page again."""
    if request.headers.get("HX-Request") == "true":
        return render(request, "labeling/_step.html", _step(request, issue, event))
    address = reverse("issue-review", args=[issue.project.slug, issue.number])
    return redirect(address + (f"?event={event.id}" if event else ""))


def _step(request: ProjectRequest, issue: Issue, event: Event | None) -> dict[str, Any]:
    """What the page shows: the event that was asked for, else the queue's next card."""
    user = request.user
    if event:
        card: Card | None = _chosen_card(issue, event, user)
    else:
        answers = request.role != Role.VIEWER
        card = next_card(session=request.session, issue=issue, user=user, answers=answers)
    return {
        "issue": issue,
        "shown": _shown(issue, card, user) if card else None,
        "progress": progress(issue, user=user),
        "last": last_labels(issue, user),
        "has_events": bool(card) or totals([issue.project_id])[issue.project_id].events > 0,
    }


def _chosen_card(issue: Issue, event: Event, user: User) -> Card:
    """The event, asked for the reason that it was first asked of this person, also after an undo."""
    before = Label.objects.filter(issue=issue, event=event, user=user).order_by("-created_at").first()
    if before and before.reason:
        return Card(event=event, score=before.score, reason=before.reason)
    return Card(event=event, score=None, reason=CHOSEN)


def _shown(issue: Issue, card: Card, user: User) -> Shown:
    event = card.event
    turns, is_part = turns_around(issue.project, event)
    return Shown(
        card=card,
        ticket=ticket_for(subject=issue, event_id=event.id, reason=card.reason, score=card.score),
        turns=turns,
        is_part=is_part,
        mine=standing_labels(issue).filter(event=event, user=user).first(),
    )


def turns_around(project: Project, event: Event) -> tuple[list[Turn], bool]:
    """The conversation as a card shows it, and whether that is only a part of it."""
    if not event.conversation:
        return build_turns(project, [read_event(project, event.id, whole=False)]), False
    window = read_window(event.conversation, at=event.id)
    return build_turns(project, window.events), window.earlier or window.later


def last_labels(issue: Issue, user: User) -> list[Label]:
    """The person's newest standing answers, with the beginning of what was said as `said` and `answered`."""
    return list(
        standing_labels(issue)
        .filter(user=user)
        .annotate(said=Left("event__input", 160), answered=Left("event__output", 160))
        .order_by("-created_at", "-id")[:LAST_SHOWN]
    )
