"""Writing down what is to be said, in the transaction that found the cause: then it is said if and only if the cause is stored."""

import datetime as dt
from collections.abc import Iterable, Mapping

from django.db import connection, transaction

from issues.alerts.channels import mask
from issues.alerts.registry import Found
from issues.models import AlertChannel, AlertDelivery, AlertRule, AlertThread
from issues.models.alerts import PERSON
from raindrop.ids import new_id


def raise_alert(*, rule: AlertRule, found: Found, occurrence: str, now: dt.datetime) -> int:
    """Something happened once to a subject: `occurrence` names it, so that the same one is never told twice. Returns the number of
    messages written: none within the rule's throttle."""
    if not _take_turn(rule, found.subject, now, once=False):
        return 0
    return _write(rule, found, occurrence)


def raise_holding(*, rule: AlertRule, found: Iterable[Found], now: dt.datetime) -> int:
    """The subjects of which the rule's condition holds now: those of which it did not hold at the last check are told. One that the
    throttle keeps back is told when that is over, if it holds then. One with an occurrence of its own (a digest) is told once by that name.
    Returns the number of messages written."""
    holding = {one.subject: one for one in found}
    AlertThread.objects.filter(rule=rule, holds=True).exclude(subject__in=holding).update(holds=False)
    return sum(
        _write(rule, one, one.occurrence or now.isoformat())
        for one in holding.values()
        if _take_turn(rule, one.subject, now, once=not one.occurrence)
    )


def _take_turn(rule: AlertRule, subject: str, now: dt.datetime, *, once: bool) -> bool:
    """Whether the rule may speak of the subject now. The thread's row is the lock: of two at once one is told to. `once`: not while the
    condition goes on holding."""
    with connection.cursor() as cursor:
        cursor.execute(
            """INSERT INTO issues_alertthread AS t (id, rule_id, subject, holds, alerted_at) VALUES (%s, %s, %s, %s, %s)
               ON CONFLICT (rule_id, subject) DO UPDATE SET holds = EXCLUDED.holds, alerted_at = EXCLUDED.alerted_at
                 WHERE NOT t.holds AND t.alerted_at <= EXCLUDED.alerted_at - make_interval(secs => %s)
               RETURNING 1""",
            [new_id(), rule.pk, subject, once, now, rule.throttle],
        )
        return cursor.fetchone() is not None


@transaction.atomic
def _write(rule: AlertRule, found: Found, occurrence: str) -> int:
    rows = deliveries_of(rule, found, occurrence)
    AlertDelivery.objects.bulk_create(rows, ignore_conflicts=True)
    return len(rows)


def deliveries_of(
    rule: AlertRule, found: Found, occurrence: str, *, is_test: bool = False
) -> list[AlertDelivery]:
    """A message for each channel of the rule, not stored yet."""
    data: Mapping[str, object] = found.data
    return [
        AlertDelivery(
            rule=rule, channel=channel, channel_name=_name(rule, channel), subject=found.subject, occurrence=occurrence,
            is_test=is_test, title=found.title[:300], text=found.text, path=found.path[:500], data=dict(data),
        )
        for channel in rule.channels.all()
    ]  # fmt: skip


def _name(rule: AlertRule, channel: AlertChannel) -> str:
    if channel.url == PERSON and rule.owner is not None:
        return f"e-mail to {rule.owner.username}"
    return mask(channel.url)[:300]
