"""Taking a problem apart into what its evidence says more exactly, when a person asks for it. It reads, embeds and compares up to READ
members, so it is a job. The parts stay at the next refresh."""

import datetime as dt
import uuid
from collections.abc import Sequence

import numpy as np
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from ingest.jobs.kinds import job_kind
from ingest.jobs.progress import UNFINISHED, job_under_way, report_job, subject_of
from ingest.jobs.queueing import queue_job
from ingest.models import Event, Job, Project, User
from raindrop import live
from raindrop.embedder import embed_texts
from signals.clusters.changing import LABEL, CannotChange
from signals.clusters.drafting import KEYS
from signals.clusters.evidence import key_of, keys_of, read_evidence
from signals.clusters.members import NewMember, hold_members, part_members
from signals.clusters.storing import Overtaken
from signals.discovery.linkage import average_linkage
from signals.discovery.naming import name_of
from signals.discovery.observations import Floats, Observation, texts_of
from signals.discovery.problems import unit
from signals.models import Cluster, ClusterKind, ClusterMember, SignalDefinition

SPLIT = "split_cluster"  # the job's kind; its subject is the cluster
READ = 2000  # members that a split reads, the newest; the others stay in the largest part
PARTS = (0.5, 0.4, 0.3, 0.2)  # cosine distances at which a cluster is tried to fall apart, the widest first
STORED = "stored"  # Job.position once the parts are there
TRIES = 3  # when the cluster is changed while it is split
TOLD = dt.timedelta(minutes=10)  # for so long pages say what came of a split
MOST = 5  # splits of which a page tells


def request_split(cluster: Cluster, *, user: User | None = None) -> Job:
    """The job that splits it; the one that waits or is under way when there is one. Raises CannotChange for what is no problem."""
    if cluster.kind != ClusterKind.PROBLEM:
        raise CannotChange("Only a problem can be split.")
    going = job_under_way(project_id=cluster.project_id, subject=cluster.pk, kinds=[SPLIT])
    return going or queue_job(project=cluster.project, kind=SPLIT, subject=cluster.pk, user=user)


def splits_of(project: Project, *, cluster: Cluster | None = None) -> list[Job]:
    """Those that wait or run, and those that ended within TOLD, newest first: of one cluster, or of all."""
    jobs = Job.objects.filter(project=project, kind=SPLIT)
    if cluster is not None:
        jobs = jobs.filter(subject=cluster.pk)
    recent = Q(state__in=UNFINISHED) | Q(updated_at__gte=timezone.now() - TOLD)
    return list(jobs.filter(recent).order_by("-created_at")[:MOST])


@job_kind(SPLIT, cluster="slow", title="Splitting a problem")
def split(job: Job) -> str:
    """Stores all parts in one transaction: a split that is stopped or killed leaves the cluster as it was."""
    for _ in range(TRIES):
        job.refresh_from_db(fields=["position", "message"])
        if job.position == STORED:  # by a worker that died right after it
            return job.message
        cluster = Cluster.objects.filter(pk=subject_of(job), is_gone=False).first()
        if cluster is None:
            return "The problem is gone."
        try:
            return _split(job, cluster)
        except Overtaken:
            continue
    raise Overtaken(f"It was changed {TRIES} times while it was split.")


def _split(job: Job, cluster: Cluster) -> str:
    name = cluster.plain_label
    report_job(job, done=0, total=3, message=f"Reading what “{name}” was found by.")
    observations = _observations(cluster)
    vectors = embed_texts(texts_of(observations))
    report_job(job, done=1, message=f"Comparing what “{name}” was found by.")
    parts = _fall_apart(observations, vectors)
    if len(parts) < 2:
        return f"“{name}” does not fall apart: what it was read from says the same everywhere."
    report_job(job, done=2, message=f"Giving the events of “{name}” to its parts.")
    return _store(job, cluster, observations, vectors, parts)


@transaction.atomic
def _store(
    job: Job,
    seen: Cluster,
    observations: Sequence[Observation],
    vectors: Floats,
    parts: Sequence[Sequence[int]],
) -> str:
    """The largest part keeps the row. Raises Overtaken, and stores nothing, where the cluster was changed since it was `seen`."""
    hold_members(seen.project_id)
    cluster = Cluster.objects.select_for_update().filter(pk=seen.pk, refreshed_at=seen.refreshed_at).first()
    if cluster is None:
        raise Overtaken
    names = dict(SignalDefinition.objects.filter(project=cluster.project_id).values_list("key", "name"))
    events = [list(dict.fromkeys(observations[i].event for i in part)) for part in parts]
    told = {event for some in events for event in some}
    members = {row.event_id: row for row in ClusterMember.objects.filter(cluster=cluster, event__in=told)}
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
        row.examples = events[place][:5]
        row.save()
        found.append(row)
        if place:
            moved += [_as_member(row.pk, members[event]) for event in events[place] if event in members]
    part_members(cluster.project_id, moved, out_of=cluster.pk, leaving=told - set(events[0]))
    live.changed([cluster.project_id])
    came = f"“{seen.plain_label}” was split into {len(found)}: {', '.join(f'“{one.plain_label}”' for one in found[:4])}."
    report_job(job, message=came, position=STORED)
    return came


def _as_member(cluster: uuid.UUID, old: ClusterMember) -> NewMember:
    return NewMember(
        cluster, old.event_id, old.project_id, old.conversation_id, old.end_user_id, old.timestamp, old.score, old.source, old.phrase
    )  # fmt: skip


def _observations(cluster: Cluster) -> list[Observation]:
    """What makes its newest members members."""
    rows = ClusterMember.objects.filter(cluster=cluster).order_by("-timestamp", "-id")[:READ]
    events = list(
        Event.objects.filter(id__in=[row.event_id for row in rows], project=cluster.project_id).order_by("id")
    )
    keys = set(cluster.keys)
    return [
        one for some in read_evidence(events).problems.values() for one in some if keys & set(keys_of(one))
    ]


def _fall_apart(observations: Sequence[Observation], vectors: Floats) -> list[list[int]]:
    """Indices of the parts, the largest first: at the widest distance at which there are two."""
    for apart in PARTS if len(observations) > 1 else ():
        labels = average_linkage(vectors, apart=apart)
        parts = [np.flatnonzero(labels == one).tolist() for one in range(int(labels.max()) + 1)]
        if len(parts) > 1:
            return sorted(parts, key=lambda part: (-len(part), part))
    return []
