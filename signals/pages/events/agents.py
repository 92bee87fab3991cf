"""Which agent a step belongs to: the nearest span of an agent above it. Pure: over the spans of one event that are read already."""

from collections.abc import Sequence

from ingest.models import Span
from ingest.models.events import SpanKind

DEEPEST = 50  # levels that are looked up: a chain of 10,000 would cost the square of it


def ancestors_of(spans: Sequence[Span]) -> list[tuple[Span, list[Span]]]:
    """Each span with those above it, the nearest first. Parents may form a ring: a span is never above itself."""
    by_id = {(span.trace_id, span.span_id): span for span in spans}
    found = []
    for span in spans:
        above: list[Span] = []
        seen = {span.span_id}
        parent = by_id.get((span.trace_id, span.parent_span_id))
        while parent is not None and parent.span_id not in seen and len(above) < DEEPEST:
            above.append(parent)
            seen.add(parent.span_id)
            parent = by_id.get((span.trace_id, parent.parent_span_id))
        found.append((span, above))
    return found


def agent_among(above: Sequence[Span]) -> str:
    """The name of the first of these that is an agent; "" where none is."""
    return next((span.name for span in above if span.kind == SpanKind.AGENT), "")
