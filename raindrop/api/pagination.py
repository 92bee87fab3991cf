"""Pages of big lists. Keyset pages: a cursor holds the last row's sort values, so that page 1,000 costs what page 1 costs."""

import base64
import binascii
import datetime as dt
import json
import re
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.db.models import Model, Q, QuerySet
from django.http import HttpRequest
from django.utils.functional import cached_property
from rest_framework.request import Request

from raindrop.errors import ApiError

M = TypeVar("M", bound=Model)
DEFAULT_LIMIT = 50
MAX_LIMIT = 200
ADMIN_PAGES = 100
BAD_CURSOR = "This cursor is not one of ours: start again without it."


class BoundedPaginator(Paginator[Any]):
    """The admin's, which knows no cursors: counts no further than the pages that anybody turns."""

    @cached_property
    def count(self) -> int:
        return min(self._seen, ADMIN_PAGES * self.per_page)

    @property
    def is_cut(self) -> bool:
        """Whether there are more rows than `count` says (templates/admin/pagination.html)."""
        return self._seen > self.count

    @cached_property
    def _seen(self) -> int:
        rows: Any = self.object_list
        return len(rows.values_list("pk")[: ADMIN_PAGES * self.per_page + 1])


@dataclass(frozen=True, slots=True)
class CursorPage(Generic[M]):
    """One page: its rows, and the cursor of the next (None on the last)."""

    rows: list[M]
    next: str | None

    def body(self, results: Sequence[Any]) -> dict[str, Any]:
        """The API's list shape: {"results": [...], "next": cursor|null}."""
        return {"results": list(results), "next": self.next}


def paginate(
    queryset: QuerySet[M],
    *,
    request: HttpRequest | Request,
    order: Sequence[str] = ("-timestamp", "-id"),
    default: int = DEFAULT_LIMIT,
    maximum: int = MAX_LIMIT,
) -> tuple[list[M], str | None]:
    """The rows of the page that `?cursor=&limit=` names, and the next page's cursor or None.

    `order` names model fields without nulls ("-" for descending); the last one makes a row unique. A limit above
    `maximum` is lowered to it. Raises ApiError 400 for a cursor or a limit that is not one.
    """
    page = page_of(queryset, request=request, order=order, default=default, maximum=maximum)
    return page.rows, page.next


def page_of(
    queryset: QuerySet[M],
    *,
    request: HttpRequest | Request,
    order: Sequence[str] = ("-timestamp", "-id"),
    default: int = DEFAULT_LIMIT,
    maximum: int = MAX_LIMIT,
    cursor: str | None = None,
) -> CursorPage[M]:
    """As `paginate`, as an object that also makes the API's list body. `cursor`: in place of the request's own."""
    limit = read_limit(request, default=default, maximum=maximum)
    cursor = request.GET.get("cursor") if cursor is None else cursor
    if cursor:
        queryset = queryset.filter(_after(_decode(cursor, queryset.model, order), order))
    rows = list(queryset.order_by(*order)[: limit + 1])
    more = len(rows) > limit
    rows = rows[:limit]
    return CursorPage(rows, cursor_of(rows[-1], order) if more else None)


def whole(raw: str) -> str:
    """A number as it was sent, without a fraction of zeros: the published Python query client has its limits as floats, and sends `50.0`."""
    return re.sub(r"\A([0-9]+)\.0+\Z", r"\1", raw)


def read_limit(
    request: HttpRequest | Request, *, default: int = DEFAULT_LIMIT, maximum: int = MAX_LIMIT
) -> int:
    """`?limit=`, between 1 and `maximum`; as `50.0` too (see `whole`)."""
    raw = whole(request.GET.get("limit", ""))
    if not raw:
        return default
    if not raw.isascii() or not raw.isdigit() or int(raw[:10]) < 1:
        raise ApiError(400, f"limit must be a number from 1 to {maximum}.", details={"field": "limit"})
    return min(int(raw[:10]), maximum)


def _after(values: list[Any], order: Sequence[str]) -> Q:
    """The rows that come after `values` in this order. The first condition alone lets an index range start there."""
    names = [name.lstrip("-") for name in order]
    steps = ["lt" if name.startswith("-") else "gt" for name in order]
    later = Q()
    for i, step in enumerate(steps):
        same = {names[j]: values[j] for j in range(i)}
        later |= Q(**same, **{f"{names[i]}__{step}": values[i]})
    return Q(**{f"{names[0]}__{steps[0]}e": values[0]}) & later


def cursor_of(row: Model, order: Sequence[str]) -> str:
    """The cursor of the page that begins after this row."""
    values = [_plain(getattr(row, name.lstrip("-"))) for name in order]
    return base64.urlsafe_b64encode(json.dumps(values, separators=(",", ":")).encode()).decode().rstrip("=")


def _plain(value: Any) -> Any:
    if isinstance(value, dt.datetime | dt.date):
        return value.isoformat()
    return str(value) if isinstance(value, uuid.UUID) else value


def _decode(cursor: str, model: type[Model], order: Sequence[str]) -> list[Any]:
    try:
        values = json.loads(
            base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        )
        if not isinstance(values, list) or len(values) != len(order):
            raise ValueError("another order")
        decoded = []
        for name, value in zip(order, values, strict=True):
            if not isinstance(value, str | int | float) or (isinstance(value, str) and "\x00" in value):
                raise ValueError("not a sort value")
            decoded.append(model._meta.get_field(name.lstrip("-")).to_python(value))  # type: ignore[union-attr]  # orders name columns, never relations back
        if any(isinstance(value, dt.datetime) and value.tzinfo is None for value in decoded):
            raise ValueError("a time without a zone")
    except (ValueError, TypeError, binascii.Error, ValidationError, RecursionError, OverflowError) as error:
        raise ApiError(400, BAD_CURSOR, details={"field": "cursor"}) from error
    return decoded
