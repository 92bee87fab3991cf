"""Work that is handed to one worker at a time: a turn is taken with it, and given back at its end.

The turn of a worker that died runs out. So it bounds how often the work waits or runs, and is no lock: the work itself must be safe
to run twice at once.
"""

import datetime as dt

from django.db import connection
from django.utils import timezone

from raindrop.models import Turn


def take_turn(name: str, *, duration: dt.timedelta) -> bool:
    """Takes the turn, unless it is somebody's; returns whether it did."""
    now = timezone.now()
    with connection.cursor() as cursor:
        cursor.execute(
            """INSERT INTO raindrop_turn AS t (name, until) VALUES (%s, %s)
               ON CONFLICT (name) DO UPDATE SET until = EXCLUDED.until WHERE t.until <= %s RETURNING name""",
            [name, now + duration, now],
        )
        return cursor.fetchone() is not None


def end_turn(name: str) -> None:
    """The work is done, or nobody is left who could do it."""
    Turn.objects.filter(name=name).delete()
