"""Which tables are vacuumed earlier than PostgreSQL does by itself."""

import pytest
from django.db import connection


@pytest.mark.django_db
def test_tables_whose_newest_rows_change_are_vacuumed_early() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname, reloptions FROM pg_class WHERE reloptions IS NOT NULL AND relkind = 'r'"
        )
        found = {name: dict(option.split("=") for option in options) for name, options in cursor.fetchall()}
    early = {"autovacuum_vacuum_scale_factor": "0.02", "autovacuum_vacuum_insert_scale_factor": "0.02"}
    tables = ("ingest_event", "ingest_conversation", "ingest_subjectuser")
    assert {table: found.get(table) for table in tables} == dict.fromkeys(tables, early)
