"""Detached sub-agents that have no span of their own (cancelled before they began, or untraced): the span that launched one names
its event, so its event is linked to its parent from there, whichever of the two comes first.

A sub-agent's own spans tell its parent themselves (otlp/dialects/raindrop_sdk.py), and are believed before the launch.
"""

import uuid
from collections.abc import Iterable, Sequence

from django.db import connection

from ingest.incoming.values import IncomingEvent
from ingest.models import Event, EventKey, Project
from ingest.otlp.dialects.raindrop_sdk import CHILD_EVENT, NAME, PARENT_EVENT, PARENT_SPAN, ROLE
from ingest.store.events import store_bounded


def link_to_parents(events: list[Event]) -> None:
    """A pipeline stage: events that a span has launched get the properties that say so."""
    orphans = [event for event in events if PARENT_EVENT not in event.properties]
    for project_id in sorted({event.project_id for event in orphans}):
        names = [event.event_id for event in orphans if event.project_id == project_id]
        _link(project_id, launches_of(project_id, children=names))


def link_children(project: Project, trace_ids: Sequence[str]) -> None:
    """The same, when the launching spans get their event: of the children that are here already."""
    launches = launches_of(project.id, traces=trace_ids)
    if launches:
        here = EventKey.objects.filter(project=project, event_id__in=launches).values_list(
            "event_id", flat=True
        )
        _link(project.id, {child: launches[child] for child in here})


def launches_of(
    project_id: uuid.UUID, *, children: Iterable[str] | None = None, traces: Sequence[str] | None = None
) -> dict[str, dict[str, str]]:
    """Child's event id -> the properties that its launch tells of it. In the words of the index span_of_launch."""
    keys = list(children) if children is not None else list(traces or ())
    if not keys:
        return {}
    where = (
        f"left(s.attributes ->> '{CHILD_EVENT}', 200) = ANY(%s)"
        if children is not None
        else "s.trace_id = ANY(%s)"
    )
    values = [child[:200] for child in keys] if children is not None else keys
    with connection.cursor() as cursor:
        cursor.execute(
            f"""SELECT s.attributes ->> '{CHILD_EVENT}', e.event_id, s.span_id, s.attributes ->> '{NAME}'
                FROM ingest_span s JOIN ingest_event e ON e.id = s.event_id
                WHERE s.project_id = %s AND {where} AND s.attributes ? '{CHILD_EVENT}' ORDER BY s.id DESC""",
            [project_id, values],
        )
        found = cursor.fetchall()
    return {
        child: {PARENT_EVENT: parent, PARENT_SPAN: span_id, NAME: name or "", ROLE: "subagent"}
        for child, parent, span_id, name in found
        if child != parent
    }


def _link(project_id: uuid.UUID, launches: dict[str, dict[str, str]]) -> None:
    """An event that holds as many properties as it may stays as it is."""
    if not launches:
        return
    store_bounded(
        project=Project.objects.get(id=project_id),
        events=[
            IncomingEvent(event_id=child, properties={k: v for k, v in told.items() if v}, fills={})
            for child, told in sorted(launches.items())
        ],
    )
