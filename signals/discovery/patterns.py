"""Patterns over what the app sends: what is regenerated again and again, copied most, edited most, and who rates which model how.

Read from the signals' matches in a time range, each signal's newest NEWEST of them, with what was measured when they were
stored (signals/explicit/sent.py). How often something happened at all comes from the roll-ups, which are exact.
"""

import datetime as dt
import uuid
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from statistics import median
from typing import Any

import orjson
from django.db import connection
from django.db.models.functions import Left

from ingest.models import Event, ExplicitSignal, Project
from raindrop.statistics import wilson
from signals.explicit import edits
from signals.explicit import sent as explicit
from signals.explicit.passages import gist
from signals.models import SignalDefinition
from signals.models.definitions import Action

NEWEST = 2000
ACTIONS = {Action.REGENERATE_AGAIN, Action.COPY, Action.EDIT, Action.THUMBS_UP, Action.THUMBS_DOWN}
TOP = 10
SHOWN = 6
EXAMPLES = 3
BEGINNING = 300
BUCKETS = [(0.05, "up to 5%"), (0.15, "5–15%"), (0.3, "15–30%"), (0.6, "30–60%"), (1.0, "over 60%")]


@dataclass(frozen=True, slots=True)
class SentMatch:
    """A match of an explicit signal."""

    event: uuid.UUID
    evidence: list[dict[str, Any]]

    @property
    def times(self) -> int:
        return max((piece.get("times", 1) for piece in self.evidence), default=1)


def newest_sent(
    signals: list[SignalDefinition], *, start: dt.datetime, end: dt.datetime
) -> dict[str, list[SentMatch]]:
    """By action (ACTIONS), newest first. One statement: an index scan (signal_match_recent) that stops at NEWEST, for each signal."""
    actions = {signal.id: signal.action for signal in signals if signal.action in ACTIONS}
    found: dict[str, list[SentMatch]] = defaultdict(list)
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT s, m.event_id, m.evidence::text FROM unnest(%s::uuid[]) s, LATERAL (
                 SELECT event_id, evidence FROM signals_signalmatch
                 WHERE signal_id = s AND timestamp >= %s AND timestamp < %s
                 ORDER BY timestamp DESC, id DESC LIMIT %s) m""",
            [list(actions), start, end, NEWEST],
        )
        for signal_id, event, evidence in cursor.fetchall():
            found[actions[signal_id]].append(SentMatch(event, orjson.loads(evidence)))
    return found


@dataclass(frozen=True, slots=True)
class Regeneration:
    event: uuid.UUID
    times: int


def regenerated_most(sent: Iterable[SentMatch]) -> list[Regeneration]:
    """Events that were regenerated twice or more, most often first."""
    found = [Regeneration(one.event, one.times) for one in sent if one.times > 1]
    return sorted(found, key=lambda one: -one.times)[:SHOWN]


@dataclass(slots=True)
class Passage:
    """A text that was copied from these events (newest first), `times` in all; `share`: of the answer it stands in."""

    text: str
    times: int = 0
    share: float | None = None
    events: dict[uuid.UUID, None] = field(default_factory=dict)  # an ordered set


def copied_most(sent: Iterable[SentMatch]) -> list[Passage]:
    """From most events first. A copy of which the app did not say what was copied is not in it."""
    found: dict[str, Passage] = {}
    for one in sent:
        pieces = [piece for piece in one.evidence if "times" not in piece]
        for piece in pieces:
            passage = found.setdefault(gist(piece["text"]), Passage(piece["text"]))
            passage.times += one.times if len(pieces) == 1 else 1
            passage.share = piece.get("share", passage.share)
            passage.events[one.event] = None
    return sorted(found.values(), key=lambda passage: (-len(passage.events), -passage.times))[:TOP]


@dataclass(frozen=True, slots=True)
class EditedEvent:
    event: uuid.UUID
    distance: int
    share: float


@dataclass(frozen=True, slots=True)
class Edits:
    """`buckets`: (how much of the answer was changed, events). `unmeasured`: too long, or sent without the text after."""

    buckets: list[tuple[str, int]]
    median: float | None
    unmeasured: int
    most: list[EditedEvent]


def edited_most(sent: Iterable[SentMatch]) -> Edits:
    measured: list[EditedEvent] = []
    unmeasured = 0
    for one in sent:
        pieces = [piece for piece in one.evidence if "distance" in piece]
        if not pieces:
            unmeasured += 1
            continue
        most = max(pieces, key=lambda piece: piece["share"])
        measured.append(EditedEvent(one.event, most["distance"], most["share"]))
    counts = Counter(
        next(i for i, (limit, _) in enumerate(BUCKETS) if edit.share <= limit) for edit in measured
    )
    return Edits(
        [(name, counts[i]) for i, (_, name) in enumerate(BUCKETS)] if measured else [],
        median(edit.share for edit in measured) if measured else None,
        unmeasured,
        sorted(measured, key=lambda edit: (-edit.share, -edit.distance))[:TOP],
    )


@dataclass(frozen=True, slots=True)
class RatedValue:
    """A value of a dimension: events rated up and down, the share of down among them with its 95 % Wilson interval."""

    value: str
    up: int
    down: int

    @property
    def share(self) -> float:
        return self.down / (self.up + self.down)

    @property
    def interval(self) -> tuple[float, float]:
        return wilson(self.down, self.up + self.down) or (0.0, 1.0)


def rated_by(project: Project, sent: dict[str, list[SentMatch]], *, dimension: str) -> list[RatedValue]:
    """Thumbs by model, or by a property's value; most rated first, TOP of them. An event without the property is left out."""
    up = {one.event for one in sent.get(Action.THUMBS_UP, [])}
    down = {one.event for one in sent.get(Action.THUMBS_DOWN, [])}
    rated = sorted(up | down)
    column = "e.model" if dimension == "model" else "e.properties ->> %s"
    with connection.cursor() as cursor:
        cursor.execute(
            f"""SELECT left({column}, 200) AS v, count(*) FILTER (WHERE g.up), count(*) FILTER (WHERE g.down)
                FROM unnest(%s::uuid[], %s::boolean[], %s::boolean[]) AS g(id, up, down)
                JOIN ingest_event e ON e.id = g.id AND e.project_id = %s
                GROUP BY v HAVING left({column}, 200) <> '' ORDER BY count(*) DESC, v LIMIT %s""",
            [
                *([] if dimension == "model" else [dimension]),
                rated,
                [event in up for event in rated],
                [event in down for event in rated],
                project.id,
                *([] if dimension == "model" else [dimension]),
                TOP,
            ],
        )
        return [RatedValue(*row) for row in cursor.fetchall()]


def properties_of(project: Project, sent: dict[str, list[SentMatch]]) -> list[str]:
    """The names of properties that the newest rated events carry, for the choice of a dimension."""
    rated = [*sent.get(Action.THUMBS_UP, [])[:100], *sent.get(Action.THUMBS_DOWN, [])[:100]]
    rows = Event.objects.filter(project=project, id__in=[one.event for one in rated]).values_list(
        "properties", flat=True
    )
    counts = Counter(
        name
        for properties in rows
        if isinstance(properties, dict)
        for name, value in properties.items()
        if isinstance(value, str | int | float | bool) and not name.startswith("$") and len(name) <= 80
    )
    return [name for name, _ in counts.most_common(12)]


@dataclass(frozen=True, slots=True)
class Example:
    event: Event
    pieces: list[edits.Piece]


def edit_examples(
    project: Project, most: list[EditedEvent], signals: list[SignalDefinition]
) -> list[Example]:
    """The most edited ones, before and after."""
    keys = {signal.key for signal in signals if signal.action == Action.EDIT}
    events = events_by_id(project, [edit.event for edit in most[:EXAMPLES]], whole=True)
    sent: dict[str, list[ExplicitSignal]] = defaultdict(list)
    names = [event.event_id for event in events.values()]
    for one in ExplicitSignal.objects.filter(project=project, app_event_id__in=names).order_by(
        "-timestamp", "-id"
    ):
        if explicit.signal_key(one.name) in keys:
            sent[one.app_event_id].append(one)
    attachments = explicit.attachments_of(one for ones in sent.values() for one in ones)
    found = []
    for event in events.values():
        for one in sent[event.event_id][:1]:
            texts = explicit.edited_texts(one, attachments.get((event.id, one.attachment_id), event.output))
            if texts:
                found.append(Example(event, edits.diff(*texts)))
    return found


def events_by_id(
    project: Project, ids: Iterable[uuid.UUID], *, whole: bool = False
) -> dict[uuid.UUID, Event]:
    """In the order of the ids; those that are there. Without `whole` only the beginnings of their texts are read, as
    `input_start` and `output_start`."""
    unique_ids = list(dict.fromkeys(ids))
    rows = Event.objects.filter(project=project, id__in=unique_ids).select_related("end_user")
    if not whole:
        rows = rows.defer("input", "output", "properties").annotate(
            input_start=Left("input", BEGINNING), output_start=Left("output", BEGINNING)
        )
    found = {event.id: event for event in rows}
    return {key: found[key] for key in unique_ids if key in found}
