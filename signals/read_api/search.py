"""`/v1/events/search`: by words, by meaning, or by a regular expression."""

import base64
import binascii
import datetime as dt
import json
import math
import uuid

import psycopg
from django.contrib.postgres.search import SearchRank, SearchVector
from django.db import DatabaseError, connection
from django.db.models import F, Q, QuerySet, Value
from django.db.models.functions import Left
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from ingest.models import Event, Project
from ingest.projects.authentication import project_of
from raindrop.api.pagination import DEFAULT_LIMIT, MAX_LIMIT, page_of
from signals.read_api.bytes import EVENT_TEXTS, light
from signals.read_api.events import FILTERS, matching_events
from signals.read_api.filters import Parameters, Query, bad, read_query, read_window
from signals.read_api.items import event_items_within
from signals.read_api.page import SEARCHES, cursor_after, listed_response, time_limit
from signals.read_api.schema import WireEvent, list_of, parameters_of, responses
from signals.search.meaning import rank_by_meaning
from signals.vectors.reading import VectorSide
from signals.vectors.text_search import SpacedText, search_events, search_query

PARAMETERS = Parameters(
    plain=("query", "mode", "search_in", "threshold", "limit", "cursor", *FILTERS.plain),
    times=FILTERS.times,
    strings=FILTERS.strings,
    signals=FILTERS.signals,
    maps=FILTERS.maps,
)
MODES = ("text", "semantic", "regex")
SIDES = {"user_input": "user", "assistant_output": "agent"}
COLUMNS: dict[VectorSide, tuple[str, ...]] = {
    "user": ("input",),
    "agent": ("output",),
    "both": ("input", "output"),
}
MAX_QUERY = 2000
NEWEST = ("-timestamp", "-id")
# Beyond the thousandth, nearness says nothing any more.
MAX_NEAREST = 1000
# A regular expression reads every text in its window.
REGEX_WINDOW = dt.timedelta(days=14)
REGEX_TIME_LIMIT = dt.timedelta(seconds=5)
# As much of one side as its words are looked for in when only that side counts (a tsvector holds 1 MiB).
SIDE_CHARACTERS = 100_000


@extend_schema(
    operation_id="v1_events_search",
    tags=["Read path"],
    summary="Search events by words, meaning or regular expression",
    parameters=parameters_of(
        PARAMETERS,
        enums={"mode": MODES, "search_in": ("user_input,assistant_output", *SIDES)},
        required=("query",),
    ),
    responses=responses(list_of(WireEvent)),
)
@api_view(["GET"])
def search(request: Request) -> Response:
    """`text` (words, "phrases", -without, or) and `regex` answer the newest first, `semantic` the nearest first: the
    thousand nearest at most, down to the cosine `threshold`. `regex` looks at 14 days at most, by default the last.
    `relevance_score` is the words' rank, the cosine, or 1."""
    project, query = project_of(request), read_query(request, PARAMETERS)
    text = query.plain.get("query", "")
    if not text.strip() or len(text) > MAX_QUERY:
        raise bad("query", f"query is required: what to look for, in at most {MAX_QUERY} characters.")
    side, threshold = _read_side(query), _read_threshold(query)
    mode = query.choice("mode", MODES, "text")
    rows = matching_events(project, query)
    with SEARCHES.enter(project.id):
        if mode == "semantic":
            return _semantic(project, rows, query, text=text, side=side, threshold=threshold)
        with time_limit(REGEX_TIME_LIMIT):
            if mode == "text":
                return _page(request, query, _with_words(rows, text, side), project)
            return _regex_page(request, query, rows, project, pattern=text, side=side)


def _read_side(query: Query) -> VectorSide:
    named = query.plain.get("search_in", "user_input,assistant_output").split(",")
    sides = {SIDES.get(name.strip()) for name in named}
    if None in sides:
        raise bad(
            "search_in", "search_in takes user_input, assistant_output, or both with a comma.", list(SIDES)
        )
    return "both" if len(sides) == 2 else "user" if "user" in sides else "agent"


def _page(request: Request, query: Query, rows: QuerySet[Event], project: Project) -> Response:
    """Rows with a `relevance` each, newest first."""
    query.number("limit", default=DEFAULT_LIMIT, maximum=MAX_LIMIT)
    page = page_of(light(rows, EVENT_TEXTS, each="tool_calls"), request=request, order=NEWEST)
    scores = {row.id: float(row.relevance) for row in page.rows}  # type: ignore[attr-defined]  # annotated by the search
    data = event_items_within(page.rows, project=project, scores=scores)
    return listed_response(data, cursor=cursor_after(page, len(data), NEWEST))


def _with_words(rows: QuerySet[Event], text: str, side: VectorSide) -> QuerySet[Event]:
    words = search_query(text)
    found = search_events(rows, text).annotate(relevance=SearchRank(F("search_text__document"), words))
    if side != "both":  # the index does not tell the sides apart: what it finds is looked at again
        [column] = COLUMNS[side]
        found = found.annotate(
            side=SearchVector(SpacedText(Left(column, SIDE_CHARACTERS)), config="simple")
        ).filter(side=words)
    return found


def _regex_page(
    request: Request, query: Query, rows: QuerySet[Event], project: Project, *, pattern: str, side: VectorSide
) -> Response:
    window = read_window(query, default=REGEX_WINDOW)
    if window.length > REGEX_WINDOW:
        raise bad(
            "timestamp", f"A regular expression looks at {REGEX_WINDOW.days} days at most: name less time."
        )
    _check_pattern(pattern)
    holds = Q()
    for column in COLUMNS[side]:
        holds |= Q(**{f"{column}__regex": pattern})
    rows = rows.filter(holds, timestamp__gte=window.start, timestamp__lt=window.end)
    return _page(request, query, rows.annotate(relevance=Value(1.0)), project)


def _check_pattern(pattern: str) -> None:
    """Lets PostgreSQL compile it. Raises ApiError 400; what compiles can only take too long after that."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT '' ~ %s", [pattern])
    except DatabaseError as error:
        if isinstance(error.__cause__, psycopg.errors.QueryCanceled):
            raise
        # Not only InvalidRegularExpression: (a{1,200}){1,200} is an internal error, "invalid memory alloc request size".
        reason = str(error).partition("\n")[0]
        raise bad("query", f"PostgreSQL does not take this regular expression: {reason[:300]}.") from error


# -- by meaning


def _semantic(
    project: Project,
    rows: QuerySet[Event],
    query: Query,
    *,
    text: str,
    side: VectorSide,
    threshold: float | None,
) -> Response:
    limit = query.number("limit", default=DEFAULT_LIMIT, maximum=MAX_LIMIT)
    after = _read_cursor(query)
    with time_limit():
        narrowed = query.filters or set(query.plain) & set(FILTERS.plain)
        ranked = rank_by_meaning(
            text, project=project, among=rows if narrowed else None, side=side, limit=MAX_NEAREST
        )
        if threshold is not None:
            ranked = [(event, score) for event, score in ranked if score >= threshold]
        if after is not None:
            ranked = [(event, score) for event, score in ranked if (-score, event) > after]
        # An event may have become pending again since it was embedded: then the page is a row short.
        page, more = ranked[:limit], len(ranked) > limit
        light_rows = light(rows, EVENT_TEXTS, each="tool_calls")
        found = {row.id: row for row in light_rows.filter(id__in=[event for event, _ in page])}
        events = [found[event] for event, _ in page if event in found]
        data = event_items_within(events, project=project, scores=dict(page))
    if len(data) < len(events):
        last = events[len(data) - 1].id
        return listed_response(data, cursor=_cursor(last, dict(page)[last]))
    return listed_response(data, cursor=_cursor(*page[-1]) if more else None)


def _read_threshold(query: Query) -> float | None:
    raw = query.plain.get("threshold")
    if raw is None:
        return None
    try:
        value = float(raw)
    except ValueError:
        value = math.nan
    if not -1 <= value <= 1:
        raise bad("threshold", "threshold must be a number from -1 to 1: the least cosine.")
    return value


def _cursor(event: uuid.UUID, score: float) -> str:
    return base64.urlsafe_b64encode(json.dumps([-score, str(event)]).encode()).decode()


def _read_cursor(query: Query) -> tuple[float, uuid.UUID] | None:
    raw = query.plain.get("cursor")
    if raw is None:
        return None
    try:
        negative_score, event = json.loads(base64.b64decode(raw, altchars=b"-_", validate=True))
        return float(negative_score), uuid.UUID(event)
    except (ValueError, TypeError, AttributeError, binascii.Error, RecursionError) as error:
        raise bad("cursor", "This cursor is not one of ours: start again without it.") from error
