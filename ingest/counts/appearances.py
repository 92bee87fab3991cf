"""Noting when each release, model, version of a prompt and value of a flag was first seen, and last: a stage of the pipeline."""

import datetime as dt
import uuid
from collections.abc import Iterator, Mapping
from typing import Any

from django.db import connection
from django.db.models import Count

from ingest.models import Appearance, AppearanceKind, Event

RELEASE = "release"  # the property that names it
# Properties that name a version of a prompt, as teams and tracing SDKs write them.
PROMPTS = ("prompt_version", "prompt.version", "promptVersion")
LONGEST = 80  # characters of a name and of a value: longer is text
MOST = 300  # values of a kind in a project: more is no version, but an id

Key = tuple[uuid.UUID, str, str]  # project, kind, value
Times = tuple[dt.datetime, dt.datetime]


def note_appearances(events: list[Event]) -> None:
    """Idempotent, and in any order. A row is written when a value is new, was seen earlier than was known, or in a later hour: not by each
    batch, so that workers do not wait for each other."""
    seen: dict[Key, Times] = {}
    for event in events:
        hour = event.timestamp.astimezone(dt.UTC).replace(minute=0, second=0, microsecond=0)
        for kind, value in values_of(event):
            key = (event.project_id, kind.value, value)
            first, last = seen.get(key, (event.timestamp, hour))
            seen[key] = min(first, event.timestamp), max(last, hour)
    if not seen:
        return
    known = _known(seen)
    changed = {
        key: (first, last)
        for key, (first, last) in seen.items()
        if key not in known or first < known[key][0] or last > known[key][1]
    }
    _write(_within_bounds(changed, known))


def values_of(event: Event) -> Iterator[tuple[AppearanceKind, str]]:
    if event.model and len(event.model) <= LONGEST:
        yield AppearanceKind.MODEL, event.model
    properties = event.properties if isinstance(event.properties, Mapping) else {}
    if release := _scalar(properties.get(RELEASE)):
        yield AppearanceKind.RELEASE, release
    for name in PROMPTS:
        if version := _scalar(properties.get(name)):
            yield AppearanceKind.PROMPT, version
            break
    flags = event.feature_flags if isinstance(event.feature_flags, Mapping) else {}
    for name, value in flags.items():
        if len(name) <= LONGEST and (text := _scalar(value)):
            yield AppearanceKind.FLAG, f"{name}={text}"


def _scalar(value: Any) -> str:
    """As dimensions write it (signals/dimensions/facts.py); "" for what is no plain value."""
    if not isinstance(value, str | int | float):
        return ""
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return text if len(text) <= LONGEST else ""


def _known(seen: Mapping[Key, Times]) -> dict[Key, Times]:
    rows = Appearance.objects.filter(project__in={key[0] for key in seen}, value__in={key[2] for key in seen})
    return {
        (project, kind, value): (first, last)
        for project, kind, value, first, last in rows.values_list(
            "project_id", "kind", "value", "first_seen", "last_seen"
        )
    }


def _within_bounds(changed: Mapping[Key, Times], known: Mapping[Key, Times]) -> dict[Key, Times]:
    """Without new values of a kind of which the project has MOST already."""
    new = [key for key in changed if key not in known]
    if not new:
        return dict(changed)
    rows = Appearance.objects.filter(project__in={key[0] for key in new}).values("project_id", "kind")
    room = {
        (project, kind): MOST - n for project, kind, n in rows.annotate(n=Count("value")).values_list(
            "project_id", "kind", "n"
        )
    }  # fmt: skip
    found = {}
    for key in sorted(changed, key=lambda key: (changed[key], key)):
        if key not in known:
            left_over = room.get(key[:2], MOST)
            if left_over <= 0:
                continue
            room[key[:2]] = left_over - 1
        found[key] = changed[key]
    return found


def _write(rows: Mapping[Key, Times]) -> None:
    if not rows:
        return
    ordered = sorted(rows)  # every writer's order
    with connection.cursor() as cursor:
        cursor.execute(
            """INSERT INTO ingest_appearance AS t (project_id, kind, value, first_seen, last_seen)
               SELECT * FROM unnest(%s::uuid[], %s::text[], %s::text[], %s::timestamptz[], %s::timestamptz[])
               ON CONFLICT (project_id, kind, value) DO UPDATE SET
                 first_seen = least(t.first_seen, EXCLUDED.first_seen), last_seen = greatest(t.last_seen, EXCLUDED.last_seen)""",
            [
                [key[0] for key in ordered],
                [key[1] for key in ordered],
                [key[2] for key in ordered],
                [rows[key][0] for key in ordered],
                [rows[key][1] for key in ordered],
            ],
        )
