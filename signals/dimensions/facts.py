"""What events have of each dimension, read in a few queries."""

import datetime as dt
import uuid
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from ingest.models import EndUser, Event, Project, Span
from ingest.models.events import SpanKind
from raindrop.web.names import plain_name
from signals.dimensions.failures import failed_calls
from signals.dimensions.names import (
    CALLED,
    EVENT,
    FAILED,
    FIELDS,
    HOUR,
    INTENT,
    LANGUAGE,
    MODEL,
    PARTS,
    PROPERTY,
    RELEASE,
    SIGNAL,
    Value,
)
from signals.models import ClusterKind, ClusterMember, EventText, SignalDefinition, SignalMatch

LONGEST = 80  # characters of a name and of a value: longer is text
CHUNK = 5000
HOLDS = "true"  # the value of a signal
ALL_PARTS = frozenset([*FIELDS, *PARTS, INTENT, SIGNAL.removesuffix(".")])


@dataclass(slots=True)
class Facts:
    """What one event has."""

    conversation: uuid.UUID | None
    user: uuid.UUID | None
    at: dt.datetime
    values: set[Value] = field(default_factory=set)


def facts_of(
    project: Project,
    event_ids: Collection[uuid.UUID],
    *,
    parts: Collection[str] = ALL_PARTS,
    without: Collection[str] = (),
) -> dict[uuid.UUID, Facts]:
    """By event. `parts`: what is read, as names.part_of names it. `without`: dimensions that are left out. Nine queries at most for every
    CHUNK events."""
    found: dict[uuid.UUID, Facts] = {}
    ids = list(event_ids)
    for start in range(0, len(ids), CHUNK):
        part = ids[start : start + CHUNK]
        found |= _columns(project, part, parts)
        for event, value in _related(project, part, parts):
            if event in found:
                found[event].values.add(value)
    if without:
        for facts in found.values():
            facts.values = {value for value in facts.values if value[0] not in without}
    return found


def count_properties(rows: Iterable[Any]) -> dict[str, Counter[str]]:
    """Of events' `properties`: by name how often each value. Texts longer than LONGEST, lists and objects are left out."""
    found: dict[str, Counter[str]] = defaultdict(Counter)
    for properties in rows:
        for name, value in _scalars(properties):
            found[name][value] += 1
    return dict(found)


def _columns(project: Project, event_ids: list[uuid.UUID], parts: Collection[str]) -> dict[uuid.UUID, Facts]:
    rows = Event.objects.filter(project=project, id__in=event_ids)
    names = ["id", "conversation_id", "end_user_id", "timestamp"]
    names += [name for part, name in COLUMNS if part in parts]
    if not {RELEASE, "property"}.isdisjoint(parts):
        names.append("properties")
    found = {}
    for row in rows.values(*names):
        facts = found[row["id"]] = Facts(row["conversation_id"], row["end_user_id"], row["timestamp"])
        if HOUR in parts:
            facts.values.add((HOUR, str(facts.at.astimezone(dt.UTC).hour)))
        facts.values.update((name, row[column]) for name, column in ((MODEL, "model"), (EVENT, "name")) if row.get(column))  # fmt: skip
        for key, value in _scalars(row.get("properties")):
            if (RELEASE if key == RELEASE else "property") in parts:
                facts.values.add((RELEASE if key == RELEASE else f"{PROPERTY}{key}", value))
        facts.values.update((f"flag.{key}", value) for key, value in _scalars(row.get("feature_flags")))
    if "trait" in parts:
        people = {one.user for one in found.values() if one.user}
        traits = dict(EndUser.objects.filter(project=project, id__in=people).values_list("id", "traits"))
        for facts in found.values():
            mine = _scalars(traits.get(facts.user) if facts.user else None)
            facts.values.update((f"trait.{key}", value) for key, value in mine)
    return found


COLUMNS = ((MODEL, "model"), (EVENT, "name"), ("flag", "feature_flags"))


def _related(
    project: Project, event_ids: list[uuid.UUID], parts: Collection[str]
) -> Iterator[tuple[uuid.UUID, Value]]:
    mine: dict[str, Any] = {"project": project, "event__in": event_ids}
    if not {CALLED, FAILED}.isdisjoint(parts):
        yield from _calls(project, event_ids, parts)
    if LANGUAGE in parts:
        for event, language in EventText.objects.filter(**mine).values_list("event_id", "language"):
            if language:
                yield event, (LANGUAGE, language)
    if "signal" in parts:
        # Without a join with the signals, for which PostgreSQL may read all matches of the project.
        keys = dict(SignalDefinition.objects.filter(project=project, enabled=True).values_list("pk", "key"))
        for event, signal in SignalMatch.objects.filter(**mine).values_list("event_id", "signal_id"):
            if signal in keys:
                yield event, (SIGNAL + keys[signal], HOLDS)
    if INTENT in parts:
        finest: dict[uuid.UUID, tuple[int, str]] = {}
        members = ClusterMember.objects.filter(
            **mine, cluster__kind=ClusterKind.INTENT, cluster__is_gone=False
        )
        for event, level, label in members.values_list("event_id", "cluster__level", "cluster__label"):
            finest[event] = max(finest.get(event, (-1, "")), (level, plain_name(label)))
        for event, (_, label) in finest.items():
            yield event, (INTENT, label)


def _calls(
    project: Project, event_ids: list[uuid.UUID], parts: Collection[str]
) -> Iterator[tuple[uuid.UUID, Value]]:
    calls = Span.objects.filter(project=project, event__in=event_ids, kind=SpanKind.TOOL).exclude(name="")
    if FAILED not in parts:
        for event, name in calls.values_list("event_id", "name").distinct():
            yield event, (CALLED, name)
        return
    names: dict[uuid.UUID, str] = {}
    for event, pk, name in calls.values_list("event_id", "id", "name"):
        names[pk] = name
        if CALLED in parts:
            yield event, (CALLED, name)
    for event, spans in failed_calls(project.pk, event_ids).items():
        for pk in spans:
            if pk in names:
                yield event, (FAILED, names[pk])


def _scalars(values: Any) -> Iterator[tuple[str, str]]:
    for key, value in values.items() if isinstance(values, Mapping) else ():
        text = str(value).lower() if isinstance(value, bool) else str(value)
        if isinstance(value, str | int | float) and 0 < len(text) <= LONGEST and len(key) <= LONGEST:
            yield key, text
