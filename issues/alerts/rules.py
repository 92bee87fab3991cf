"""Every write on an alert rule, and its test."""

import re
import uuid
from collections.abc import Sequence
from typing import Any

from django.db import transaction
from django.utils import timezone

from ingest.models import Project, User
from issues.alerts.channels import BadChannel, check_channel, mask
from issues.alerts.raising import deliveries_of
from issues.alerts.registry import Found, Trigger, all_triggers, find_trigger
from issues.alerts.sending import send_due, stop_sending
from issues.models import AlertChannel, AlertDelivery, AlertRule, AlertThread
from issues.models.alerts import new_secret
from raindrop import live
from signals.search.language.errors import QueryError

MAX_CHANNELS = 10
LEAST_WINDOW, MOST_WINDOW = 60, 30 * 86400
MOST_THROTTLE = 30 * 86400
# A change of one of these makes it another condition: what held of the old one says nothing.
CONDITION = frozenset({"trigger", "query", "threshold", "window", "enabled"})


UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}


def read_seconds(text: str) -> int:
    """Of "90", "30m", "1h", "7d". Raises ValueError, with a message for people."""
    found = re.fullmatch(r"([0-9]{1,7})([smhdw]?)", text.strip().lower())
    if not found:
        raise ValueError("Seconds, or a text such as 30m, 1h, 7d.")
    return int(found[1]) * UNITS[found[2] or "s"]


def write_seconds(seconds: int) -> str:
    """As `read_seconds` reads it, in the largest unit that fits."""
    unit = next((unit for unit in reversed(UNITS) if seconds and seconds % UNITS[unit] == 0), "s")
    return f"{seconds // UNITS[unit]}{unit}" if seconds else "0"


class BadRule(ValueError):
    """The rule cannot be as it is asked for. The message is meant for people; `field` is the one that is wrong."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


@transaction.atomic
def create_rule(*, project: Project, user: User | None, channels: Sequence[str], **fields: Any) -> AlertRule:
    """`fields`: name, trigger, query, threshold, window, throttle, urgent, enabled; what is left out or None is the trigger's default. Raises
    BadRule."""
    rule = AlertRule(project=project, created_by=user, **{k: v for k, v in fields.items() if v is not None})
    _check(rule)
    rule.save()
    _set_channels(rule, channels)
    live.changed([project.pk])
    return rule


@transaction.atomic
def change_rule(*, rule: AlertRule, channels: Sequence[str] | None = None, **fields: Any) -> AlertRule:
    """Changes the fields that are given. A masked channel is the one that it stands for. Raises BadRule."""
    # What somebody else changed meanwhile stays, such as a renewed secret.
    rule.refresh_from_db(from_queryset=AlertRule.objects.select_for_update())
    changed = {name for name, value in fields.items() if getattr(rule, name) != value}
    for name, value in fields.items():
        setattr(rule, name, value)
    if "trigger" in changed:  # what the new one does not take is not kept from the old one
        rule.threshold = fields.get("threshold")
        rule.window = fields.get("window")
        rule.query = fields.get("query", "")
        rule.throttle = fields.get("throttle", rule.throttle if _is_throttled(rule) else 0)
    _check(rule)
    if changed & CONDITION:
        rule.problem, rule.next_check_at = "", timezone.now()
        AlertThread.objects.filter(rule=rule, holds=True).update(holds=False)
    rule.save()
    if channels is not None:
        _set_channels(rule, channels)
    if "enabled" in changed and not rule.enabled:
        stop_sending(rule, reason="The rule was switched off.")
    live.changed([rule.project_id])
    return rule


def _is_throttled(rule: AlertRule) -> bool:
    trigger = find_trigger(rule.trigger)
    return trigger is None or trigger.is_throttled


@transaction.atomic
def renew_secret(*, rule: AlertRule) -> str:
    """A new secret for the signatures; the old one signs nothing more."""
    rule.secret = new_secret()
    rule.save(update_fields=["secret", "updated_at"])
    return rule.secret


def delete_rule(*, rule: AlertRule) -> None:
    project = rule.project_id
    rule.delete()
    live.changed([project])


def forget_subject(subject: uuid.UUID) -> None:
    """What rules said of an issue that is deleted."""
    AlertThread.objects.filter(subject=str(subject)).delete()


def test_rule(*, rule: AlertRule) -> list[AlertDelivery]:
    """Sends a message to each channel now, and once; returns what came of it. Takes up to half a minute."""
    found = Found(
        subject="test",
        title=f"[{rule.project.name}] Test of the alert {rule.name}",
        text="Somebody asked for this test. A message like this one comes when the alert is triggered.",
        path=f"/p/{rule.project.slug}/settings/alerts/{rule.pk}/",
    )
    rows = deliveries_of(rule, found, str(uuid.uuid4()), is_test=True)
    AlertDelivery.objects.bulk_create(rows)
    ids = [row.pk for row in rows]
    send_due(only=ids)
    return list(AlertDelivery.objects.filter(pk__in=ids).order_by("channel__place"))


def _check(rule: AlertRule) -> None:
    rule.name = " ".join(rule.name.split())
    if not rule.name or len(rule.name) > 200:
        raise BadRule("name", "An alert needs a name of at most 200 characters.")
    trigger = find_trigger(rule.trigger)
    if trigger is None or trigger.is_personal:
        raise BadRule("trigger", f"trigger is one of {', '.join(one.name for one in all_triggers())}.")
    rule.query = rule.query.strip()
    try:
        trigger.check_query(rule.project, rule.query)
    except QueryError as error:
        raise BadRule("query", error.message) from error
    except ValueError as error:
        raise BadRule("query", str(error)) from error
    _check_numbers(rule, trigger)


def _check_numbers(rule: AlertRule, trigger: Trigger) -> None:
    number = trigger.threshold
    if number is None:
        if rule.threshold is not None:
            raise BadRule("threshold", f"{trigger.name} takes no threshold.")
    else:
        rule.threshold = number.default if rule.threshold is None else rule.threshold
        if rule.threshold is None:
            raise BadRule("threshold", f"{trigger.name} needs a threshold: {number.says}.")
        if not number.least <= rule.threshold <= number.most or (
            number.whole and rule.threshold != int(rule.threshold)
        ):
            kind = "a whole number" if number.whole else "a number"
            raise BadRule(
                "threshold", f"threshold is {kind} from {number.least:g} to {number.most:g}: {number.says}."
            )
    if trigger.window is None:
        if rule.window is not None:
            raise BadRule("window", f"{trigger.name} takes no window.")
    else:
        rule.window = trigger.window if rule.window is None else rule.window
        if not LEAST_WINDOW <= rule.window <= MOST_WINDOW:
            raise BadRule("window", f"window is {LEAST_WINDOW} to {MOST_WINDOW} seconds.")
    if rule.throttle and not trigger.is_throttled:
        raise BadRule("throttle", f"{trigger.name} takes no throttle.")
    if not 0 <= rule.throttle <= MOST_THROTTLE:
        raise BadRule("throttle", f"throttle is 0 to {MOST_THROTTLE} seconds.")


def _set_channels(rule: AlertRule, urls: Sequence[str]) -> None:
    """Channels that stay keep their row, and with it what still waits to be sent."""
    standing = list(rule.channels.all())
    masked: dict[str, list[str]] = {}
    for one in standing:
        masked.setdefault(mask(one.url), []).append(one.url)
    wanted: list[str] = []
    for url in urls:
        try:
            # Two that look alike when masked stand for themselves in their order.
            alike = masked.get(url.strip())
            wanted.append(alike.pop(0) if alike else check_channel(url))
        except BadChannel as error:
            raise BadRule("channels", str(error)) from error
    if not 1 <= len(wanted) <= MAX_CHANNELS:
        raise BadRule("channels", f"An alert has 1 to {MAX_CHANNELS} channels.")
    if len(set(wanted)) < len(wanted):
        raise BadRule("channels", "A channel is named twice.")
    by_url = {channel.url: channel for channel in standing}
    for place, url in enumerate(wanted):
        channel = by_url.pop(url, None) or AlertChannel(rule=rule, url=url)
        channel.place = place
        channel.save()
    AlertChannel.objects.filter(pk__in=[channel.pk for channel in by_url.values()]).delete()
