"""Writing the members of clusters, and the counts that go with them.

Two kinds of writers: `save_members` and `move_members` change the members of a few events, `replace_members` those of a whole project and
`part_members` those of one cluster. The latter work without the events' locks, so they keep the former out by a lock on the project's members. All take that lock after the
locks on events, and before the roll-ups.
"""

import datetime as dt
import uuid
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

from django.db import connection, transaction

from ingest.counts import rollups
from ingest.counts.rollups import Occurrence, TakenBack
from ingest.models import Event
from ingest.store.event_locks import hold_events
from raindrop.ids import id_at
from raindrop.locks import hold_lock, share_lock
from signals.matching.observers import tell_replaced
from signals.models import ClusterMember

TABLE = ClusterMember._meta.db_table
ROWS = 5000  # of one INSERT
FACET, EVIDENCE, ASSIGNER = "facet", "evidence", "assigner"

Key = tuple[uuid.UUID, uuid.UUID]  # event, cluster


class NewMember(NamedTuple):
    """One event of a cluster. `source`: FACET, EVIDENCE or ASSIGNER."""

    cluster: uuid.UUID
    event: uuid.UUID
    project: uuid.UUID
    conversation: uuid.UUID | None
    end_user: uuid.UUID | None
    timestamp: dt.datetime
    score: float
    source: str
    phrase: str


class Stored(NamedTuple):
    id: uuid.UUID
    conversation: uuid.UUID | None
    end_user: uuid.UUID | None
    timestamp: dt.datetime
    source: str
    phrase: str


def lock_name(project: uuid.UUID) -> str:
    return f"cluster members {project}"


@transaction.atomic
def save_members(
    *, events: Sequence[Event], members: Collection[NewMember], among: Collection[uuid.UUID]
) -> tuple[int, int]:
    """Makes the stored members among these events what they ought to be; returns how many were inserted and deleted.

    `among`: the clusters that were asked; a member of one of these that is not in `members` is deleted. Members whose event got another user,
    conversation or time are counted anew. Events whose revision moved on since they were loaded are skipped, and so are clusters that are
    gone. The roll-ups are written last: a transaction of the caller's ends with this.
    """
    current = {event.id: event for event in hold_events(events)}
    for project in sorted({event.project_id for event in current.values()}):
        share_lock(lock_name(project))
    live = _live({one.cluster for one in members})
    chosen = {
        (one.event, one.cluster): one for one in members if one.event in current and one.cluster in live
    }
    stored = _stored(list(current))
    moved: set[Key] = set()
    gone: set[Key] = set()
    for key, row in stored.items():
        event = current[key[0]]
        if key not in chosen and key[1] in among:
            gone.add(key)
        elif (row.conversation, row.end_user, row.timestamp) != _whose(event):
            moved.add(key)
            chosen.setdefault(key, _as_stored(event, key[1], row))
    deleted = _delete([stored[key].id for key in gone | moved])
    inserted = _insert([one for key, one in chosen.items() if key not in stored or key in moved])
    _record(inserted, deleted)
    if deleted:
        rollups.look_again([one.occurrence for one in deleted], table=TABLE, column="cluster_id")
    return len(inserted), len(deleted)


def move_members(into: Mapping[uuid.UUID, uuid.UUID]) -> Sequence[TakenBack]:
    """As ingest.store.merged_events.Mover has it: members among events that go are deleted; the event that stays is assigned anew."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT DISTINCT project_id FROM {TABLE} WHERE event_id = ANY(%s)", [list(into)])
        for project in sorted(row[0] for row in cursor.fetchall()):
            share_lock(lock_name(project))
        cursor.execute(
            f"""DELETE FROM {TABLE} WHERE event_id = ANY(%s)
                RETURNING cluster_id, project_id, conversation_id, end_user_id, timestamp""",
            [list(into)],
        )
        deleted = [_Counted(*row) for row in cursor.fetchall()]
    _count_conversations((), deleted)
    return [TakenBack([one.occurrence for one in deleted], TABLE, "cluster_id")]


def erase_members(gone: Sequence[uuid.UUID]) -> Sequence[TakenBack]:
    """As ingest.store.erasing.Eraser has it."""
    return move_members({event: event for event in gone})


@transaction.atomic
def replace_members(
    project: uuid.UUID, members: Sequence[NewMember], *, clusters: Collection[uuid.UUID]
) -> None:
    """Makes `members` all that these clusters have, and counts anew those of which something changed. Members whose event went meanwhile
    are left out."""
    hold_members(project)
    wanted = {(one.event, one.cluster): one for one in members}
    with connection.cursor() as cursor:
        cursor.execute(
            f"""SELECT event_id, cluster_id, id, source, phrase, conversation_id, end_user_id, timestamp FROM {TABLE}
                WHERE cluster_id = ANY(%s)""",
            [list(clusters)],
        )
        stored = {(row[0], row[1]): (row[2], row[3:]) for row in cursor.fetchall()}
    same = {
        key
        for key, (_, facts) in stored.items()
        if (one := wanted.get(key)) is not None
        and facts == (one.source, one.phrase, one.conversation, one.end_user, one.timestamp)
    }
    changed = {key[1] for key in (stored.keys() | wanted.keys()) - same}
    _delete([row_id for key, (row_id, _) in stored.items() if key not in same])
    fresh = sorted(
        (one for key, one in wanted.items() if key not in same), key=lambda one: (one.event, one.cluster)
    )
    for start in range(0, len(fresh), ROWS):
        _insert(fresh[start : start + ROWS])
    count_again(sorted(changed), project=project)


def stored_members(clusters: Collection[uuid.UUID]) -> Iterator[NewMember]:
    """The stored members of these clusters."""
    rows = ClusterMember.objects.filter(cluster__in=clusters).values_list(
        "cluster_id", "event_id", "project_id", "conversation_id", "end_user_id", "timestamp", "score", "source", "phrase",
    )  # fmt: skip
    return (NewMember(*row) for row in rows.iterator())


def part_members(
    project: uuid.UUID, members: Sequence[NewMember], *, out_of: uuid.UUID, leaving: Collection[uuid.UUID]
) -> None:
    """Takes the events `leaving` out of a cluster, and makes `members` those of its parts, which have none yet. Counts all of these
    clusters anew. To be called while `hold_members` holds."""
    gone = ClusterMember.objects.filter(cluster=out_of, event__in=leaving)
    _delete(list(gone.values_list("id", flat=True)))
    _insert(list(members))
    count_again(sorted({out_of, *(one.cluster for one in members)}), project=project)


def hold_members(project: uuid.UUID) -> None:
    """Keeps every other writer of the project's members out until the transaction ends. Then those who follow clusters are told."""
    hold_lock(lock_name(project))
    transaction.on_commit(partial(tell_replaced, project))


def count_again(clusters: Sequence[uuid.UUID], *, project: uuid.UUID) -> None:
    """Counts the members of these clusters from the table. To be called while `hold_members` holds."""
    rollups.recount(clusters, project=project, table=TABLE, column="cluster_id")
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM signals_clusterconversation WHERE cluster_id = ANY(%s)", [list(clusters)])
        cursor.execute(
            f"""INSERT INTO signals_clusterconversation (cluster_id, conversation_id, project_id, events)
                SELECT cluster_id, conversation_id, project_id, count(*) FROM {TABLE}
                WHERE cluster_id = ANY(%s) AND conversation_id IS NOT NULL GROUP BY 1, 2, 3""",
            [list(clusters)],
        )
        cursor.execute(
            """UPDATE signals_cluster c SET conversations = (
                 SELECT count(*) FROM signals_clusterconversation WHERE cluster_id = c.id)
               WHERE id = ANY(%s)""",
            [list(clusters)],
        )


# -- inside


@dataclass(frozen=True, slots=True)
class _Counted:
    cluster: uuid.UUID
    project: uuid.UUID
    conversation: uuid.UUID | None
    end_user: uuid.UUID | None
    timestamp: dt.datetime

    @property
    def occurrence(self) -> Occurrence:
        return Occurrence(self.cluster, self.project, self.timestamp, self.end_user)


def _whose(event: Event) -> tuple[uuid.UUID | None, uuid.UUID | None, dt.datetime]:
    return event.conversation_id, event.end_user_id, event.timestamp


def _as_stored(event: Event, cluster: uuid.UUID, row: Stored) -> NewMember:
    return NewMember(
        cluster, event.id, event.project_id, *_whose(event), score=1.0, source=row.source, phrase=row.phrase
    )


def _live(clusters: Collection[uuid.UUID]) -> set[uuid.UUID]:
    """Those that take members still: a refresh may have ended since they were read."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id FROM signals_cluster WHERE id = ANY(%s) AND NOT is_gone AND merged_into_id IS NULL",
            [list(clusters)],
        )
        return {row[0] for row in cursor.fetchall()}


def _stored(event_ids: list[uuid.UUID]) -> dict[Key, Stored]:
    with connection.cursor() as cursor:
        cursor.execute(
            f"""SELECT event_id, cluster_id, id, conversation_id, end_user_id, timestamp, source, phrase
                FROM {TABLE} WHERE event_id = ANY(%s)""",
            [event_ids],
        )
        return {(row[0], row[1]): Stored(*row[2:]) for row in cursor.fetchall()}


def _insert(members: list[NewMember]) -> list[_Counted]:
    """Inserts what is not there yet, of events that are there; returns exactly what was inserted."""
    if not members:
        return []
    members = sorted(members, key=lambda one: (one.event, one.cluster))
    with connection.cursor() as cursor:
        cursor.execute(
            f"""INSERT INTO {TABLE}
                  (id, project_id, cluster_id, event_id, conversation_id, end_user_id, timestamp, score, source, phrase)
                SELECT g.* FROM unnest(%s::uuid[], %s::uuid[], %s::uuid[], %s::uuid[], %s::uuid[], %s::uuid[],
                  %s::timestamptz[], %s::float8[], %s::text[], %s::text[])
                  AS g(id, project, cluster, event, conversation, end_user, at, score, source, phrase)
                JOIN ingest_event e ON e.id = g.event AND e.project_id = g.project
                ON CONFLICT (event_id, cluster_id) DO NOTHING
                RETURNING cluster_id, project_id, conversation_id, end_user_id, timestamp""",
            [
                [id_at(one.timestamp) for one in members],
                [one.project for one in members],
                [one.cluster for one in members],
                [one.event for one in members],
                [one.conversation for one in members],
                [one.end_user for one in members],
                [one.timestamp for one in members],
                [one.score for one in members],
                [one.source for one in members],
                [one.phrase for one in members],
            ],
        )
        return [_Counted(*row) for row in cursor.fetchall()]


def _delete(ids: list[uuid.UUID]) -> list[_Counted]:
    if not ids:
        return []
    with connection.cursor() as cursor:
        cursor.execute(
            f"""DELETE FROM {TABLE} WHERE id = ANY(%s)
                RETURNING cluster_id, project_id, conversation_id, end_user_id, timestamp""",
            [sorted(ids)],
        )
        return [_Counted(*row) for row in cursor.fetchall()]


def _record(inserted: list[_Counted], deleted: list[_Counted]) -> None:
    _count_conversations(inserted, deleted)
    rollups.record([one.occurrence for one in inserted], removed=[one.occurrence for one in deleted])


def _count_conversations(inserted: Iterable[_Counted], deleted: Iterable[_Counted]) -> None:
    """Locks rows that other batches want too, in the order of their keys, as the roll-ups do right after it."""
    tally: Counter[tuple[uuid.UUID, uuid.UUID]] = Counter()
    project: dict[uuid.UUID, uuid.UUID] = {}
    for rows, sign in ((inserted, 1), (deleted, -1)):
        for row in rows:
            if row.conversation is not None:
                tally[row.cluster, row.conversation] += sign
                project[row.cluster] = row.project
    changed = [(*key, n) for key, n in sorted(tally.items()) if n]
    if not changed:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            """INSERT INTO signals_clusterconversation AS t (cluster_id, conversation_id, project_id, events)
               SELECT * FROM unnest(%s::uuid[], %s::uuid[], %s::uuid[], %s::int[])
               ON CONFLICT (cluster_id, conversation_id) DO UPDATE SET events = t.events + EXCLUDED.events
               RETURNING cluster_id, conversation_id, (xmax = 0)::int, (events <= 0)::int""",
            [
                [cluster for cluster, _, _ in changed],
                [conversation for _, conversation, _ in changed],
                [project[cluster] for cluster, _, _ in changed],
                [n for _, _, n in changed],
            ],
        )
        rows_met = cursor.fetchall()
        met: dict[uuid.UUID, int] = defaultdict(int)
        for cluster, _, new, gone in rows_met:
            met[cluster] += new - gone
        empty = [(cluster, conversation) for cluster, conversation, _, gone in rows_met if gone]
        if empty:
            cursor.execute(
                """DELETE FROM signals_clusterconversation WHERE (cluster_id, conversation_id) IN
                     (SELECT * FROM unnest(%s::uuid[], %s::uuid[]))""",
                [[cluster for cluster, _ in empty], [conversation for _, conversation in empty]],
            )
        differ = sorted((cluster, n) for cluster, n in met.items() if n)
        if differ:
            cursor.execute(
                """UPDATE signals_cluster c SET conversations = greatest(0, c.conversations + g.n)
                   FROM (SELECT c.id, g.n FROM unnest(%s::uuid[], %s::int[]) AS g(id, n)
                         JOIN signals_cluster c ON c.id = g.id ORDER BY c.id FOR NO KEY UPDATE OF c) g
                   WHERE c.id = g.id""",
                [[cluster for cluster, _ in differ], [n for _, n in differ]],
            )
