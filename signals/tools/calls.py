"""The newest tool calls of a project, and what they say of each tool. `read_calls` reads; the rest is pure."""

import datetime as dt
import uuid
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from django.db.models import QuerySet
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Left

from ingest.models import Span
from ingest.models.events import SpanKind, SpanStatus
from signals.dimensions.failures import failed_by_result
from signals.dimensions.names import RELEASE
from signals.discovery.templates import mask, message_of

# The newest calls that a page and the API count: 20,000 take about 0.2 s, whatever the project's history.
CALLS = 20_000
RELEASE_LENGTH = 80  # characters that are read of one
MESSAGES = 2000  # failed calls of a tool whose messages are read, the newest
STREAK = 2  # failed calls in a row that are worth telling
EXAMPLES = 3  # events of a template
TEMPLATES = 100


@dataclass(frozen=True, slots=True)
class Call:
    """`talk`: the conversation, or the event where it is in none. `ms`: how long it took. None where it ends at the moment it begins: an import
    without times stores that of a call, and no clock tells it from one that took no time. `release`: the event's property, "" without one."""

    span: uuid.UUID
    name: str
    event: uuid.UUID
    talk: uuid.UUID
    at: dt.datetime
    ms: float | None
    failed: bool
    release: str = ""


@dataclass(frozen=True, slots=True)
class ToolHealth:
    """`longest_streak`: failed calls in a row, in the order of time. `conversations`: that called it; `failing_conversations`: in which it
    failed. Times in milliseconds, of the calls that tell theirs; None where none does."""

    name: str
    calls: int
    errors: int
    error_rate: float
    p50_ms: float | None
    p95_ms: float | None
    conversations: int
    failing_conversations: int
    calls_per_conversation: float
    longest_streak: int
    first_call: dt.datetime
    last_call: dt.datetime


@dataclass(frozen=True, slots=True)
class Streak:
    """Failed calls in a row, of one tool, in the order of time. `is_open`: nothing worked since. `event`: of its first call, our id."""

    calls: int
    first: dt.datetime
    last: dt.datetime
    is_open: bool
    event: uuid.UUID


@dataclass(frozen=True, slots=True)
class ErrorTemplate:
    """What some failed calls say, but for what names one case. `events`: the newest of them, our ids."""

    template: str
    count: int
    conversations: int
    example: str
    first_seen: dt.datetime
    last_seen: dt.datetime
    events: list[uuid.UUID]


def read_calls(
    project: uuid.UUID,
    *,
    start: dt.datetime | None = None,
    end: dt.datetime | None = None,
    limit: int = CALLS,
) -> list[Call]:
    """The newest `limit` calls whose event is known, from `start` to before `end`; oldest first."""
    spans = _tool_spans(project).filter(event__isnull=False)
    if start is not None:
        spans = spans.filter(started_at__gte=start)
    if end is not None:
        spans = spans.filter(started_at__lt=end)
    return _as_calls(project, spans.order_by("-started_at", "-id")[:limit])


def calls_of_events(project: uuid.UUID, events: Collection[uuid.UUID], *, limit: int = CALLS) -> list[Call]:
    """The newest `limit` calls of these events, whatever their time; oldest first."""
    spans = _tool_spans(project).filter(event__in=list(events))
    return _as_calls(project, spans.order_by("-started_at", "-id")[:limit])


def _tool_spans(project: uuid.UUID) -> QuerySet[Span]:
    return Span.objects.filter(project=project, kind=SpanKind.TOOL, event__project=project).exclude(name="")


def _as_calls(project: uuid.UUID, newest: QuerySet[Span]) -> list[Call]:
    """`newest` first; the calls are oldest first."""
    rows = list(
        newest.values_list(
            "id", "name", "event_id", "event__conversation_id", "started_at", "ended_at", "status",
            Left(KeyTextTransform(RELEASE, "event__properties"), RELEASE_LENGTH),
        )
    )  # fmt: skip
    failed = failed_by_result(project, {row[2] for row in rows})
    return [
        Call(
            pk, name, event, talk or event, at, (ended - at).total_seconds() * 1000 or None,
            status == SpanStatus.ERROR or pk in failed.get(event, ()), release or "",
        )
        for pk, name, event, talk, at, ended, status, release in reversed(rows)
    ]  # fmt: skip


def tools_of(calls: Iterable[Call]) -> list[ToolHealth]:
    """`calls` oldest first. The tools with the most failed calls first, then the most called."""
    by_name: dict[str, list[Call]] = defaultdict(list)
    for call in calls:
        by_name[call.name].append(call)
    found = [health(name, mine) for name, mine in by_name.items()]
    return sorted(found, key=lambda tool: (-tool.errors, -tool.calls, tool.name))


def health(name: str, calls: Sequence[Call]) -> ToolHealth:
    """Of at least one call of the tool, oldest first."""
    errors = sum(call.failed for call in calls)
    times = [call.ms for call in calls if call.ms is not None]
    p50, p95 = np.percentile(times, [50, 95]).tolist() if times else (None, None)
    talks = {call.talk for call in calls}
    return ToolHealth(
        name=name,
        calls=len(calls),
        errors=errors,
        error_rate=errors / len(calls),
        p50_ms=p50,
        p95_ms=p95,
        conversations=len(talks),
        failing_conversations=len({call.talk for call in calls if call.failed}),
        calls_per_conversation=len(calls) / len(talks),
        longest_streak=longest_streak([call.failed for call in calls]),
        first_call=calls[0].at,
        last_call=calls[-1].at,
    )


def longest_streak(failed: Iterable[bool]) -> int:
    longest = current = 0
    for one in failed:
        current = current + 1 if one else 0
        longest = max(longest, current)
    return longest


def streaks(calls: Sequence[Call]) -> list[Streak]:
    """Of one tool's calls, oldest first: those of STREAK failed calls or more, the longest first and of those the newest."""
    found: list[Streak] = []
    start = 0
    for place in range(len(calls) + 1):
        if place < len(calls) and calls[place].failed:
            continue
        if place - start >= STREAK:
            first, last = calls[start], calls[place - 1]
            found.append(Streak(place - start, first.at, last.at, place == len(calls), first.event))
        start = place + 1
    return sorted(found, key=lambda one: (-one.calls, -one.last.timestamp()))


def error_templates(project: uuid.UUID, calls: Sequence[Call]) -> list[ErrorTemplate]:
    """Of the newest MESSAGES failed calls among `calls` (of one tool, oldest first), the most frequent first, at most TEMPLATES."""
    failed = [call for call in calls if call.failed][-MESSAGES:]
    messages = messages_of(project, failed)
    return group_errors([(call, messages.get(call.span, "")) for call in failed])


def messages_of(project: uuid.UUID, failed: Sequence[Call]) -> dict[uuid.UUID, str]:
    """By span what the newest MESSAGES of these calls say, in one line."""
    spans = Span.objects.filter(project=project, id__in=[call.span for call in failed[-MESSAGES:]])
    return {
        pk: message_of(error) or message_of(output)
        for pk, error, output in spans.values_list("id", "error", "output")
    }


def group_errors(failed: Sequence[tuple[Call, str]]) -> list[ErrorTemplate]:
    """Failed calls with their messages, oldest first, by the template of the message; "" where a call says nothing."""
    groups: dict[str, list[tuple[Call, str]]] = defaultdict(list)
    for call, message in failed:
        groups[mask(message, names=False)].append((call, message))
    found = [
        ErrorTemplate(
            template=template,
            count=len(mine),
            conversations=len({call.talk for call, _ in mine}),
            example=Counter(message for _, message in mine).most_common(1)[0][0],
            first_seen=mine[0][0].at,
            last_seen=mine[-1][0].at,
            events=list(dict.fromkeys(call.event for call, _ in reversed(mine)))[:EXAMPLES],
        )
        for template, mine in groups.items()
    ]
    return sorted(found, key=lambda one: (-one.count, one.template))[:TEMPLATES]
