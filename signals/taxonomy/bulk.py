"""Changing many signals at once: from the lists of the app and of the admin."""

import uuid
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import QuerySet

from ingest.models import Project, User
from raindrop import live
from signals.catalogue.history import remember, save_changed
from signals.catalogue.installing import ensure_groups
from signals.models import SignalDefinition, SignalGroup
from signals.taxonomy.definitions import follow_up, set_fields, wrong_with

BULK = ("enabled", "muted", "reviewed", "sentiment", "group", "action")
MOST = 2000


@transaction.atomic
def change_signals(
    *, signals: QuerySet[SignalDefinition], user: User | None, via: str = "", **changes: Any
) -> int:
    """Changes some of BULK on all of them (of any projects); returns how many came to differ.

    `group` is a group's name, made in each project that has none, or "" for no group. Raises ValidationError for a signal
    that cannot take the change; then none is changed.
    """
    if unknown := changes.keys() - set(BULK):
        raise ValidationError(dict.fromkeys(unknown, "This cannot be changed in bulk."))
    rows = list(
        signals.select_for_update(of=("self",)).order_by("id").select_related("project", "group")[:MOST]
    )
    groups = _groups(rows, str(changes["group"])) if "group" in changes else {}
    changed: list[tuple[SignalDefinition, set[str]]] = []
    remember(rows)
    for row in rows:
        own = {**changes, "group": groups.get(row.project_id)} if "group" in changes else changes
        if written := set_fields(row, own):
            if errors := wrong_with(row) if "action" in changes else {}:
                raise ValidationError({name: f"{row.name}: {error}" for name, error in errors.items()})
            changed.append((row, written))
    save_all(changed, user=user, via=via)
    return len(changed)


def save_all(changed: list[tuple[SignalDefinition, set[str]]], *, user: User | None, via: str) -> None:
    """Writes these fields of the rows, with their history, and queues what follows from the change. Call it in a transaction."""
    fields = {field for _, written in changed for field in written}
    save_changed([row for row, _ in changed], fields=fields, user=user, via=via)
    for row, written in changed:
        follow_up(row, written, user=user)
    live.changed(row.project_id for row, _ in changed)


def _groups(rows: list[SignalDefinition], name: str) -> dict[uuid.UUID, SignalGroup]:
    if not name:
        return {}
    projects: dict[uuid.UUID, Project] = {row.project_id: row.project for row in rows}
    return {key: ensure_groups(project, {name: ""})[name] for key, project in projects.items()}
