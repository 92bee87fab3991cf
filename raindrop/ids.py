"""Identifiers. Internal ids are UUIDv7 (RFC 9562, 5.7): the first 48 bits are milliseconds, so rows sort by time."""

import datetime as dt
import secrets
import time
import uuid


def new_id() -> uuid.UUID:
    """A UUIDv7 of now."""
    return _uuid7(time.time_ns() // 1_000_000)


def id_at(moment: dt.datetime) -> uuid.UUID:
    """A UUIDv7 of the moment given, so that backdated rows land in the partition of their own time."""
    return _uuid7(max(0, int(moment.timestamp() * 1000)))


def derived_id(namespace: uuid.UUID, *parts: str) -> uuid.UUID:
    """The same id (UUIDv5) for the same name, so that a row can be written without first being looked up."""
    return uuid.uuid5(namespace, "\x1f".join(parts))


def _uuid7(milliseconds: int) -> uuid.UUID:
    random = secrets.randbits(74)
    return uuid.UUID(
        int=milliseconds << 80 | 0x7 << 76 | random >> 62 << 64 | 0b10 << 62 | random & (1 << 62) - 1
    )
