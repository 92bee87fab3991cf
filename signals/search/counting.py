"""How many events a query finds: by their rows where they are few enough; of all events of a time, and of what is counted already as a signal's
or an issue's matches are, exactly."""

import datetime as dt
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import QuerySet

from ingest.counts import rollups
from ingest.models import Event
from signals.search.comparing import moment_ago
from signals.search.finding import find_events
from signals.search.kept import kept_of
from signals.search.language.nodes import Ago, And, Node
from signals.search.scope import Scope

# So many events are counted by their rows, and no further: docs/benchmarks.md, "Searching a million events".
MOST = 10_000
# The same of matches, which are read without their events.
MOST_KEPT = 50_000


@dataclass(frozen=True, slots=True)
class Counts:
    """Events, their different end users and their conversations. `at_least`: there are more events than that, which were not looked at."""

    count: int
    users: int
    conversations: int
    at_least: bool = False


def count_found(node: Node, scope: Scope) -> Counts:
    """Exact, or of MOST of the events. Raises QueryError."""
    found = find_events(node, scope)
    if rollups.totals([scope.project.id])[scope.project.id].events > MOST:
        if node == And():
            return _of_all(scope)
        if isinstance(node, Ago):
            return _since(moment_ago(node, now=scope.now), scope)
        if counts := _of_kept(node, scope):
            return counts
    return _by_rows(found)


def _by_rows(found: QuerySet[Event]) -> Counts:
    """Different users and conversations are hashed: count(DISTINCT) sorts, and the texts' widths with it."""
    rows = found.order_by().values_list("end_user_id", "conversation_id")[: MOST + 1]
    try:
        sql, params = rows.query.sql_with_params()
    except EmptyResultSet:
        return Counts(0, 0, 0)
    events, users, conversations = _one(
        f"""WITH found (person, talk) AS MATERIALIZED ({sql})
            SELECT (SELECT count(*) FROM found),
              (SELECT count(*) FROM (SELECT DISTINCT person FROM found WHERE person IS NOT NULL) p),
              (SELECT count(*) FROM (SELECT DISTINCT talk FROM found WHERE talk IS NOT NULL) t)""",
        list(params),
    )
    return Counts(min(events, MOST), users, conversations, at_least=events > MOST)


def _of_kept(node: Node, scope: Scope) -> Counts | None:
    """Of the events of one signal or issue, all or those of the last days; None of other queries, and of more than MOST_KEPT of some days."""
    found = kept_of(node, scope)
    if found is None:
        return None
    kept, since = found
    if since is None:
        total = rollups.totals([kept.subject])[kept.subject]
        return Counts(total.events, total.users, total.conversations)
    counts = _one(
        f"""WITH found AS MATERIALIZED (
              SELECT end_user_id, conversation_id FROM {kept.table} WHERE {kept.column} = %s AND timestamp >= %s LIMIT {MOST_KEPT + 1})
            SELECT (SELECT count(*) FROM found),
              (SELECT count(*) FROM (SELECT DISTINCT end_user_id FROM found WHERE end_user_id IS NOT NULL) p),
              (SELECT count(*) FROM (SELECT DISTINCT conversation_id FROM found WHERE conversation_id IS NOT NULL) t)""",
        [kept.subject, since],
    )
    return Counts(*counts) if counts[0] <= MOST_KEPT else None


# Events that no roll-up has yet: those that are not finished, those that wait for the pipeline, and those that it gave up.
_UNCOUNTED = """open AS MATERIALIZED (
  SELECT end_user_id, conversation_id, timestamp FROM ingest_event WHERE project_id = %(project)s AND NOT counted AND id IN (
    SELECT id FROM ingest_event WHERE is_pending AND project_id = %(project)s
    UNION SELECT event_id FROM ingest_queuedevent WHERE project_id = %(project)s
    UNION SELECT event_id FROM ingest_processingfailure WHERE project_id = %(project)s))"""


def _of_all(scope: Scope) -> Counts:
    events, users, conversations = _one(
        f"""WITH {_UNCOUNTED}
            SELECT t.events + (SELECT count(*) FROM open),
              t.users + (SELECT count(DISTINCT end_user_id) FROM open o WHERE NOT EXISTS (
                SELECT 1 FROM ingest_subjectuser s WHERE (s.subject, s.end_user_id) = (%(project)s, o.end_user_id))),
              t.conversations + (SELECT count(DISTINCT conversation_id) FROM open o WHERE NOT EXISTS (
                SELECT 1 FROM ingest_subjectconversation s WHERE (s.subject, s.conversation_id) = (%(project)s, o.conversation_id)))
            FROM ingest_total t WHERE t.subject = %(project)s""",
        {"project": scope.project.id},
    )
    return Counts(events, users, conversations)


def _since(moment: dt.datetime, scope: Scope) -> Counts:
    """The first hour, which began before, by its rows; the others by theirs in the roll-ups. A conversation's last message is that of its last
    event that was counted."""
    hour = -(-moment.timestamp() // 3600) * 3600
    events, users, conversations = _one(
        f"""WITH {_UNCOUNTED}, first AS MATERIALIZED (
              SELECT end_user_id, conversation_id FROM ingest_event
              WHERE project_id = %(project)s AND timestamp >= %(moment)s AND timestamp < %(hour)s),
            others AS (SELECT end_user_id, conversation_id FROM open WHERE timestamp >= %(hour)s
                       UNION ALL SELECT end_user_id, conversation_id FROM first)
            SELECT (SELECT count(*) FROM others)
                + (SELECT coalesce(sum(events), 0) FROM ingest_hour WHERE subject = %(project)s AND start >= %(hour)s),
              (SELECT count(*) FROM ingest_subjectuser WHERE subject = %(project)s AND last_hour >= %(hour)s)
                + (SELECT count(DISTINCT end_user_id) FROM others o WHERE NOT EXISTS (
                  SELECT 1 FROM ingest_subjectuser s
                  WHERE (s.subject, s.end_user_id) = (%(project)s, o.end_user_id) AND s.last_hour >= %(hour)s)),
              (SELECT count(*) FROM ingest_conversation
                WHERE project_id = %(project)s AND last_message_at >= %(moment)s AND events_count > 0)
                + (SELECT count(DISTINCT conversation_id) FROM others o WHERE NOT EXISTS (
                  SELECT 1 FROM ingest_conversation c
                  WHERE c.id = o.conversation_id AND c.last_message_at >= %(moment)s AND c.events_count > 0))""",
        {
            "project": scope.project.id,
            "moment": moment,
            "hour": dt.datetime.fromtimestamp(hour, dt.UTC),
        },
    )
    return Counts(events, users, conversations)


def _one(sql: str, params: Any) -> tuple[int, int, int]:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        events, users, conversations = cursor.fetchone()
    return int(events), users, conversations
