"""Who changed what in the taxonomy, from what to what (django-simple-history's tables).

Single rows that are saved by Django's own save() are recorded by the library. Everything that writes here goes through
`save_changed`, which also records what was there before the first change: built-in signals are made in bulk, without a record.
"""

import datetime as dt
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils import timezone

from ingest.models import User
from signals.models import SignalDefault, SignalDefinition, SignalGroup

Row = SignalDefinition | SignalGroup | SignalDefault
HIDDEN = {"own_fields", "reviewed"}
REASON_LENGTH = 100
SHOWN = 50


def name_author(row: Row, *, user: User | None, via: str) -> None:
    """Before the row's own save(), which records who made it and how."""
    row._history_user, row._change_reason = user, via or None  # type: ignore[union-attr]  # simple_history reads these names


@dataclass(frozen=True, slots=True)
class FieldChange:
    field: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Change:
    """`who`: a user's name, or empty when no person did it. `via`: how, such as "import of a YAML file"."""

    moment: dt.datetime
    who: str
    via: str
    made: bool
    fields: list[FieldChange]


def remember(rows: Sequence[Row]) -> None:
    """Records the present state of the rows that have no record yet. Call it before a change.

    Two calls at once may record a row twice. The second record differs in nothing, and pages leave such records out.
    """
    if not rows:
        return
    records = type(rows[0]).history
    known = set(records.filter(id__in=[row.pk for row in rows]).values_list("id", flat=True))
    for row in rows:
        if row.pk not in known:
            records.bulk_history_create([row], default_date=row.created_at)


def save_changed(rows: Sequence[Row], *, fields: Collection[str], user: User | None, via: str = "") -> None:
    """Writes these fields of the rows (all of one table), and records each row as it is now. `remember` them before you
    change them."""
    if not rows:
        return
    now = timezone.now()
    for row in rows:
        if not isinstance(row, SignalGroup):
            row.updated_at = now
    written = {*fields, "updated_at"} & {field.name for field in type(rows[0])._meta.fields}
    model: Any = type(rows[0])
    model.objects.bulk_update(rows, sorted(written), batch_size=200)
    model.history.bulk_history_create(
        rows, update=True, default_user=user, default_change_reason=via[:REASON_LENGTH] or None
    )


def changes_of(row: SignalDefinition | SignalDefault, *, limit: int = SHOWN) -> list[Change]:
    """Newest first. A record that changed nothing that people see is left out."""
    records = list(
        row.history.select_related("history_user").order_by("-history_date", "-history_id")[: limit + 1]
    )
    groups = _group_names(records)
    found = []
    for i, record in enumerate(records[:limit]):
        earlier = records[i + 1] if i + 1 < len(records) else None
        fields = _differences(earlier, record, groups) if earlier is not None else []
        if fields or earlier is None:
            user = record.history_user
            made = record.history_type == "+"
            via = record.history_change_reason or ("" if made or fields else "changed it")
            found.append(Change(record.history_date, user.username if user else "", via, made, fields))
    return found


def _differences(earlier: Any, later: Any, groups: dict[object, str]) -> list[FieldChange]:
    found = []
    for field in type(later).tracked_fields:
        before, after = getattr(earlier, field.attname), getattr(later, field.attname)
        if before != after and field.name not in HIDDEN:
            label = str(field.verbose_name)
            if field.attname == "group_id":
                before, after = groups.get(before), groups.get(after)
            found.append(FieldChange(label, shown(before), shown(after)))
    return found


def _group_names(records: Sequence[Any]) -> dict[object, str]:
    ids = {record.group_id for record in records if getattr(record, "group_id", None)}
    return dict(SignalGroup.objects.filter(pk__in=ids).values_list("pk", "name")) if ids else {}


def shown(value: object) -> str:
    """A field's value in words."""
    if value is None or value == "":
        return "empty"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)
