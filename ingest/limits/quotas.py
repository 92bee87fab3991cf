"""What a key may send and a project may store: a token bucket for each write key, a monthly quota for each project.

`check_limits` is asked after decoding and before anything is stored. It answers from memory: the buckets are this process's own
(with several web processes each lets the whole rate through), the limits come with the cached key (a change holds after
ingest.projects.keys.CACHE_SECONDS), and the quota's count is amortised (ingest/limits/usage.py).
"""

import datetime as dt
import math
import threading
import time
import uuid
from dataclasses import dataclass

import psycopg
from django.db import Error, transaction

from ingest.limits import usage
from ingest.models import ApiKey, Project
from ingest.projects.keys import forget_keys
from raindrop.errors import ApiError
from raindrop.server.health import note_full_disk

# Twice what one web process can store (docs/benchmarks.md): a guard against a loop that has run wild, not a price list.
DEFAULT_RATE = 20_000
DEFAULT_BURST = 60_000
# An SDK that takes Retry-After at its word should notice within the hour that the quota was raised.
MAX_RETRY_AFTER = 3600
UNAVAILABLE_SECONDS = 5
DISK_FULL_SECONDS = 60

_buckets: dict[uuid.UUID, "Bucket"] = {}
_lock = threading.Lock()


@dataclass(slots=True)
class Bucket:
    """Tokens that come back at `rate` a second, up to `burst`. A request of more than `burst` passes a full bucket, and leaves a
    debt: it could never pass otherwise."""

    tokens: float
    at: float
    burst: int = 0  # that it was last used with; one that grew holds at once

    def take(self, items: int, *, rate: int, burst: int, now: float) -> float:
        """Takes the tokens and returns 0; or takes none, and returns the seconds after which they will be there."""
        if burst > self.burst > 0:
            self.tokens += burst - self.burst
        self.burst = burst
        self.tokens = min(float(burst), self.tokens + max(0.0, now - self.at) * rate)
        self.at = now
        missing = min(items, burst) - self.tokens
        if missing > 1e-9:
            return missing / rate
        self.tokens -= items
        return 0.0


def check_limits(*, key: ApiKey, items: int, events: int | None = None, only_cached: bool = False) -> None:
    """Raises ApiError 429 when the request is too much. `items`: what it holds, against the key's rate. `events`: how many
    new events it may make, against the project's quota (default: `items`; 0: the quota is not asked). The quota is asked
    first: what it refuses costs no tokens. One query when the quota's count is not in memory; with `only_cached` KeyError then."""
    _check_quota(key, items if events is None else events, only_cached=only_cached)
    rate, burst = limits_of(key)
    with _lock:
        bucket = _buckets.get(key.id)
        if bucket is None:
            if len(_buckets) >= 10_000:
                _buckets.clear()
            bucket = _buckets[key.id] = Bucket(float(burst), time.monotonic())
        wait = bucket.take(items, rate=rate, burst=burst, now=time.monotonic())
    if wait:
        seconds = math.ceil(wait)
        raise ApiError(
            429,
            f"This key may send {rate:,} items a second, and {burst:,} at once. Nothing was stored: send it again in "
            f"{seconds} s.",
            details={"limit": "rate", "rate": rate, "burst": burst, "retry_after": seconds},
            retry_after=seconds,
        )


def limits_of(key: ApiKey) -> tuple[int, int]:
    """(items a second, items at once). A key with a rate of its own and no burst has three seconds' worth."""
    rate = key.rate or DEFAULT_RATE
    return rate, key.burst or (3 * rate if key.rate else DEFAULT_BURST)


@transaction.atomic
def save_limits(
    *, project: Project, monthly_quota: int | None, keys: list[tuple[ApiKey, dict[str, int | None]]]
) -> None:
    """Sets the project's quota, and of each key the limits named (`rate`, `burst`; None: the default). This process follows at
    once, others within ingest.projects.keys.CACHE_SECONDS."""
    project.monthly_quota = monthly_quota
    project.save(update_fields=["monthly_quota"])
    for key, limits in keys:
        for name, value in limits.items():
            setattr(key, name, value)
        key.save(update_fields=list(limits))
    transaction.on_commit(forget_keys)
    forget_keys()


def _check_quota(key: ApiKey, events: int, *, only_cached: bool) -> None:
    quota = key.project.monthly_quota
    if quota is None or events <= 0:
        return
    month = usage.this_month()
    used = usage.used(key.project_id, month, only_cached=only_cached)
    if used + events <= quota:
        return
    resets = dt.datetime.combine(usage.next_month(month), dt.time(), dt.UTC)
    room = max(0, quota - used)
    reached = (
        f"The project may store {quota:,} events a month. There is room for {room:,} more, and this request holds {events:,}."
        if room
        else f"The project has stored the {quota:,} events that it may store in a month."
    )
    wait = math.ceil((resets - dt.datetime.now(dt.UTC)).total_seconds())
    raise ApiError(
        429,
        f"{reached} Nothing of this request was stored. The count starts anew on "
        f"{resets:%Y-%m-%d} at 00:00 UTC; an admin of the project can raise it in the settings.",
        details={
            "limit": "monthly_quota",
            "quota": quota,
            "used": used,
            "resets_at": resets.isoformat(),
        },
        retry_after=max(1, min(wait, MAX_RETRY_AFTER)),
    )


def unavailable(error: Error) -> ApiError:
    """The 503 for a database that cannot take anything now; SDKs retry after the time it names. `error`: Django's
    OperationalError or InterfaceError (gone, starting, out of connections or memory, a deadlock, a full disk)."""
    cause = error.__cause__
    if isinstance(cause, psycopg.errors.DiskFull):
        note_full_disk()
        text = "The disk of the server's database is full. Nothing was stored: try again when there is room."
        return ApiError(503, text, retry_after=DISK_FULL_SECONDS)
    state = getattr(cause, "sqlstate", None) or ""
    if state.startswith("53"):  # out of connections, of memory
        text = "The database has no room for this request now. Nothing was stored: try again."
    else:
        text = "The database cannot be reached. Nothing was stored: try again."
    return ApiError(503, text, retry_after=UNAVAILABLE_SECONDS)


def overloaded() -> ApiError:
    """The 503 for a request that came while too many wait for the database already."""
    text = "The database is slow, and the server holds as many requests as it can. Nothing was stored: try again."
    return ApiError(503, text, retry_after=UNAVAILABLE_SECONDS)


def reset() -> None:
    """Full buckets again. For tests."""
    _buckets.clear()
