"""Making an issue follow something, and reading what that finds in the history."""

import datetime as dt
import itertools
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import orjson
from django.db import transaction
from django.db.models import Q, QuerySet

from ingest.counts import rollups
from ingest.jobs.kinds import job_kind
from ingest.jobs.progress import report_job, subject_of
from ingest.jobs.queueing import queue_job
from ingest.models import Event, Job, Project, User
from issues.actions import create_issue
from issues.classifier.merged_issues import join_history
from issues.classifier.rescoring import request_rescore
from issues.following.deciding import follow_dependents, follow_events, light_events, within
from issues.following.sources import Source, as_merged
from issues.models import Activity, Issue, IssueMatch
from issues.models.activity import ActivityKind
from issues.models.issues import Follows
from raindrop import live
from raindrop.web.plurals import counted
from signals.models import ClusterMember, SignalMatch
from signals.search.finding import find_events
from signals.search.language.parsing import parse
from signals.search.scope import Scope

FOLLOW = "follow"  # the job's kind
CHUNK = 1000
# Events that are written before the caller has an answer: 5,000 take about a second.
AT_ONCE = 5000
# A query is asked of so many events at most while a caller waits.
ASKED_AT_ONCE = 50_000


def create_following(
    *, project: Project, title: str, description: str, source: Source, user: User | None
) -> tuple[Issue, Job | None]:
    """A new issue that follows `source`, with the history that it finds; or the job that is about to read it."""
    issue = begin_following(project=project, title=title, description=description, source=source, user=user)
    return issue, fill(issue, user=user)


@transaction.atomic
def begin_following(
    *, project: Project, title: str, description: str, source: Source, user: User | None
) -> Issue:
    """The issue alone: `fill` is to follow, once this is committed."""
    issue = create_issue(project=project, title=title, description=description, user=user)
    if source.kind:
        _set(issue, source, user)
    return issue


def follow_source(*, issue: Issue, source: Source, user: User | None) -> Job | None:
    """Makes the issue follow something else: what matches by that replaces what matched before. Returns the job that does it, None where
    it is done. The source that it has already changes nothing."""
    with transaction.atomic():
        locked = Issue.objects.select_for_update().get(pk=issue.pk)
        same = (locked.follows, locked.signal_id, locked.cluster_id, locked.query) == (
            source.kind,
            source.signal and source.signal.pk,
            source.cluster and source.cluster.pk,
            source.query,
        )
        if same:
            return None
        # Then the new source may take any of them back, and a classifier's next run too.
        IssueMatch.objects.filter(issue=issue).update(classifier_version=0)
        _set(issue, source, user)
    return fill(issue, user=user)


def _set(issue: Issue, source: Source, user: User | None) -> None:
    issue.follows, issue.signal, issue.cluster = source.kind, source.signal, source.cluster
    issue.query, issue.follows_name = source.query, source.name
    issue.follows_version += 1
    issue.quality = {}
    issue.save(
        update_fields=[
            "follows", "signal", "cluster", "query", "follows_name", "follows_version", "quality", "updated_at",
        ]
    )  # fmt: skip
    source_data = {"what": source.kind.value, "name": source.query or source.name}
    if source.cluster:  # its name is an id, which says nothing when the cluster is gone
        source_data["title"] = source.cluster.label
    Activity.objects.create(issue=issue, kind=ActivityKind.FOLLOWS, actor=user, data=source_data)
    live.changed([issue.project_id])


def fill(issue: Issue, *, user: User | None = None) -> Job | None:
    """Brings the matches of the whole history up to what the issue follows: at once where they are few, else by the job that is returned.

    To be called once what it follows is committed: from then on the pipeline adds what is new.
    """
    if not issue.follows and issue.follows_version == 0:
        return None
    if not issue.follows:
        return _unfollow(issue, user)
    ids = _few(issue)
    if ids is None:
        return queue_job(project=issue.project, kind=FOLLOW, subject=issue.pk, user=user)
    events = light_events(ids)
    follow_events(project=issue.project, events=events, issues=Issue.objects.filter(pk=issue.pk))
    follow_dependents(project=issue.project, events=events, but=issue.pk)
    live.changed([issue.project_id])
    return None


def refill_clusters(project: uuid.UUID) -> None:
    """The members of the project's clusters changed as a whole (signals/matching/observers.py): the issues that follow one change with
    them."""
    for issue in Issue.objects.filter(project=project, follows=Follows.CLUSTER).select_related(
        "project", "signal", "cluster__merged_into"
    ):
        fill(issue)


def _unfollow(issue: Issue, user: User | None) -> Job | None:
    """A classifier from labels decides again; without one, nothing matches."""
    if issue.classifiers.exists():
        return request_rescore(issue, user=user)
    with transaction.atomic():
        Issue.objects.select_for_update().get(pk=issue.pk)
        IssueMatch.objects.filter(issue=issue).delete()
        rollups.forget(issue.pk)
    for _ in join_history(issue):  # what issues that are merged into it give
        pass
    return None


def _few(issue: Issue) -> set[uuid.UUID] | None:
    """The events that match or matched; None where they are more than AT_ONCE, or where it takes long to find out."""
    standing = IssueMatch.objects.filter(issue=issue).values_list("event_id", flat=True)
    rows = _source_rows(issue)
    if rows is not None:
        found = rows.order_by().values_list("event_id", flat=True)
    elif issue.follows == Follows.QUERY:
        everything = rollups.totals([issue.project_id])[issue.project_id].events
        if everything > ASKED_AT_ONCE:
            return None
        found = find_events(parse(issue.query), Scope(issue.project)).order_by().values_list("id", flat=True)
    else:
        found = standing.none()
    ids = set(itertools.chain(standing[: AT_ONCE + 1], found[: AT_ONCE + 1]))
    return ids if len(ids) <= AT_ONCE else None


def _source_rows(issue: Issue) -> QuerySet[Any] | None:
    """The signal's matches or the cluster's members; None of a query, and where it is gone."""
    if issue.follows == Follows.SIGNAL and issue.signal is not None:
        return SignalMatch.objects.filter(project=issue.project_id, signal=issue.signal)
    cluster = as_merged(issue.cluster) if issue.follows == Follows.CLUSTER and issue.cluster else None
    if cluster is None:
        return None
    return ClusterMember.objects.filter(project=issue.project_id, cluster__in=within(cluster))


@job_kind(FOLLOW, cluster="slow", title="Reading the issue's history", rewrites=True)
def read_history(job: Job) -> str:
    """First what matches already, then what the source finds: newest first, a chunk at a time, each stored as the stage does. A run that
    was cut off goes on where its last chunk ended; when the issue follows something else meanwhile, it begins again."""
    while True:
        issue = _issue(job)
        if issue is None:
            return "The issue is gone."
        if not issue.follows:
            return "The issue follows nothing by now."
        if _go_over(job, issue):
            count = rollups.totals([issue.pk])[issue.pk].events
            return f"{counted(count, 'event')} match{'es' if count == 1 else ''}."


def _issue(job: Job) -> Issue | None:
    return Issue.objects.select_related("project", "signal", "cluster").filter(pk=subject_of(job)).first()


def _go_over(job: Job, issue: Issue) -> bool:
    """False when the issue follows something else by now."""
    version, phase, before = orjson.loads(job.position) if job.position else (None, 0, None)
    done = job.done if version == issue.follows_version else 0
    if version != issue.follows_version:
        phase, before = 0, None
    source = _source_rows(issue)
    if source is None:
        source = Event.objects.filter(project=issue.project_id, is_pending=False)
    total = rollups.totals([issue.pk])[issue.pk].events + _size(issue)
    report_job(job, done=done, total=max(done, total), message="Reading the history.")
    rows: list[QuerySet[Any]] = [IssueMatch.objects.filter(issue=issue), source]
    for at in range(phase, len(rows)):
        for chunk, last in _chunks(rows[at], before if at == phase else None):
            events = light_events(chunk)
            follow_events(project=issue.project, events=events, issues=Issue.objects.filter(pk=issue.pk))
            follow_dependents(project=issue.project, events=events, but=issue.pk)
            done += len(chunk)
            position = orjson.dumps([issue.follows_version, at, last]).decode()
            report_job(job, done=done, total=max(done, total), position=position)
            now = _issue(job)
            if now is None or now.follows_version != issue.follows_version:
                return False
    return True


def _size(issue: Issue) -> int:
    """About how many events its source is read off."""
    subject = issue.signal_id or issue.cluster_id or issue.project_id
    return rollups.totals([subject])[subject].events


def _chunks(rows: QuerySet[Any], before: list[str] | None) -> Iterator[tuple[list[uuid.UUID], list[str]]]:
    """(event ids, the place of the last row), newest first. `before`: go on after that place."""
    of: Callable[[Any], uuid.UUID] = (lambda row: row[1]) if rows.model is Event else (lambda row: row[2])
    columns = ["timestamp", "id"] if rows.model is Event else ["timestamp", "id", "event_id"]
    while True:
        part = rows.order_by("-timestamp", "-id")
        if before is not None:
            moment, pk = dt.datetime.fromisoformat(before[0]), uuid.UUID(before[1])
            part = part.filter(
                Q(timestamp__lt=moment) | Q(timestamp=moment, id__lt=pk), timestamp__lte=moment
            )
        found = list(part.values_list(*columns)[:CHUNK])
        if not found:
            return
        before = [found[-1][0].isoformat(), str(found[-1][1])]
        yield [of(row) for row in found], before
