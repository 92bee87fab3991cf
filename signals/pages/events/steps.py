"""The steps (spans) of events as they are read: a page of them for each event, the rest on request. One event may have 10,000."""

import uuid
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from django.db import connection
from django.db.models import F, Func, IntegerField, QuerySet
from django.db.models.functions import Left
from django.http import HttpRequest

from ingest.models import Event, Project, Span
from raindrop.api.pagination import cursor_of, page_of
from signals.models import SignalMatch
from signals.pages.events.agents import agent_among, ancestors_of

STEPS = 200  # of one event at a time
MAX_STEPS = 1000  # of all events of a page together
STEP_CLIP = 8_000  # characters of a step's input, and of its output, which may be a megabyte each
ORDER = ("started_at", "id")


@dataclass(frozen=True, slots=True)
class Text:
    """`body` may be only the beginning."""

    body: str
    clipped: bool
    evidence: list[dict[str, Any]]


@dataclass(slots=True)
class Step:
    span: Span
    input: Text
    output: Text
    matches: list[SignalMatch] = field(default_factory=list)
    error_evidence: list[dict[str, Any]] = field(default_factory=list)
    agent: str = ""  # whose step it is, where a span of an agent stands above it
    text_bytes: int = 0  # of the whole input and output, UTF-8


@dataclass(slots=True)
class Spans:
    """Of one event: the first ones, and the cursor at which the others go on. None: these are all; "": from the start."""

    rows: list[Span] = field(default_factory=list)
    more: str | None = None


def first_spans(project: Project, ids: list[uuid.UUID]) -> dict[uuid.UUID, Spans]:
    """Up to STEPS of each event, in order, until there are MAX_STEPS. Two queries, which read no more than that many spans each."""
    found: dict[uuid.UUID, Spans] = defaultdict(Spans)
    chosen: dict[uuid.UUID, list[uuid.UUID]] = defaultdict(list)
    room = MAX_STEPS
    for event_id, span_id in _first_ids(project, ids):
        if room and len(chosen[event_id]) < STEPS:
            chosen[event_id].append(span_id)
            room -= 1
        else:
            found[event_id].more = ""
    span_ids = [span_id for of_event in chosen.values() for span_id in of_event]
    for span in _readable(Span.objects.filter(id__in=span_ids)).order_by(*ORDER):
        assert span.event_id is not None
        found[span.event_id].rows.append(span)
    for spans in found.values():
        if spans.more is not None and spans.rows:
            spans.more = cursor_of(spans.rows[-1], ORDER)
    return found


def _first_ids(project: Project, ids: list[uuid.UUID]) -> list[tuple[uuid.UUID, uuid.UUID]]:
    """(event, span) of the first STEPS + 1 of each event. One look into the index for each, however many spans there are."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT step.event_id, step.id
            FROM unnest(%s::uuid[]) WITH ORDINALITY AS events (id, place)
            CROSS JOIN LATERAL (
                SELECT id, event_id, started_at FROM ingest_span
                WHERE event_id = events.id AND project_id = %s ORDER BY started_at, id LIMIT %s
            ) AS step
            ORDER BY events.place, step.started_at, step.id
            """,
            [ids, project.id, STEPS + 1],
        )
        return [(event, span) for event, span in cursor.fetchall()]


def next_steps(request: HttpRequest, project: Project, event: Event) -> tuple[list[Step], str | None]:
    """The page of an event's steps at `?cursor=`, and the next one's cursor. Raises ApiError for a cursor that is none."""
    spans = _readable(Span.objects.filter(project=project, event=event))
    page = page_of(spans, request=request, order=ORDER, default=STEPS, maximum=STEPS)
    matches = SignalMatch.objects.filter(project=project, event=event, signal__enabled=True)
    return steps_of(
        page.rows, matches.with_feedback().select_related("signal").order_by("signal__name")
    ), page.next


def steps_of(spans: list[Span], matches: Iterable[SignalMatch]) -> list[Step]:
    """The spans, each with the matches that were read from it and the words that they were read from."""
    evidence: dict[str, list[dict[str, Any]]] = defaultdict(list)
    by_span: dict[str, dict[uuid.UUID, SignalMatch]] = defaultdict(dict)
    for match in matches:
        for piece in match.evidence:
            if not isinstance(piece, dict):
                continue
            if piece.get("side") == "span":
                evidence[str(piece.get("span_id"))].append(piece)
            if piece.get("span_id"):
                by_span[str(piece["span_id"])][match.id] = match
    return [
        _step(span, evidence[span.span_id], list(by_span[span.span_id].values()), agent=agent_among(above))
        for span, above in ancestors_of(spans)
    ]


def _step(span: Any, evidence: list[dict[str, Any]], matches: list[SignalMatch], *, agent: str) -> Step:
    """`span` is one as `_readable` reads it."""
    return Step(
        span=span,
        input=text_of(span.input_start, STEP_CLIP, []),
        output=text_of(span.output_start, STEP_CLIP, _standing_in(span.output_start, evidence)),
        matches=matches,
        error_evidence=_standing_in(span.error, evidence),
        agent=agent,
        text_bytes=span.text_bytes,
    )


def text_of(body: str, limit: int, evidence: list[dict[str, Any]]) -> Text:
    return Text(body[:limit], clipped=len(body) > limit, evidence=evidence)


def _standing_in(text: str, evidence: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The pieces whose words are at their place in this text: a span's are of its output or of its error."""
    return [piece for piece in evidence if text[piece["start"] : piece["end"]] == piece["text"]]


def _readable(spans: QuerySet[Span]) -> QuerySet[Span]:
    """With the beginnings of their texts, and how long the texts are."""
    return spans.defer("input", "output", "attributes").annotate(
        input_start=Left("input", STEP_CLIP + 1),
        output_start=Left("output", STEP_CLIP + 1),
        text_bytes=_bytes_of("input") + _bytes_of("output"),
    )


def _bytes_of(text: str) -> Func:
    """Of UTF-8."""
    return Func(F(text), function="octet_length", output_field=IntegerField())
