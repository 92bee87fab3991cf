"""What events have of each dimension, as the API names them: `model`, `event`, `release`, `property.NAME`, `trait.NAME`, `flag.NAME`,
`tool.called`, `tool.failed`, `language`, `hour`, `intent`, `signal.KEY`; and the query that finds the events of a value."""

import datetime as dt
import uuid
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from ingest.models import EndUser, Event, Project, Span
from ingest.models.events import SpanKind
from issues.causes.finding import CALLED, FAILED, INTENT, SIGNAL, Value
from issues.models import Issue
from issues.models.issues import Follows
from raindrop.web.names import plain_name
from signals.clusters.evidence import TOOL_FAILURE
from signals.models import Cluster, ClusterKind, ClusterMember, EventText, SignalMatch
from signals.search.fields.registry import find_field
from signals.search.language.errors import QueryError
from signals.search.language.nodes import Comparison, Text, leaves, quoted
from signals.search.language.parsing import parse
from signals.tools.failures import failed_calls

RELEASE = "release"  # the property, which is a dimension by its own name
LONGEST = 80  # characters of a name and of a value: longer is text
CHUNK = 5000
# Fields of the query language by the dimension's first part.
FIELDS = {"model": "model", "event": "event", "release": "release", "language": "language", "hour": "hour", CALLED: "tool", FAILED: "tool.failed"}  # fmt: skip
PARTS = {"property": "prop", "trait": "trait", "flag": "flag"}
HOLDS = "true"  # the value of a signal


@dataclass(slots=True)
class Facts:
    """What one event has."""

    conversation: uuid.UUID | None
    user: uuid.UUID | None
    at: dt.datetime
    values: set[Value] = field(default_factory=set)


def facts_of(
    project: Project, event_ids: Collection[uuid.UUID], *, without: Collection[str] = ()
) -> dict[uuid.UUID, Facts]:
    """By event. `without`: dimensions that are left out. Eight queries for every CHUNK events."""
    found: dict[uuid.UUID, Facts] = {}
    ids = list(event_ids)
    for start in range(0, len(ids), CHUNK):
        part = ids[start : start + CHUNK]
        found |= _columns(project, part)
        for event, value in _related(project, part):
            if event in found:
                found[event].values.add(value)
    for facts in found.values():
        facts.values = {value for value in facts.values if value[0] not in without}
    return found


def _columns(project: Project, event_ids: list[uuid.UUID]) -> dict[uuid.UUID, Facts]:
    rows = Event.objects.filter(project=project, id__in=event_ids)
    found = {}
    for pk, talk, user, at, model, name, properties, flags in rows.values_list(
        "id", "conversation_id", "end_user_id", "timestamp", "model", "name", "properties", "feature_flags"
    ):
        facts = found[pk] = Facts(talk, user, at)
        facts.values.add(("hour", str(at.astimezone(dt.UTC).hour)))
        facts.values.update(
            (dimension, value) for dimension, value in (("model", model), ("event", name)) if value
        )
        for key, value in _scalars(properties):
            facts.values.add((RELEASE if key == RELEASE else f"property.{key}", value))
        facts.values.update((f"flag.{key}", value) for key, value in _scalars(flags))
    traits = dict(
        EndUser.objects.filter(
            project=project, id__in={one.user for one in found.values() if one.user}
        ).values_list("id", "traits")
    )
    for facts in found.values():
        facts.values.update(
            (f"trait.{key}", value) for key, value in _scalars(traits.get(facts.user) if facts.user else None)
        )
    return found


def _related(project: Project, event_ids: list[uuid.UUID]) -> Iterator[tuple[uuid.UUID, Value]]:
    mine: dict[str, Any] = {"project": project, "event__in": event_ids}
    names: dict[uuid.UUID, str] = {}
    for event, pk, name in Span.objects.filter(**mine, kind=SpanKind.TOOL).values_list(
        "event_id", "id", "name"
    ):
        if event is not None and name:
            names[pk] = name
            yield event, (CALLED, name)
    for event, spans in failed_calls(project.pk, event_ids).items():
        for pk in spans:
            if pk in names:
                yield event, (FAILED, names[pk])
    for event, language in EventText.objects.filter(**mine).values_list("event_id", "language"):
        if language:
            yield event, ("language", language)
    signals = SignalMatch.objects.filter(**mine, signal__enabled=True)
    for event, key in signals.values_list("event_id", "signal__key"):
        yield event, (SIGNAL + key, HOLDS)
    intents = ClusterMember.objects.filter(**mine, cluster__kind=ClusterKind.INTENT, cluster__is_gone=False)
    finest: dict[uuid.UUID, tuple[int, str]] = {}
    for event, level, label in intents.values_list("event_id", "cluster__level", "cluster__label"):
        finest[event] = max(finest.get(event, (-1, "")), (level, plain_name(label)))
    for event, (_, label) in finest.items():
        yield event, (INTENT, label)


def _scalars(values: Any) -> Iterator[tuple[str, str]]:
    for key, value in values.items() if isinstance(values, Mapping) else ():
        text = str(value).lower() if isinstance(value, bool) else str(value)
        if isinstance(value, str | int | float) and 0 < len(text) <= LONGEST and len(key) <= LONGEST:
            yield key, text


def own_dimensions(issue: Issue) -> set[str]:
    """Those by which the issue is defined: they explain it by saying it again."""
    if issue.follows == Follows.SIGNAL:
        return {SIGNAL + (issue.signal.key if issue.signal else issue.follows_name)}
    if issue.follows == Follows.CLUSTER:
        return dimensions_of(issue.cluster) if issue.cluster else set()
    if issue.follows != Follows.QUERY:
        return set()
    found: dict[tuple[str, str], set[str]] = defaultdict(set)
    try:
        for leaf, _ in leaves(parse(issue.query)):
            if isinstance(leaf, Comparison) and (known := find_field(leaf.name)):
                found[known[0].name, known[1]].update(
                    value.text for value in leaf.values if isinstance(value, Text)
                )
    except QueryError:
        return set()
    own = set()
    for (name, key), values in found.items():
        own |= {dimension for dimension, of in FIELDS.items() if of == name}
        own |= {f"{part}.{key}" for part, of in PARTS.items() if of == name}
        own |= {SIGNAL + value for value in values} if name == "signal" else set()
        own |= {FAILED, CALLED} if name in ("tool", "tool.failed", "tool.error") else set()
    return own | ({RELEASE} if "property.release" in own else set())


def dimensions_of(cluster: Cluster) -> set[str]:
    """Those by which a cluster is known: an intent is one, a failing tool is told by its calls, other evidence by its signal."""
    if cluster.kind == ClusterKind.INTENT:
        return {INTENT}
    if cluster.origin.startswith("tool "):
        return {CALLED, FAILED, SIGNAL + TOOL_FAILURE}
    return {SIGNAL + cluster.signal.key} if cluster.signal else set()


def query_of(values: Collection[Value]) -> str:
    """What finds the events that have all of these values; without those that no field of the language is for."""
    return " ".join(part for dimension, value in values if (part := _condition(dimension, value)))


def _condition(dimension: str, value: str) -> str:
    if dimension in FIELDS:
        return f"{FIELDS[dimension]}:{_value(value)}"
    if dimension.startswith(SIGNAL):
        return f"signal:{_value(dimension.removeprefix(SIGNAL))}"
    if dimension == INTENT:
        return f"intent:{quoted(value)}" if find_field(INTENT) else ""
    part, _, name = dimension.partition(".")
    return str(Comparison(f"{PARTS[part]}.{name}", "", (Text(value),)))


def _value(value: str) -> str:
    return str(Text(value))
