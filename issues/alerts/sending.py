"""The way out of the messages that wait: claimed, sent without a transaction, and tried again when it failed.

A process that dies before it has sent leaves a claim that runs out; one that dies between the receiver's answer and the note of it sends the
message again, with the same Idempotency-Key. Several processes may send at once. In quiet hours only what is urgent goes out, and what
somebody asks for (a test, "send now").
"""

import contextvars
import datetime as dt
import logging
import uuid
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from django.db import transaction
from django.db.models import F, QuerySet
from django.utils import timezone

from issues.alerts.channels import scrub
from issues.alerts.mailing import mail_url
from issues.alerts.quiet import quiet_until
from issues.alerts.webhooks import NotSent, address_of, send_message
from issues.models import AlertDelivery, AlertRule, MessageSettings
from issues.models.alerts import PERSON, DeliveryState
from raindrop import live

logger = logging.getLogger("raindrop.alerts")

AT_ONCE = 8
CLAIM = dt.timedelta(minutes=2)  # longer than one message takes
FIRST_WAIT = dt.timedelta(seconds=15)  # after the first failure; twice as long after each further one
MAX_ATTEMPTS = 9  # the last about an hour after the first
KEPT = dt.timedelta(days=30)
PURGED_AT_ONCE = 1000


def send_due(*, only: Sequence[uuid.UUID] | None = None) -> int:
    """Sends what is due, AT_ONCE at a time, until nothing is. `only`: of these messages. Returns how many it tried."""
    tried = 0
    while claimed := _claim(only):
        with ThreadPoolExecutor(AT_ONCE) as pool:
            outcomes = [pool.submit(contextvars.copy_context().run, _send, one) for one in claimed]
        for delivery, outcome in zip(claimed, outcomes, strict=True):
            _note(delivery, outcome.result())
        live.changed({delivery.rule.project_id for delivery in claimed})
        tried += len(claimed)
    return tried


def body_of(delivery: AlertDelivery) -> dict[str, Any]:
    """What a webhook gets."""
    rule = delivery.rule
    return {
        "version": "1.0",
        "id": str(delivery.pk),
        "type": "test" if delivery.is_test else "alert",
        "project": rule.project.slug,
        "rule": {"id": str(rule.pk), "name": rule.name},
        "trigger": rule.trigger,
        "subject": delivery.subject,
        "occurrence": delivery.occurrence,
        "title": delivery.title,
        "message": delivery.text,
        "url": address_of(delivery.path),
        "at": delivery.created_at.isoformat(),
        "data": delivery.data,
    }


def purge_old_deliveries(*, now: dt.datetime) -> int:
    """Deletes PURGED_AT_ONCE of the oldest that ended before KEPT. Returns how many."""
    old = AlertDelivery.objects.filter(created_at__lt=now - KEPT).exclude(state=DeliveryState.PENDING)
    ids = list(old.order_by("id").values_list("pk", flat=True)[:PURGED_AT_ONCE])
    AlertDelivery.objects.filter(pk__in=ids).delete()
    return len(ids)


@transaction.atomic
def _claim(only: Sequence[uuid.UUID] | None) -> list[AlertDelivery]:
    now = timezone.now()
    due = AlertDelivery.objects.filter(state=DeliveryState.PENDING, next_attempt_at__lte=now)
    if only is not None:
        due = due.filter(pk__in=only)
    else:
        _hold_back(due, now)
    _drop_of_strangers(due)
    ids = list(
        due.select_for_update(skip_locked=True, of=("self",))
        .order_by("next_attempt_at", "id")
        .values_list("pk", flat=True)[:AT_ONCE]
    )
    if not ids:
        return []
    AlertDelivery.objects.filter(pk__in=ids).update(attempts=F("attempts") + 1, next_attempt_at=now + CLAIM)
    return list(
        AlertDelivery.objects.filter(pk__in=ids)
        .select_related("rule__project", "rule__owner", "channel")
        .order_by("id")
    )


GONE = "The person may not see the project any more, or the rule is off."
# How the occurrence begins of what a person asks for now, whatever the hour.
NOW = "now "


def _hold_back(due: QuerySet[AlertDelivery], now: dt.datetime) -> None:
    """What is due in a project's quiet hours waits until they are over, unless its rule is urgent."""
    quiet = MessageSettings.objects.filter(quiet_from__isnull=False, project__in=due.values("rule__project"))
    for settings in quiet:
        until = quiet_until(settings, now)
        if until is not None:
            calm = due.filter(rule__project=settings.project_id, rule__urgent=False, is_test=False)
            calm = calm.exclude(occurrence__startswith=NOW)
            calm.update(next_attempt_at=until)


def _drop_of_strangers(due: QuerySet[AlertDelivery]) -> None:
    """Who may no longer see the project gets nothing of it that was written before: after quiet hours, or tried again."""
    of_people = due.filter(rule__owner__isnull=False)
    strangers = of_people.exclude(rule__in=AlertRule.objects.standing())
    ids = list(strangers.values_list("pk", flat=True))
    AlertDelivery.objects.filter(pk__in=ids).update(state=DeliveryState.FAILED, error=GONE)


def _send(delivery: AlertDelivery) -> str:
    """Why it was not sent; empty when it was. Asks no database."""
    if delivery.channel is None:
        return "The channel is gone."
    url, address = delivery.channel.url, address_of(delivery.path)
    is_own = url == PERSON
    try:
        url = mail_url(delivery.rule.owner) if is_own else url
    except LookupError as error:
        return str(error)
    try:
        send_message(
            url=url,
            secret=delivery.rule.secret,
            delivery=str(delivery.pk),
            thread=f"{delivery.rule_id}.{uuid.uuid5(delivery.rule_id, delivery.subject)}",
            title=delivery.title,
            text=f"{delivery.text}\n\n{address}" if address else delivery.text,
            data=body_of(delivery),
            is_trusted=is_own,
        )
    except NotSent as error:
        return scrub(str(error), url)[:1000] or "It was not sent."
    except Exception as error:
        logger.exception("A message of the alert rule %s was not sent", delivery.rule_id)
        return f"{type(error).__name__}."
    return ""


def _note(delivery: AlertDelivery, error: str) -> None:
    """Only while the claim is still this process's."""
    mine = AlertDelivery.objects.filter(
        pk=delivery.pk, state=DeliveryState.PENDING, attempts=delivery.attempts
    )
    now = timezone.now()
    if not error:
        mine.update(state=DeliveryState.SENT, sent_at=now, error="")
    elif delivery.channel is None or delivery.is_test or delivery.attempts >= MAX_ATTEMPTS:
        mine.update(state=DeliveryState.FAILED, error=error)
    else:
        wait = FIRST_WAIT * 2 ** (delivery.attempts - 1)
        mine.update(error=error, next_attempt_at=now + wait)


def stop_sending(rule: AlertRule, *, reason: str) -> None:
    """What still waits of the rule is not sent."""
    waiting = AlertDelivery.objects.filter(rule=rule, state=DeliveryState.PENDING)
    waiting.update(state=DeliveryState.FAILED, error=reason)
