"""The review queue of whatever can be taught: one card per screen, answered with a key; the answer brings the next card. With `for=audit` in the address
only cards drawn at random, and how far they have come."""

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.core.exceptions import BadRequest
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from ingest.counts.rollups import totals
from ingest.counts.waiting import count_waiting
from ingest.models import Event, Project, User
from ingest.models.projects import Role
from ingest.projects.access import ProjectRequest, project_page
from issues.access import find_event
from issues.models import Issue
from labeling.labels.authors import author_of
from labeling.labels.labels import Standing, Why, record_label, standing_labels, undo_last_label, why_asked
from labeling.labels.people import disputed_events
from labeling.labels.rationales import GROUPS
from labeling.labels.rows import newest_labels
from labeling.models import Label, Reason
from labeling.pages.forms import AnswerForm
from labeling.queue.cards import Card
from labeling.queue.lookahead import HELD, next_cards_of, offer
from labeling.queue.subject import AUDIT, OF_PEOPLE, PURPOSES, Chip, Subject, subject_kind, urls_of
from labeling.teacher.first_look import begin_look, look_of
from signals.pages.events.transcripts import Turn, build_turns, read_event, read_window

OPENED = Chip("opened by you", "You opened this one yourself", "secondary")
TIED = Chip(
    "you two disagree",
    "People answered differently, and nobody else can settle it: keep your answer, or change it",
    "orange",
)


@dataclass(frozen=True, slots=True)
class Shown:
    """A card with its conversation, its evidence and its earlier answers."""

    card: Card
    chip: Chip
    turns: list[Turn]
    is_part: bool  # of a longer conversation
    evidence: list[dict[str, Any]]
    mine: Label | None  # the answer that the person gave before
    last_word: Label | None  # the newest answer on it of somebody else, where it may be seen

    @property
    def is_blind(self) -> bool:
        """See `_is_blind`."""
        return _is_blind(self.card, self.mine)


@project_page()
def review(request: ProjectRequest, project: Project, kind: str, key: str | int) -> HttpResponse:
    subject = subject_kind(kind).find(project, key)
    event = find_event(project, request.GET.get("event", ""))
    if isinstance(subject.row, Issue) and request.role != Role.VIEWER:
        begin_look(subject.row, user=request.user)
    return render(request, "labeling/review.html", _step(request, subject, event))


@require_POST
@project_page(Role.MEMBER)
def label(request: ProjectRequest, project: Project, kind: str, key: str | int) -> HttpResponse:
    subject = subject_kind(kind).find(project, key)
    form = AnswerForm(request.POST)
    if not form.is_valid():
        raise BadRequest(form.problem())
    event = find_event(project, str(form.cleaned_data["event"]))
    if event is None:
        raise Http404("There is no such event in this project, so nothing was recorded.")
    record_label(
        subject=subject.row,
        event=event,
        answer=form.cleaned_data["answer"],
        user=request.user,
        note=form.cleaned_data["note"],
        why=_card(subject, event, request.user).why,
        rationale=form.cleaned_data["rationale"],
    )
    subject.learn()
    return _next(request, subject, None)


@require_POST
@project_page(Role.MEMBER)
def undo(request: ProjectRequest, project: Project, kind: str, key: str | int) -> HttpResponse:
    """Takes back the person's last answer, and asks about that event again, for the reason that it was asked before."""
    subject = subject_kind(kind).find(project, key)
    undone = undo_last_label(subject=subject.row, user=request.user)
    if undone is None:
        messages.info(request, "There is nothing to undo.")
        return _next(request, subject, None)
    event = find_event(project, str(undone.event_id))
    if event:
        again = Card(event, undone.score, undone.reason, undone.probability)
        offer(subject=subject.row, user=request.user, cards=[again], first=True, audit=_is_audit(request))
    subject.learn()
    return _next(request, subject, event)


@project_page()
def review_progress(request: ProjectRequest, project: Project, kind: str, key: str | int) -> HttpResponse:
    """The progress alone. The page reads it again while a training runs, and the card stays as it is."""
    subject = subject_kind(kind).find(project, key)
    context = _beside(subject, request.user, audit=_is_audit(request))
    return render(request, "labeling/_progress.html", context)


def _next(request: ProjectRequest, subject: Subject, event: Event | None) -> HttpResponse:
    """The next card in place, or (without JavaScript) the page again."""
    if request.htmx:
        return render(request, "labeling/_step.html", _step(request, subject, event))
    audit = _is_audit(request)
    address = urls_of(subject, audit=audit)["review"]
    return redirect(address + (f"{'&' if audit else '?'}event={event.id}" if event else ""))


def _is_audit(request: ProjectRequest) -> bool:
    """What the address asks for. Raises BadRequest."""
    purpose = request.GET.get("for", PURPOSES[0])
    if purpose not in PURPOSES:
        raise BadRequest(f"for is one of {', '.join(PURPOSES)}, not {purpose[:40]!r}.")
    return purpose == AUDIT


def _beside(subject: Subject, user: User, *, audit: bool) -> dict[str, Any]:
    """What stands beside the card."""
    return {
        "subject": subject,
        "urls": urls_of(subject, audit=audit),
        "audit": subject.audit() if audit else None,
        "look": look_of(subject.row) if isinstance(subject.row, Issue) else None,
        **subject.context(user),
    }


def _step(request: ProjectRequest, subject: Subject, event: Event | None) -> dict[str, Any]:
    """What the page shows: the given event, else the queue's next card, and behind it those that follow, so that an answer shows the next one at
    once (static/queue.js). Those that the page has at hand already are not sent again."""
    user, project, audit = request.user, request.project, _is_audit(request)
    answers = request.role != Role.VIEWER
    if event:
        cards = [_card(subject, event, user)]
    else:
        cards = next_cards_of(subject=subject, user=user, answers=answers, audit=audit)
    at_hand = set(request.POST.getlist("at_hand"))
    current = cards[0] if cards else None
    ahead = cards[1:] if answers else []
    last = newest_labels(subject.row, user)
    return {
        **_beside(subject, user, audit=audit),
        "asked": str(current.event.id) if current else "",
        "shown": _shown(subject, current, user) if current and str(current.event.id) not in at_hand else None,
        "ahead": [_shown(subject, card, user) for card in ahead if str(card.event.id) not in at_hand],
        "order": [str(card.event.id) for card in ahead],
        "held": int(HELD.total_seconds()),
        "rationales": GROUPS,
        "last": last,
        "has_events": bool(cards or last) or totals([project.id])[project.id].events > 0,
        "waiting": 0 if cards else count_waiting(project),
    }


def _card(subject: Subject, event: Event, user: User) -> Card:
    """A card of the event with the reason for which it was first asked, also after an undo."""
    known = why_asked(subject.row, [event.id], author_of(user)).get(event.id)
    why = known or Why(Reason.CHOSEN, subject.score_of(event))
    return Card(event, why.score, why.reason, why.probability)


def _shown(subject: Subject, card: Card, user: User) -> Shown:
    event = card.event
    chip = subject.words.reasons.get(card.reason, OPENED)
    standing = (
        standing_labels(subject.row).filter(event=event).select_related("user").order_by("-created_at", "-id")
    )
    labels = list(standing)
    mine = next((label for label in labels if label.author == author_of(user)), None)
    blind = _is_blind(card, mine)
    if mine and card.event.pk in disputed_events(
        [Standing(one.event_id, one.answer, one.author, one.reason) for one in labels]
    ):
        chip = TIED
    turns, is_part = _turns_around(subject.project, event, blind=blind)
    return Shown(
        card=card,
        chip=chip,
        turns=turns,
        is_part=is_part,
        evidence=[] if blind else [dict(piece) for piece in subject.evidence(event)],
        mine=mine,
        last_word=next((one for one in labels if one != mine), mine)
        if labels and (mine or not (blind or card.reason in OF_PEOPLE))
        else None,
    )


def _is_blind(card: Card, mine: Label | None) -> bool:
    """A random card is asked without score, evidence, signals and other people's answers until the person has answered: they would lead the answer by
    which quality is measured."""
    return card.reason == Reason.RANDOM and mine is None


def _turns_around(project: Project, event: Event, *, blind: bool) -> tuple[list[Turn], bool]:
    """The conversation as a card shows it, and whether that is only a part of it. `blind`: without signals."""
    if not event.conversation:
        return build_turns(
            project, [read_event(project, event.id, whole=False)], with_signals=not blind
        ), False
    window = read_window(event.conversation, at=event.id)
    return build_turns(project, window.events, with_signals=not blind), window.earlier or window.later
