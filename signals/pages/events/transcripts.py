"""A conversation as it is read: its events in order, each with its steps, attachments and signals in place."""

import uuid
from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import Any

from django.db.models import Case, F, Func, IntegerField, Q, QuerySet, TextField, Value, When
from django.db.models.functions import Left

from ingest.models import (
    Attachment,
    Conversation,
    Event,
    ExplicitSignal,
    ProcessingFailure,
    Project,
    QueuedEvent,
)
from signals.models import SignalMatch
from signals.pages.events.steps import STEP_CLIP, Spans, Step, Text, first_spans, steps_of, text_of

WINDOW = 200
# A text may be a megabyte; a page of 200 events reads this much of each, and one event whole when asked to.
CLIP = 20_000


@dataclass(slots=True)
class Turn:
    """One event. `steps` lie between `input` and `output`; the matches are sorted by the side they were read from. `more_steps`: the
    cursor of those that are not here, as in signals.pages.events.steps.Spans."""

    event: Event
    input: Text
    output: Text
    steps: list[Step]
    more_steps: str | None
    user_matches: list[SignalMatch]
    agent_matches: list[SignalMatch]
    given: list[Attachment]
    made: list[Attachment]
    sent: list[ExplicitSignal]
    failure: ProcessingFailure | None
    queued: bool


@dataclass(frozen=True, slots=True)
class Window:
    """Up to WINDOW events of a conversation, oldest first, and whether there are more on either side."""

    events: list[Event]
    earlier: bool
    later: bool


def read_window(
    conversation: Conversation,
    *,
    at: uuid.UUID | None = None,
    before: uuid.UUID | None = None,
    after: uuid.UUID | None = None,
    whole: uuid.UUID | None = None,
) -> Window:
    """The part of a conversation around, before or after an event; from its start when none is named.

    `whole`: the event whose texts are read in full. An id that is not in the conversation counts as not given.
    """
    events = _readable(conversation.events.filter(project=conversation.project_id), whole=whole)
    anchor = conversation.events.filter(id__in=[i for i in (at, before, after) if i]).first()
    if anchor is None:
        rows = list(_later(events)[: WINDOW + 1])
        return Window(rows[:WINDOW], earlier=False, later=len(rows) > WINDOW)
    place = Q(timestamp__lt=anchor.timestamp) | Q(timestamp=anchor.timestamp, id__lt=anchor.id)
    if after:
        rows = list(_later(events.exclude(place).exclude(id=anchor.id))[: WINDOW + 1])
        return Window(rows[:WINDOW], earlier=True, later=len(rows) > WINDOW)
    if before:
        rows = list(_earlier(events.filter(place))[: WINDOW + 1])
        return Window(rows[:WINDOW][::-1], earlier=len(rows) > WINDOW, later=True)
    half = WINDOW // 2
    head = list(_earlier(events.filter(place))[: half + 1])
    tail = list(_later(events.exclude(place))[: half + 1])
    return Window(head[:half][::-1] + tail[:half], earlier=len(head) > half, later=len(tail) > half)


def read_event(project: Project, event_id: uuid.UUID, *, whole: bool) -> Event:
    """One event with the beginnings of its texts, or with all of them."""
    events = Event.objects.filter(project=project, id=event_id)
    return _readable(events, whole=event_id if whole else None).get()


def build_turns(project: Project, events: list[Event], *, with_signals: bool = True) -> list[Turn]:
    """The turns of these events (as `read_window` reads them), in seven queries however many they are. `with_signals`: with the matches, what they were
    read from and what the app sent by itself; without, as somebody reads them who is to judge alone."""
    ids = [event.id for event in events]
    spans = first_spans(project, ids)
    of_signals = ids if with_signals else []
    matches = _by_event(
        SignalMatch.objects.filter(project=project, event__in=of_signals, signal__enabled=True)
        .with_feedback()
        .select_related("signal")
        .order_by("signal__name")
    )
    attachments = _by_event(
        Attachment.objects.filter(project=project, event__in=ids)
        .defer("value")
        .annotate(start=Left("value", STEP_CLIP + 1))
        .order_by("id")
    )
    sent = _by_event(
        ExplicitSignal.objects.filter(project=project, event__in=of_signals).order_by("timestamp")
    )
    failures = {row.event_id: row for row in ProcessingFailure.objects.filter(project=project, event__in=ids)}
    queued = set(QueuedEvent.objects.filter(event__in=ids).values_list("event_id", flat=True))
    return [
        _turn(
            event,
            spans=spans[event.id],
            matches=matches[event.id],
            attachments=attachments[event.id],
            sent=sent[event.id],
            failure=failures.get(event.id),
            queued=event.id in queued,
        )
        for event in events
    ]


def signals_in(turns: list[Turn]) -> list[tuple[Any, int]]:
    """Which signals hold on these turns, and on how many: [(SignalDefinition, events)], most first."""
    counts = Counter(match.signal for turn in turns for match in _matches_of(turn))
    return counts.most_common()


def _matches_of(turn: Turn) -> list[SignalMatch]:
    found = [*turn.user_matches, *turn.agent_matches, *(m for step in turn.steps for m in step.matches)]
    return list({match.id: match for match in found}.values())


def _turn(
    event: Event,
    *,
    spans: Spans,
    matches: list[SignalMatch],
    attachments: list[Attachment],
    sent: list[ExplicitSignal],
    failure: ProcessingFailure | None,
    queued: bool,
) -> Turn:
    evidence: dict[str, list[dict[str, Any]]] = defaultdict(list)
    user, agent = [], []
    span_ids = {span.span_id for span in spans.rows}
    for match in matches:
        pieces = [piece for piece in match.evidence if isinstance(piece, dict)]
        for piece in pieces:
            evidence[str(piece.get("side"))].append(piece)
        if any(piece.get("span_id") in span_ids for piece in pieces):
            continue  # it is shown at its step
        if any(piece.get("side") == "user" for piece in pieces):
            user.append(match)
        else:
            agent.append(match)
    return Turn(
        event=event,
        input=text_of(event.input_start, event.clip, evidence["user"]),  # type: ignore[attr-defined]  # annotated by the query
        output=text_of(event.output_start, event.clip, evidence["assistant"]),  # type: ignore[attr-defined]  # annotated by the query
        steps=steps_of(spans.rows, matches),
        more_steps=spans.more,
        user_matches=user,
        agent_matches=agent,
        given=[attachment for attachment in attachments if attachment.role != "output"],
        made=[attachment for attachment in attachments if attachment.role == "output"],
        sent=[
            one for one in sent if _says_more(one) or one.name not in {match.signal.key for match in matches}
        ],
        failure=failure,
        queued=queued,
    )


def _says_more(signal: ExplicitSignal) -> bool:
    """Whether the app sent words with it: without any, the chip of its match has said it already."""
    return bool(signal.properties.get("comment") or signal.properties.get("after"))


def _readable(events: QuerySet[Event], *, whole: uuid.UUID | None) -> QuerySet[Event]:
    """With `clip`, and the beginnings of the texts, one character longer than that where there is more."""
    longest = 2**30
    clip = Case(When(id=whole, then=Value(longest)), default=Value(CLIP), output_field=IntegerField())
    return (
        events.select_related("end_user")
        .defer("input", "output")
        .annotate(clip=clip)
        .annotate(
            input_start=Func(F("input"), F("clip") + 1, function="LEFT", output_field=TextField()),
            output_start=Func(F("output"), F("clip") + 1, function="LEFT", output_field=TextField()),
        )
    )


def _by_event(rows: Any) -> dict[uuid.UUID, list[Any]]:
    found = defaultdict(list)
    for row in rows:
        found[row.event_id].append(row)
    return found


def _later(events: QuerySet[Event]) -> QuerySet[Event]:
    return events.order_by("timestamp", "id")


def _earlier(events: QuerySet[Event]) -> QuerySet[Event]:
    return events.order_by("-timestamp", "-id")
