"""Splitting an issue: a part of its matches becomes an issue of its own.

By a signal, a cluster or a query of an issue that follows something: both follow queries from then on, one with that condition and one without it,
so that whatever comes later is decided the same way. Else (by single events, or where the matches come from a classifier
or from merged issues) by answers: the chosen events are labelled as matches of the new issue and as none of
the old one, and the classifiers learn from that.

Uses labels and teaching.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from ingest.models import Event, Job, User
from issues.actions import create_issue
from issues.following.history import begin_following, fill, follow_source
from issues.following.sources import Source, check_query
from issues.models import Activity, Issue, IssueMatch
from issues.models.activity import ActivityKind
from issues.models.issues import Follows, State
from labeling.labels.labels import EventAnswer, Why, record_labels
from labeling.models import Answer
from labeling.teaching import may_wait, retrain, retrain_soon, tell_taught
from raindrop import live
from signals.models import Cluster, SignalDefinition
from signals.search.finding import find_events
from signals.search.language.parsing import parse
from signals.search.scope import Scope

MOST_LABELS = 500  # events that are labelled by one split, the newest first
SOURCE = "split"  # of the labels


class CannotSplit(ValueError):
    """The issue cannot be split so. The message is meant for people. `conflicts`: its state does not allow it now."""

    def __init__(self, message: str, *, conflicts: bool = False) -> None:
        super().__init__(message)
        self.conflicts = conflicts


@dataclass(frozen=True, slots=True)
class Part:
    """What goes into the new issue: what a query finds, or these events. `name`: how people are told."""

    name: str
    query: str = ""
    events: Sequence[Event] = ()


def part_of_signal(signal: SignalDefinition) -> Part:
    return Part(f"the signal {signal.name}", query=f'signal:"{signal.key}"')


def part_of_cluster(cluster: Cluster) -> Part:
    return Part(f"the {cluster.kind} {cluster.plain_label}", query=f'cluster:"{cluster.pk}"')


def split_issue(
    *,
    issue: Issue,
    part: Part,
    title: str,
    description: str,
    user: User | None,
    reason: dict[str, Any] | None = None,
) -> tuple[Issue, Job | None]:
    """The new issue, and the job after which its matches are complete (None: they are). Raises CannotSplit, and QueryError for a part whose
    query cannot be followed."""
    if issue.state == State.MERGED:
        raise CannotSplit(f"#{issue.number} is merged into another issue: take it out first.", conflicts=True)
    chosen = _chosen(issue, part)
    total, some = IssueMatch.objects.filter(issue=issue).count(), chosen.count()
    if not some:
        raise CannotSplit(f"None of the issue's matches is of {part.name}.")
    if some == total:
        raise CannotSplit(f"All of the issue's matches are of {part.name}: nothing would be left of it.")
    told = {**(reason or {}), "by": part.name, "events": some, "of": total}
    if issue.follows and part.query and not Issue.objects.filter(merged_into=issue).exists():
        return _by_queries(issue, part, title, description, user, told)
    return _by_labels(issue, chosen, title, description, user, told)  # fmt: skip


def _chosen(issue: Issue, part: Part) -> QuerySet[IssueMatch]:
    """The issue's matches that the part has."""
    mine = IssueMatch.objects.filter(issue=issue)
    if part.query:
        check_query(issue.project, part.query, issue=issue)
        events = find_events(parse(part.query), Scope(issue.project)).order_by()
        return mine.filter(event__in=events.values("pk"))
    found = mine.filter(event__in=[event.pk for event in part.events])
    missing = {event.pk for event in part.events} - set(found.values_list("event_id", flat=True))
    if missing:
        names = sorted(event.event_id for event in part.events if event.pk in missing)[:10]
        raise CannotSplit(f"These events are no matches of the issue: {', '.join(names)}.")
    return found


def _by_queries(
    issue: Issue, part: Part, title: str, description: str, user: User | None, told: dict[str, Any]
) -> tuple[Issue, Job | None]:
    whole = as_query(issue)
    wanted, rest = f"({whole}) ({part.query})", f"({whole}) -({part.query})"
    check_query(issue.project, rest, issue=issue)
    with transaction.atomic():
        made = begin_following(
            project=issue.project, title=title, description=description, source=Source(Follows.QUERY, query=wanted), user=user
        )  # fmt: skip
        _note(issue, made, user, told)
    job = fill(made, user=user)
    follow_source(issue=issue, source=Source(Follows.QUERY, query=rest), user=user)
    return made, job


def as_query(issue: Issue) -> str:
    """What the issue follows, as a query. Raises CannotSplit where it is gone."""
    if issue.follows == Follows.QUERY:
        return issue.query
    if issue.follows == Follows.SIGNAL and issue.signal is not None:
        return part_of_signal(issue.signal).query
    if issue.follows == Follows.CLUSTER and issue.cluster is not None:
        return part_of_cluster(issue.cluster).query
    raise CannotSplit("What the issue follows is gone: choose single events.", conflicts=True)


def _by_labels(
    issue: Issue,
    chosen: QuerySet[IssueMatch],
    title: str,
    description: str,
    user: User | None,
    told: dict[str, Any],
) -> tuple[Issue, Job | None]:
    events = [row.event for row in chosen.select_related("event").order_by("-timestamp", "-id")[:MOST_LABELS]]
    told |= {"labelled": len(events)}
    with transaction.atomic():
        made = create_issue(project=issue.project, title=title, description=description, user=user)
        why = Why()
        for subject, answer, note in (
            (made, Answer.MATCH, f"Split off from #{issue.number}"),
            (issue, Answer.NOT_MATCH, f"Split off into #{made.number}"),
        ):
            answers = [EventAnswer(event, answer, note, why) for event in events]
            record_labels(subject=subject, answers=answers, user=user, source=SOURCE)
        _note(issue, made, user, told)
    jobs = [_learn(subject) for subject in (issue, made)]
    return made, jobs[-1]  # fmt: skip


def _learn(issue: Issue) -> Job | None:
    if issue.follows:
        return None  # the answers alone decide of these events
    if not may_wait(issue):
        return retrain_soon(issue)
    trained = retrain(issue)
    tell_taught(issue)
    jobs = Job.objects.filter(project=issue.project_id, subject=issue.pk).order_by("-created_at")
    return jobs.first() if trained else None


def _note(issue: Issue, made: Issue, user: User | None, told: dict[str, Any]) -> None:
    for one, data in (
        (issue, {"into": made.number, "title": made.title}),
        (made, {"from": issue.number, "title": issue.title}),
    ):
        Activity.objects.create(issue=one, kind=ActivityKind.SPLIT, actor=user, data={**data, **told})
    live.changed([issue.project_id])
