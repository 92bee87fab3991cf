"""Identifiers. Internal ids are UUIDv7 (RFC 9562, 5.7): the first 48 bits are milliseconds, so rows sort by time.

Of the 74 bits that are free, 56 tell when the id was made (in 16 ns since 2020, good for 36 years) and 18 are random: what has the
same millisecond, as all that an SDK stamps with whole seconds has, sorts in the order in which it came.
"""

import datetime as dt
import hashlib
import os
import random
import time
import uuid

_SINCE_NS = 1_577_836_800 * 10**9  # 2020
_MADE_BITS, _RANDOM_BITS = 56, 18

# An id is no secret: the generator's 0.1 µs instead of the operating system's 2 to 5 count when each event takes two.
_random = random.Random()  # noqa: S311
os.register_at_fork(after_in_child=_random.seed)


def new_id() -> uuid.UUID:
    """A UUIDv7 of now."""
    return _uuid7(time.time_ns() // 1_000_000)


def id_at(moment: dt.datetime) -> uuid.UUID:
    """A UUIDv7 of the moment given, so that backdated rows sort by their own time."""
    return _uuid7(max(0, int(moment.timestamp() * 1000)))


def derived_id(namespace: uuid.UUID, *parts: str) -> uuid.UUID:
    """The same id (UUIDv5) for the same name, so that a row can be written without first being looked up."""
    digest = hashlib.sha1(namespace.bytes + "\x1f".join(parts).encode(), usedforsecurity=False).digest()
    number = int.from_bytes(digest[:16]) & ~(0xF << 76 | 0b11 << 62) | 5 << 76 | 0b10 << 62
    return uuid.UUID(int=number)  # as uuid.uuid5, in a third of its time


def _uuid7(milliseconds: int) -> uuid.UUID:
    made = (time.time_ns() - _SINCE_NS >> 4) & (1 << _MADE_BITS) - 1
    bits = made << _RANDOM_BITS | _random.getrandbits(_RANDOM_BITS)
    return uuid.UUID(
        int=milliseconds << 80 | 0x7 << 76 | bits >> 62 << 64 | 0b10 << 62 | bits & (1 << 62) - 1
    )
