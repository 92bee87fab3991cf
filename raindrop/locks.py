"""Locks on what has no row to lock."""

from django.db import connection


def hold_lock(name: str) -> None:
    """Waits until nobody else holds the lock of that name, or shares it, and keeps it until the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [name])


def share_lock(name: str) -> None:
    """Waits until nobody holds the lock of that name, and keeps whoever wants to hold it waiting until the transaction ends. Others share it
    meanwhile."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock_shared(hashtextextended(%s, 0))", [name])
