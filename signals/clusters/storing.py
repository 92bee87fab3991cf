"""Storing what a refresh found: all of it in one transaction, or nothing."""

import datetime as dt
import uuid
from collections.abc import Collection, Sequence

from django.db import transaction
from django.db.models import Count, Max
from django.utils import timezone

from ingest.counts import rollups
from ingest.models import Project
from raindrop import live
from signals.clusters.drafting import Draft, is_touched
from signals.clusters.members import NewMember, hold_members, replace_members
from signals.discovery.emerging import Emergence
from signals.models import Cluster, ClusterConversation, ClusterMember, ClusterStatus

FORGOTTEN = dt.timedelta(
    days=30
)  # after which a cluster that nobody touched and nothing finds again is deleted
Version = tuple[dt.datetime | None, int]


class Overtaken(Exception):
    """The clusters were changed by a person while a refresh worked on them: it is to begin anew."""


def version_of(project: Project) -> Version:
    """Changes with every change of the project's clusters."""
    found = Cluster.objects.filter(project=project).aggregate(at=Max("refreshed_at"), count=Count("id"))
    return found["at"], found["count"]


@transaction.atomic
def store_clusters(
    project: Project,
    *,
    drafts: Sequence[Draft],
    gone: Collection[Cluster],
    members: Sequence[NewMember],
    emergence: dict[uuid.UUID, Emergence],
    version: Version,
) -> None:
    """Raises Overtaken, and stores nothing, where `version`, which the drafts were made of, is not the newest."""
    hold_members(project.id)
    if version_of(project) != version:
        raise Overtaken
    now = timezone.now()
    rows = [_row(project, draft, emergence.get(draft.id), now) for draft in drafts]
    made = [row for row, draft in zip(rows, drafts, strict=True) if draft.row is None]
    parents = {row.id: row.parent_id for row in rows}
    for row in made:
        row.parent_id = None
    Cluster.objects.bulk_create(made)
    for row in rows:
        row.parent_id = parents[row.id]
    Cluster.objects.bulk_update(rows, CHANGED, batch_size=200)
    untouched = Cluster.objects.filter(status=ClusterStatus.NEW, is_named_by_person=False, is_pinned=False)
    untouched.filter(id__in=[row.id for row in gone]).update(
        is_gone=True, is_emerging=False, emerging_reason="", parent=None, refreshed_at=now
    )
    replace_members(project.id, members, clusters=[row.id for row in rows])
    _forget_old(project, now)
    live.changed([project.id])


CHANGED = (
    "label", "description", "keywords", "keys", "centroid", "assigner", "assigner_precision", "origin", "takes_all", "signal", "examples", "level",
    "parent", "is_emerging", "emerging_reason", "is_gone", "refreshed_at",
)  # fmt: skip


def _row(project: Project, draft: Draft, emergence: Emergence | None, now: dt.datetime) -> Cluster:
    """The known row as it is to be, or a new one."""
    row = draft.row or Cluster(id=draft.id, project=project, kind=draft.kind, created_at=now)
    if not row.is_named_by_person:
        row.label, row.description = draft.label, draft.description
    row.keywords, row.keys, row.examples = list(draft.keywords), draft.keys, draft.examples
    row.origin, row.signal_id, row.level, row.parent_id = (
        draft.origin,
        draft.signal,
        draft.level,
        draft.parent,
    )
    row.takes_all = draft.takes_all
    row.centroid = draft.centroid.astype("float32").tobytes()
    if draft.message is not None:
        row.assigner, row.assigner_precision = draft.message.astype("float32").tobytes(), None
    elif draft.assigner is not None:
        row.assigner, row.assigner_precision = draft.assigner.to_bytes(), draft.assigner.precision
    else:
        row.assigner, row.assigner_precision = b"", None
    row.is_emerging = emergence is not None and emergence.is_emerging
    row.emerging_reason = emergence.reason if emergence is not None else ""
    row.is_gone, row.refreshed_at = False, now
    return row


def _forget_old(project: Project, now: dt.datetime) -> None:
    old = Cluster.objects.filter(project=project, is_gone=True, refreshed_at__lt=now - FORGOTTEN)
    ids = [row.id for row in old if not is_touched(row)]
    if ids:
        ClusterMember.objects.filter(cluster__in=ids).delete()
        ClusterConversation.objects.filter(cluster__in=ids).delete()
        rollups.forget_all(ids)
        Cluster.objects.filter(id__in=ids).delete()
