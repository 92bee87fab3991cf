"""Writing issue matches, so that the counts stay exact however often, and by however many at once, an event is scored."""

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from django.db import connection, transaction
from numpy.typing import NDArray

from ingest.counts import rollups
from ingest.models import Event
from ingest.store.event_locks import hold_events
from issues.classifier.merged_issues import join_merged, record_matches
from issues.models import Classifier, IssueMatch
from issues.models.answers import answers
from issues.states.arrival import wake
from raindrop.ids import id_at

Pair = tuple[Event, "Decider", float]  # an event that matches, by what, its score


@dataclass(frozen=True, slots=True)
class Decider:
    """What decides an issue's matches: a version of its classifier, or (0) what the issue follows."""

    issue_id: uuid.UUID
    version: int


class Outdated(Exception):
    """Something else decides by now: a newer classifier was trained, or the issue follows something else."""


@transaction.atomic
def store_matches(
    *,
    classifiers: Sequence[Classifier],
    events: Sequence[Event],
    found: NDArray[np.float64],
    only_current: bool,
) -> None:
    """Makes the matches of these events with the classifiers' issues (all of one project) what the scores say.

    `found`: (events, classifiers). As `write_matches`; what a newer version has written stays. With `only_current`, raises Outdated
    before writing when one of the classifiers is no longer its issue's newest.
    """
    hits = found >= np.array([classifier.threshold for classifier in classifiers])
    _hold(classifiers, only_current=only_current)
    current = {event.id: event for event in hold_events(events)}
    rows = [row for row, event in enumerate(events) if event.id in current]
    deciders = [Decider(classifier.issue_id, classifier.version) for classifier in classifiers]
    write_matches(deciders=deciders, events=[events[row] for row in rows], found=found[rows], hits=hits[rows])


def write_matches(
    *,
    deciders: Sequence[Decider],
    events: Sequence[Event],
    found: NDArray[np.float64],
    hits: NDArray[np.bool_],
) -> None:
    """Makes the matches of these events with the deciders' issues (all of one project) what `hits` says: (events, deciders), as are the
    scores `found`. What people answered of an event counts before that.

    The caller holds the issues, and then the events, locked, and ends its transaction with this. Matches are added, brought up to date
    or deleted, with their counts; a resolved issue that happens again regresses, and a muted one whose terms have ended is open again.
    """
    found, hits = _as_answered(deciders, events, found, hits)
    deleted = _delete(deciders, events, hits)
    pairs = [
        (events[row], deciders[column], float(found[row, column]))
        for row, column in zip(*(where.tolist() for where in np.nonzero(hits)), strict=True)
    ]
    inserted = _upsert(pairs)
    joined = join_merged([decider.issue_id for decider in deciders], events)
    record_matches([*inserted, *joined.added], removed=[*deleted, *joined.removed])
    _wake([*pairs, *((event, Decider(issue, 0), score) for event, issue, score in joined.holds)])


def _as_answered(
    deciders: Sequence[Decider],
    events: Sequence[Event],
    found: NDArray[np.float64],
    hits: NDArray[np.bool_],
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """The scores and hits, with what people said of an event in place of what was decided: a match has the score 1 where it had none."""
    verdicts = answers().of([decider.issue_id for decider in deciders], [event.id for event in events])
    if not verdicts:
        return found, hits
    found, hits = found.copy(), hits.copy()
    row = {event.id: index for index, event in enumerate(events)}
    column = {decider.issue_id: index for index, decider in enumerate(deciders)}
    for (issue, event), is_match in verdicts.items():
        place = row[event], column[issue]
        if is_match and not hits[place]:
            found[place] = 1.0
        hits[place] = is_match
    return found, hits


def _hold(classifiers: Sequence[Classifier], *, only_current: bool) -> None:
    """Keeps the issues from being deleted, trained anew (issues/classifier/training.py) or made to follow something until the transaction
    ends, while people may still change their state; then looks whether the classifiers are the newest."""
    with connection.cursor() as cursor:
        ids = [classifier.issue_id for classifier in classifiers]
        cursor.execute(
            "SELECT id FROM issues_issue WHERE id = ANY(%s) AND follows = '' ORDER BY id FOR KEY SHARE", [ids]
        )
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
    deciders: Sequence[Decider], events: Sequence[Event], hits: NDArray[np.bool_]
) -> list[rollups.Occurrence]:
    """Deletes the matches that no longer hold, and those whose event got another user, conversation or time: `_upsert` makes them
    anew."""
    place = {event.id: row for row, event in enumerate(events)}
    column = {decider.issue_id: index for index, decider in enumerate(deciders)}
    standing = IssueMatch.objects.filter(event_id__in=place, issue_id__in=column)
    gone = sorted(
        (event, issue)
        for event, issue, through, *whose in standing.values_list(
            "event_id", "issue_id", "through_id", "end_user_id", "conversation_id", "timestamp"
        )
        # A row of a merged issue is that issue's to take away, but for the user, conversation or time: `_upsert` may make the row one's own.
        if (through is None and not hits[place[event], column[issue]])
        or whose != _whose(events[place[event]])
    )
    if not gone:
        return []
    with connection.cursor() as cursor:
        cursor.execute(
            """DELETE FROM issues_issuematch t
               USING unnest(%s::uuid[], %s::uuid[], %s::int[]) AS g(event, issue, version)
               WHERE t.event_id = g.event AND t.issue_id = g.issue AND t.classifier_version <= g.version
               RETURNING t.issue_id, t.project_id, t.timestamp, t.end_user_id, t.conversation_id""",
            [
                [event for event, _ in gone],
                [issue for _, issue in gone],
                [deciders[column[issue]].version for _, issue in gone],
            ],
        )
        return [rollups.Occurrence(*row) for row in cursor.fetchall()]


def _whose(event: Event) -> list[object]:
    return [event.end_user_id, event.conversation_id, event.timestamp]


def _upsert(pairs: Sequence[Pair]) -> list[rollups.Occurrence]:
    """Adds the matches and brings them up to date; returns those that are new."""
    if not pairs:
        return []
    with connection.cursor() as cursor:
        cursor.execute(
            """INSERT INTO issues_issuematch AS t
                 (id, project_id, issue_id, event_id, end_user_id, conversation_id, timestamp, classifier_version, score)
               SELECT * FROM unnest(%s::uuid[], %s::uuid[], %s::uuid[], %s::uuid[], %s::uuid[], %s::uuid[], %s::timestamptz[],
                                    %s::int[], %s::float8[])
               ON CONFLICT (event_id, issue_id) DO UPDATE
                 SET score = EXCLUDED.score, classifier_version = EXCLUDED.classifier_version, through_id = NULL
                 WHERE t.classifier_version < EXCLUDED.classifier_version OR t.through_id IS NOT NULL OR (
                   t.classifier_version = EXCLUDED.classifier_version AND abs(t.score - EXCLUDED.score) > 1e-5)
               RETURNING issue_id, project_id, timestamp, end_user_id, conversation_id, xmax = 0""",
            [
                [id_at(event.timestamp) for event, _, _ in pairs],
                [event.project_id for event, _, _ in pairs],
                [decider.issue_id for _, decider, _ in pairs],
                [event.id for event, _, _ in pairs],
                [event.end_user_id for event, _, _ in pairs],
                [event.conversation_id for event, _, _ in pairs],
                [event.timestamp for event, _, _ in pairs],
                [decider.version for _, decider, _ in pairs],
                [score for _, _, score in pairs],
            ],
        )
        return [rollups.Occurrence(*row) for *row, is_new in cursor.fetchall() if is_new]


def _wake(pairs: Iterable[Pair]) -> None:
    """Opens the resolved and the muted issues that these matches say are to be opened."""
    by_issue: dict[uuid.UUID, list[Event]] = {}
    versions: dict[uuid.UUID, int] = {}
    for event, decider, _ in pairs:
        by_issue.setdefault(decider.issue_id, []).append(event)
        versions[decider.issue_id] = decider.version
    if by_issue:
        wake(by_issue, versions=versions)
