"""A bound on the time of a statement, in the database itself."""

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from django.db import OperationalError, connection, transaction


class TookTooLong(Exception):
    """A statement was cancelled at its limit."""


@contextmanager
def statement_limit(limit: dt.timedelta) -> Iterator[None]:
    """Cancels a statement that runs longer, undoes what was written inside, and raises TookTooLong. The limit that held before holds again
    afterwards."""
    is_inner = connection.in_atomic_block
    try:
        with transaction.atomic():
            before = _set_limit(f"{int(limit.total_seconds() * 1000)}ms")
            yield
            if is_inner:  # else it ends with the transaction
                _set_limit(before)
    except OperationalError as error:
        if not isinstance(error.__cause__, psycopg.errors.QueryCanceled):
            raise
        raise TookTooLong from error


def _set_limit(limit: str) -> str:
    """Sets it until the transaction ends. Returns what it was: PostgreSQL evaluates a list of columns from left to right."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT current_setting('statement_timeout'), set_config('statement_timeout', %s, true)", [limit]
        )
        return str(cursor.fetchone()[0])
