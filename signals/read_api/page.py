"""What all views of the read path share: the project, one page in the wire's shape, and a bound on a query's time."""

import datetime as dt
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from typing import Any, TypeVar

from django.db import connection
from django.db.models import Model, QuerySet
from rest_framework.request import Request
from rest_framework.response import Response

from ingest.projects.authentication import project_of
from raindrop.api.pagination import DEFAULT_LIMIT, MAX_LIMIT, CursorPage, cursor_of, page_of
from raindrop.errors import ApiError
from raindrop.statement_limit import TookTooLong, statement_limit
from raindrop.web.crowds import Crowd
from signals.read_api.filters import Query

M = TypeVar("M", bound=Model)
PAGING = ("limit", "cursor", "order_by")
# A filter that no index serves may have to look at all of a project's history. It gets this long.
TIME_LIMIT = dt.timedelta(seconds=10)
# Searches and counts of one project at once, of every page and API: each may take a core for seconds. Fewer than Django works on at
# once (ingest.http.gateway.PAGES), so that other projects find a place.
SEARCHES = Crowd(most=4, noun="searches")
# What the events list reads after itself. They end after a second, and come by themselves: what is too many is left out.
HINTS = Crowd(most=2, noun="hints")


class TakesTooLong(ApiError):
    """A query was cancelled."""


@contextmanager
def time_limit(limit: dt.timedelta = TIME_LIMIT) -> Iterator[None]:
    """Cancels a query that runs longer, with an ApiError 400 that says what to do: TakesTooLong."""
    try:
        with statement_limit(limit):
            with connection.cursor() as cursor:
                # Several search at once: a process each is what two cores have. Where they are busy, a second one made a page of words take
                # 460 ms instead of 110 (docs/benchmarks.md, "Searching a million events").
                cursor.execute("SELECT set_config('max_parallel_workers_per_gather', '0', true)")
            yield
    except TookTooLong as error:
        raise TakesTooLong(
            400,
            f"This takes longer than {limit.total_seconds():g} s. Look at less time with timestamp[gte] and timestamp[lt].",
            details={"field": "timestamp"},
        ) from error


def ordering(query: Query, columns: dict[str, str]) -> tuple[str, str]:
    """The keyset order that `order_by` names, newest first by default. `columns` gives the column behind each name."""
    choices = [prefix + name for name in columns for prefix in ("-", "")]
    order = query.choice("order_by", choices, choices[0])
    sign = "-" if order.startswith("-") else ""
    return sign + columns[order.lstrip("-")], sign + "id"


def listed(
    queryset: QuerySet[M],
    *,
    request: Request,
    query: Query,
    order: Sequence[str],
    items: Callable[[list[M]], list[dict[str, Any]]],
    default: int = DEFAULT_LIMIT,
    maximum: int = MAX_LIMIT,
) -> Response:
    """One page as `{"data": [...], "meta": {"cursor", "has_more"}}`. `items` may answer for the first of the rows alone: the cursor
    then goes on after those (signals/read_api/bytes.py)."""
    query.number("limit", default=default, maximum=maximum)
    crowd = SEARCHES.enter(project_of(request).id) if query.is_search else nullcontext()
    with crowd, time_limit():
        page = page_of(queryset, request=request, order=order, default=default, maximum=maximum)
        data = items(page.rows)
        return listed_response(data, cursor=cursor_after(page, len(data), order))


def cursor_after(page: CursorPage[M], count: int, order: Sequence[str]) -> str | None:
    """The cursor of what follows the first `count` rows of a page."""
    return page.next if count >= len(page.rows) else cursor_of(page.rows[count - 1], order)


def listed_response(data: list[dict[str, Any]], *, cursor: str | None) -> Response:
    return Response({"data": data, "meta": {"cursor": cursor, "has_more": cursor is not None}})
