"""Reading clusters: lists, their counts, the events of one."""

import datetime as dt
import uuid
from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, QuerySet
from django.http import Http404

from ingest.counts import rollups
from ingest.models import Event, Project
from signals.discovery.assigner import Assigner, from_bytes
from signals.models import Cluster, ClusterKind, ClusterMember, ClusterStatus, SignalDefinition, SignalMatch

EXAMPLES = 3
CANDIDATES = 4 * EXAMPLES  # read where the examples that are shown must differ
MATCHES, PROBLEMS = 2000, 12


def live_clusters(project: Project) -> QuerySet[Cluster]:
    """Those that take events: not gone, not merged into another."""
    return Cluster.objects.filter(project=project, is_gone=False, merged_into__isnull=True)


def find_cluster(project: Project, cluster_id: uuid.UUID) -> Cluster:
    """One of the project's by its id; of one that was merged the one that it was merged into. Raises Http404."""
    found = (
        Cluster.objects.filter(project=project, pk=cluster_id)
        .select_related("project", "signal", "parent", "merged_into")
        .first()
    )
    seen: set[uuid.UUID] = set()
    while found is not None and found.merged_into is not None and found.pk not in seen:
        seen.add(found.pk)
        found = found.merged_into
    if found is None:
        raise Http404("There is no such cluster in this project.")
    return found


def examples_of(clusters: Sequence[Cluster], *, most: int = EXAMPLES) -> dict[uuid.UUID, list[Event]]:
    """Of each cluster at most `most` events that are members still, the most typical first; else its newest."""
    wanted = {event for cluster in clusters for event in cluster.examples}
    held = set(
        ClusterMember.objects.filter(event__in=wanted, cluster__in=clusters).values_list(
            "cluster_id", "event_id"
        )
    )
    lists = {
        cluster.pk: [event for event in cluster.examples if (cluster.pk, event) in held][:most]
        for cluster in clusters
    }
    for cluster in clusters:
        if len(lists[cluster.pk]) < most:
            newest = ClusterMember.objects.filter(cluster=cluster).order_by("-timestamp", "-id")
            more = newest.values_list("event_id", flat=True)[: 2 * most]
            lists[cluster.pk] = list(dict.fromkeys([*lists[cluster.pk], *more]))[:most]
    ids = {event for events in lists.values() for event in events}
    rows = Event.objects.select_related("conversation", "end_user").in_bulk(ids)
    return {pk: [rows[event] for event in events if event in rows] for pk, events in lists.items()}


def cluster_items(clusters: Sequence[Cluster]) -> list[dict[str, Any]]:
    """As the management API answers them. They need `signal` selected."""
    totals = rollups.totals(cluster.pk for cluster in clusters)
    examples = examples_of(clusters)
    return [
        {
            "id": str(cluster.pk),
            "kind": cluster.kind,
            "signal": cluster.signal.key if cluster.signal else None,
            **{name: getattr(cluster, name) for name in ("label", "description", "level", "status", "keywords", "conversations")},
            "parent": str(cluster.parent_id) if cluster.parent_id else None,
            **{name: getattr(totals[cluster.pk], name) for name in ("events", "users", "first_seen", "last_seen")},
            "emerging": cluster.is_emerging,
            "emerging_reason": cluster.emerging_reason,
            "precision": _precision(cluster),
            "example_event_ids": [event.event_id for event in examples[cluster.pk]],
        }
        for cluster in clusters
    ]  # fmt: skip


def small_model_of(cluster: Cluster) -> Assigner | None:
    """The small model that finds the cluster on conversations that were not read, with its precision as measured; None where none is used."""
    return from_bytes(bytes(cluster.assigner)) if cluster.assigner_precision is not None else None


def _precision(cluster: Cluster) -> dict[str, float | int | None] | None:
    model = small_model_of(cluster)
    if model is None:
        return None
    return {"value": model.precision, "low": model.low, "high": model.high, "judged": model.judged}


@dataclass(frozen=True, slots=True)
class ProblemOfSignal:
    """A problem with how many of a signal's events are of it."""

    cluster: Cluster
    events: int
    users: int


def problems_of(signal: SignalDefinition, *, since: dt.datetime) -> list[ProblemOfSignal]:
    """Those that the signal's newest MATCHES events from `since` on are of, most events first: at most PROBLEMS, none that a person ignores."""
    newest = SignalMatch.objects.filter(signal=signal, project=signal.project_id, timestamp__gte=since)
    events = newest.order_by("-timestamp", "-id").values_list("event_id", flat=True)[:MATCHES]
    members = ClusterMember.objects.filter(
        event__in=list(events), project=signal.project_id, cluster__kind=ClusterKind.PROBLEM, cluster__is_gone=False
    ).exclude(cluster__status=ClusterStatus.IGNORED)  # fmt: skip
    groups = members.values("cluster").annotate(n=Count("id"), people=Count("end_user", distinct=True))
    most = groups.order_by("-n", "cluster")[:PROBLEMS]
    rows = live_clusters(signal.project).in_bulk([row["cluster"] for row in most])
    return [
        ProblemOfSignal(rows[row["cluster"]], row["n"], row["people"])
        for row in most
        if row["cluster"] in rows
    ]


def clusters_of_events(
    event_ids: Collection[uuid.UUID], *, project: Project, kind: ClusterKind | None = None
) -> dict[uuid.UUID, list[Cluster]]:
    """By event the clusters that it is a member of, the broadest first."""
    rows = ClusterMember.objects.filter(
        event__in=event_ids, project=project, cluster__is_gone=False, cluster__merged_into__isnull=True
    )
    if kind is not None:
        rows = rows.filter(cluster__kind=kind)
    found: dict[uuid.UUID, list[Cluster]] = defaultdict(list)
    for row in (
        rows.select_related("cluster")
        .defer("cluster__keys", "cluster__centroid", "cluster__assigner")
        .order_by("cluster__kind", "cluster__level", "cluster__label", "id")
    ):
        found[row.event_id].append(row.cluster)
    return found
