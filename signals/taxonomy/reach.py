"""How many conversations and end users a signal reaches in a period, beside their number in the project."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from django.db import connection

from ingest.counts.period import COUNT_LIMIT, Period
from ingest.models import Project
from signals.models import SignalDefinition

# How many of a signal's newest matches are looked at for their conversations; and how many where a page has many signals.
LOOKED_AT, OF_MANY = 5000, 1000


@dataclass(frozen=True, slots=True)
class Reach:
    """`at_least`: the period has more matches than were looked at. So there are at least this many conversations, and no rate.
    Rates are None where there is nothing to divide by."""

    conversations: int
    at_least: bool
    conversation_rate: float | None
    users: int
    user_rate: float | None


def reach_of(signal: SignalDefinition, period: Period) -> Reach:
    """Of one signal."""
    return reaches_of(signal.project, [signal], period, look_at=LOOKED_AT)[signal.pk]


def reaches_of(
    project: Project, signals: Sequence[SignalDefinition], period: Period, *, look_at: int = OF_MANY
) -> dict[uuid.UUID, Reach]:
    """By the signal's id: the conversations of the newest `look_at` matches of each in the period; users come from the roll-ups."""
    ids = [signal.pk for signal in signals]
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT s, count(*), count(DISTINCT m.conversation_id) FROM unnest(%s::uuid[]) s, LATERAL (
                 SELECT conversation_id FROM signals_signalmatch WHERE signal_id = s AND project_id = %s
                   AND timestamp >= %s AND timestamp < %s ORDER BY timestamp DESC, id DESC LIMIT %s) m GROUP BY s""",
            [ids, project.pk, period.start, period.until, look_at],
        )
        looked = {signal: (matches, talks) for signal, matches, talks in cursor.fetchall()}
    users, talks = period.users([project.pk, *ids]), period.conversations(project)
    found = {}
    for signal in ids:
        matches, conversations = looked.get(signal, (0, 0))
        at_least = matches >= look_at
        known = 0 < talks < COUNT_LIMIT and not at_least
        everybody = users.get(project.pk, 0)
        found[signal] = Reach(
            conversations=conversations,
            at_least=at_least,
            conversation_rate=min(1.0, conversations / talks) if known else None,
            users=users.get(signal, 0),
            user_rate=min(1.0, users.get(signal, 0) / everybody) if everybody else None,
        )
    return found
