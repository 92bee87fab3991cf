"""Causes of what is no issue: a signal, or a cluster. Nothing is kept, so a page can wait for it: the newest EVENTS events of the period are
read, about a second."""

import datetime as dt
import uuid
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet

from ingest.models import Event, Project
from issues.causes.dimensions import dimensions_of
from issues.causes.finding import find_causes
from issues.causes.reading import AT_ONCE, as_item, units_among
from issues.causes.words import in_words, shown
from signals.dimensions.names import SIGNAL
from signals.models import Cluster, ClusterMember, SignalDefinition, SignalMatch

EVENTS = AT_ONCE


@dataclass(frozen=True, slots=True)
class Found:
    """`causes`: rows of the panel, best first, and `summary` in a sentence. `held` of the `events` that were read have the problem. `is_cut`: the
    period has more."""

    causes: list[dict[str, Any]]
    summary: str
    held: int
    events: int
    is_cut: bool


def causes_of_signal(signal: SignalDefinition, *, since: dt.datetime) -> Found:
    matches = SignalMatch.objects.filter(signal=signal, project=signal.project_id)
    return _look(
        signal.project, matches, since=since, without={SIGNAL + signal.key}, among=f"signal:{signal.key}"
    )


def causes_of_cluster(cluster: Cluster, *, since: dt.datetime) -> Found:
    members = ClusterMember.objects.filter(cluster=cluster, project=cluster.project_id)
    among = f"{cluster.kind}:{cluster.pk}"
    return _look(cluster.project, members, since=since, without=dimensions_of(cluster), among=among)


def _look(
    project: Project,
    rows: QuerySet[SignalMatch] | QuerySet[ClusterMember],
    *,
    since: dt.datetime,
    without: set[str],
    among: str,
) -> Found:
    newest = Event.objects.filter(project=project, is_pending=False, timestamp__gte=since).order_by(
        "-timestamp", "-id"
    )
    ids: list[uuid.UUID] = list(newest.values_list("id", flat=True)[: EVENTS + 1])
    read = ids[:EVENTS]
    held = set(rows.filter(event__in=read).values_list("event_id", flat=True))
    found = [as_item(cause) for cause in find_causes(units_among(project, read, held=held, without=without))]
    return Found(
        [shown(one, among=among) for one in found], in_words(found), len(held), len(read), len(ids) > EVENTS
    )
