"""Writing issue matches, so that the counts stay exact however often, and by however many at once, an event is scored."""

import uuid
from collections.abc import Iterable, Sequence

import numpy as np
from django.db import connection, transaction
from numpy.typing import NDArray

from ingest.counts import rollups
from ingest.models import Event
from ingest.store.event_locks import hold_events
from issues.models import Classifier, Issue, IssueMatch
from issues.models.issues import State
from issues.states import regress_issue
from raindrop.ids import id_at

Pair = tuple[Event, Classifier, float]  # an event that matches, by which classifier, its score


class Outdated(Exception):
    """A newer classifier was trained in the meantime."""


@transaction.atomic
def store_matches(
    *,
    classifiers: Sequence[Classifier],
    events: Sequence[Event],
    found: NDArray[np.float64],
    only_current: bool,
) -> None:
    """Makes the matches of these events with the classifiers' issues (all of one project) what the scores say.

    `found`: (events, classifiers). Matches are added, brought up to date or deleted, with their counts; a resolved issue that
    matches an event that is younger than its resolution regresses. What a newer version has written stays. Events whose
    revision moved on since they were loaded are skipped. With `only_current`, raises Outdated before writing when one of
    the classifiers is no longer its issue's newest.
    """
    hits = found >= np.array([classifier.threshold for classifier in classifiers])
    _hold(classifiers, only_current=only_current)
    current = {event.id for event in hold_events(events)}
    rows = [row for row, event in enumerate(events) if event.id in current]
    events, found, hits = [events[row] for row in rows], found[rows], hits[rows]
    deleted = _delete(classifiers, events, hits)
    pairs = [
        (events[row], classifiers[column], float(found[row, column]))
        for row, column in zip(*(where.tolist() for where in np.nonzero(hits)), strict=True)
    ]
    inserted = _upsert(pairs)
    rollups.record(inserted, removed=deleted)
    if deleted:
        rollups.look_again(
            {one.subject for one in deleted}, table=IssueMatch._meta.db_table, column="issue_id"
        )
    _regress(pairs)


def _hold(classifiers: Sequence[Classifier], *, only_current: bool) -> None:
    """Keeps the issues from being deleted or trained anew (issues/classifier/training.py) until the transaction ends, while
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
    classifiers: Sequence[Classifier], events: Sequence[Event], hits: NDArray[np.bool_]
) -> list[rollups.Occurrence]:
    """Deletes the matches that no longer hold, and those whose event got another user or time: `_upsert` makes them anew."""
    place = {event.id: row for row, event in enumerate(events)}
    column = {classifier.issue_id: index for index, classifier in enumerate(classifiers)}
    standing = IssueMatch.objects.filter(event_id__in=place, issue_id__in=column)
    gone = sorted(
        (event, issue)
        for event, issue, *whose in standing.values_list("event_id", "issue_id", "end_user_id", "timestamp")
        if not hits[place[event], column[issue]]
        or whose != [events[place[event]].end_user_id, events[place[event]].timestamp]
    )
    if not gone:
        return []
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
        return [rollups.Occurrence(*row) for row in cursor.fetchall()]


def _upsert(pairs: Sequence[Pair]) -> list[rollups.Occurrence]:
    """Adds the matches and brings them up to date; returns those that are new."""
    if not pairs:
        return []
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
                [id_at(event.timestamp) for event, _, _ in pairs],
                [event.project_id for event, _, _ in pairs],
                [classifier.issue_id for _, classifier, _ in pairs],
                [event.id for event, _, _ in pairs],
                [event.end_user_id for event, _, _ in pairs],
                [event.timestamp for event, _, _ in pairs],
                [classifier.version for _, classifier, _ in pairs],
                [score for _, _, score in pairs],
            ],
        )
        return [rollups.Occurrence(*row) for *row, is_new in cursor.fetchall() if is_new]


def _regress(pairs: Iterable[Pair]) -> None:
    """Opens the resolved issues that happened again. By state, not by what is new, so that a batch that is run again after a crash
    still does it."""
    by_issue: dict[uuid.UUID, list[Event]] = {}
    versions: dict[uuid.UUID, int] = {}
    for event, classifier, _ in pairs:
        by_issue.setdefault(classifier.issue_id, []).append(event)
        versions[classifier.issue_id] = classifier.version
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
