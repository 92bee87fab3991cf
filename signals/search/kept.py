"""Queries whose events are kept already: the matches of one signal or one issue, of all time or of the last days.

Each match says its event's user, conversation and time, so that the events themselves, which lie all over a large table, are not read.
"""

import datetime as dt
import uuid

from signals.search.binding import bind
from signals.search.comparing import moment_ago
from signals.search.fields.registry import Kept
from signals.search.language.nodes import Ago, Leaf, Node, conjuncts
from signals.search.scope import Scope
from signals.vectors.nearest import in_one_process


def kept_of(node: Node, scope: Scope) -> tuple[Kept, dt.datetime | None] | None:
    """Where its events are kept, and from when on they are meant (None: always); None of any other query. Raises QueryError."""
    times = [part for part in conjuncts(node) if isinstance(part, Ago)]
    others = [part for part in conjuncts(node) if not isinstance(part, Ago)]
    if len(others) != 1 or len(times) > 1 or not isinstance(others[0], Leaf):
        return None
    bound = bind(others[0], scope)
    kept = bound[0].kept() if len(bound) == 1 else None
    if kept is None:
        return None
    return kept, moment_ago(times[0], now=scope.now) if times else None


def kept_ids(node: Node, scope: Scope, *, most: int) -> list[uuid.UUID] | None:
    """Ids of all events that the query finds; None of a query whose events are not kept, and of more than `most`. Raises QueryError."""
    found = kept_of(node, scope)
    if found is None:
        return None
    kept, since = found
    with in_one_process() as cursor:
        cursor.execute(
            f"""SELECT event_id FROM {kept.table} WHERE {kept.column} = %s AND project_id = %s
                  AND timestamp >= coalesce(%s::timestamptz, '-infinity') LIMIT %s""",
            [kept.subject, scope.project.id, since, most + 1],
        )
        ids = [event for [event] in cursor.fetchall()]
    return ids if len(ids) <= most else None
