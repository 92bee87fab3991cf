"""What a person changes about clusters: names, status, merges, splits. All of it stays at the next refresh."""

from collections.abc import Sequence

import numpy as np
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from ingest.models import Event
from raindrop import live
from raindrop.embedder import embed_texts
from signals.clusters.drafting import KEYS
from signals.clusters.evidence import key_of, keys_of, read_evidence
from signals.clusters.members import NewMember, count_again, hold_members, replace_members
from signals.clusters.reading import live_clusters
from signals.discovery.linkage import average_linkage
from signals.discovery.naming import name_of
from signals.discovery.observations import Observation, texts_of
from signals.discovery.problems import unit
from signals.models import Cluster, ClusterKind, ClusterMember, ClusterStatus, SignalDefinition

LABEL = Cluster._meta.get_field("label").max_length or 200
CHOSEN = (
    ClusterStatus.NEW,
    ClusterStatus.KNOWN,
    ClusterStatus.IGNORED,
)  # what a person sets; an issue sets PROMOTED
SPLIT = 2000  # members that a split reads, the newest
PARTS = (0.5, 0.4, 0.3, 0.2)  # cosine distances at which a cluster is tried to fall apart, the widest first


class CannotChange(ValueError):
    """The change makes no sense. Its message says what would."""


@transaction.atomic
def change_cluster(*, cluster: Cluster, label: str | None = None, status: str | None = None) -> Cluster:
    """Names it, or says what it is. Raises ValidationError for an empty or too long label, or an unknown status."""
    cluster = Cluster.objects.select_for_update().get(pk=cluster.pk)
    changed = []
    if label is not None:
        label = " ".join(label.split())
        if not label or len(label) > LABEL:
            raise ValidationError({"label": [f"Give a name of 1 to {LABEL} characters."]})
        cluster.label, cluster.is_named_by_person = label, True
        changed += ["label", "is_named_by_person"]
    if status is not None:
        if status not in ClusterStatus.values:
            raise ValidationError({"status": [f"One of {', '.join(ClusterStatus.values)}."]})
        cluster.status = status
        changed.append("status")
    if changed:
        cluster.refreshed_at = timezone.now()
        cluster.save(update_fields=[*changed, "refreshed_at"])
        live.changed([cluster.project_id])
    return cluster


@transaction.atomic
def merge_clusters(*, into: Cluster, others: Sequence[Cluster]) -> Cluster:
    """Makes the members of `others` members of `into`, which keeps its name. Raises CannotChange for clusters of two kinds or levels."""
    project = into.project
    hold_members(project.id)
    rows = list(
        live_clusters(project).filter(pk__in={into.pk, *(one.pk for one in others)}).select_for_update()
    )
    whole = next((row for row in rows if row.pk == into.pk), None)
    parts = [row for row in rows if row.pk != into.pk]
    if whole is None or not parts:
        raise CannotChange("Choose two clusters or more.")
    if {(row.kind, row.level) for row in parts} != {(whole.kind, whole.level)}:
        raise CannotChange("Only clusters of one kind and one level can be merged.")
    ids, now = [row.pk for row in parts], timezone.now()
    already = ClusterMember.objects.filter(cluster=whole).values("event")
    ClusterMember.objects.filter(cluster__in=ids, event__in=already).delete()
    for row in parts:  # an event may be in several of them
        taken = ClusterMember.objects.filter(cluster=whole).values("event")
        ClusterMember.objects.filter(cluster=row).exclude(event__in=taken).update(cluster=whole)
        ClusterMember.objects.filter(cluster=row).delete()
    whole.keys = list(dict.fromkeys(key for row in (whole, *parts) for key in row.keys))[:KEYS]
    whole.origin = whole.origin if all(row.origin == whole.origin for row in parts) else ""
    whole.is_pinned, whole.refreshed_at = True, now
    whole.save(update_fields=["keys", "origin", "is_pinned", "refreshed_at"])
    Cluster.objects.filter(parent__in=ids).update(parent=whole)
    Cluster.objects.filter(pk__in=ids).update(
        merged_into=whole, is_gone=True, is_emerging=False, refreshed_at=now
    )
    count_again([whole.pk, *ids], project=project.id)
    live.changed([project.id])
    return whole


@transaction.atomic
def split_cluster(*, cluster: Cluster) -> list[Cluster]:
    """Takes a problem apart into what its evidence says more exactly. The largest part keeps the row; returns all parts, it first. Raises
    CannotChange where the evidence does not fall apart."""
    hold_members(cluster.project_id)
    cluster = Cluster.objects.select_for_update().get(pk=cluster.pk)
    if cluster.kind != ClusterKind.PROBLEM or cluster.is_gone:
        raise CannotChange("Only a problem can be split.")
    observations = _observations(cluster)
    vectors = embed_texts(texts_of(observations))
    parts = _fall_apart(observations, vectors)
    if len(parts) < 2:
        raise CannotChange("What it was read from says the same everywhere: it does not fall apart.")
    names = dict(SignalDefinition.objects.filter(project=cluster.project_id).values_list("key", "name"))
    members = {row.event_id: row for row in ClusterMember.objects.filter(cluster=cluster)}
    found: list[Cluster] = []
    moved: list[NewMember] = []
    for place, part in enumerate(parts):
        own = [observations[i] for i in part]
        row = (
            cluster
            if place == 0
            else Cluster(project_id=cluster.project_id, kind=cluster.kind, level=cluster.level)
        )
        centroid = unit(vectors[part].mean(axis=0))
        if place or not row.is_named_by_person:
            label, row.description = name_of(own, vectors[part], centroid, signals=names)
            row.label = label[:LABEL]
        row.keys = list(dict.fromkeys(key_of(one) for one in own))[:KEYS]
        row.centroid, row.origin, row.signal_id = centroid.tobytes(), cluster.origin, cluster.signal_id
        row.parent_id, row.is_pinned, row.assigner, row.refreshed_at = (
            cluster.parent_id,
            True,
            b"",
            timezone.now(),
        )
        row.takes_all = False
        row.examples = list(dict.fromkeys(one.event for one in own))[:5]
        row.save()
        found.append(row)
        for event in dict.fromkeys(one.event for one in own):
            old = members[event]
            moved.append(
                NewMember(
                    row.pk, event, row.project_id, old.conversation_id, old.end_user_id, old.timestamp, old.score, old.source, old.phrase
                )
            )  # fmt: skip
    told = {one.event for one in moved}
    moved += [  # what no evidence places stays where it was
        NewMember(cluster.pk, row.event_id, row.project_id, row.conversation_id, row.end_user_id, row.timestamp, row.score, row.source, row.phrase)
        for row in members.values()
        if row.event_id not in told
    ]  # fmt: skip
    replace_members(cluster.project_id, moved, clusters=[row.pk for row in found])
    live.changed([cluster.project_id])
    return found


def _observations(cluster: Cluster) -> list[Observation]:
    """What makes its newest members members."""
    rows = ClusterMember.objects.filter(cluster=cluster).order_by("-timestamp", "-id")[:SPLIT]
    events = list(
        Event.objects.filter(id__in=[row.event_id for row in rows], project=cluster.project_id).order_by("id")
    )
    keys = set(cluster.keys)
    return [
        one for some in read_evidence(events).problems.values() for one in some if keys & set(keys_of(one))
    ]


def _fall_apart(
    observations: Sequence[Observation], vectors: "np.typing.NDArray[np.float32]"
) -> list[list[int]]:
    """Indices of the parts, the largest first: at the widest distance at which there are two."""
    for apart in PARTS if len(observations) > 1 else ():
        labels = average_linkage(vectors, apart=apart)
        parts = [np.flatnonzero(labels == one).tolist() for one in range(int(labels.max()) + 1)]
        if len(parts) > 1:
            return sorted(parts, key=lambda part: (-len(part), part))
    return []
