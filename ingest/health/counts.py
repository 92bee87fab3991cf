"""Counting what becomes of all that is sent: accepted, refused and why, repeated, without text (IngestCount).

Counted in the process and written by ingest/limits/flushing.py: a request executes no statement for it. A process killed with -9 loses
the counts of its last two seconds, never an event. What is counted: on the wire events, signals and users; in OTLP spans and
log records, and of the events made of them those without text; a request refused as a whole counts as one.

Names come from the sender, so how many are told apart is bounded, for each key and hour: MAX_SCOPES scopes, and MAX_REASONS reasons
of each outcome in each; the rest is counted under OTHER.
"""

import contextlib
import datetime as dt
import re
import threading
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from django.core.exceptions import SynchronousOnlyOperation
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from ingest.health.receipts import Receipt
from ingest.health.samples import Redacted, sample_of
from ingest.incoming.cleaning import clean_text
from ingest.limits import flushing
from ingest.models import ApiKey, IngestCount
from ingest.models.health import Outcome
from raindrop import live
from raindrop.errors import ApiError

WIRE = "wire"
OTLP = "otlp"
IMPORT = "import"  # of no key
OTHER = "(others)"
NO_SCOPE = "(no scope)"
MAX_SCOPES = 20
MAX_REASONS = 30
MAX_NAME = 160
KEEP = dt.timedelta(days=8)  # the page shows seven
PURGE_EVERY = dt.timedelta(hours=1)

NUMBER = re.compile(r"(?<=\.)\d+(?=\.|$)|(?<=\[)\d+(?=\])")


_BEGINNING = re.compile(r"(?<=\w)[:;.](?:\s|$)|(?:^|\s)['\"]")


class Cell(NamedTuple):
    project_id: uuid.UUID | None
    key_id: uuid.UUID | None
    scope: str
    hour: dt.datetime
    outcome: str
    reason: str


@dataclass(slots=True)
class Tally:
    count: int = 0
    last_at: dt.datetime = dt.datetime.min.replace(tzinfo=dt.UTC)
    sample: str = ""


_tallies: dict[Cell, Tally] = {}
# What was told apart in `_names_hour`: (project, key) -> scopes, (project, key, scope, outcome) -> reasons.
_names: dict[tuple[object, ...], set[str]] = {}
_names_hour: dt.datetime | None = None
_purged_at: dt.datetime | None = None
_lock = threading.Lock()


def count(
    *,
    project_id: uuid.UUID | None,
    key_id: uuid.UUID | None,
    scope: str,
    outcome: Outcome | str,
    reason: str = "",
    n: int = 1,
    sample: Redacted | None = None,
) -> None:
    """Counts `n` with this outcome. `scope`: WIRE, OTLP (a request as a whole) or an instrumentation scope's name. `project_id`
    None: what came with no key that is known here. `sample`: the last one, which stands for those before it."""
    if n <= 0:
        return
    now = timezone.now()
    with _lock:
        cell = _cell(project_id, key_id, scope, now, Outcome(outcome).value, reason)
        tally = _tallies.setdefault(cell, Tally())
        tally.count += n
        tally.last_at = now
        tally.sample = sample or tally.sample
    flushing.start_thread()


def count_stored(
    *, key: ApiKey, accepted: int, duplicates: int = 0, no_text: int = 0, scope: str = WIRE
) -> None:
    """Counts what a request has stored. `duplicates` are not among the `accepted`; those with `no_text` are."""
    for outcome, n in (
        (Outcome.ACCEPTED, accepted),
        (Outcome.DUPLICATE, duplicates),
        (Outcome.NO_TEXT, no_text),
    ):
        count(project_id=key.project_id, key_id=key.id, scope=scope, outcome=outcome, n=n)


def count_refused(*, key: ApiKey | None, error: ApiError, body: bytes = b"", scope: str = WIRE) -> None:
    """Counts a request that was refused as a whole. `key` None: it had none that is known here. `body`: for the sample, of
    which one is made in two seconds; making it may read the project's redaction settings."""
    reason = reason_of(error)
    if key is None:
        count(project_id=None, key_id=None, scope=scope, outcome=Outcome.REJECTED, reason=reason)
        return
    sample = None
    if error.status < 500 and not _has_sample(key=key, scope=scope, reason=reason):
        with contextlib.suppress(SynchronousOnlyOperation, DatabaseError):  # where no query may be made: none
            sample = sample_of(error=error, body=body, project=key.project)
    count(
        project_id=key.project_id,
        key_id=key.id,
        scope=scope,
        outcome=Outcome.REJECTED,
        reason=reason,
        sample=sample,
    )


def count_receipt(*, key: ApiKey, receipt: Receipt) -> None:
    """Counts what became of an OTLP request, by instrumentation scope."""

    def add(scope: str, outcome: Outcome, n: int, reason: str = "") -> None:
        count(project_id=key.project_id, key_id=key.id, scope=scope, outcome=outcome, reason=reason, n=n)

    unread = receipt.rejected.copy()  # whose scope nobody knows
    for name, scope in receipt.scopes.items():
        name = name or NO_SCOPE
        add(name, Outcome.ACCEPTED, scope.accepted)
        add(name, Outcome.DUPLICATE, scope.duplicates)
        add(name, Outcome.IGNORED, scope.ignored)
        for reason, n in scope.rejected.items():
            add(name, Outcome.REJECTED, n, reason)
        unread.subtract(scope.rejected)
        for attribute, n in attributes(scope.unmapped.items()):
            add(name, Outcome.UNMAPPED, n, attribute)
    for reason, n in unread.items():
        add(OTLP, Outcome.REJECTED, n, reason)


def attributes(named: Iterable[tuple[str, int]]) -> list[tuple[str, int]]:
    """Attribute names, most frequent first, with `*` for the numbers in them (`llm.tools.0.name`)."""
    found: dict[str, int] = {}
    for name, n in named:
        name = NUMBER.sub("*", name)
        found[name] = found.get(name, 0) + n
    return sorted(found.items(), key=lambda item: (-item[1], item[0]))


def reason_of(error: ApiError) -> str:
    """The error's status and what is wrong, without what differs from request to request."""
    details = error.details
    if error.status == 429 and isinstance(details, dict):
        limit = "the project's monthly quota" if details.get("limit") == "monthly_quota" else "the key's rate"
        return f"429 More than {limit}"
    if isinstance(details, list) and details and isinstance(details[0], dict) and "field" in details[0]:
        field = re.sub(r"\[[^\]]*\]", "[]", str(details[0]["field"])) or "an item"
        return f"{error.status} {field}: {_general(str(details[0].get('message', '')))}"
    return f"{error.status} {_general(error.message)}"


def _general(message: str) -> str:
    """Its beginning, up to what may quote the sender."""
    return _BEGINNING.split(message, maxsplit=1)[0] or "not valid"


# -- in the process


def _cell(
    project_id: uuid.UUID | None,
    key_id: uuid.UUID | None,
    scope: str,
    now: dt.datetime,
    outcome: str,
    reason: str,
) -> Cell:
    """Called with the lock."""
    global _names_hour
    hour = now.replace(minute=0, second=0, microsecond=0)
    if hour != _names_hour:
        _names.clear()
        _names_hour = hour
    scope = _told_apart((project_id, key_id), _name(scope), MAX_SCOPES)
    if reason:
        reason = _told_apart((project_id, key_id, scope, outcome), _name(reason), MAX_REASONS)
    return Cell(project_id, key_id, scope, hour, outcome, reason)


def _told_apart(group: tuple[object, ...], name: str, limit: int) -> str:
    names = _names.setdefault(group, set())
    if name in names:
        return name
    if len(names) >= limit:
        return OTHER
    names.add(name)
    return name


def _name(text: str) -> str:
    return clean_text(text[: MAX_NAME + 1]) if len(text) <= MAX_NAME else clean_text(text[:MAX_NAME]) + "…"


def _has_sample(*, key: ApiKey, scope: str, reason: str) -> bool:
    with _lock:
        cell = _cell(key.project_id, key.id, scope, timezone.now(), Outcome.REJECTED.value, reason)
        return cell in _tallies and bool(_tallies[cell].sample)


# -- into the database


def flush() -> None:
    """Writes everything that this process has counted, the monthly usage too."""
    flushing.flush()


def _flush() -> None:
    global _tallies
    with _lock:
        taken, _tallies = _tallies, {}
    if not taken:
        return
    try:
        with transaction.atomic():
            _write(taken)
            live.changed({cell.project_id for cell in taken if cell.project_id is not None})
    except Exception:
        _put_back(taken)
        raise
    _purge(timezone.now())


def _write(taken: dict[Cell, Tally]) -> None:
    rows = sorted(taken.items(), key=lambda item: tuple(map(str, item[0])))  # locked in one order by all
    with connection.cursor() as cursor:
        cursor.execute(
            """INSERT INTO ingest_ingestcount AS t
                 (project_id, key_id, scope, hour, outcome, reason, count, last_at, sample)
               SELECT * FROM unnest(%s::uuid[], %s::uuid[], %s::text[], %s::timestamptz[], %s::text[], %s::text[],
                                    %s::bigint[], %s::timestamptz[], %s::text[])
               ON CONFLICT (project_id, hour, key_id, scope, outcome, reason) DO UPDATE SET
                 count = t.count + EXCLUDED.count, last_at = greatest(t.last_at, EXCLUDED.last_at),
                 sample = CASE WHEN EXCLUDED.sample = '' THEN t.sample ELSE EXCLUDED.sample END""",
            [
                *map(list, zip(*(cell for cell, _ in rows), strict=True)),
                [tally.count for _, tally in rows],
                [tally.last_at for _, tally in rows],
                [tally.sample for _, tally in rows],
            ],
        )


def _put_back(taken: dict[Cell, Tally]) -> None:
    with _lock:
        for cell, tally in taken.items():
            newer = _tallies.setdefault(cell, Tally())
            newer.count += tally.count
            newer.last_at = max(newer.last_at, tally.last_at)
            newer.sample = newer.sample or tally.sample


def _purge(now: dt.datetime) -> None:
    global _purged_at
    if _purged_at is None or now - _purged_at > PURGE_EVERY:
        _purged_at = now
        IngestCount.objects.filter(hour__lt=now - KEEP).delete()


def reset() -> None:
    """Forgets what is not written. In a forked child, and in tests."""
    global _lock
    _lock = threading.Lock()
    _tallies.clear()
    _names.clear()


flushing.register(flusher=_flush, reset=reset)
