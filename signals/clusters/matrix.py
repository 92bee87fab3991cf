"""Signals, problems or issues by intent: where each stands out.

A cell holds the events of both. Its lift is the row's rate within the intent over the row's rate in all events; the interval is that rate's
(Wilson, 90 %) over the same. What else may be rows registers itself: issues are above this room.
"""

import datetime as dt
import uuid
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from django.db import connection

from ingest.counts import rollups
from ingest.counts.period import begins_with, events_since
from ingest.models import Project
from raindrop.statistics import Z90, wilson
from signals.clusters.reading import live_clusters
from signals.models import ClusterKind, SignalDefinition

ROWS, COLUMNS = 40, 25  # those with the most events
# Of intents with more events than that, the cells are those of the last days that have as many: 300 ms.
MOST = 100_000
SOME = 2  # events that stand out together: one alone may be chance, of so many cells


@dataclass(frozen=True, slots=True)
class Line:
    """A row or a column. `key`: what the API calls it. `field` and `value`: of the query that finds its events."""

    subject: uuid.UUID
    key: str
    label: str
    field: str
    value: str
    events: int = 0


@dataclass(frozen=True, slots=True)
class Cell:
    row: Line
    column: Line
    events: int
    lift: float | None
    low: float | None
    high: float | None
    since: dt.datetime | None = None  # as the matrix's

    @property
    def query(self) -> str:
        """Its events, in the query language."""
        since = f" since:{self.since:%Y-%m-%d}" if self.since else ""
        return f"{self.row.field}:{self.row.value} {self.column.field}:{self.column.value}{since}"

    @property
    def stands_out(self) -> bool:
        return self.low is not None and ((self.low > 1 and self.events >= SOME) or (self.high or 0) < 1)

    @property
    def tone(self) -> str:
        """The class of its place in the matrix."""
        return ("is-more" if (self.lift or 0) > 1 else "is-less") if self.stands_out else ""


@dataclass(frozen=True, slots=True)
class Matrix:
    """`since`: only events from that midnight on count, in all its numbers; None: all."""

    rows: list[Line]
    columns: list[Line]
    cells: list[Cell]
    events: int  # of the project
    since: dt.datetime | None


@dataclass(frozen=True, slots=True)
class RowKind:
    """What may be rows: its lines of a project, and the table with one row for each event that has one, whose `column` is the line's subject."""

    name: str
    title: str
    lines: Callable[[Project], Iterable[Line]]
    table: str
    column: str


_kinds: dict[str, RowKind] = {}


def register_rows(kind: RowKind) -> None:
    """From `AppConfig.ready()` or at import."""
    _kinds[kind.name] = kind


def row_kinds() -> list[RowKind]:
    """In the order in which they were registered."""
    return list(_kinds.values())


def make_matrix(project: Project, *, rows: str) -> Matrix:
    """All cells with an event, or where the row and the intent both have one. Raises KeyError for rows of an unknown kind."""
    kind = _kinds[rows]
    intents = list(_intents(project))
    since = begins_with([intent.subject for intent in intents], events=MOST)
    lines = _largest(kind.lines(project), ROWS, since)
    columns = _largest(intents, COLUMNS, since)
    together = _together(kind, lines, columns, project, since)
    everything = max(_events([project.id], since).get(project.id, 0), 1)
    cells = [
        _cell(line, column, together.get((line.subject, column.subject), 0), everything, since)
        for line in lines
        for column in columns
    ]
    return Matrix(lines, columns, cells, everything, since)


def _events(subjects: Iterable[uuid.UUID], since: dt.datetime | None) -> dict[uuid.UUID, int]:
    if since is not None:
        return events_since(subjects, since)
    return {subject: total.events for subject, total in rollups.totals(subjects).items()}


def _cell(row: Line, column: Line, events: int, everything: int, since: dt.datetime | None) -> Cell:
    usual = row.events / everything
    interval = wilson(min(events, column.events), column.events, z=Z90)
    if interval is None or not usual:
        return Cell(row, column, events, None, None, None, since)
    low, high = interval
    return Cell(row, column, events, events / column.events / usual, low / usual, high / usual, since)


def _largest(lines: Iterable[Line], most: int, since: dt.datetime | None) -> list[Line]:
    """Those that have events, most first."""
    some = list(lines)
    events = _events([line.subject for line in some], since)
    with_events = [
        Line(line.subject, line.key, line.label, line.field, line.value, events.get(line.subject, 0))
        for line in some
    ]
    return sorted((line for line in with_events if line.events), key=lambda line: (-line.events, line.label))[
        :most
    ]


def _intents(project: Project) -> Iterable[Line]:
    """The finest."""
    rows = list(
        live_clusters(project).filter(kind=ClusterKind.INTENT).only("id", "label", "parent_id", "status")
    )
    parents = {row.parent_id for row in rows}
    return [
        Line(row.pk, str(row.pk), row.label, "intent", str(row.pk)) for row in rows if row.pk not in parents
    ]


def _problems(project: Project) -> Iterable[Line]:
    rows = (
        live_clusters(project).filter(kind=ClusterKind.PROBLEM).exclude(status="ignored").only("id", "label")
    )
    return [Line(row.pk, str(row.pk), row.label, "problem", str(row.pk)) for row in rows]


def _signals(project: Project) -> Iterable[Line]:
    rows = SignalDefinition.objects.filter(project=project, enabled=True, muted=False).only(
        "id", "key", "name"
    )
    return [Line(row.pk, row.key, row.name, "signal", row.key) for row in rows]


def _together(
    kind: RowKind, rows: Sequence[Line], columns: Sequence[Line], project: Project, since: dt.datetime | None
) -> dict[tuple[uuid.UUID, uuid.UUID], int]:
    """(row, column) -> events of both: one pass over the members of the columns."""
    if not rows or not columns:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(
            f"""SELECT r.{kind.column}, m.cluster_id, count(*) FROM signals_clustermember m
                JOIN {kind.table} r ON r.event_id = m.event_id AND r.project_id = m.project_id
                WHERE m.cluster_id = ANY(%s) AND m.project_id = %s AND r.{kind.column} = ANY(%s)
                  AND m.timestamp >= %s GROUP BY 1, 2""",
            [
                [line.subject for line in columns],
                project.id,
                [line.subject for line in rows],
                since or dt.datetime.min.replace(tzinfo=dt.UTC),
            ],
        )
        return {(row, column): events for row, column, events in cursor.fetchall()}


register_rows(RowKind("signal", "Signals", _signals, "signals_signalmatch", "signal_id"))
register_rows(RowKind("problem", "Problems", _problems, "signals_clustermember", "cluster_id"))
