"""Looks at each issue's new events once a day, and at once after labels where it has drifted."""

import datetime as dt
import logging
import uuid

from django.db import transaction
from django.db.models import Exists, F, OuterRef
from django.utils import timezone

from ingest.models import Event, Project
from issues.classifier.sampling import draw_between
from issues.classifier.scoring import found_in
from issues.models import Classifier, Issue
from issues.models.issues import State
from labeling.drift.comparing import Comparison, Sample, compare
from labeling.labels.labels import standing_labels
from labeling.models import Drift
from raindrop import live
from signals.vectors.reading import vectors_of

logger = logging.getLogger(__name__)

EVERY = dt.timedelta(days=1)
AT_ONCE = 10  # issues of one round: a look takes some 150 ms
WINDOW = dt.timedelta(days=7)  # events of so long are always new, even if labels were given since
SAMPLE = 1000  # events of each side
LABELLED = 300  # the newest labels


def watch_drift(*, now: dt.datetime) -> int:
    """Looks at the open issues whose day has come. Returns how many were looked at. To be called every minute; safe to run twice at once."""
    known = Drift.objects.filter(issue=OuterRef("pk"), checked_at__gt=now - EVERY)
    trained = Classifier.objects.filter(issue=OuterRef("pk"))
    due = Issue.objects.filter(Exists(trained), ~Exists(known), state=State.OPEN, follows="")
    longest_ago = F("drift__checked_at").asc(nulls_first=True)
    issues = list(due.select_related("project").order_by(longest_ago, "pk")[:AT_ONCE])
    for issue in issues:
        try:
            row = look(issue, now=now)
        except Exception:
            logger.exception("The new events of issue %s cannot be compared", issue.pk)
            row = None
        if row is None:  # its day is over too, so that it keeps no other issue waiting
            Drift.objects.update_or_create(
                issue=issue,
                defaults={"checked_at": now},
                create_defaults={"checked_at": now, "since": now, "project_id": issue.project_id},
            )
    return len(issues)


def look_again(issue: Issue) -> None:
    """After labels: where the issue has drifted, whether it still has."""
    if standing_drift(issue) is not None:
        look(issue, now=timezone.now())


def standing_drift(issue: Issue) -> Drift | None:
    found: Drift | None = Drift.objects.filter(issue=issue, found_at__isnull=False).first()
    return found


def look(issue: Issue, *, now: dt.datetime) -> Drift | None:
    """Compares the issue's new events with the earlier ones, and keeps what was found. None without a classifier or a label."""
    classifier = issue.classifiers.current().first()
    newest = standing_labels(issue).order_by("-created_at").values_list("event_id", "created_at")
    rows = list(newest[:LABELLED])
    if classifier is None or not rows:
        return None
    labels, last = {event for event, _ in rows}, rows[0][1]
    before = Drift.objects.filter(issue=issue).first()
    since = min(last, now - WINDOW)
    if before is not None and before.found_at is not None:
        since = min(since, before.since)
    found = _compare(issue, classifier, sorted(labels), since)
    return _keep(issue, found, since=since, now=now)


def _compare(
    issue: Issue, classifier: Classifier, labels: list[uuid.UUID], since: dt.datetime
) -> tuple[Comparison | None, int]:
    """(What was found, how many new events were looked at.)"""
    talks = set(
        Event.objects.filter(pk__in=labels, conversation__isnull=False).values_list("conversation", flat=True)
    )
    samples = []
    for start, until in ((None, since), (since, None)):
        ids = _one_a_conversation(
            issue.project, start, until, skip=set(labels), talks=talks, seed=issue.pk.int
        )
        chunk = vectors_of(project=issue.project, event_ids=ids)
        has_text = chunk.user.any(axis=1) | chunk.agent.any(axis=1)
        samples.append(Sample(chunk.together()[has_text], found_in(chunk, [classifier])[has_text, 0]))
    earlier, new = samples
    labelled = vectors_of(project=issue.project, event_ids=labels).together()
    found = compare(earlier=earlier, new=new, labelled=labelled, threshold=classifier.threshold)
    return found, len(new.scores)


def _one_a_conversation(
    project: Project,
    since: dt.datetime | None,
    until: dt.datetime | None,
    *,
    skip: set[uuid.UUID],
    talks: set[uuid.UUID],
    seed: int,
) -> list[uuid.UUID]:
    """Events drawn at random, at most one of a conversation; none in `skip`, or in a conversation in `talks`."""
    drawn = draw_between(project=project, count=2 * SAMPLE, since=since, until=until, seed=seed)
    rows = dict(Event.objects.filter(pk__in=drawn).values_list("pk", "conversation"))
    kept, seen = [], set(talks)
    for event in drawn:
        talk = rows.get(event)
        if event not in rows or event in skip or talk in seen:
            continue
        if talk is not None:
            seen.add(talk)
        kept.append(event)
    return kept[:SAMPLE]


@transaction.atomic
def _keep(
    issue: Issue, found: tuple[Comparison | None, int], *, since: dt.datetime, now: dt.datetime
) -> Drift:
    comparison, new_events = found
    row, _ = Drift.objects.select_for_update().get_or_create(
        issue=issue, defaults={"project_id": issue.project_id, "since": since, "checked_at": now}
    )
    had, has = row.found_at is not None, comparison is not None and comparison.is_drift
    row.since, row.checked_at, row.new_events = since, now, new_events
    row.farther = comparison.nearness.worse if comparison else None
    row.less_sure = comparison.sureness.worse if comparison else None
    if has and not had:
        row.found_at, row.reviewed_at = now, None
    elif not has:
        row.found_at = None
    row.save()
    if has != had:
        live.changed([issue.project_id])
    return row
