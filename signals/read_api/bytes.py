"""Pages of the read path are bounded in bytes, not only in rows: 200 events may hold two megabytes of text each.

A page's rows are first read without what is heavy in them, each with its `weight` in bytes. As many as fit are then read whole, and
the cursor goes on after the last of them, so that nothing is skipped and nothing is answered twice.
"""

import uuid
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any, TypeVar, cast

from django.db.models import F, Func, IntegerField, Model, QuerySet, Sum, TextField, Value
from django.db.models.functions import Cast, Coalesce
from rest_framework.renderers import JSONRenderer

from ingest.models import Attachment, Project, Span
from ingest.models.events import SpanStatus

M = TypeVar("M", bound=Model)
PAGE_BYTES = 8 * 1024**2  # of JSON. A row that is larger by itself is a page of its own.
ESCAPED = 6  # bytes of JSON that one byte of text may become: \u0001
EVENT_TEXTS = ("input", "output", "properties", "feature_flags")
SPAN_TEXTS = ("input", "output", "error", "attributes")
TOOL_CALL = 300  # bytes of JSON beside its name

Items = Callable[[list[M]], list[dict[str, Any]]]


def light(rows: QuerySet[M], heavy: Sequence[str], *, each: str | None = None) -> QuerySet[M]:
    """Without the columns `heavy`, and with their bytes as `weight`; `each` names a column that counts tool calls."""
    weight: Any = F(each) * TOOL_CALL if each else Value(0)
    for name in heavy:
        # The length of a text is known without reading it.
        weight = weight + Coalesce(
            Func(Cast(name, TextField()), function="octet_length", output_field=IntegerField()), 0
        )
    lighter: Any = rows.defer(*heavy).annotate(weight=weight)
    return cast(QuerySet[M], lighter)


def hanging_on(ids: list[uuid.UUID], project: Project) -> Counter[uuid.UUID]:
    """Event id -> bytes of its attachments and of its failed spans' outputs."""
    weights: Counter[uuid.UUID] = Counter()
    failed = Span.objects.filter(project=project, event_id__in=ids, status=SpanStatus.ERROR)
    for rows, names in (
        (Attachment.objects.filter(project=project, event_id__in=ids), ("value",)),
        (failed, ("error", "output")),
    ):
        bytes_of: Any = Value(0)
        for name in names:
            bytes_of = bytes_of + Func(F(name), function="octet_length", output_field=IntegerField())
        grouped: Any = rows.order_by().values_list("event_id")
        weights.update(dict(grouped.annotate(bytes=Coalesce(Sum(bytes_of), 0))))
    return weights


def items_within(
    rows: list[M], *, heavy: Sequence[str], items: Items[M], hanging: Counter[uuid.UUID] | None = None
) -> list[dict[str, Any]]:
    """The items of the first of these rows (as `light` reads them) that fit into PAGE_BYTES, of one at least."""
    fitting: list[M] = []
    total = 0
    for row in rows:
        total += vars(row)["weight"] + (hanging[row.pk] if hanging else 0)
        if fitting and total > PAGE_BYTES:
            break
        fitting.append(row)
    if fitting:
        _read_whole(fitting, heavy)
    found = items(fitting)
    return found if total * ESCAPED <= PAGE_BYTES else found[: _that_fit(found)]


def _read_whole(rows: list[M], heavy: Sequence[str]) -> None:
    """Gives the rows their heavy columns. One that was deleted meanwhile is read as an empty one."""
    model = type(rows[0])
    found = model._default_manager.filter(pk__in=[row.pk for row in rows]).values_list("pk", *heavy)
    whole = {values[0]: values[1:] for values in found}
    empty = model()
    for row in rows:
        values = whole.get(row.pk) or [getattr(empty, name) for name in heavy]
        for name, value in zip(heavy, values, strict=True):
            setattr(row, name, value)


def _that_fit(items: list[dict[str, Any]]) -> int:
    """How many of them, as they are sent, do."""
    render, total = JSONRenderer().render, 0
    for place, item in enumerate(items):
        total += len(render(item)) + 1
        if place and total > PAGE_BYTES:
            return place
    return len(items)
