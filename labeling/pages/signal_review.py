"""The review queue of a signal: one event a screen, answered with the keys of the issues' queue."""

import uuid
from typing import Any

from django.contrib import messages
from django.core.exceptions import BadRequest
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST

from ingest.models import Event, Project, User
from ingest.models.projects import Role
from ingest.projects.access import ProjectRequest, project_page
from issues.access import find_event
from labeling.labels.of_signals import newest_labels
from labeling.models import Answer
from labeling.pages.forms import AnswerForm, ticket_for
from labeling.pages.review import CHOSEN, turns_around
from labeling.queue.of_issues import Card
from labeling.queue.of_signals import next_signal_cards
from signals.catalogue.access import find_signal
from signals.learning.feedback import judge, precision_of, take_back
from signals.learning.thresholds import LEAST_LABELS
from signals.learning.tuning import can_tune, tune_soon
from signals.models import SignalDefinition, SignalFeedback, SignalMatch
from signals.models.feedback import Asked

SAID = {Answer.MATCH: True, Answer.NOT_MATCH: False, Answer.UNSURE: None}
AHEAD = 5
SESSION = "signal review"  # one signal at a time: {"signal": id, "cards": [[event id, score, reason], ...]}


@project_page()
def review(request: ProjectRequest, project: Project, key: str) -> HttpResponse:
    signal = find_signal(project, key)
    asked = find_event(project, request.GET.get("event", ""))
    return render(request, "labeling/signal_review.html", _step(request, signal, asked))


@require_POST
@project_page(Role.MEMBER)
def label(request: ProjectRequest, project: Project, key: str) -> HttpResponse:
    signal = find_signal(project, key)
    form = AnswerForm(request.POST, subject=signal)
    if not form.is_valid():
        raise BadRequest(" ".join(str(error) for errors in form.errors.values() for error in errors))
    ticket = form.cleaned_data["card"]
    event = find_event(project, ticket.event)
    if event is None:
        messages.warning(request, "That event is gone, so nothing was recorded.")
    else:
        said = SAID[Answer(form.cleaned_data["answer"])]
        reason = "" if ticket.reason == CHOSEN else ticket.reason
        judge(
            signal=signal,
            event=event,
            right=said,
            user=request.user,
            reason=reason,
            score=ticket.score,
        )
        tune_soon(signal)
    return _next(request, signal, None)


@require_POST
@project_page(Role.MEMBER)
def undo(request: ProjectRequest, project: Project, key: str) -> HttpResponse:
    """Takes back the person's last answer, and asks about that event again."""
    signal = find_signal(project, key)
    mine = SignalFeedback.objects.filter(signal=signal, user=request.user)
    last = mine.select_related("event").order_by("-updated_at", "-id").first()
    if last is None:
        messages.info(request, "There is nothing to undo.")
        return _next(request, signal, None)
    take_back(signal=signal, event=last.event, user=request.user)
    held = request.session.get(SESSION, {})
    if held.get("signal") == str(signal.id):  # asked again for the reason that it was asked before
        held["cards"] = [[str(last.event_id), last.score, last.reason or CHOSEN], *held["cards"]]
        request.session[SESSION] = held
    return _next(request, signal, last.event)


def _next(request: ProjectRequest, signal: SignalDefinition, event: Event | None) -> HttpResponse:
    """The next card in place, or (without JavaScript) the page again."""
    if request.headers.get("HX-Request") == "true":
        return render(request, "labeling/_signal_step.html", _step(request, signal, event))
    address = reverse("signal-review", args=[signal.project.slug, signal.key])
    return redirect(address + (f"?event={event.id}" if event else ""))


def _step(request: ProjectRequest, signal: SignalDefinition, event: Event | None) -> dict[str, Any]:
    """What the page shows: the event that was asked for, else the queue's next card."""
    user = request.user
    card = _chosen_card(request, signal, event) if event else _next_card(request, signal)
    return {
        "signal": signal,
        "shown": _shown(signal, card, user) if card else None,
        "precision": precision_of(signal),
        "can_tune": can_tune(signal),
        "least": LEAST_LABELS,
        "last": newest_labels(signal, user),
    }


def _shown(signal: SignalDefinition, card: Card, user: User) -> dict[str, Any]:
    turns, is_part = turns_around(signal.project, card.event)
    standing = SignalFeedback.objects.standing().filter(signal=signal, event=card.event)
    said = standing.select_related("user").first()
    return {
        "card": card,
        "ticket": ticket_for(subject=signal, event_id=card.event.id, reason=card.reason, score=card.score),
        "turns": turns,
        "is_part": is_part,
        "said": said,
        "evidence": _evidence(signal, card.event),
        # A score beside a random match would lead the answer that precision is measured by.
        "hides_score": card.reason == Asked.RANDOM and said is None,
    }


def _evidence(signal: SignalDefinition, event: Event) -> list[dict[str, Any]]:
    """The words that the match was read from, where it has any that can be shown; the turn itself stands below them in any case."""
    match = SignalMatch.objects.filter(project=signal.project_id, signal=signal, event=event).first()
    pieces = match.evidence if match else []
    return [piece for piece in pieces if isinstance(piece, dict) and str(piece.get("text", "")).strip()]


def _chosen_card(request: ProjectRequest, signal: SignalDefinition, event: Event) -> Card:
    """The event, for the reason that it was first asked about."""
    before = SignalFeedback.objects.standing().filter(signal=signal, event=event).first()
    if before:
        return Card(event, before.score, before.reason or CHOSEN)
    for event_id, score, reason in _held(request, signal):
        if event_id == str(event.id):
            return Card(event, score, reason)
    match = SignalMatch.objects.filter(signal=signal, event=event).first()
    return Card(event, match.score if match else None, CHOSEN)


def _next_card(request: ProjectRequest, signal: SignalDefinition) -> Card | None:
    """The first that is held in the session and not answered since, else the first of the newly chosen: as labeling/queue/lookahead.py."""
    cards = _held(request, signal)
    ids = [uuid.UUID(card[0]) for card in cards]
    said = SignalFeedback.objects.filter(signal=signal, event__in=ids)
    done = {str(event) for event in said.values_list("event_id", flat=True)}
    for event_id, score, reason in cards:
        if event_id not in done and (event := find_event(signal.project, event_id)):
            return Card(event, score, reason)
    chosen = next_signal_cards(signal=signal, limit=AHEAD)
    held = [[str(card.event.id), card.score, card.reason] for card in chosen]
    request.session[SESSION] = {"signal": str(signal.id), "cards": held}
    return chosen[0] if chosen else None


def _held(request: ProjectRequest, signal: SignalDefinition) -> list[list[Any]]:
    held = request.session.get(SESSION, {})
    return list(held["cards"]) if held.get("signal") == str(signal.id) else []
