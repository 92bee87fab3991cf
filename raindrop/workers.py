"""What the background workers do on a schedule, and whether they are alive."""

import datetime as dt

from django.utils import timezone
from django_q.models import Schedule
from django_q.tasks import async_task

from raindrop.models import Heartbeat
from raindrop.server.instances import is_alone

# name -> (function, minutes). Run by the default cluster; see `install_schedules`.
SCHEDULES = {
    "heartbeat": ("raindrop.workers.beat", 1),
    "every minute": ("raindrop.pipeline.every_minute", 1),
}


def beat() -> None:
    """Proves that a worker takes tasks off the queue and finishes them (more than that its process exists)."""
    Heartbeat.objects.update_or_create(cluster="default", defaults={"at": timezone.now()})


def last_heartbeat() -> dt.datetime | None:
    return Heartbeat.objects.filter(cluster="default").values_list("at", flat=True).first()


def install_schedules() -> None:
    """Makes the schedules what SCHEDULES says, and asks for a first heartbeat now. Safe to run at every start."""
    Schedule.objects.exclude(name__in=SCHEDULES).filter(func__startswith="raindrop.").delete()
    for name, (function, minutes) in SCHEDULES.items():
        Schedule.objects.update_or_create(
            name=name,
            defaults={"func": function, "schedule_type": Schedule.MINUTES, "minutes": minutes, "repeats": -1},
        )
    if is_alone():
        Heartbeat.objects.all().delete()
    async_task("raindrop.workers.beat")
