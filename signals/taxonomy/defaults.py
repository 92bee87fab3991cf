"""How signals start out in every project: the server's defaults, which its owners edit in the admin.

A project's rows are copies. A field that the project set itself (`own_fields`) stays as it is; the others follow a change of
the default at once.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from ingest.models import User
from signals.catalogue.builtins import SHIPPED
from signals.catalogue.history import remember, save_changed, shown
from signals.catalogue.installing import default_key, default_rows, ensure_groups, shipped_default
from signals.catalogue.known_names import names_of
from signals.models import SignalDefault, SignalDefinition
from signals.models.definitions import Kind
from signals.taxonomy.bulk import save_all
from signals.taxonomy.definitions import DEFAULTED


@dataclass(frozen=True, slots=True)
class Deviation:
    """A field that differs from the server's default, in words."""

    field: str
    here: str
    default: str


def deviations(signal: SignalDefinition) -> list[Deviation]:
    """What of the signal is not as the server's default has it; empty for one that has no default."""
    default = default_rows([default_key(signal)]).get(default_key(signal))
    if default is None:
        return []
    found = []
    for field in _said(default):
        here = getattr(signal, field)
        here = here.name if field == "group" and here else here
        there = getattr(default, field)
        if (here or None) != (there or None):
            found.append(Deviation(field, shown(here), shown(there)))
    return found


@transaction.atomic
def reset_signals(*, signals: QuerySet[SignalDefinition], user: User | None, via: str = "") -> int:
    """Sets them to the server's defaults, which they follow again; returns how many came to differ. Signals without a default
    (those made in the app) stay as they are."""
    rows = list(signals.select_for_update(of=("self",)).order_by("id").select_related("project", "group"))
    return _follow(rows, fields=DEFAULTED, own=True, user=user, via=via or "reset to the default")


@transaction.atomic
def spread_default(default: SignalDefault, *, fields: Iterable[str], user: User | None) -> int:
    """After these fields of a default were changed: hands them on to the projects that follow it. Returns how many signals
    came to differ."""
    keys = [default.key] if default.kind == Kind.IMPLICIT else names_of(default.key)
    rows = SignalDefinition.objects.filter(key__in=keys, kind=default.kind)
    if default.kind == Kind.IMPLICIT:
        rows = rows.filter(builtin=True)
    found = list(rows.select_for_update(of=("self",)).order_by("id").select_related("project", "group"))
    return _follow(found, fields=fields, own=False, user=user, via="the server's default was changed")


def _follow(
    rows: list[SignalDefinition], *, fields: Iterable[str], own: bool, user: User | None, via: str
) -> int:
    """Sets the fields to their defaults; with `own`, what the project had set itself too."""
    defaults = default_rows(default_key(row) for row in rows)
    remember(rows)
    changed = []
    for row in rows:
        default = defaults.get(default_key(row))
        if default is not None and (written := _copy(row, default, set(fields), own=own)):
            changed.append((row, written))
    save_all(changed, user=user, via=via)
    return len(changed)


def _copy(row: SignalDefinition, default: SignalDefault, fields: set[str], *, own: bool) -> set[str]:
    written = set()
    for field in fields & set(_said(default)):
        if field in row.own_fields and not own:
            continue
        value: Any = getattr(default, field)
        if field == "group":
            value = ensure_groups(row.project, {value: ""})[value] if value else None
        if getattr(row, field) != value:
            setattr(row, field, value)
            written.add(field)
    if own and row.own_fields:
        row.own_fields = []
        written.add("own_fields")
    return written


def _said(default: SignalDefault) -> list[str]:
    """The fields of which it says something: an explicit signal's name is as the app sent it, unless one is given here."""
    return [field for field in DEFAULTED if field != "name" or default.name]


@transaction.atomic
def change_defaults(
    *, defaults: QuerySet[SignalDefault], user: User | None, **changes: Any
) -> tuple[int, int]:
    """Changes defaults, and with them every project that follows them. Returns how many defaults and how many signals came to
    differ. Raises ValidationError for a value that a default cannot have."""
    rows = list(defaults.select_for_update().order_by("key"))
    remember(rows)
    changed: list[tuple[SignalDefault, set[str]]] = []
    for row in rows:
        written = {field for field, value in changes.items() if getattr(row, field) != value}
        for field in written:
            setattr(row, field, changes[field])
        if written:
            row.full_clean(validate_unique=False, validate_constraints=False)
            changed.append((row, written))
    save_changed([row for row, _ in changed], fields=set(changes), user=user)
    followed = sum(spread_default(row, fields=written, user=user) for row, written in changed)
    return len(changed), followed


def ensure_defaults() -> None:
    """Stores the defaults that ship with this version and are not stored yet."""
    default_rows(SHIPPED)


def as_shipped(default: SignalDefault) -> dict[str, Any]:
    """The default's fields as this version of the server has them; empty for one that was made here."""
    if default.key not in SHIPPED:
        return {}
    shipped = shipped_default(default.key)
    return {field: getattr(shipped, field) for field in DEFAULTED}
