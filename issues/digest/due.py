"""When a digest is due, and the triggers by which an alert rule sends it: as any alert, by the same channels and rows.

The rule's threshold is the hour, of the project's time zone. A digest covers whole days of that zone, and is told once: `occurrence` names the
day on which it is due.
"""

import datetime as dt
import uuid
from collections.abc import Iterable
from dataclasses import dataclass

from django.urls import reverse
from django.utils import timezone

from issues.alerts.quiet import zone_of
from issues.alerts.raising import deliveries_of
from issues.alerts.registry import Found, Number, Over, Trigger, register_trigger
from issues.alerts.sending import NOW, send_due
from issues.alerts.watching import check_nothing
from issues.digest.reading import Stretch, read_digest
from issues.digest.words import data_of, text_of, title_of
from issues.models import AlertDelivery, AlertRule

DAILY, WEEKLY = "digest_daily", "digest_weekly"
SUBJECT = "digest"
HOUR = 8
MONDAY = 0
CHECKED = 60.0  # seconds


@dataclass(frozen=True, slots=True)
class Every:
    """A kind of digest: how many days it covers, and how it is called."""

    days: int
    name: str
    before_name: str


KINDS = {DAILY: Every(1, "Daily", "the day before"), WEEKLY: Every(7, "Weekly", "the week before")}


def last_due(rule: AlertRule, now: dt.datetime) -> dt.datetime:
    """The last moment at which the rule's digest was due: at its hour, of a weekly one on a Monday."""
    zone = zone_of(rule.project)
    local = now.astimezone(zone)
    day = local.date()
    hour = dt.time(int(HOUR if rule.threshold is None else rule.threshold))
    if dt.datetime.combine(day, hour, zone) > local:
        day -= dt.timedelta(days=1)
    if rule.trigger == WEEKLY:
        day -= dt.timedelta(days=(day.weekday() - MONDAY) % 7)
    return dt.datetime.combine(day, hour, zone)


def stretch_of(rule: AlertRule, due: dt.datetime) -> Stretch:
    """The whole days before the one on which it is due; half an hour earlier in zones that are half an hour off, because the roll-ups are
    by hours of UTC."""
    kind = KINDS[rule.trigger]
    last, first = due.date() - dt.timedelta(days=1), due.date() - dt.timedelta(days=kind.days)
    start, end = (
        dt.datetime.combine(day, dt.time(), due.tzinfo).astimezone(dt.UTC).replace(minute=0)
        for day in (first, due.date())
    )
    name = f"{last:%-d %b %Y}" if first == last else f"{first:%-d %b} to {last:%-d %b %Y}"
    return Stretch(start, end, name, kind.before_name)


def compose(rule: AlertRule, *, now: dt.datetime) -> Found:
    """The digest that was due last, as a message."""
    due = last_due(rule, now)
    digest = read_digest(rule.project, stretch_of(rule, due))
    return Found(
        subject=SUBJECT,
        title=title_of(digest, every=KINDS[rule.trigger].name),
        text=text_of(digest),
        path=reverse("overview", args=[rule.project.slug]),
        data=data_of(digest),
        occurrence=due.date().isoformat(),
    )


def send_now(rule: AlertRule) -> list[AlertDelivery]:
    """The digest that was due last, to each channel, at once and whatever the hour; returns what came of it. What is due is sent all the same."""
    rows = deliveries_of(rule, compose(rule, now=timezone.now()), f"{NOW}{uuid.uuid4()}")
    AlertDelivery.objects.bulk_create(rows)
    ids = [row.pk for row in rows]
    send_due(only=ids)
    return list(AlertDelivery.objects.filter(pk__in=ids).order_by("channel__place"))


def _check(rule: AlertRule, now: dt.datetime) -> Iterable[Found]:
    due = last_due(rule, now)
    told = AlertDelivery.objects.filter(rule=rule, subject=SUBJECT, occurrence=due.date().isoformat())
    if due >= rule.created_at and not told.exists():
        yield compose(rule, now=now)


def register() -> None:
    hour = Number(
        "the hour of the day, 0 to 23, in the project's time zone", default=HOUR, most=23, whole=True
    )
    for name, title in ((DAILY, "A digest, each day"), (WEEKLY, "A digest, each Monday")):
        register_trigger(
            Trigger(
                name, title, Over.NOTHING, check_nothing, threshold=hour, check=_check, seconds=CHECKED,
                is_throttled=False,
            )
        )  # fmt: skip
