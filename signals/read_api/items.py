"""Events, signals and spans as the read path answers them, in the shapes that the published query client reads."""

import json
import uuid
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from django.db.models import Q

from ingest.models import Attachment, Event, Project, Span
from ingest.models.events import SpanKind, SpanStatus
from ingest.otlp.stored import PRIVATE
from signals.clusters.reading import clusters_of_events
from signals.kinds.registry import kind_of
from signals.models import ClusterKind, SignalDefinition, SignalMatch
from signals.models.definitions import DetectorType
from signals.read_api.bytes import EVENT_TEXTS, hanging_on, items_within

SPAN_TYPES = {SpanKind.LLM: "LLM_GENERATION", SpanKind.TOOL: "TOOL_CALL"}
SIGNAL_TYPES = {
    DetectorType.SDK: "instrumented",
    DetectorType.MODEL: "topic",
    DetectorType.LLM: "topic",
    DetectorType.RULE: "code",
}


def event_items(
    events: Sequence[Event], *, project: Project, scores: Mapping[uuid.UUID, float] | None = None
) -> list[dict[str, Any]]:
    """The events, with what hangs on them read in four queries. They need `end_user` and `conversation` selected.
    `scores` adds a `relevance_score`."""
    ids = [event.id for event in events]
    signals = _signals(ids, project)
    intents = clusters_of_events(ids, project=project, kind=ClusterKind.INTENT)
    spans = _spans(ids, project)
    attachments = _attachments(ids, project)
    items = []
    for event in events:
        item = _event(event)
        item |= {
            "topics": [intent.plain_label for intent in intents.get(event.id, ())],
            "input_attachments": [a for role, a in attachments[event.id] if role != "output"],
            "output_attachments": [a for role, a in attachments[event.id] if role == "output"],
            "signals": signals[event.id],
            "error_spans": [_error_span(span) for span in spans[event.id] if span.status == SpanStatus.ERROR],
            "tool_calls": [_tool_call(span) for span in spans[event.id] if span.kind == SpanKind.TOOL],
        }
        if scores is not None:
            item["relevance_score"] = round(scores[event.id], 6)
        items.append(item)
    return items


def event_items_within(
    rows: list[Event], *, project: Project, scores: Mapping[uuid.UUID, float] | None = None
) -> list[dict[str, Any]]:
    """The items of the first of these rows, as many as a page may hold (they are read by `signals.read_api.bytes.light`)."""
    hanging = hanging_on([row.id for row in rows], project)
    return items_within(
        rows,
        heavy=EVENT_TEXTS,
        items=lambda some: event_items(some, project=project, scores=scores),
        hanging=hanging,
    )


def _event(event: Event) -> dict[str, Any]:
    item: dict[str, Any] = {
        "id": event.event_id,
        "event_name": event.name,
        "user_id": event.end_user.user_id if event.end_user else None,
        "convo_id": event.conversation.convo_id if event.conversation else None,
        "timestamp": event.timestamp,
        "received_at": event.received_at,
        "user_input": event.input or None,
        "assistant_output": event.output or None,
        "properties": event.properties,
    }
    # The client takes these as absent or a string, never null.
    if event.model:
        item["model"] = event.model
    if event.feature_flags:
        item["feature_flags"] = {name: _text(value) for name, value in event.feature_flags.items()}
    return item


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _signals(ids: list[uuid.UUID], project: Project) -> dict[uuid.UUID, list[dict[str, Any]]]:
    found: dict[uuid.UUID, list[dict[str, Any]]] = defaultdict(list)
    matches = SignalMatch.objects.filter(project=project, event_id__in=ids).select_related("signal")
    for match in matches.order_by("event_id", "signal_id"):
        found[match.event_id].append(
            {
                "id": str(match.signal_id),
                "key": match.signal.key,
                "name": match.signal.name,
                "score": match.score,
            }
        )
    return found


def _spans(ids: list[uuid.UUID], project: Project) -> dict[uuid.UUID, list[Span]]:
    """Tool calls and failed spans, in order. Only a failed span's output is read."""
    found: dict[uuid.UUID, list[Span]] = defaultdict(list)
    spans = Span.objects.filter(project=project, event_id__in=ids).order_by("started_at", "id")
    failed = Q(status=SpanStatus.ERROR)
    calls = spans.filter(~failed, kind=SpanKind.TOOL).defer("input", "output", "attributes", "error")
    for span in sorted(
        [*calls, *spans.filter(failed).defer("input", "attributes")],
        key=lambda span: (span.started_at, span.id),
    ):
        if span.event_id is not None:
            found[span.event_id].append(span)
    return found


def _attachments(ids: list[uuid.UUID], project: Project) -> dict[uuid.UUID, list[tuple[str, dict[str, Any]]]]:
    """(role, item). What is neither input nor output, such as context, was given to the agent: it counts as input."""
    found: dict[uuid.UUID, list[tuple[str, dict[str, Any]]]] = defaultdict(list)
    for row in Attachment.objects.filter(project=project, event_id__in=ids).order_by("id"):
        item = {
            "attachment_id": row.attachment_id or str(row.id),
            "attachment_type": row.type,
            "name": row.name,
            "value": row.value,
            "role": row.role,
            "language": row.language,
        }
        found[row.event_id].append((row.role, item))
    return found


def _error_span(span: Span) -> dict[str, Any]:
    return {
        "span_id": span.span_id,
        "started_at": span.started_at,
        "status": span.status.upper(),
        "duration_ms": span.duration_ms,
        "span_type": SPAN_TYPES.get(SpanKind(span.kind), "INTERNAL"),
        "span_name": span.name,
        "output_payload": span.error or span.output,
    }


def _tool_call(span: Span) -> dict[str, Any]:
    return {
        "tool_name": span.name,
        "status": span.status.upper(),
        "duration_ms": span.duration_ms,
        "started_at": span.started_at,
        "span_id": span.span_id,
    }


def span_item(span: Span, *, cut: int | None) -> dict[str, Any]:
    """A span of `/v1/traces`. `cut`: the longest text, in characters."""
    start, end = _nanoseconds(span.started_at.timestamp()), _nanoseconds(span.ended_at.timestamp())
    return {
        "trace_id": span.trace_id,
        "span_id": span.span_id,
        "parent_span_id": span.parent_span_id or None,
        "span_name": span.name,
        "span_type": SPAN_TYPES.get(SpanKind(span.kind), "INTERNAL"),
        "status": span.status.upper(),
        "status_message": span.error[:cut] or None,
        "start_time_ns": start,
        "end_time_ns": end,
        "duration_ns": end - start,
        "input": span.input[:cut] or None,
        "output": span.output[:cut] or None,
        "input_tokens": span.input_tokens,
        "output_tokens": span.output_tokens,
        "model": span.model or None,
        "provider": span.provider or None,
        "attributes": {
            name: _attribute(value, cut) for name, value in span.attributes.items() if name != PRIVATE
        },
    }


def _nanoseconds(seconds: float) -> int:
    # The database keeps microseconds; a float of seconds holds those exactly enough to round to them.
    return round(seconds * 1_000_000) * 1000


def _attribute(value: object, cut: int | None) -> str | int | float:
    """The client takes strings and numbers only."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value
    return _text(value)[:cut]


def signal_item(signal: SignalDefinition) -> dict[str, Any]:
    """A signal of `/v1/signals`. It needs `group` selected."""
    kind = kind_of(signal)
    return {
        "id": str(signal.id),
        "key": signal.key,
        "type": kind.wire_type(signal.config) if kind else SIGNAL_TYPES[DetectorType(signal.detector)],
        "name": signal.name,
        "description": signal.description or None,
        "created_at": signal.created_at,
        "group_id": str(signal.group_id) if signal.group_id else None,
        "group_name": signal.group.name if signal.group else None,
        "sentiment": signal.sentiment.upper(),
    }
