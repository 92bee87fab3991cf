"""The servers (`manage.py up`) that share one database: each has a data directory of its own, and leaves the others' work alone."""

import datetime as dt
import hashlib
import socket

from django.db.models import QuerySet
from django.utils import timezone

from raindrop.data_dir import data_dir
from raindrop.models import Instance

ANNOUNCE_SECONDS = 30
# One that has not announced itself for this long is dead.
SILENCE = dt.timedelta(seconds=3 * ANNOUNCE_SECONDS)


def this_instance() -> str:
    """The same for all processes of a data directory on a machine, and after each restart. At most 80 characters."""
    directory = hashlib.blake2b(str(data_dir()).encode(), digest_size=6).hexdigest()
    return f"{socket.gethostname()[:60]}-{directory}"


def announce() -> None:
    """Says that this server lives; to be called every ANNOUNCE_SECONDS."""
    Instance.objects.update_or_create(name=this_instance(), defaults={"seen_at": timezone.now()})


def leave() -> None:
    """This server was stopped; so are the dead forgotten."""
    Instance.objects.filter(name=this_instance()).delete()
    Instance.objects.filter(seen_at__lt=timezone.now() - SILENCE).delete()


def is_alone() -> bool:
    """Whether no other server lives."""
    return not _others().exists()


def living_servers() -> int:
    """This one and the others."""
    return 1 + _others().count()


def _others() -> QuerySet[Instance]:
    return Instance.objects.filter(seen_at__gte=timezone.now() - SILENCE).exclude(name=this_instance())
