"""What a signal is read from, grouped: worked out in the background when somebody looks, kept, and shown meanwhile."""

import datetime as dt
import uuid
from typing import Any

from django.utils import timezone

from ingest.counts import rollups
from ingest.jobs.kinds import job_kind
from ingest.jobs.progress import subject_of
from ingest.jobs.queueing import queue_job
from ingest.models import Job
from ingest.models.jobs import JobState
from raindrop.embedder import embed_texts
from raindrop.web.plurals import counted
from signals.discovery.evidence_groups import Cluster, cluster, collect
from signals.discovery.evidence_values import group_values
from signals.models import EvidenceClusters, SignalDefinition, SignalMatch
from signals.models.definitions import Kind

EVIDENCE = "evidence"  # the job's kind; its argument is the number of days
NEWEST = 2000  # matches read
SNIPPETS = 500  # different texts: each costs an embedding, together 1 to 4 s
MOST = 12
FRESH = dt.timedelta(minutes=10)
GROWN = 0.1  # so much more or fewer matches, and it is worked out anew at once

Row = tuple[list[dict[str, Any]], uuid.UUID, uuid.UUID | None]  # evidence, event, end user
Piece = tuple[str, uuid.UUID, uuid.UUID | None]  # text, event, end user


def clusters_of(signal: SignalDefinition, *, days: int) -> EvidenceClusters | None:
    """What is known; None before the first time. Asks for a new run where matches came or went since."""
    known = EvidenceClusters.objects.filter(signal=signal, days=days).first()
    total = rollups.totals([signal.pk])[signal.pk].events
    if _is_old(known, total) and not _failed_just_now(signal, days):
        queue_job(project=signal.project, kind=EVIDENCE, subject=signal.pk, argument=str(days))
    return known


def find_cluster(signal: SignalDefinition, cluster_id: str, *, days: int) -> dict[str, Any] | None:
    """As it is kept: {"id", "words", "example", "matches", "users", "events"}; None when there is none of that id (any more)."""
    known = EvidenceClusters.objects.filter(signal=signal, days=days).first()
    return next((one for one in known.clusters if one["id"] == cluster_id), None) if known else None


@job_kind(EVIDENCE, title="Grouping what the signal is read from")
def group_evidence(job: Job) -> str:
    signal = SignalDefinition.objects.filter(pk=subject_of(job)).first()
    if signal is None:
        return "The signal is gone."
    made = make_clusters(signal, days=int(job.argument))
    return f"{counted(len(made.clusters), 'cluster')}."


def make_clusters(signal: SignalDefinition, *, days: int) -> EvidenceClusters:
    """Of the newest NEWEST matches in the period (UTC days, today included), their newest SNIPPETS different texts; or what was measured."""
    total = rollups.totals([signal.pk])[signal.pk].events
    today = timezone.now().astimezone(dt.UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    matches = SignalMatch.objects.filter(
        signal=signal, project=signal.project_id, timestamp__gte=today - dt.timedelta(days=days - 1)
    ).order_by("-timestamp", "-id")
    rows: list[Row] = list(matches.values_list("evidence", "event_id", "end_user_id")[:NEWEST])
    if signal.kind == Kind.IMPLICIT and (measured := _measured(rows)):
        found = group_values(measured, most=MOST)
    else:
        snippets = collect(_pieces(rows), most=SNIPPETS)
        found = cluster(snippets, embed_texts([snippet.text for snippet in snippets]), most=MOST)
    made, _ = EvidenceClusters.objects.update_or_create(
        signal=signal,
        days=days,
        defaults={
            "project_id": signal.project_id,
            "matches": len(rows),
            "total": total,
            "clusters": [_stored(one) for one in found],
            "made_at": timezone.now(),
        },
    )
    return made


def _pieces(rows: list[Row], *sides: str) -> list[Piece]:
    """The texts of the evidence, of these sides only where any are given."""
    return [
        (str(piece.get("text", "")), event, user)
        for evidence, event, user in rows
        for piece in evidence
        if isinstance(piece, dict) and (not sides or piece.get("side") in sides)
    ]


def _measured(rows: list[Row]) -> list[Piece]:
    """The measured pieces, where each match with evidence has one: they tell matches apart better than the words, which in an
    abandoned conversation are other signals'. Else nothing, and the words are grouped."""
    measured = _pieces(rows, "signal")
    return (
        measured
        if {event for _, event, _ in measured} == {event for evidence, event, _ in rows if evidence}
        else []
    )


def _stored(one: Cluster) -> dict[str, object]:
    return {
        "id": one.id, "words": one.words, "example": one.example, "matches": len(one.events), "users": one.users,
        "events": [str(event) for event in one.events],
    }  # fmt: skip


def _is_old(known: EvidenceClusters | None, total: int) -> bool:
    if known is None:
        return total > 0
    if abs(total - known.total) > GROWN * known.total:
        return True
    return total != known.total and timezone.now() - known.made_at > FRESH


def _failed_just_now(signal: SignalDefinition, days: int) -> bool:
    """Or a run that always fails would be asked for by every page that reads its failure."""
    jobs = Job.objects.filter(project=signal.project_id, kind=EVIDENCE, subject=signal.pk, argument=str(days))
    return jobs.filter(state=JobState.FAILED, updated_at__gt=timezone.now() - FRESH).exists()
