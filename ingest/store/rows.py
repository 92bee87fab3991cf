"""Many rows in one statement: the store's hot path goes around the ORM, which costs ten times as much per row."""

import uuid
from collections.abc import Sequence
from typing import Any

import msgspec
from django.db import connection

from ingest.incoming.cleaning import clean_json

# From so many rows on COPY is used where no row can be in conflict: fewer are as fast in one INSERT.
COPY_FROM = 20


def insert_rows(
    table: str,
    columns: dict[str, str],
    rows: Sequence[tuple[Any, ...]],
    *,
    conflict: str = "",
    returning: str = "",
) -> list[tuple[Any, ...]]:
    """Inserts rows, each a tuple in the order of `columns` (name -> type; jsonb given as text), in the order given, and
    returns what `returning` names. `conflict` is an ON CONFLICT clause; the row there is called `t`."""
    if not rows:
        return []
    with connection.cursor() as cursor:
        if len(rows) >= COPY_FROM and not conflict and not returning:
            statement = f"COPY {table} ({', '.join(columns)}) FROM STDIN"
            with connection.wrap_database_errors, cursor.copy(statement) as copy:
                # msgspec turns ids and times into text ten times as fast as psycopg, which does it in Python.
                for row in msgspec.to_builtins(rows):
                    copy.write_row(row)
            return []
        # The rows as one JSON array: psycopg quotes an array per column in Python, 12 times slower than msgspec encodes.
        values = ", ".join(f"(v->>{place})::{kind}" for place, kind in enumerate(columns.values()))
        cursor.execute(
            f"INSERT INTO {table} AS t ({', '.join(columns)}) SELECT {values} FROM jsonb_array_elements(%s::jsonb) AS v "
            f"{conflict}" + (f" RETURNING {returning}" if returning else ""),
            [msgspec.json.encode(rows).decode()],
        )
        return list(cursor.fetchall()) if returning else []


def json_text(value: Any) -> str:
    """JSON as text that jsonb takes: no NUL, no lone surrogate, no NaN."""
    if not value:
        return "{}"
    try:
        encoded = msgspec.json.encode(value)
        if b"\\u0000" not in encoded:
            return encoded.decode()
    except (UnicodeEncodeError, TypeError):
        pass
    return msgspec.json.encode(clean_json(value)).decode()


def by_id(row: tuple[uuid.UUID, ...]) -> int:
    """Sort key: rows that others may insert too are locked in one order, so that no two requests wait for each other.
    (As a number: UUID compares in Python.)"""
    return row[0].int
