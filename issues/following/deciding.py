"""Which of some events an issue's source holds on, and the pipeline's stage that writes it."""

import uuid
from collections import defaultdict
from collections.abc import Callable, Collection, Sequence

import numpy as np
from django.db import connection, transaction
from numpy.typing import NDArray

from ingest.models import Event, Project
from ingest.store.event_locks import hold_events
from issues.classifier.matching import Decider, Outdated, write_matches
from issues.following.sources import as_merged, asks_for_issues
from issues.models import Issue, IssueMatch
from issues.models.issues import Follows, IssueQuerySet
from signals.models import Cluster, ClusterMember, SignalMatch
from signals.models.judgements import judgements
from signals.search.finding import find_events
from signals.search.language.errors import QueryError
from signals.search.language.parsing import parse
from signals.search.scope import Scope

TRIES = 5
VERSION = 0  # of a match that no classifier decided
LEVELS = 10  # of clusters within clusters

Scores = dict[uuid.UUID, float]  # event -> score, of the events on which the source holds


def follow(events: list[Event]) -> None:
    """The stage after the detection of signals and the scoring by classifiers. Idempotent, and safe twice at once."""
    by_project: dict[Project, list[Event]] = defaultdict(list)
    for event in events:
        by_project[event.project].append(event)
    for project, mine in by_project.items():
        follow_events(project=project, events=mine)


def follow_changed(event_ids: Collection[uuid.UUID]) -> None:
    """What is observed of these events changed outside of the pipeline (signals/matching/observers.py)."""
    if Issue.objects.followers().exists():
        follow(light_events(event_ids))


def light_events(event_ids: Collection[uuid.UUID]) -> list[Event]:
    """Without their texts."""
    rows = Event.objects.filter(id__in=event_ids, is_pending=False).select_related("project")
    return list(rows.only("id", "timestamp", "end_user_id", "conversation_id", "revision", "project"))


def follow_events(*, project: Project, events: Sequence[Event], issues: IssueQuerySet | None = None) -> None:
    """Makes the matches of these events of the project with the issues that follow something what their sources say. `issues`: those to
    look at, all by default. What asks for other issues comes after those."""
    wanted = Issue.objects.all() if issues is None else issues
    followers = list(wanted.followers().filter(project=project).select_related("signal", "cluster"))
    if not followers or not events:
        return
    later = {issue.pk for issue in followers if issue.query and asks_for_issues(issue.query)}
    _store_again(project, [issue for issue in followers if issue.pk not in later], events)
    waiting = [issue for issue in followers if issue.pk in later]
    # An issue may ask for one that asks for another: as often as there are such issues, all are settled.
    for _ in range(len(waiting)):
        _store_again(project, waiting, events)


def follow_dependents(*, project: Project, events: Sequence[Event], but: uuid.UUID) -> None:
    """Once the matches of one issue (`but`) changed on these events: those whose query asks for issues."""
    asking = Issue.objects.followers().filter(
        project=project, follows=Follows.QUERY, query__icontains="issue"
    )
    if asking.exclude(pk=but).exists():
        follow_events(project=project, events=events, issues=asking.exclude(pk=but))


def _store_again(project: Project, issues: list[Issue], events: Sequence[Event]) -> None:
    for remaining in reversed(range(TRIES)):
        if not issues:
            return
        try:
            store_followed(project=project, issues=issues, events=events)
            return
        except Outdated:
            if not remaining:
                raise
            again = Issue.objects.followers().filter(pk__in=[issue.pk for issue in issues])
            issues = list(again.select_related("signal", "cluster"))


@transaction.atomic
def store_followed(*, project: Project, issues: Sequence[Issue], events: Sequence[Event]) -> None:
    """One try. Raises Outdated, before writing, when one of the issues is gone or follows something else by now. Events whose revision
    moved on since they were loaded are skipped."""
    _hold(issues)
    current = hold_events(events)
    if not current:
        return
    found = decide(project, issues, [event.id for event in current])
    write_matches(
        deciders=[Decider(issue.pk, VERSION) for issue in issues],
        events=current,
        found=found,
        hits=found >= 0,
    )


def _hold(issues: Sequence[Issue]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id, follows_version FROM issues_issue WHERE id = ANY(%s) ORDER BY id FOR KEY SHARE",
            [[issue.pk for issue in issues]],
        )
        if dict(cursor.fetchall()) != {issue.pk: issue.follows_version for issue in issues}:
            raise Outdated


def decide(project: Project, issues: Sequence[Issue], event_ids: Sequence[uuid.UUID]) -> NDArray[np.float64]:
    """(events, issues): the score with which each issue's source holds on each event, -1 where it does not. A source that is gone holds
    where it held."""
    found = np.full((len(event_ids), len(issues)), -1.0)
    row = {event: index for index, event in enumerate(event_ids)}
    scope = Scope(project)
    for column, issue in enumerate(issues):
        for event, score in _reader(issue)(issue, event_ids, scope).items():
            found[row[event], column] = score
    return found


def _reader(issue: Issue) -> Callable[[Issue, Collection[uuid.UUID], Scope], Scores]:
    return {Follows.SIGNAL: _of_signal, Follows.QUERY: _of_query, Follows.CLUSTER: _of_cluster}[
        Follows(issue.follows)
    ]


def _of_signal(issue: Issue, event_ids: Collection[uuid.UUID], scope: Scope) -> Scores:
    """Its matches, but those that somebody answered to be wrong."""
    signal = issue.signal
    if signal is None:
        return _standing(issue, event_ids)
    rows = SignalMatch.objects.filter(project=scope.project, signal=signal, event__in=event_ids)
    found = dict(rows.values_list("event_id", "score"))
    verdicts = judgements().answers(signal, list(found)) if found else {}
    return {event: score for event, score in found.items() if verdicts.get(event) is not False}


def _of_query(issue: Issue, event_ids: Collection[uuid.UUID], scope: Scope) -> Scores:
    among = Event.objects.filter(id__in=event_ids)
    try:
        found = find_events(parse(issue.query), scope, among=among).order_by()
    except QueryError:  # it names a signal or a field that is gone by now
        return _standing(issue, event_ids)
    return dict.fromkeys(found.values_list("id", flat=True), 1.0)


def _of_cluster(issue: Issue, event_ids: Collection[uuid.UUID], scope: Scope) -> Scores:
    cluster = as_merged(issue.cluster) if issue.cluster else None
    if cluster is None or cluster.is_gone:
        return _standing(issue, event_ids)
    rows = ClusterMember.objects.filter(
        project=scope.project, cluster__in=within(cluster), event__in=event_ids
    )
    scores: Scores = {}
    for event, score in rows.values_list("event_id", "score"):
        scores[event] = max(0.0, score, scores.get(event, 0.0))
    return scores


def within(cluster: Cluster) -> list[uuid.UUID]:
    """The cluster, and those inside it: its events are theirs too."""
    found, level = [cluster.pk], [cluster.pk]
    for _ in range(LEVELS):
        level = list(
            Cluster.objects.filter(parent__in=level, project=cluster.project_id)
            .exclude(pk__in=found)
            .values_list("pk", flat=True)
        )
        if not level:
            break
        found += level
    return found


def _standing(issue: Issue, event_ids: Collection[uuid.UUID]) -> Scores:
    rows = IssueMatch.objects.own().filter(issue=issue, event__in=event_ids)
    return dict(rows.values_list("event_id", "score"))
