"""All events of a list as a file, JSONL or CSV, streamed: a part of it is read, sent and forgotten before the next."""

import csv
import datetime as dt
import io
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack
from typing import Any

import orjson
from asgiref.sync import sync_to_async
from django.core.exceptions import BadRequest
from django.core.handlers.asgi import ASGIRequest
from django.db.models import Q
from django.http import HttpResponse, StreamingHttpResponse
from django.utils import timezone

from ingest.models import Event, Project
from ingest.projects.access import ProjectRequest, project_page
from raindrop.errors import ApiError
from raindrop.web.crowds import Crowd
from signals.models import SignalDefinition
from signals.pages.events.filters import EventFilters
from signals.read_api.bytes import EVENT_TEXTS, items_within, light
from signals.read_api.found import found_items
from signals.read_api.page import time_limit

# Each holds one of the server's threads now and then, for as long as the file takes.
EXPORTS = Crowd(most=2, noun="exports")
ROWS = 200  # read at once; fewer where their texts are long (signals/read_api/bytes.py)
COLUMNS = (
    "event_id", "name", "timestamp", "received_at", "is_pending", "user_id", "convo_id", "model", "input", "output", "tool_calls",
    "tool_errors", "input_tokens", "output_tokens", "cost_usd", "latency_ms", "signals", "properties", "feature_flags",
)  # fmt: skip
# A spreadsheet takes a cell that begins so for a formula, which may send what stands in other cells elsewhere.
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
TYPES = {"jsonl": "application/x-ndjson", "csv": "text/csv; charset=utf-8"}


@project_page()
def export(request: ProjectRequest, project: Project) -> HttpResponse:
    """The events that the list's filters find, newest first, each once. `format` is jsonl or csv."""
    data = request.GET.copy()
    form = data.pop("format", ["jsonl"])[-1]
    if form not in TYPES:
        raise BadRequest(f"format is one of {', '.join(TYPES)}.")
    for paging in ("cursor", "limit", "newer"):
        data.pop(paging, None)
    signals = list(SignalDefinition.objects.filter(project=project, enabled=True))
    filters = EventFilters(data, project=project, signals=signals)
    if not filters.is_valid():
        raise BadRequest(" ".join(str(error) for errors in filters.errors.values() for error in errors))
    pieces = _pieces(filters, form)
    try:
        first = next(pieces)  # what is wrong is said before the file begins
    except ApiError as error:
        if error.status == 429:
            return error.response()
        raise BadRequest(error.message) from error
    content = _in_turns(first, pieces) if isinstance(request, ASGIRequest) else _at_once(first, pieces)
    name = f"{project.slug}-events-{timezone.now():%Y%m%d-%H%M}.{form}"
    return StreamingHttpResponse(  # type: ignore[return-value]  # project_page passes on whatever a view answers
        content, content_type=TYPES[form], headers={"Content-Disposition": f'attachment; filename="{name}"'}
    )


def _pieces(filters: EventFilters, form: str) -> Iterator[bytes]:
    """Raises ApiError 429 in a crowd, 400 for a search that takes too long."""
    with ExitStack() as stack:
        stack.enter_context(EXPORTS.enter(filters.project.id))
        header = _csv_lines([COLUMNS]) if form == "csv" else b""
        for items in _chunks(filters):
            lines = _csv_lines(map(_cells, items)) if form == "csv" else b"".join(map(_json_line, items))
            yield header + lines
            header = b""
        yield header


def _chunks(filters: EventFilters) -> Iterator[list[dict[str, Any]]]:
    """Each chunk is a query of its own, behind the last row of the one before."""
    project, place = filters.project, Q()
    while True:
        found = light(
            filters.matching().filter(place).select_related("end_user", "conversation"),
            EVENT_TEXTS, each="tool_calls",
        )  # fmt: skip
        with time_limit():
            rows = list(found.order_by("-timestamp", "-id")[:ROWS])
            items = items_within(
                rows, heavy=EVENT_TEXTS, items=lambda some: found_items(some, project=project)
            )
        if not items:
            return
        yield items
        place = _behind(rows[len(items) - 1])


def _behind(row: Event) -> Q:
    later = Q(timestamp__lt=row.timestamp) | Q(timestamp=row.timestamp, id__lt=row.id)
    return Q(timestamp__lte=row.timestamp) & later


def _json_line(item: dict[str, Any]) -> bytes:
    return orjson.dumps(item) + b"\n"


def _csv_lines(rows: Any) -> bytes:
    written = io.StringIO()
    csv.writer(written).writerows(rows)
    return written.getvalue().encode()


def _cells(item: dict[str, Any]) -> list[Any]:
    signals = " ".join(signal["key"] for signal in item["signals"])
    return [_cell(value) for value in ({**item, "signals": signals}[name] for name in COLUMNS)]


def _cell(value: Any) -> Any:
    """As it stands in a cell: a text that a spreadsheet would take for a formula begins with an apostrophe."""
    if isinstance(value, dt.datetime):
        return value.isoformat()
    if isinstance(value, dict):
        value = json.dumps(value, ensure_ascii=False) if value else ""
    if isinstance(value, str) and value.startswith(FORMULA):
        return "'" + value
    return value


def _at_once(first: bytes, pieces: Iterator[bytes]) -> Iterator[bytes]:
    yield first
    yield from pieces


async def _in_turns(first: bytes, pieces: Iterator[bytes]) -> AsyncIterator[bytes]:
    """Under ASGI, which would read a plain iterator to its end before it sends anything."""
    yield first
    while (piece := await sync_to_async(_next)(pieces)) is not None:
        yield piece


def _next(pieces: Iterator[bytes]) -> bytes | None:
    return next(pieces, None)
