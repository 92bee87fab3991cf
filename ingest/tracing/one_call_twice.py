"""A tool call that two tell of is one: the SDK's own span (`track_tool`), and the one of the framework's tracer, perhaps in another trace.

Which spans tell of one call is `pairs_of`, pure; `unite_tool_calls` gives the one that stays what the other knows besides, and makes of
the other a step that counts nothing.
"""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass, replace

from django.db import connection

from ingest.models import Project
from ingest.otlp.json_text import load

# The SDK works a call's start out from its duration in whole milliseconds, and both clocks are read before and after the call.
SLACK_NS = 100_000_000
OWN_SCOPE = "raindrop"  # how the scopes of Raindrop's own SDKs begin
MAX_CALLS = 500  # tool spans of one event that are compared, the earliest


@dataclass(frozen=True, slots=True)
class Call:
    """A tool span, as far as it matters here. Times in nanoseconds; `call_id` is the model's, or empty."""

    trace_id: str
    span_id: str
    parent_span_id: str
    name: str
    scope: str
    call_id: str
    start_ns: int
    end_ns: int
    arguments: str = ""
    result: str = ""
    error: str = ""
    status: str = "unset"

    @property
    def is_own(self) -> bool:
        return self.scope.startswith(OWN_SCOPE)


def pairs_of(calls: list[Call]) -> list[tuple[Call, Call]]:
    """(the span that stays, one that tells of the same call), of the tool spans of one event.

    Two are one call when they have one name, no different arguments, and one call id, or one is right inside the other, or they come
    from different tracers (another scope, perhaps in another trace) and one's time lies within the other's (the SDK's own: has some of it in common);
    of several the nearest. The SDK's own span stays, else the outermost."""
    calls = sorted(calls, key=lambda call: (call.start_ns, -call.end_ns, call.span_id))[:MAX_CALLS]
    by_name: dict[str, list[Call]] = {}
    for call in calls:
        by_name.setdefault(call.name, []).append(call)
    groups = {id(call): [call] for call in calls}
    for one, other in (pair for alike in by_name.values() for pair in _candidates(alike)):
        first, second = groups[id(one)], groups[id(other)]
        if first is not second and (_is_sure(one, other) or _tellers(first).isdisjoint(_tellers(second))):
            first += second
            groups |= {id(call): first for call in second}
    pairs = []
    for group in {id(group): group for group in groups.values() if len(group) > 1}.values():
        stays, *others = sorted(group, key=lambda call: (not call.is_own, call.start_ns, -call.end_ns))
        pairs += [(stays, other) for other in others]
    return pairs


def _candidates(alike: list[Call]) -> list[tuple[Call, Call]]:
    """Pairs of one name that may be one call, the surest and nearest first."""
    found = []
    by_id: dict[str, Call] = {}
    for place, one in enumerate(alike):
        if one.call_id and (known := by_id.setdefault(one.call_id, one)) is not one and _is_one(known, one):
            found.append((known, one))
        for other in alike[place + 1 :]:
            if other.start_ns > one.end_ns + SLACK_NS:
                break
            if _is_one(one, other):
                found.append((one, other))
    return sorted(
        found,
        key=lambda pair: (
            not _is_sure(*pair),
            abs(pair[0].start_ns - pair[1].start_ns) + abs(pair[0].end_ns - pair[1].end_ns),
        ),
    )


def _tellers(group: list[Call]) -> set[str]:
    return {call.scope for call in group}


def _is_sure(one: Call, other: Call) -> bool:
    return bool(one.call_id and one.call_id == other.call_id) or _is_right_inside(one, other)


def _is_right_inside(one: Call, other: Call) -> bool:
    return one.trace_id == other.trace_id and one.span_id == other.parent_span_id


def _is_one(one: Call, other: Call) -> bool:
    if _contradict(one.arguments, other.arguments):
        return False
    if one.call_id and other.call_id:
        return one.call_id == other.call_id
    if _is_right_inside(one, other):
        return True
    if one.scope == other.scope:  # a tracer tells of a call once
        return False
    if one.is_own != other.is_own:  # the SDK's may have been told of the call late, when the process was busy
        return one.start_ns - SLACK_NS <= other.end_ns and other.start_ns - SLACK_NS <= one.end_ns
    return _within(one, other) or _within(other, one)


def _within(inner: Call, outer: Call) -> bool:
    return outer.start_ns - SLACK_NS <= inner.start_ns and inner.end_ns <= outer.end_ns + SLACK_NS


def _contradict(one: str, other: str) -> bool:
    """Whether both are told, and are objects that differ. A text may be another dress of the same."""
    first, second = load(one) if one else None, load(other) if other else None
    return (
        isinstance(first, dict)
        and isinstance(second, dict)
        and bool(first)
        and bool(second)
        and first != second
    )


def united(stays: Call, other: Call) -> Call:
    """The one call, with what both tell of it."""
    return replace(
        stays,
        arguments=other.arguments
        if _is_json(other.arguments) and not _is_json(stays.arguments)
        else stays.arguments or other.arguments,
        result=stays.result or other.result,
        error=stays.error or other.error,
        status="error"
        if "error" in (stays.status, other.status)
        else stays.status
        if stays.status != "unset"
        else other.status,
    )


def _is_json(text: str) -> bool:
    return isinstance(load(text), dict | list)


def unite_tool_calls(project: Project, event_ids: Iterable[uuid.UUID]) -> None:
    """Makes one of tool calls that are told twice, in the spans of these events. Called in the transaction that linked them; safe to
    repeat."""
    one: dict[tuple[str, str], Call] = {}
    others: set[tuple[str, str]] = set()
    for calls in _calls_of(project, sorted(set(event_ids))).values():
        for stays, other in pairs_of(calls):
            key = (stays.trace_id, stays.span_id)
            one[key] = united(one.get(key, stays), other)
            others.add((other.trace_id, other.span_id))
    if not one:
        return
    rows: list[tuple[str | None, ...]] = [
        (*key, "tool", call.arguments, call.result, call.error, call.status)
        for key, call in sorted(one.items())
    ]
    rows += [(*key, "other", None, None, None, None) for key in sorted(others)]
    with connection.cursor() as cursor:
        cursor.execute(
            """UPDATE ingest_span s SET kind = v.kind, input = coalesce(v.input, s.input), output = coalesce(v.output, s.output),
                 error = coalesce(v.error, s.error), status = coalesce(v.status, s.status)
               FROM unnest(%s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[])
                 AS v(trace_id, span_id, kind, input, output, error, status)
               WHERE s.project_id = %s AND s.trace_id = v.trace_id AND s.span_id = v.span_id""",
            [*map(list, zip(*rows, strict=True)), project.id],
        )


def _calls_of(project: Project, event_ids: list[uuid.UUID]) -> dict[uuid.UUID, list[Call]]:
    """The tool spans of traces, by event; also those that an earlier look made steps of."""
    found: dict[uuid.UUID, list[Call]] = {}
    if not event_ids:
        return found
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT event_id, trace_id, span_id, parent_span_id, name, coalesce(attributes #>> '{raindrop.span,scope}', ''),
                 coalesce(attributes #>> '{raindrop.span,tool_call_id}', ''),
                 (extract(epoch FROM started_at) * 1000000)::bigint * 1000, (extract(epoch FROM ended_at) * 1000000)::bigint * 1000,
                 input, output, error, status
               FROM ingest_span WHERE project_id = %s AND event_id = ANY(%s) AND kind IN ('tool', 'other')
                 AND attributes #>> '{raindrop.span,kind}' = 'tool'""",
            [project.id, event_ids],
        )
        for event_id, *fields in cursor.fetchall():
            found.setdefault(event_id, []).append(Call(*fields))
    return found
