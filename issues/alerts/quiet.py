"""Quiet hours: messages that are due then wait until they are over, but for those of rules that are urgent. Of a project, in its time zone."""

import datetime as dt
import zoneinfo
from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.utils import timezone

from ingest.models import Project
from issues.models import AlertDelivery, MessageSettings
from issues.models.alerts import DeliveryState
from raindrop import live

ZONE = "A time zone is a name such as Europe/Berlin or UTC."


class BadSettings(ValueError):
    """The settings cannot be so. The message is meant for people; `field` is the one that is wrong."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


def settings_of(project: Project) -> MessageSettings:
    """The project's, or the defaults, which are not stored."""
    return MessageSettings.objects.filter(project=project).first() or MessageSettings(project=project)


def zone_of(project: Project) -> zoneinfo.ZoneInfo:
    return zoneinfo.ZoneInfo(settings_of(project).time_zone)


def quiet_until(settings: MessageSettings | None, now: dt.datetime) -> dt.datetime | None:
    """When the quiet hours that `now` lies in are over; None outside of them. `settings` None: there are no quiet hours."""
    if settings is None or settings.quiet_from is None or settings.quiet_until is None:
        return None
    zone = zoneinfo.ZoneInfo(settings.time_zone)
    today = now.astimezone(zone).date()
    for day in (today - dt.timedelta(days=1), today):  # those that began yesterday may go on
        start = dt.datetime.combine(day, settings.quiet_from, zone)
        ends = day if settings.quiet_until > settings.quiet_from else day + dt.timedelta(days=1)
        end = dt.datetime.combine(ends, settings.quiet_until, zone)
        if start <= now < end:
            return end
    return None


@transaction.atomic
def change_settings(*, project: Project, changes: Mapping[str, Any]) -> MessageSettings:
    """`changes`: time_zone, quiet_from and quiet_until (times of the day, or None for both). What waits for the end of the old quiet hours is
    looked at again. Raises BadSettings."""
    found = settings_of(project)
    for name, value in changes.items():
        setattr(found, name, value)
    try:
        zoneinfo.ZoneInfo(found.time_zone)
    except (ValueError, OSError, KeyError) as error:  # ZoneInfoNotFoundError is a KeyError
        raise BadSettings("time_zone", ZONE) from error
    if (found.quiet_from is None) != (found.quiet_until is None):
        raise BadSettings("quiet_until", "Quiet hours have a beginning and an end.")
    if found.quiet_from is not None and found.quiet_from == found.quiet_until:
        raise BadSettings("quiet_until", "Quiet hours end at another time than they begin.")
    found.save()
    waiting = AlertDelivery.objects.filter(rule__project=project, state=DeliveryState.PENDING, attempts=0)
    waiting.update(next_attempt_at=timezone.now())
    live.changed([project.pk])
    return found
