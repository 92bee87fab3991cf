"""What a count from an index alone costs while rows are dead, how much a table grows until it is vacuumed, and what vacuuming takes.

    RAINDROP_DATA_DIR=DIR .venv/bin/python -m tests.benchmarks.vacuum [--slug many]

DIR holds a project of many events (tests/benchmarks/many_events.py makes it); its newest events are written again, as counting them does, and nothing of
them changes: ten times a fiftieth of the rows, each followed by a vacuum; then a fifth at once, twice. Before each way the table is written anew. Autovacuum is off meanwhile.
"""

import argparse
import time

from tests.benchmarks.database import use_app
from tests.benchmarks.storage import rows, wal

COUNT = "SELECT count(*) AS n FROM ingest_event WHERE project_id = '{}' AND timestamp >= now() - interval '14 days'"
UPDATE = """UPDATE ingest_event SET counted = counted WHERE id IN (
    SELECT id FROM ingest_event WHERE project_id = '{}' ORDER BY timestamp DESC OFFSET {} LIMIT {}) RETURNING 1 AS one"""
TIMES = 9


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--slug", default="many")
    options = parser.parse_args()
    use_app()
    from ingest.models import Event, Project

    project = Project.objects.get(slug=options.slug).id
    events = Event.objects.filter(project=project).count()
    _execute("ALTER TABLE ingest_event SET (autovacuum_enabled = false)")
    try:
        _write_anew()
        _count(project, f"{events:,} events, none dead")
        spent = []
        for place in range(10):
            rows(UPDATE.format(project, place * events // 50, events // 50))
            if not place:
                _count(project, "a fiftieth dead")
            spent.append(_vacuum())
        print(_said("ten vacuums of a fiftieth", [sum(part) for part in zip(*spent, strict=True)]))
        _write_anew()
        for _ in range(2):
            rows(UPDATE.format(project, 0, events // 5))
            _count(project, "a fifth dead")
            print(_said("one vacuum of a fifth", _vacuum()))
    finally:
        _execute("ALTER TABLE ingest_event RESET (autovacuum_enabled)")


def _execute(statement: str) -> None:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(statement)


def _write_anew() -> None:
    _execute("VACUUM (FULL, ANALYZE) ingest_event")
    _execute("VACUUM ingest_event")  # only this one says which pages hold no dead rows
    size = rows("SELECT pg_relation_size('ingest_event') AS bytes")[0]["bytes"]
    print(f"written anew: {size / 1e6:.1f} MB")


def _vacuum() -> list[float]:
    """Seconds, and bytes of WAL."""
    started, before = time.perf_counter(), wal()
    _execute("VACUUM ingest_event")
    return [time.perf_counter() - started, wal() - before]


def _said(what: str, spent: list[float]) -> str:
    size = rows("SELECT pg_relation_size('ingest_event') AS bytes")[0]["bytes"]
    return f"{what}: {spent[0]:.2f} s, {spent[1] / 1e6:.1f} MB of WAL; the table has {size / 1e6:.1f} MB"


def _count(project: object, when: str) -> None:
    statement, taken = COUNT.format(project), []
    for _ in range(TIMES):
        started = time.perf_counter()
        found = rows(statement)[0]["n"]
        taken.append((time.perf_counter() - started) * 1e3)
    plan = [row["QUERY PLAN"].strip() for row in rows("EXPLAIN (ANALYZE, BUFFERS) " + statement)]
    read = [line for line in plan if line.startswith(("Buffers", "Heap Fetches"))][:2]
    print(f"{when}: {found:,} counted in {min(taken):.1f} ms (p50 {sorted(taken)[TIMES // 2]:.1f}); {read}")


if __name__ == "__main__":
    main()
