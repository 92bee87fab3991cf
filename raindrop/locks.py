"""Locks on what has no row to lock."""

from django.db import connection


def hold_lock(name: str) -> None:
    """Waits until nobody else holds the lock of that name, and keeps it until the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [name])
