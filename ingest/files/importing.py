"""Importing files in any of the formats of ingest/files/formats, a batch at a time, so that a broken import goes on where it stopped.

After each stored batch the number of lines done is written to a small state file in the data directory. Lines that
cannot be taken are counted, reported with their number, and kept in a reject file. Everything is stored by ids that the
data has, or that follow from it: what is imported twice is there once.

The spans of a trace may lie on any lines: they are stored as they come, and their events made at the end (ingest/tracing/trace_events.py).
"""

import datetime as dt
import functools
import logging
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

from django.db import DataError, InterfaceError, OperationalError
from django.utils import timezone
from tqdm import tqdm

from ingest.files.formats import BadLine, Line, ParsedLine, format_of, parse_line
from ingest.files.formats.shifting import Shifts
from ingest.files.import_counts import count_imported, count_rejected
from ingest.files.import_lines import (
    forget_rejects,
    is_gzipped,
    keep_reject,
    parse_object,
    read_lines,
    rejects_path,
)
from ingest.files.import_state import StateFile, TraceList, identity_of
from ingest.files.imported import LineCounts, finish_traces, store_parsed
from ingest.files.redating import Rhythm
from ingest.incoming.merging import MergeTooLarge
from ingest.incoming.values import IncomingEvent
from ingest.models import Project
from raindrop.data_dir import data_dir
from raindrop.errors import ApiError

logger = logging.getLogger(__name__)

BATCH_EVENTS = 500  # events, spans and signals
KEPT_REASONS = 20
BAD = (BadLine, ApiError, ValueError, RecursionError)  # what makes a line a bad one, in words for its sender
NO_FAULT_OF_THE_LINE = (
    OperationalError,
    InterfaceError,
    OSError,
    MemoryError,
)  # they end the import, which goes on later
UNREADABLE = (OSError, EOFError, zlib.error)  # of a file; gzip: cut off, or not gzip

# May change an event before it is stored, or leave it out (None). Gets the event and the line it comes from.
Transform = Callable[[IncomingEvent, dict[str, Any]], IncomingEvent | None]
Progress = Callable[[int, int], None]


@dataclass
class ImportReport:
    lines: int = 0  # read in this run
    events: int = 0  # with those that were made of spans
    spans: int = 0  # of traces; those inside an event's line are not counted
    signals: int = 0
    known_events: int = 0  # of those, what was here already, exactly so
    known_spans: int = 0
    known_signals: int = 0
    ignored: int = 0  # spans and logs that are not about GenAI
    skipped: int = 0  # lines done by an earlier run that was broken off
    rejected: int = 0
    rejects: Path | None = None
    reasons: list[str] = field(default_factory=list)  # "line 7: ...", the first KEPT_REASONS


@dataclass
class Batch:
    lines: list[tuple[int, bytes, ParsedLine]] = field(default_factory=list)  # number, text, what it holds
    size: int = 0

    def add(self, number: int, raw: bytes, parsed: ParsedLine) -> None:
        self.lines.append((number, raw, parsed))
        self.size += max(1, len(parsed.events) + len(parsed.spans) + len(parsed.logs) + len(parsed.signals))


class Redating:
    """`--redate` over the files of one import: the span of time to fill, and by how much all moves that has times.

    The end of the span is written down, so that it stays the same when a broken import goes on.
    """

    def __init__(
        self,
        paths: Sequence[Path],
        *,
        project: Project,
        span: dt.timedelta,
        format: str | None = None,
        show_progress: bool = False,
    ) -> None:
        here = [path for path in paths if path.is_file()]
        self._state = StateFile(
            _directory(),
            key=["redate", project.id, *sorted(path.resolve() for path in here)],
            identity={"files": [identity_of(path) for path in here], "seconds": span.total_seconds()},
        )
        state = self._state.read()
        self.now = dt.datetime.fromisoformat(state["now"]) if state else timezone.now()
        self._state.write(now=self.now.isoformat())
        self.rhythm = Rhythm(span=span, end=self.now)
        self.shifts = Shifts(self.rhythm)
        for path in here:
            _learn(self.shifts, path, format=format, show_progress=show_progress)
        self.shifts.settle()

    def finish(self) -> None:
        """All files are imported."""
        self._state.delete()


def import_file(
    path: Path,
    *,
    project: Project,
    format: str | None = None,
    redate: dt.timedelta | Redating | None = None,
    keep_labels: bool = False,
    transform: Transform | None = None,
    progress: Progress | bool = False,
) -> ImportReport:
    """Imports a JSONL file, gzipped when its name ends in .gz, into the project.

    `format` is one of ingest.files.formats.FORMATS, else each line tells its own. `redate` spreads conversations over the last
    days (a Redating when several files belong together). `progress` is called with the bytes done and all bytes after each
    batch, or is True for a bar on stderr. Raises OSError, EOFError or zlib.error when the file cannot be read; what was
    read before stays stored, and the next run goes on there.
    """
    if progress is True:
        with tqdm(total=path.stat().st_size, unit="B", unit_scale=True, desc=path.name, disable=None) as bar:
            return import_file(
                path,
                project=project,
                format=format,
                redate=redate,
                keep_labels=keep_labels,
                transform=transform,
                progress=lambda done, total: _move(bar, done),
            )
    own = (
        Redating([path], project=project, span=redate, format=format)
        if isinstance(redate, dt.timedelta)
        else None
    )
    redating = own or (redate if isinstance(redate, Redating) else None)
    importer = _Importer(
        path=path,
        project=project,
        format=format,
        redating=redating,
        keep_labels=keep_labels,
        transform=transform,
    )
    size = path.stat().st_size
    with path.open("rb") as raw:
        for number, line in read_lines(raw, gzipped=is_gzipped(path)):
            if number <= importer.done:
                importer.report.skipped += 1
                continue
            importer.take(number, line)
            if importer.batch.size >= BATCH_EVENTS:
                importer.flush(number)
                if progress:
                    progress(min(raw.tell(), size), size)
        importer.finish()
    if own:
        own.finish()
    if progress:
        progress(size, size)
    return importer.report


def _move(bar: "tqdm[NoReturn]", done: int) -> None:
    bar.update(done - bar.n)


def _directory() -> Path:
    return data_dir() / "imports"


class _Importer:
    """One run over one file."""

    def __init__(
        self,
        *,
        path: Path,
        project: Project,
        format: str | None,
        redating: Redating | None,
        keep_labels: bool,
        transform: Transform | None,
    ) -> None:
        self.project, self.format, self.redating = project, format, redating
        self.keep_labels, self.transform = keep_labels, transform
        self.report, self.batch, self.last_line = ImportReport(), Batch(), 0
        self.unforeseen: set[str] = set()  # types of errors that were logged
        self.sampled: set[str] = set()  # reasons of which a sample was taken
        self.state = StateFile(
            _directory(),
            key=[path.resolve(), project.id],
            identity=identity_of(path)
            | {
                "redate": (redating.rhythm.end - redating.rhythm.start).total_seconds() if redating else None,
                "keep_labels": keep_labels,
                "format": format,
            },
        )
        self.traces = TraceList(self.state.path.with_suffix(".traces"))
        state = self.state.read()
        self.done: int = state["lines"] if state else 0
        self.now = redating.now if redating else timezone.now()
        self.rejects = rejects_path(path, _directory())
        forget_rejects(self.rejects, after=self.done)

    def take(self, number: int, raw: bytes) -> None:
        """Reads one line into the batch, or rejects it."""
        self.report.lines += 1
        self.last_line = number
        if not raw.strip():
            return
        try:
            parsed = self._parse(raw)
        except NO_FAULT_OF_THE_LINE:
            raise
        except Exception as error:
            self._reject(number, raw, self._reason(error))
            return
        if parsed.complaints:
            self._reject(number, raw, _in_part(parsed.complaints), parsed.complaints)
        self.batch.add(number, raw, parsed)

    def flush(self, number: int) -> None:
        """Stores the batch, then notes that all lines up to `number` are done."""
        batch, self.batch = self.batch, Batch()
        self.traces.add({trace_id for _, _, parsed in batch.lines for trace_id in parsed.trace_ids})
        try:
            stored = store_parsed(project=self.project, parsed=[parsed for _, _, parsed in batch.lines])
        except NO_FAULT_OF_THE_LINE:
            raise
        except Exception:  # of what? One by one, the line is known
            for line in batch.lines:
                self._store_alone(*line)
        else:
            self._count(stored)
            if stored.refused:
                self._find_refused(batch)
        self.done = number
        self.state.write(lines=self.done)

    def finish(self) -> None:
        self.flush(self.last_line or self.done)
        for trace_ids in self.traces.batches(BATCH_EVENTS):
            events, known = finish_traces(project=self.project, trace_ids=trace_ids)
            self.report.events += events
            self.report.known_events += known
        self.traces.delete()
        self.state.delete()
        self.report.rejects = self.rejects if self.report.rejected else None

    def _parse(self, raw: bytes) -> ParsedLine:
        value = parse_object(raw)
        start_of = functools.partial(self._start_of, value)
        line = Line(value=value, raw=raw, start_of=start_of, keep_labels=self.keep_labels)
        parsed = parse_line(line, forced=self.format)
        if self.redating:
            self.redating.shifts.move(parsed)
        if self.transform:
            changed = [self.transform(event, value) for event in parsed.events]
            parsed.events = [event for event in changed if event is not None]
        return parsed

    def _start_of(self, value: dict[str, Any], key: str, seconds: float) -> dt.datetime:
        """So that a line's conversation without times ends by now: at its key's moment when redated, else just now."""
        latest = self.now - dt.timedelta(seconds=seconds)
        if self.redating:
            rhythm = self.redating.rhythm
            return max(rhythm.start, min(rhythm.moment(key, self.redating.shifts.share(value)), latest))
        return latest

    def _store_alone(self, number: int, raw: bytes, parsed: ParsedLine) -> None:
        try:
            stored = store_parsed(project=self.project, parsed=[parsed])
        except NO_FAULT_OF_THE_LINE:
            raise
        except Exception as error:
            self._reject(number, raw, self._reason(error))
            return
        self._count(stored)
        if stored.refused:
            self._reject(number, raw, _in_part(stored.refused), stored.refused)

    def _reason(self, error: Exception) -> str:
        """Why a line is rejected. What this program did not foresee is logged with its traceback, once a kind: such a line must
        not stop the import, and the fault must be found."""
        if isinstance(error, (*BAD, MergeTooLarge, DataError)):
            return str(error) or type(error).__name__
        kind = type(error).__name__
        if kind not in self.unforeseen:
            self.unforeseen.add(kind)
            logger.error("A line could not be imported", exc_info=error)
        return f"this program failed on it ({kind}); the log has the reason"

    def _find_refused(self, batch: Batch) -> None:
        """Of which lines spans or logs were refused: one by one, and not counted again, since the rest is stored by now."""
        for number, raw, parsed in batch.lines:
            traced = ParsedLine(spans=parsed.spans, logs=parsed.logs)
            if refused := store_parsed(project=self.project, parsed=[traced]).refused:
                self._reject(number, raw, _in_part(refused), refused)

    def _count(self, stored: LineCounts) -> None:
        for name in ("events", "spans", "signals", "known_events", "known_spans", "known_signals", "ignored"):
            setattr(self.report, name, getattr(self.report, name) + getattr(stored, name))
        count_imported(self.project, stored)

    def _reject(self, number: int, raw: bytes, reason: str, parts: dict[str, int] | None = None) -> None:
        """`parts`: how many of what the line holds were refused, by reason; None: the line as a whole."""
        self.report.rejected += 1
        count_rejected(self.project, parts or {reason: 1}, raw, sampled=self.sampled)
        if len(self.report.reasons) < KEPT_REASONS:
            self.report.reasons.append(f"line {number}: {reason}")
        row = {"line": number, "reason": reason, "content": raw.decode(errors="replace").rstrip("\n")}
        keep_reject(self.rejects, row)


def _in_part(complaints: dict[str, int]) -> str:
    """For a line of which the rest was taken."""
    return "in part: " + "; ".join(f"{reason} ({count})" for reason, count in sorted(complaints.items()))


def _learn(shifts: Shifts, path: Path, *, format: str | None, show_progress: bool) -> None:
    """Reads the times of a file. What cannot be read here is told of by the import itself."""
    size = path.stat().st_size if path.is_file() else 0
    bar: Any = tqdm(
        total=size,
        unit="B",
        unit_scale=True,
        desc=f"times of {path.name}",
        disable=None if show_progress else True,
    )
    try:
        with bar, path.open("rb") as raw:
            for _, line in read_lines(raw, gzipped=is_gzipped(path)):
                bar.update(min(raw.tell(), size) - bar.n)
                try:
                    value = parse_object(line)
                    if _surely_undated(value, format):
                        shifts.learn_release(value)
                    else:
                        shifts.learn(
                            parse_line(Line(value=value, raw=line, start_of=_any_time), forced=format)
                        )
                except BAD:
                    continue
    except UNREADABLE:
        return


def _surely_undated(value: dict[str, Any], format: str | None) -> bool:
    """Conversations mostly are: to see that costs less than to parse them."""
    if (format or format_of(value).name) != "conversation" or not isinstance(value.get("messages"), list):
        return False
    return not any(isinstance(message, dict) and message.get("timestamp") for message in value["messages"])


def _any_time(key: str, seconds: float) -> dt.datetime:
    return dt.datetime(2000, 1, 1, tzinfo=dt.UTC)
