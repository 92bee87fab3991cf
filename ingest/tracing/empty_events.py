"""Counting the events that a trace made and that have no text (Outcome.NO_TEXT).

Counted when the event is made, for only then it is known: a root's text stands on its children, and some instrumentations send it
as logs. Each event once. Its spans no longer say which key they came with: it is counted for the one that last sent their scope, and where no key
ever did, as imported.
"""

from collections.abc import Sequence

from ingest.health.counts import IMPORT, NO_SCOPE, count
from ingest.health.samples import Redacted, redacted
from ingest.incoming.cleaning import clean_text
from ingest.models import Event, EventKey, IngestCount, Project
from ingest.models.health import Outcome
from ingest.otlp.mapped import MappedSpan
from ingest.otlp.traces.assembly import TraceEvent
from ingest.otlp.vocabulary import is_known


def count_empty(project: Project, made: Sequence[tuple[TraceEvent, list[MappedSpan]]]) -> None:
    """`made`: events that were stored just now for the first time, of which their trace tells no text, with the trace's spans."""
    if not made:
        return
    stored = EventKey.objects.filter(project=project, event_id__in=[clean_text(e.event_id) for e, _ in made])
    # Without what the app itself said over HTTP; a partial event may still get its text.
    empty = set(
        Event.objects.filter(
            id__in=stored.values("event_uuid"), input="", output="", is_pending=False
        ).values_list("event_id", flat=True)
    )
    keys = {}
    for event, spans in made:
        if clean_text(event.event_id) not in empty:
            continue
        span = _speaker(event, spans)
        scope = span.scope or NO_SCOPE
        if scope not in keys:
            sent = IngestCount.objects.filter(project=project, scope=scope, outcome=Outcome.ACCEPTED)
            keys[scope] = (
                sent.filter(key__isnull=False).order_by("-last_at").values_list("key_id", flat=True).first()
            )
        count(
            project_id=project.id,
            key_id=keys[scope],
            scope=scope if keys[scope] else IMPORT,
            outcome=Outcome.NO_TEXT,
            sample=_described(span, project),
        )


def _speaker(event: TraceEvent, spans: list[MappedSpan]) -> MappedSpan:
    """The span that one would have expected to tell: the first LLM call, else the agent's, else the first."""
    of_event = set(event.span_ids)
    members = [span for span in spans if span.span_id in of_event] or spans
    return min(members, key=lambda span: (span.kind != "llm", span.kind != "agent", span.start_ns))


def _described(span: MappedSpan, project: Project) -> Redacted:
    """Its name, and the names (not the values) of what it did carry."""
    names = ", ".join(sorted(name for name in span.attributes if not is_known(name))) or "none"
    return redacted(
        f"Span {span.name!r} of kind {span.kind}. Attributes that no mapping knew: {names}", project=project
    )
