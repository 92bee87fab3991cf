"""End users and conversations: rows that many events share, written without being looked up.

Their ids are derived from the project and the app's own id. What this process has inserted lately is remembered, so that the
next events of the same person cost nothing; for a short time only, because rows may be deleted elsewhere.
"""

import datetime as dt
import time
import uuid
from collections.abc import Hashable, Iterable
from dataclasses import dataclass

import msgspec
from django.db import transaction
from django.utils import timezone

from ingest.incoming.cleaning import clean_text, count_keys
from ingest.incoming.merging import MergeTooLarge
from ingest.incoming.values import MAX_KEYS, IncomingEvent, IncomingUser
from ingest.models import Conversation, EndUser, Project
from ingest.redaction import OnlyClear, Redactor, redact_user
from ingest.redaction.settings import redactor_for
from ingest.store.rows import by_id, insert_rows, json_text
from raindrop.ids import derived_id

REMEMBER_SECONDS = 60.0
REMEMBER_ROWS = 100_000

_END_USER_COLUMNS = {
    "id": "uuid",
    "project_id": "uuid",
    "user_id": "text",
    "traits": "jsonb",
    "first_seen": "timestamptz",
    "last_seen": "timestamptz",
    "events_count": "int",
}
_CONVERSATION_COLUMNS = {
    "id": "uuid",
    "project_id": "uuid",
    "convo_id": "text",
    "end_user_id": "uuid",
    "started_at": "timestamptz",
    "last_message_at": "timestamptz",
    "events_count": "int",
}


def end_user_id(project: Project, user_id: str) -> uuid.UUID:
    return derived_id(project.id, "end_user", user_id)


def conversation_id(project: Project, convo_id: str) -> uuid.UUID:
    return derived_id(project.id, "conversation", convo_id)


@dataclass(frozen=True, slots=True)
class People:
    """The rows that the user ids and conversation ids of a batch stand for."""

    end_users: dict[str, uuid.UUID]
    conversations: dict[str, uuid.UUID]

    def end_user(self, event: IncomingEvent) -> uuid.UUID | None:
        return self.end_users[event.user_id] if event.user_id else None

    def conversation(self, event: IncomingEvent) -> uuid.UUID | None:
        return self.conversations[event.convo_id] if event.convo_id else None


class _RowMemory:
    """Rows that are in the database. Remembered only once the transaction that wrote them has committed."""

    def __init__(self) -> None:
        self._until: dict[Hashable, float] = {}

    def missing(self, rows: Iterable[Hashable]) -> set[Hashable]:
        now = time.monotonic()
        return {row for row in rows if self._until.get(row, 0.0) < now}

    def add_on_commit(self, rows: set[Hashable]) -> None:
        if rows:
            transaction.on_commit(lambda: self._add(rows))

    def _add(self, rows: set[Hashable]) -> None:
        if len(self._until) + len(rows) > REMEMBER_ROWS:
            self._until = {}
        until = time.monotonic() + REMEMBER_SECONDS
        self._until.update(dict.fromkeys(rows, until))


_remembered = _RowMemory()


def ensure_end_users(project: Project, seen: dict[str, dt.datetime]) -> dict[str, uuid.UUID]:
    """Makes the end users that are new; returns the ids of all. `seen`: user_id -> a time at which it was seen."""
    ids = {user_id: end_user_id(project, user_id) for user_id in seen}
    new = _remembered.missing(ids.values())
    insert_rows(
        EndUser._meta.db_table,
        _END_USER_COLUMNS,
        sorted(
            (
                (row_id, project.id, user_id, "{}", seen[user_id], seen[user_id], 0)
                for user_id, row_id in ids.items()
                if row_id in new
            ),
            key=by_id,
        ),
        conflict="ON CONFLICT DO NOTHING",
    )
    _remembered.add_on_commit(new)
    return ids


def ensure_conversations(
    project: Project, seen: dict[str, tuple[dt.datetime, uuid.UUID | None]]
) -> dict[str, uuid.UUID]:
    """Makes the conversations that are new; returns the ids of all. `seen`: convo_id -> (a time at which it was seen,
    its end user if known). A conversation that had no end user yet gets one."""
    ids = {convo_id: conversation_id(project, convo_id) for convo_id in seen}
    # Whose it is was written with the first end user: further ones change nothing.
    new = _remembered.missing((ids[convo_id], end_user is None) for convo_id, (_, end_user) in seen.items())
    insert_rows(
        Conversation._meta.db_table,
        _CONVERSATION_COLUMNS,
        sorted(
            (
                (ids[convo_id], project.id, convo_id, end_user, moment, moment, 0)
                for convo_id, (moment, end_user) in seen.items()
                if (ids[convo_id], end_user is None) in new
            ),
            key=by_id,
        ),
        conflict="""ON CONFLICT (id) DO UPDATE SET end_user_id = EXCLUDED.end_user_id
                    WHERE t.end_user_id IS NULL AND EXCLUDED.end_user_id IS NOT NULL""",
    )
    _remembered.add_on_commit(new)
    return ids


def ensure_people(project: Project, events: list[IncomingEvent], now: dt.datetime) -> People:
    """Makes the end users and conversations of these events that are new."""
    seen: dict[str, dt.datetime] = {}
    for event in events:
        if event.user_id:
            seen.setdefault(event.user_id, event.timestamp or now)
    end_users = ensure_end_users(project, seen)
    talks: dict[str, tuple[dt.datetime, uuid.UUID | None]] = {}
    for event in events:
        if event.convo_id:
            known = talks.get(event.convo_id)
            if known is None or (known[1] is None and event.user_id):
                talks[event.convo_id] = (event.timestamp or now, end_users.get(event.user_id or ""))
    return People(end_users, ensure_conversations(project, talks))


def prepare_users(
    project: Project, users: Iterable[IncomingUser], redactor: Redactor | OnlyClear | None = None
) -> list[IncomingUser]:
    """The users as they are stored: redacted. `redactor` as in preparing.prepare_events."""
    redactor = redactor or redactor_for(project)
    return [redact_user(user, redactor) for user in users]


@transaction.atomic
def store_users(*, project: Project, users: list[IncomingUser], prepared: bool = False) -> int:
    """Stores what `users/identify` sent: redacted traits are merged key by key, the last one wins. Returns how many users.
    `prepared`: they come from `prepare_users`. Raises MergeTooLarge, and then stores nothing."""
    traits: dict[str, dict[str, object]] = {}
    for user in users if prepared else prepare_users(project, users):
        user_id = clean_text(user.user_id)
        traits[user_id] = traits.get(user_id, {}) | user.traits
    now = timezone.now()
    merged = insert_rows(
        EndUser._meta.db_table,
        _END_USER_COLUMNS,
        sorted(
            (
                (end_user_id(project, user_id), project.id, user_id, json_text(values), now, now, 0)
                for user_id, values in traits.items()
            ),
            key=by_id,
        ),
        conflict="ON CONFLICT (id) DO UPDATE SET traits = t.traits || EXCLUDED.traits",
        returning="user_id, traits",
    )
    for user_id, text in merged:
        if count_keys(msgspec.json.decode(text)) > MAX_KEYS:
            raise MergeTooLarge(f"With these the user {user_id!r} has more than {MAX_KEYS} keys in traits.")
    return len(traits)
