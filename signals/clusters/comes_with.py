"""What clusters come with: one statement, by one test, on the list and on a cluster's page."""

import datetime as dt
import uuid
from collections.abc import Sequence

from django.core.cache import cache

from ingest.models import Project
from signals.clusters.evidence import TOOL_FAILURE
from signals.dimensions.facts import facts_of
from signals.dimensions.finding import Cause, find_causes, having_of
from signals.dimensions.names import CALLED, FAILED, INTENT, SIGNAL
from signals.dimensions.units import newest_events, units_of_each
from signals.models import Cluster, ClusterKind, ClusterMember

KEPT_FOR = 60  # seconds


def kept_causes(clusters: Sequence[Cluster], *, since: dt.datetime) -> dict[uuid.UUID, list[Cause]]:
    """Of those whose causes were looked for in the last KEPT_FOR, by cluster, what they come with, best first."""
    keys = {_key(one.pk, since): one.pk for one in clusters}
    return {keys[key]: causes for key, causes in cache.get_many(keys).items()}


def causes_of_clusters(
    project: Project, clusters: Sequence[Cluster], *, since: dt.datetime
) -> dict[uuid.UUID, list[Cause]]:
    """By cluster what it comes with, best first, among the newest events from `since` on. Reads these events, seconds of them in a large
    project, where it was not asked within KEPT_FOR."""
    found = kept_causes(clusters, since=since)
    if missing := [one for one in clusters if one.pk not in found]:
        looked = _look(project, missing, since=since)
        cache.set_many({_key(pk, since): causes for pk, causes in looked.items()}, KEPT_FOR)
        found |= looked
    return found


def _key(cluster: uuid.UUID, since: dt.datetime) -> str:
    return f"comes-with:{cluster}:{since:%Y%m%d}"


def _look(
    project: Project, clusters: Sequence[Cluster], *, since: dt.datetime
) -> dict[uuid.UUID, list[Cause]]:
    """The events are read once, whatever the number of clusters."""
    read, _ = newest_events(project, since=since)
    members = ClusterMember.objects.filter(
        project=project, cluster__in=[one.pk for one in clusters], event__in=read
    )
    held: dict[uuid.UUID, set[uuid.UUID]] = {one.pk: set() for one in clusters}
    for cluster, event in members.values_list("cluster_id", "event_id"):
        held[cluster].add(event)
    facts = facts_of(project, read) if any(held.values()) else {}
    found: dict[uuid.UUID, list[Cause]] = {}
    having = None
    for one, units in zip(clusters, units_of_each(facts, held.values()), strict=True):
        having = having_of(units) if having is None else having
        found[one.pk] = find_causes(units, having=having, without=dimensions_of(one))
    return found


def dimensions_of(cluster: Cluster) -> set[str]:
    """Those by which a cluster is known: an intent is one, a failing tool is told by its calls, other evidence by its signal."""
    if cluster.kind == ClusterKind.INTENT:
        return {INTENT}
    if cluster.origin.startswith("tool "):
        return {CALLED, FAILED, SIGNAL + TOOL_FAILURE}
    return {SIGNAL + cluster.signal.key} if cluster.signal else set()
