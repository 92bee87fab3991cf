"""What matches an issue that is merged into another matches that one too, once: the other one has a row of its own for it, which names the merged
issue (`IssueMatch.through`). A row that its own classifier or source decided names none, and comes first. An event that people said is no match of the other one is none, unless
they said that it is one of the merged one.

A merged issue may have merged ones of its own: those that lie deepest are joined first.
"""

import uuid
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from django.db import connection, transaction
from django.db.models import Q

from ingest.counts import rollups
from ingest.models import Event
from ingest.store.event_locks import lock_events
from issues.models import Issue, IssueMatch
from issues.models.answers import answers
from raindrop.ids import id_at

CHUNK = 1000


@dataclass(frozen=True, slots=True)
class Joined:
    """Rows that were added and deleted, to be counted; and all that hold now: (event, issue, score)."""

    added: list[rollups.Occurrence] = field(default_factory=list)
    removed: list[rollups.Occurrence] = field(default_factory=list)
    holds: list[tuple[Event, uuid.UUID, float]] = field(default_factory=list)


def join_merged(
    decided: Collection[uuid.UUID], events: Sequence[Event], *, also: Collection[uuid.UUID] = ()
) -> Joined:
    """Once the own matches of the decided issues (of one project) on these events are written: those of the issues that they are merged
    into, and of the decided ones that others are merged into. `also`: issues that are brought up to date even where nothing is merged into
    them any more. The caller holds the decided issues and the events locked, and counts what comes of it."""
    found = Joined()
    if not events:
        return found
    merged = Issue.objects.filter(project=events[0].project_id, merged_into__isnull=False)
    into = dict(merged.values_list("pk", "merged_into_id"))
    known = {event.id: event for event in events}
    for issue in _in_order({*decided}, into, also):
        _join(issue, [child for child, parent in into.items() if parent == issue], known, found)
    return found


def record_matches(added: list[rollups.Occurrence], *, removed: list[rollups.Occurrence]) -> None:
    """Counts matches that were inserted and deleted in this transaction, as its last step."""
    rollups.record(added, removed=removed)
    if removed:
        rollups.look_again(removed, table=IssueMatch._meta.db_table, column="issue_id")


def join_history(
    issue: Issue, *, before: tuple[int, uuid.UUID] | None = None
) -> Iterator[tuple[int, uuid.UUID, list[uuid.UUID]]]:
    """Makes what the issue has of merged issues right over its whole history, CHUNK matches in a transaction: first what it has, then what the
    merged ones have. Yields after each (phase, the id of its last row, its events); `before`: goes on after that place."""
    phase, last = before or (0, None)
    for at in range(phase, 2):
        while True:
            rows = IssueMatch.objects.filter(_rows(issue.pk, at))
            if last is not None:
                rows = rows.filter(id__lt=last)
            found = list(rows.order_by("-id").values_list("id", "event_id")[:CHUNK])
            if not found:
                break
            last = found[-1][0]
            event_ids = [event for _, event in found]
            _store(issue, event_ids)
            yield at, last, event_ids
        last = None  # fmt: skip


def _rows(issue: uuid.UUID, phase: int) -> Q:
    return Q(issue__merged_into=issue) if phase else Q(issue=issue, through__isnull=False)


@transaction.atomic
def _store(issue: Issue, event_ids: list[uuid.UUID]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT 1 FROM issues_issue WHERE id = %s OR merged_into_id = %s ORDER BY id FOR KEY SHARE",
            [issue.pk, issue.pk],
        )
    events = lock_events(event_ids).only(
        "id", "project_id", "timestamp", "end_user_id", "conversation_id", "revision"
    )
    joined = join_merged([issue.pk], list(events), also=[issue.pk])
    record_matches(joined.added, removed=joined.removed)


def _in_order(
    decided: set[uuid.UUID], into: dict[uuid.UUID, uuid.UUID], also: Collection[uuid.UUID]
) -> list[uuid.UUID]:
    """The issues to be joined, those that lie deepest first."""
    parents = set(into.values())
    wanted = (decided & parents) | {*also}
    for issue in [*decided, *also]:
        above = into.get(issue)
        while above is not None:
            wanted.add(above)
            above = into.get(above)

    def depth(issue: uuid.UUID) -> int:
        above = into.get(issue)
        return 0 if above is None else 1 + depth(above)

    return sorted(wanted, key=lambda issue: (-depth(issue), issue))


def _join(issue: uuid.UUID, children: list[uuid.UUID], known: dict[uuid.UUID, Event], found: Joined) -> None:
    standing = list(
        IssueMatch.objects.filter(issue=issue, event__in=known).values_list(
            "event_id", "through_id", "end_user_id", "conversation_id", "timestamp"
        )
    )
    # By the score, then by the id: the same one whichever is looked at first.
    best: dict[uuid.UUID, tuple[float, uuid.UUID]] = {}
    rows = (
        IssueMatch.objects.filter(issue__in=children, event__in=known)
        if children
        else IssueMatch.objects.none()
    )
    for event, child, score in rows.values_list("event_id", "issue_id", "score"):
        best[event] = max((score, child), best.get(event, (score, child)))
    if not best and not any(through for _, through, *_ in standing):
        return
    given = answers().of([issue, *children], [*known])
    affirmed = {event for (_, event), is_match in given.items() if is_match}
    refused = {event for (of, event), is_match in given.items() if of == issue and not is_match}
    for event in [*(refused - affirmed), *(event for event, through, *_ in standing if through is None)]:
        best.pop(event, None)
    gone = [
        event
        for event, through, *whose in standing
        if through is not None
        and (
            event not in best
            or whose != [known[event].end_user_id, known[event].conversation_id, known[event].timestamp]
        )
    ]
    found.removed.extend(_delete(issue, gone))
    found.added.extend(_upsert(issue, [(known[event], *best[event]) for event in sorted(best)]))
    found.holds.extend((known[event], issue, score) for event, (score, _) in best.items())


def _delete(issue: uuid.UUID, events: list[uuid.UUID]) -> list[rollups.Occurrence]:
    if not events:
        return []
    with connection.cursor() as cursor:
        cursor.execute(
            """DELETE FROM issues_issuematch WHERE issue_id = %s AND event_id = ANY(%s) AND through_id IS NOT NULL
               RETURNING issue_id, project_id, timestamp, end_user_id, conversation_id""",
            [issue, events],
        )
        return [rollups.Occurrence(*row) for row in cursor.fetchall()]


def _upsert(issue: uuid.UUID, rows: Iterable[tuple[Event, float, uuid.UUID]]) -> list[rollups.Occurrence]:
    rows = list(rows)
    if not rows:
        return []
    with connection.cursor() as cursor:
        cursor.execute(
            """INSERT INTO issues_issuematch AS t
                 (id, project_id, issue_id, event_id, end_user_id, conversation_id, timestamp, classifier_version, score, through_id)
               SELECT g.id, g.project, %s, g.event, g.end_user, g.conversation, g.at, 0, g.score, g.through
               FROM unnest(%s::uuid[], %s::uuid[], %s::uuid[], %s::uuid[], %s::uuid[], %s::timestamptz[], %s::float8[], %s::uuid[])
                 AS g(id, project, event, end_user, conversation, at, score, through)
               ON CONFLICT (event_id, issue_id) DO UPDATE SET score = EXCLUDED.score, through_id = EXCLUDED.through_id
                 WHERE t.through_id IS NOT NULL AND (t.through_id <> EXCLUDED.through_id OR abs(t.score - EXCLUDED.score) > 1e-5)
               RETURNING issue_id, project_id, timestamp, end_user_id, conversation_id, xmax = 0""",
            [
                issue,
                [id_at(event.timestamp) for event, _, _ in rows],
                [event.project_id for event, _, _ in rows],
                [event.id for event, _, _ in rows],
                [event.end_user_id for event, _, _ in rows],
                [event.conversation_id for event, _, _ in rows],
                [event.timestamp for event, _, _ in rows],
                [score for _, score, _ in rows],
                [through for _, _, through in rows],
            ],
        )
        return [rollups.Occurrence(*row) for *row, is_new in cursor.fetchall() if is_new]
