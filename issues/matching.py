"""Writing issue matches, so that the counts stay exact however often, and by however many at once, an event is scored."""

import uuid
from collections.abc import Iterable, Sequence

import numpy as np
from django.db import connection, transaction
from django.db.models import F, Max, Min, Q
from numpy.typing import NDArray

from ingest import rollups
from ingest.models import Event
from issues.models import Classifier, Issue, IssueMatch
from issues.models.issues import State
from issues.states import regress_issue
from raindrop.ids import id_at


class Outdated(Exception):
    """A newer classifier was trained in the meantime."""


def store_matches(
    *,
    classifiers: Sequence[Classifier],
    event_ids: Sequence[uuid.UUID],
    found: NDArray[np.float64],
    only_current: bool,
) -> None:
    """Makes the matches of these events with the classifiers' issues (all of one project) what the scores say.

    `found`: (events, classifiers). Matches are added, brought up to date or deleted, with their counts; a resolved issue that
    matches an event that is younger than its resolution regresses. What a newer version has written stays. With
    `only_current`, raises Outdated before writing when one of the classifiers is no longer its issue's newest.
    """
    hits = found >= np.array([classifier.threshold for classifier in classifiers])
    # Deletions first and in a transaction of their own: both lock rows of the roll-ups, each in one order.
    with transaction.atomic():
        _hold(classifiers, only_current=only_current)
        _delete(classifiers, event_ids, hits)
    with transaction.atomic():
        _hold(classifiers, only_current=only_current)
        _upsert(classifiers, event_ids, found, hits)


def _hold(classifiers: Sequence[Classifier], *, only_current: bool) -> None:
    """Keeps the issues from being deleted or trained anew (issues/training.py) until the transaction ends, while
    people may still change their state; then looks whether the classifiers are the newest."""
    with connection.cursor() as cursor:
        ids = [classifier.issue_id for classifier in classifiers]
        cursor.execute("SELECT id FROM issues_issue WHERE id = ANY(%s) ORDER BY id FOR KEY SHARE", [ids])
        if len(cursor.fetchall()) < len(ids):
            raise Outdated
        if only_current:
            cursor.execute(
                "SELECT issue_id, max(version) FROM issues_classifier WHERE issue_id = ANY(%s) GROUP BY 1",
                [ids],
            )
            if dict(cursor.fetchall()) != {c.issue_id: c.version for c in classifiers}:
                raise Outdated


def _delete(
    classifiers: Sequence[Classifier], event_ids: Sequence[uuid.UUID], hits: NDArray[np.bool_]
) -> None:
    """Deletes the matches that no longer hold, and takes them out of the counts. So too one whose event got another user or
    time: `_upsert` makes and counts it anew."""
    place = {event: row for row, event in enumerate(event_ids)}
    column = {classifier.issue_id: index for index, classifier in enumerate(classifiers)}
    standing = IssueMatch.objects.filter(event_id__in=event_ids, issue_id__in=column).annotate(
        moved=~Q(end_user_id=F("event__end_user_id"))
        | ~Q(timestamp=F("event__timestamp"))
        | Q(end_user=None, event__end_user__isnull=False)
    )
    gone = sorted(
        (event, issue)
        for event, issue, moved in standing.values_list("event_id", "issue_id", "moved")
        if moved or not hits[place[event], column[issue]]
    )
    if not gone:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            """DELETE FROM issues_issuematch t
               USING unnest(%s::uuid[], %s::uuid[], %s::int[]) AS g(event, issue, version)
               WHERE t.event_id = g.event AND t.issue_id = g.issue AND t.classifier_version <= g.version
               RETURNING t.issue_id, t.project_id, t.timestamp, t.end_user_id""",
            [
                [event for event, _ in gone],
                [issue for _, issue in gone],
                [classifiers[column[issue]].version for _, issue in gone],
            ],
        )
        deleted = [rollups.Occurrence(*row) for row in cursor.fetchall()]
    rollups.retract(deleted)
    for issue in sorted({occurrence.subject for occurrence in deleted}):
        seen = IssueMatch.objects.filter(issue=issue).aggregate(first=Min("timestamp"), last=Max("timestamp"))
        rollups.set_seen(subject=issue, first=seen["first"], last=seen["last"])


def _upsert(
    classifiers: Sequence[Classifier],
    event_ids: Sequence[uuid.UUID],
    found: NDArray[np.float64],
    hits: NDArray[np.bool_],
) -> None:
    """Adds the matches, counts those that are new, and opens the resolved issues that happened again."""
    rows, columns = np.nonzero(hits)
    wanted = {event_ids[row] for row in rows.tolist()}
    events = Event.objects.only("id", "project_id", "timestamp", "end_user_id").in_bulk(list(wanted))
    pairs = sorted(
        (event_ids[row], index, float(found[row, index]))
        for row, index in zip(rows.tolist(), columns.tolist(), strict=True)
        if event_ids[row] in events
    )
    if not pairs:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            """INSERT INTO issues_issuematch AS t
                 (id, project_id, issue_id, event_id, end_user_id, timestamp, classifier_version, score)
               SELECT * FROM unnest(%s::uuid[], %s::uuid[], %s::uuid[], %s::uuid[], %s::uuid[], %s::timestamptz[],
                                    %s::int[], %s::float8[])
               ON CONFLICT (event_id, issue_id) DO UPDATE
                 SET score = EXCLUDED.score, classifier_version = EXCLUDED.classifier_version
                 WHERE t.classifier_version < EXCLUDED.classifier_version OR (
                   t.classifier_version = EXCLUDED.classifier_version AND abs(t.score - EXCLUDED.score) > 1e-5)
               RETURNING issue_id, project_id, timestamp, end_user_id, xmax = 0""",
            [
                [id_at(events[event].timestamp) for event, _, _ in pairs],
                [events[event].project_id for event, _, _ in pairs],
                [classifiers[index].issue_id for _, index, _ in pairs],
                [event for event, _, _ in pairs],
                [events[event].end_user_id for event, _, _ in pairs],
                [events[event].timestamp for event, _, _ in pairs],
                [classifiers[index].version for _, index, _ in pairs],
                [score for _, _, score in pairs],
            ],
        )
        written = cursor.fetchall()
    rollups.record(rollups.Occurrence(*row) for *row, is_new in written if is_new)
    _regress(classifiers, [(classifiers[index].issue_id, events[event]) for event, index, _ in pairs])


def _regress(classifiers: Sequence[Classifier], matched: Iterable[tuple[uuid.UUID, Event]]) -> None:
    """By state, not by what is new, so that a batch that is run again after a crash still does it."""
    by_issue: dict[uuid.UUID, list[Event]] = {}
    for issue_id, event in matched:
        by_issue.setdefault(issue_id, []).append(event)
    versions = {classifier.issue_id: classifier.version for classifier in classifiers}
    for issue in Issue.objects.filter(pk__in=by_issue, state=State.RESOLVED).order_by("pk"):
        later = [event for event in by_issue[issue.pk] if event.timestamp > issue.state_changed_at]
        if later:
            first = min(later, key=lambda event: event.timestamp)
            regress_issue(
                issue=issue,
                reason={
                    "events": len(later),
                    "event": str(first.id),
                    "at": first.timestamp.isoformat(),
                    "resolved_at": issue.state_changed_at.isoformat(),
                    "classifier_version": versions[issue.pk],
                },
            )
