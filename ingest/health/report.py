"""What the page "Ingest health" shows: the counts of a period, by key and scope."""

import datetime as dt
import uuid
from dataclasses import dataclass, field

from django.db import connection
from django.db.models import Sum

from ingest.health.counts import IMPORT, OTLP, WIRE
from ingest.health.hints import hint_for, no_text_hint
from ingest.models import ApiKey, IngestCount
from ingest.models.health import Outcome

HOUR = dt.timedelta(hours=1)
MAX_REASONS = 15  # shown of each outcome in a scope
MAX_ROWS = 4000
LABELS = {WIRE: "SDKs and the HTTP API", OTLP: "OTLP requests as a whole", IMPORT: "manage.py import_events"}


@dataclass(slots=True)
class Reason:
    text: str
    count: int
    last_at: dt.datetime
    sample: str
    hint: str = ""

    @property
    def status(self) -> str:
        """The HTTP status it was answered with, "" for a part of a request that was stored."""
        head = self.text[:3]
        return head if head.isdigit() and self.text[3:4] == " " else ""

    @property
    def what(self) -> str:
        return self.text[4:] if self.status else self.text


@dataclass(slots=True)
class Scope:
    """One instrumentation scope, or one way in, of one key."""

    name: str
    counts: dict[str, int] = field(default_factory=dict)
    last_at: dt.datetime | None = None
    rejections: list[Reason] = field(default_factory=list)
    unmapped: list[Reason] = field(default_factory=list)
    no_text: Reason | None = None

    @property
    def label(self) -> str:
        return LABELS.get(self.name, self.name)

    @property
    def anchor(self) -> str:
        """An id for the HTML, whatever the name is made of."""
        return uuid.uuid5(uuid.NAMESPACE_OID, self.name).hex[:12]

    @property
    def no_text_hint(self) -> str:
        return no_text_hint(self.name)

    @property
    def has_more(self) -> bool:
        return bool(self.rejections or self.unmapped or self.no_text)


@dataclass(slots=True)
class Sender:
    """A key and its scopes. `key` None: files were imported, or there was no key that is known here, or it was deleted."""

    key: ApiKey | None
    scopes: list[Scope]

    @property
    def is_files(self) -> bool:
        return self.key is None and [scope.name for scope in self.scopes] == [IMPORT]

    @property
    def last_at(self) -> dt.datetime | None:
        return max((scope.last_at for scope in self.scopes if scope.last_at), default=None)


@dataclass(slots=True)
class Report:
    senders: list[Sender]
    totals: dict[str, int]


def build_report(*, project_id: uuid.UUID | None, since: dt.datetime) -> Report:
    """Two queries. Scopes are ordered by how much they sent, keys by when they last did. `project_id` None: what belongs to
    no project."""
    scopes: dict[uuid.UUID | str | None, dict[str, Scope]] = {}
    totals = dict.fromkeys(Outcome.values, 0)
    for key_id, name, outcome, reason, count, of_outcome, last_at, sample in _rows(project_id, since):
        sender = name if key_id is None and name == IMPORT else key_id
        scope = scopes.setdefault(sender, {}).setdefault(name, Scope(name))
        if outcome not in scope.counts:
            scope.counts[outcome] = of_outcome
            totals[outcome] += of_outcome
        scope.last_at = max(scope.last_at or last_at, last_at)
        found = Reason(reason, count, last_at, sample)
        if outcome == Outcome.REJECTED:
            found.hint = hint_for(reason, name if key_id is None else "")
            scope.rejections.append(found)
        elif outcome == Outcome.UNMAPPED:
            scope.unmapped.append(found)
        elif outcome == Outcome.NO_TEXT:
            scope.no_text = found
    keys = (
        ApiKey.objects.filter(project_id=project_id).in_bulk([k for k in scopes if isinstance(k, uuid.UUID)])
        if project_id
        else {}
    )
    senders = [
        Sender(
            keys.get(sender) if isinstance(sender, uuid.UUID) else None,
            sorted(of_sender.values(), key=_size, reverse=True),
        )
        for sender, of_sender in scopes.items()
    ]
    earliest = dt.datetime.min.replace(tzinfo=dt.UTC)
    return Report(sorted(senders, key=lambda sender: sender.last_at or earliest, reverse=True), totals)


def hourly(*, project_id: uuid.UUID, since: dt.datetime, now: dt.datetime) -> dict[str, list[int]]:
    """Accepted and rejected in each hour of the period, the oldest first."""
    found = (
        IngestCount.objects.in_project(project_id)
        .since(since)
        .filter(outcome__in=[Outcome.ACCEPTED, Outcome.REJECTED])
        .values_list("hour", "outcome")
        .annotate(n=Sum("count"))
    )
    hours = {since + i * HOUR: i for i in range(int((now - since) / HOUR) + 1)}
    series = {outcome: [0] * len(hours) for outcome in (Outcome.ACCEPTED.value, Outcome.REJECTED.value)}
    for hour, outcome, n in found:
        if hour in hours:
            series[outcome][hours[hour]] = n
    return series


Row = tuple[uuid.UUID | None, str, str, str, int, int, dt.datetime, str]


def _rows(project_id: uuid.UUID | None, since: dt.datetime) -> list[Row]:
    """(key, scope, outcome, reason, count, count of the whole outcome, last time, last sample), most frequent reasons first."""
    where = "project_id IS NULL" if project_id is None else "project_id = %s"
    with connection.cursor() as cursor:
        cursor.execute(
            f"""SELECT key_id, scope, outcome, reason, n, of_outcome, last_at, coalesce(sample, '') FROM (
                  SELECT key_id, scope, outcome, reason, sum(count)::bigint AS n, max(last_at) AS last_at,
                         (array_agg(sample ORDER BY last_at DESC) FILTER (WHERE sample <> ''))[1] AS sample,
                         (sum(sum(count)) OVER of_outcome)::bigint AS of_outcome,
                         row_number() OVER (of_outcome ORDER BY sum(count) DESC, reason) AS place
                  FROM ingest_ingestcount WHERE {where} AND hour >= %s
                  GROUP BY key_id, scope, outcome, reason
                  WINDOW of_outcome AS (PARTITION BY key_id, scope, outcome)) counted
                WHERE place <= %s ORDER BY of_outcome DESC, place LIMIT %s""",
            [*([] if project_id is None else [project_id]), since, MAX_REASONS, MAX_ROWS],
        )
        return list(cursor.fetchall())


def _size(scope: Scope) -> int:
    outcomes = (Outcome.ACCEPTED, Outcome.REJECTED, Outcome.DUPLICATE, Outcome.IGNORED)
    return sum(scope.counts.get(outcome, 0) for outcome in outcomes)
