"""The pipeline's stage that gives events to the clusters that are known."""

import datetime as dt
import uuid
from dataclasses import dataclass

import numpy as np
from django.db.models import Count, Max

from ingest.models import Event
from signals.clusters.members import save_members
from signals.clusters.plan import Floats, Plan, Planned, members_of
from signals.discovery.assigner import from_bytes
from signals.models import Cluster, ClusterKind

FIELDS = ("id", "kind", "parent_id", "origin", "keys", "centroid", "assigner", "takes_all")


@dataclass(frozen=True, slots=True)
class _Version:
    """Changes with every change of a project's clusters that matters here."""

    at: dt.datetime | None
    count: int


_plans: dict[uuid.UUID, tuple[_Version, Plan]] = {}  # of this process


def assign_clusters(events: list[Event]) -> None:
    """Makes the events members of the clusters that they belong to, and takes them out of others.

    Idempotent; of two runs at once the second waits for the first. An event that was revised after it was loaded here is skipped. Costs
    one row read where a project has no clusters.
    """
    for project in sorted({event.project_id for event in events}):
        plan = plan_of(project)
        if not plan.clusters:
            continue
        mine = [event for event in events if event.project_id == project]
        save_members(events=mine, members=members_of(mine, plan), among=plan.by_id.keys())


def plan_of(project: uuid.UUID) -> Plan:
    """The project's clusters as they are now."""
    live = Cluster.objects.filter(project=project, is_gone=False, merged_into__isnull=True)
    version = _Version(**live.aggregate(at=Max("refreshed_at"), count=Count("id")))
    known = _plans.get(project)
    if known and known[0] == version:
        return known[1]
    plan = Plan([planned(one) for one in live.only(*FIELDS).order_by("id")])
    _plans[project] = (version, plan)
    return plan


def planned(row: Cluster) -> Planned:
    """The row as the plan needs it. An intent keeps its mean message in place of a model."""
    is_intent = row.kind == ClusterKind.INTENT
    return Planned(
        id=row.id,
        kind=row.kind,
        parent=row.parent_id,
        origin=row.origin,
        keys=row.keys,
        centroid=vector_from(row.centroid),
        assigner=None if is_intent else from_bytes(bytes(row.assigner)),
        message=vector_from(row.assigner) if is_intent else None,
        takes_all=row.takes_all,
    )


def vector_from(data: bytes | memoryview) -> Floats | None:
    """A vector as Cluster.centroid keeps it; None of an empty one."""
    return np.frombuffer(bytes(data), dtype=np.float32) if data else None
