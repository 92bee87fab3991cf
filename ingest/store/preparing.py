"""Events made ready for the store: redacted, each with an id, with text that PostgreSQL takes."""

from collections.abc import Iterable

import msgspec

from ingest.incoming.cleaning import clean_text
from ingest.incoming.values import IncomingEvent
from ingest.models import Project
from ingest.redaction import OnlyClear, Redactor, redact_event
from ingest.redaction.settings import redactor_for
from raindrop.ids import new_id


def prepare_events(
    project: Project, events: Iterable[IncomingEvent], redactor: Redactor | OnlyClear | None = None
) -> list[IncomingEvent]:
    """The events as they are stored: redacted, each with an id, with text that PostgreSQL takes. `redactor`: the project's, or one that raises
    NotClear; by default it is looked up, with one query when it is not in memory."""
    redactor = redactor or redactor_for(project)
    return [redact_event(clean_event(event), redactor) for event in events]


def clean_event(event: IncomingEvent) -> IncomingEvent:
    """With an id, and with text that PostgreSQL takes. JSON is cleaned where it is written (rows.json_text)."""
    return msgspec.structs.replace(
        event,
        event_id=clean_text(event.event_id) or str(new_id()),
        name=clean_text(event.name) if event.name else event.name,
        user_id=(clean_text(event.user_id) or None) if event.user_id else None,
        convo_id=(clean_text(event.convo_id) or None) if event.convo_id else None,
        model=clean_text(event.model) if event.model else event.model,
        input=clean_text(event.input) if event.input else event.input,
        output=clean_text(event.output) if event.output else event.output,
    )
