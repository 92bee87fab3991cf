"""Which tool calls failed. One definition: a call failed when its span says so (status error), or when the signal `tool_failure` holds on its
event and reads a failure off its result: an exit code, isError, an HTTP status, a traceback, a time-out, or work that still waits when it
is asked about again."""

import uuid
from collections import defaultdict
from collections.abc import Collection

from django.db.models import F
from django.db.models.functions import Left

from ingest.models import Span
from ingest.models.events import SpanKind, SpanStatus
from signals.detectors.batch import SpanFacts
from signals.detectors.text import READ_CHARACTERS
from signals.detectors.tool_failure import DETECTOR, failure
from signals.models import SignalDefinition, SignalMatch

CHUNK = 5000  # events


def failed_calls(project: uuid.UUID, event_ids: Collection[uuid.UUID]) -> dict[uuid.UUID, set[uuid.UUID]]:
    """By event, its tool calls (the spans' ids in our database) that failed. Events without any are missing."""
    found: dict[uuid.UUID, set[uuid.UUID]] = defaultdict(set)
    ids = list(event_ids)
    for start in range(0, len(ids), CHUNK):
        part = ids[start : start + CHUNK]
        calls = Span.objects.filter(project=project, event__in=part, kind=SpanKind.TOOL)
        for event, span in calls.filter(status=SpanStatus.ERROR).values_list("event_id", "id"):
            if event is not None:
                found[event].add(span)
        _read(found, project, part)
    return found


def _read(found: dict[uuid.UUID, set[uuid.UUID]], project: uuid.UUID, event_ids: list[uuid.UUID]) -> None:
    """Adds what the results of the events' calls tell."""
    # The signal's id comes first: with a join PostgreSQL may read all matches of the project.
    signals = SignalDefinition.objects.filter(project=project, key=DETECTOR.key, builtin=True)
    matches = SignalMatch.objects.filter(
        project=project, event__in=event_ids, signal=signals.values("pk")[:1]
    )
    named = {
        event: {piece.get("span_id") for piece in evidence}
        for event, evidence in matches.values_list("event_id", "evidence")
    }
    if not named:
        return
    calls = Span.objects.filter(project=project, event__in=list(named), kind=SpanKind.TOOL)
    rows = calls.exclude(status=SpanStatus.ERROR).values_list(
        "event_id", "id", "span_id", "name", "status",
        Left(F("error"), READ_CHARACTERS), Left(F("output"), READ_CHARACTERS), Left(F("input"), 2000),
    )  # fmt: skip
    for event, pk, span_id, name, status, error, output, input_ in rows:
        assert event is not None, "it is one of those asked for"
        facts = SpanFacts(span_id, "tool", name, status, error, output, input_)
        if span_id in named[event] or failure(facts):
            found[event].add(pk)
