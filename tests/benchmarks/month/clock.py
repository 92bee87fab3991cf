"""A clock that stands still until it is moved on, for all that asks Django for the time."""

import contextlib
import datetime as dt
from collections.abc import Iterator
from typing import Any
from unittest import mock


class _AnyMoment(type):
    def __instancecheck__(cls, instance: object) -> bool:
        return isinstance(instance, dt.datetime)


class _Moment(dt.datetime, metaclass=_AnyMoment):
    """In place of `datetime` in django.utils.timezone: models bind `timezone.now` when they are made, and it looks this name up."""

    at = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)

    @classmethod
    def now(cls, tz: dt.tzinfo | None = None) -> Any:
        return cls.at.astimezone(tz)


class Clock:
    """Django's time, while it is `running`. The database's own `now()` is the real one."""

    @property
    def at(self) -> dt.datetime:
        return _Moment.at

    def move_to(self, at: dt.datetime) -> None:
        _Moment.at = at

    def move(self, **by: float) -> None:
        """`by`: as of timedelta."""
        _Moment.at += dt.timedelta(**by)


@contextlib.contextmanager
def running(start: dt.datetime | None) -> Iterator[Clock]:
    """`start` None: from where it stood."""
    clock = Clock()
    if start is not None:
        clock.move_to(start)
    with mock.patch("django.utils.timezone.datetime", _Moment):
        yield clock
