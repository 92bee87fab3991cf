"""Causes of what is no issue: a signal, or a cluster. Nothing is kept, so a page can wait for it: the newest EVENTS events of the period are
read, about a second."""

import datetime as dt
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet

from ingest.counts.waiting import count_waiting
from ingest.models import Project
from signals.clusters.comes_with import dimensions_of
from signals.dimensions.finding import find_causes
from signals.dimensions.names import SIGNAL
from signals.dimensions.units import AT_ONCE, newest_events, units_among
from signals.dimensions.words import as_item, in_words, shown
from signals.models import Cluster, ClusterMember, SignalDefinition, SignalMatch

EVENTS = AT_ONCE


@dataclass(frozen=True, slots=True)
class Found:
    """`causes`: rows of the panel, best first, and `summary` in a sentence. `held` of the `events` that were read have the problem. `is_cut`: the
    period has more. `waiting`: events of the project that are still to be read, at most COUNT_LIMIT: they are not among them."""

    causes: list[dict[str, Any]]
    summary: str
    held: int
    events: int
    is_cut: bool
    waiting: int


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
    read, is_cut = newest_events(project, since=since, most=EVENTS)
    held = set(rows.filter(event__in=read).values_list("event_id", flat=True))
    found = [as_item(cause) for cause in find_causes(units_among(project, read, held=held, without=without))]
    return Found(
        [shown(one, among=among) for one in found],
        in_words(found),
        len(held),
        len(read),
        is_cut,
        count_waiting(project),
    )
