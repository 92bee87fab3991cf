"""The page of patterns over what the app sends."""

import datetime as dt
import uuid
from collections import Counter
from collections.abc import Iterable
from itertools import islice
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone

from ingest.models import Event, Project
from ingest.projects.access import ProjectRequest, project_page
from signals.discovery import patterns as read
from signals.models import SignalDefinition
from signals.models.definitions import Action, Kind
from signals.taxonomy.definitions import signal_rows

PERIODS = {"7d": 7, "14d": 14, "30d": 30, "90d": 90}
PASSAGE_EVENTS = 5


@project_page()
def patterns(request: ProjectRequest, project: Project) -> HttpResponse:
    period = request.GET.get("period", "")
    period = period if period in PERIODS else "14d"
    today = timezone.now().astimezone(dt.UTC).date()
    first = today - dt.timedelta(days=PERIODS[period] - 1)
    signals = list(SignalDefinition.objects.filter(project=project, kind=Kind.EXPLICIT))
    rows = signal_rows(project, signals, today=today, length=PERIODS[period])
    start = dt.datetime.combine(first, dt.time(), dt.UTC)
    sent = read.newest_sent(signals, start=start, end=timezone.now() + dt.timedelta(days=1))
    counts = Counter[str]()
    for row in rows:
        counts[row.signal.action] += row.events
    context = {
        "period": period,
        "periods": list(PERIODS),
        "since": first,
        "rows": [row for row in rows if row.events],
        "any_signal": bool(signals),
        "newest": read.NEWEST if _is_cut(sent) else None,
        "keys": {signal.action: signal.key for signal in signals if signal.action},
        **_passages(project, sent, counts),
        **_edits(project, sent, counts, signals),
        **_ratings(project, sent, request.GET.get("by", "")),
    }
    return render(request, "signals/patterns.html", context)


def _passages(
    project: Project, sent: dict[str, list[read.SentMatch]], counts: Counter[str]
) -> dict[str, Any]:
    """What was regenerated twice or more, and what was copied."""
    again = sent.get(Action.REGENERATE_AGAIN, [])
    regenerated, copied = read.regenerated_most(again), read.copied_most(sent.get(Action.COPY, []))
    shown = [one.event for one in regenerated]
    shown += [event for passage in copied for event in islice(passage.events, PASSAGE_EVENTS)]
    events = read.events_by_id(project, shown)
    return {
        "regenerated": [(one, events[one.event]) for one in regenerated if one.event in events],
        "regenerated_count": counts[Action.REGENERATE_AGAIN],
        "copied": [(passage, _of(events, islice(passage.events, PASSAGE_EVENTS))) for passage in copied],
        "copies": counts[Action.COPY],
    }


def _edits(
    project: Project,
    sent: dict[str, list[read.SentMatch]],
    counts: Counter[str],
    signals: list[SignalDefinition],
) -> dict[str, Any]:
    edits = read.edited_most(sent.get(Action.EDIT, []))
    events = read.events_by_id(project, [edit.event for edit in edits.most])
    return {
        "edits": edits,
        "edit_bars": _bars(edits.buckets),
        "edited": [(edit, events[edit.event]) for edit in edits.most if edit.event in events],
        "edit_count": counts[Action.EDIT],
        "examples": read.edit_examples(project, edits.most, signals),
    }


def _ratings(project: Project, sent: dict[str, list[read.SentMatch]], by: str) -> dict[str, Any]:
    dimensions = ["model", *(name for name in read.properties_of(project, sent) if name != "model")]
    dimension = by if by in dimensions else "model"
    return {
        "dimensions": dimensions,
        "dimension": dimension,
        "rated": read.rated_by(project, sent, dimension=dimension),
    }


def _bars(buckets: list[tuple[str, int]]) -> list[tuple[str, int, int]]:
    """(name, events, width in percent of the largest)."""
    largest = max((count for _, count in buckets), default=0)
    return [(name, count, round(100 * count / largest) if largest else 0) for name, count in buckets]


def _of(events: dict[uuid.UUID, Event], ids: Iterable[uuid.UUID]) -> list[Event]:
    return [events[key] for key in ids if key in events]


def _is_cut(sent: dict[str, list[read.SentMatch]]) -> bool:
    """Whether a signal has more matches in the period than are read."""
    return any(len(ones) >= read.NEWEST for ones in sent.values())
