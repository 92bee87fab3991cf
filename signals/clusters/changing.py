"""What a person changes about clusters: names, status, merges. (Splits: signals/clusters/splitting.py.) All of it stays at the next refresh."""

from collections.abc import Sequence

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from raindrop import live
from signals.clusters.drafting import KEYS
from signals.clusters.members import count_again, hold_members
from signals.clusters.reading import live_clusters
from signals.models import Cluster, ClusterMember, ClusterStatus

LABEL = Cluster._meta.get_field("label").max_length or 200
CHOSEN = (
    ClusterStatus.NEW,
    ClusterStatus.KNOWN,
    ClusterStatus.IGNORED,
)  # what a person sets; an issue sets PROMOTED


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
