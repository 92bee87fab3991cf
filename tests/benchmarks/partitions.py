"""What it would gain and cost to cut the big tables by the time in their ids: how statements are planned and run, and how a month goes.

    RAINDROP_DATA_DIR=DIR .venv/bin/python -m tests.benchmarks.partitions [--slug many] [--share 4] [--days 30] [--keep 0.02]

DIR holds a project of many events (tests/benchmarks/many_events.py makes it). Every `share`-th event, with all that belongs to it, is copied twice
into schemas of its own, which go at the end: into plain tables, and into tables that are partitioned by ranges of `days` days of the event's id, with
the same indexes. Statements run in turns. Then the oldest `days` days go but for `keep` of their events, which the project keeps: deleted in batches
from the plain tables, and dropped with their partition, in whose place a table of the kept rows comes, with its indexes.
"""

import argparse
import datetime as dt
import statistics
import time
import uuid
from typing import Any

from tests.benchmarks.database import use_app
from tests.benchmarks.storage import wal

# By table, the column that holds an event's id.
TABLES = {
    "ingest_event": "id",
    "ingest_span": "event_id",
    "signals_eventembedding": "event_id",
    "signals_eventtext": "event_id",
    "signals_signalmatch": "event_id",
}
PLAIN, PARTED = "bench_plain", "bench_parted"
BATCH = 1000  # events deleted at once
STORED = 200  # events stored at once


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--slug", default="many")
    parser.add_argument("--share", type=int, default=4)
    parser.add_argument("--days", type=int, default=30)
    parser.add_argument("--keep", type=float, default=0.02)
    parser.add_argument("--times", type=int, default=40)
    options = parser.parse_args()
    use_app()
    from ingest.models import Project

    project = Project.objects.get(slug=options.slug)
    try:
        bounds = copy(project.pk, share=options.share, days=options.days)
        compare(statements(project.pk, bounds, share=options.share), bounds, times=options.times)
        retire(bounds, keep=options.keep)
    finally:
        run(f"DROP SCHEMA IF EXISTS {PLAIN} CASCADE")
        run(f"DROP SCHEMA IF EXISTS {PARTED} CASCADE")


def run(sql: str, values: Any = None) -> list[tuple[Any, ...]]:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return cursor.fetchall() if cursor.description else []


def bound(moment: dt.datetime) -> uuid.UUID:
    """The smallest id of that moment."""
    return uuid.UUID(int=int(moment.timestamp() * 1000) << 80)


def copy(project: uuid.UUID, *, share: int, days: int) -> list[uuid.UUID]:
    """Returns where each partition begins, and where the last one ends."""
    [(first, last)] = run(
        "SELECT min(timestamp), max(timestamp) FROM ingest_event WHERE project_id = %s", [project]
    )
    bounds = [bound(first)]
    while bounds[-1] <= bound(last):
        bounds.append(bound(first + dt.timedelta(days=days * len(bounds))))
    for schema in (PLAIN, PARTED):
        run(f"DROP SCHEMA IF EXISTS {schema} CASCADE")
        run(f"CREATE SCHEMA {schema}")
    for table, event in TABLES.items():
        for schema in (PLAIN, PARTED):
            started = time.perf_counter()
            by = f"PARTITION BY RANGE ({event})" if schema == PARTED else ""
            run(
                f"CREATE TABLE {schema}.{table} (LIKE public.{table} INCLUDING DEFAULTS INCLUDING STORAGE) {by}"
            )
            if schema == PARTED:
                for number, (low, high) in enumerate(zip(bounds, bounds[1:], strict=False)):
                    run(
                        f"CREATE TABLE {schema}.{table}_{number} PARTITION OF {schema}.{table} FOR VALUES FROM ('{low}') TO ('{high}')"
                    )
            run(
                f"""INSERT INTO {schema}.{table} SELECT * FROM public.{table}
                    WHERE project_id = %s AND uuid_hash({event}) %% %s = 0 AND {event} >= %s AND {event} < %s""",
                [project, share, bounds[0], bounds[-1]],
            )
            for name, made in run(
                "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public' AND tablename = %s",
                [table],
            ):
                made = made.replace(f" ON public.{table}", f" ON {schema}.{table}").replace("%", "%%")
                if schema == PARTED and not made.partition("(")[2].startswith(f"{event})"):
                    made = made.replace("UNIQUE INDEX", "INDEX")  # no index over all partitions is unique
                run(made.replace(f"INDEX {name} ", f"INDEX {name}_{schema[-6:]} "), [])
            run(f"ANALYZE {schema}.{table}")
            [(rows,)] = run(f"SELECT count(*) FROM {schema}.{table}")
            print(f"{schema}.{table}: {rows:,} rows in {time.perf_counter() - started:.0f} s", flush=True)
    return bounds


def statements(
    project: uuid.UUID, bounds: list[uuid.UUID], *, share: int
) -> dict[str, tuple[str, list[Any]]]:
    [(signal,)] = run(
        f"SELECT signal_id FROM {PLAIN}.signals_signalmatch GROUP BY 1 ORDER BY count(*) DESC LIMIT 1"
    )
    [(event, conversation)] = run(
        f"SELECT id, conversation_id FROM {PLAIN}.ingest_event WHERE conversation_id IS NOT NULL ORDER BY id DESC OFFSET 500 LIMIT 1"
    )
    [(last,)] = run(f"SELECT max(timestamp) FROM {PLAIN}.ingest_event")
    week = last - dt.timedelta(days=7)
    [(vector,)] = run(f"SELECT user_vector FROM {PLAIN}.signals_eventembedding WHERE event_id = %s", [event])
    others = [
        other
        for (other,) in run(
            "SELECT id FROM public.ingest_event WHERE project_id = %s AND uuid_hash(id) %% %s <> 0 AND id < %s "
            f"ORDER BY timestamp DESC, id DESC LIMIT {STORED}",
            [project, share, bounds[-1]],
        )
    ]
    return {
        "the newest 50 events": (
            "SELECT * FROM ingest_event WHERE project_id = %s ORDER BY timestamp DESC, id DESC LIMIT 50",
            [project],
        ),
        "the newest 50 that have a model": (
            "SELECT * FROM ingest_event WHERE project_id = %s AND model <> '' ORDER BY timestamp DESC, id DESC LIMIT 50",
            [project],
        ),
        "the newest 50 of a signal, joined": (
            "SELECT e.* FROM signals_signalmatch m JOIN ingest_event e ON e.id = m.event_id WHERE m.signal_id = %s "
            "ORDER BY m.timestamp DESC, m.event_id DESC LIMIT 50",
            [signal],
        ),
        "an event by its id": ("SELECT * FROM ingest_event WHERE id = %s", [event]),
        "a conversation": (
            "SELECT * FROM ingest_event WHERE conversation_id = %s ORDER BY timestamp",
            [conversation],
        ),
        "an event with spans, vectors, matches": (
            "SELECT e.id, s.name, v.user_vector, m.signal_id FROM ingest_event e LEFT JOIN ingest_span s ON s.event_id = e.id "
            "LEFT JOIN signals_eventembedding v ON v.event_id = e.id LEFT JOIN signals_signalmatch m ON m.event_id = e.id WHERE e.id = %s",
            [event],
        ),
        "a count of a week": (
            "SELECT count(*) FROM ingest_event WHERE project_id = %s AND timestamp >= %s",
            [project, week],
        ),
        "the same, by ids too": (
            "SELECT count(*) FROM ingest_event WHERE project_id = %s AND timestamp >= %s AND id >= %s",
            [project, week, bound(week)],
        ),
        "matches by signal, a week": (
            "SELECT m.signal_id, count(*) FROM signals_signalmatch m JOIN ingest_event e ON e.id = m.event_id "
            "WHERE e.project_id = %s AND e.timestamp >= %s GROUP BY 1",
            [project, week],
        ),
        "5,000 nearest by their signs": (
            "SELECT event_id FROM signals_eventembedding, (SELECT binary_quantize(%s::halfvec)::bit(384) AS s) q "
            "WHERE project_id = %s ORDER BY least(user_signs <~> s, agent_signs <~> s), event_id LIMIT 5000",
            [str(vector), project],
        ),
        **{
            f"{STORED} events stored, {table}": (
                f"INSERT INTO {table} SELECT * FROM public.{table} WHERE {column} = ANY(%s)",
                [others],
            )
            for table, column in TABLES.items()
            if table not in ("ingest_span", "signals_signalmatch")
        },
    }


def compare(measured: dict[str, tuple[str, list[Any]]], bounds: list[uuid.UUID], *, times: int) -> None:
    from django.db import transaction

    print(
        f"\n{len(bounds) - 1} partitions; ms to plan and to run, the median of {times} (p95 of both): plain, partitioned",
        flush=True,
    )
    for title, (sql, values) in measured.items():
        found: dict[str, list[tuple[float, float]]] = {PLAIN: [], PARTED: []}
        for _ in range(times):
            for schema in (PLAIN, PARTED):
                with transaction.atomic():  # what is stored goes again
                    run(f"SET LOCAL search_path TO {schema}, public")
                    run("SET LOCAL max_parallel_workers_per_gather = 0")
                    [(plan,)] = run(f"EXPLAIN (ANALYZE, FORMAT JSON, TIMING OFF) {sql}", values)
                    transaction.set_rollback(True)
                found[schema].append((plan[0]["Planning Time"], plan[0]["Execution Time"]))
        print(f"  {title}: {_summary(found[PLAIN])}, {_summary(found[PARTED])}", flush=True)


def _summary(taken: list[tuple[float, float]]) -> str:
    plan, execution = (statistics.median(one) for one in zip(*taken, strict=True))
    return f"{plan:.2f} + {execution:.2f} ({statistics.quantiles(map(sum, taken), n=20)[18]:.2f})"


def retire(bounds: list[uuid.UUID], *, keep: float) -> None:
    print(f"\nThe oldest partition's time, but for {keep:.0%} of its events", flush=True)
    every = round(1 / keep)
    for schema, way in ((PLAIN, delete), (PARTED, drop)):
        started, before = time.perf_counter(), wal()
        gone = way(schema, bounds, every)
        spent, written = time.perf_counter() - started, (wal() - before) / 1e6
        started = time.perf_counter()
        for table in TABLES:
            run(f"VACUUM {schema}.{table}")
        after = time.perf_counter() - started
        print(
            f"  {schema}: {gone:,} events in {spent:.2f} s, {written:.0f} MB of WAL; vacuum {after:.1f} s",
            flush=True,
        )


def delete(schema: str, bounds: list[uuid.UUID], every: int) -> int:
    """As ingest/retention does: the events first, then what belongs to them."""
    gone, after = 0, bounds[0]
    while True:
        rows = run(
            f"SELECT id, uuid_hash(id) %% %s = 0 FROM {schema}.ingest_event WHERE id > %s AND id < %s ORDER BY id LIMIT {BATCH}",
            [every, after, bounds[1]],
        )
        if not rows:
            return gone
        after = rows[-1][0]
        ids = [event for event, is_kept in rows if not is_kept]
        for table, event in TABLES.items():
            run(f"DELETE FROM {schema}.{table} WHERE {event} = ANY(%s)", [ids])
        gone += len(ids)


def drop(schema: str, bounds: list[uuid.UUID], every: int) -> int:
    """A table of what is kept takes the partition's place."""
    gone = 0
    for table, event in TABLES.items():
        part = f"{schema}.{table}_0"
        run(
            f"CREATE TABLE {schema}.{table}_kept (LIKE {part} INCLUDING DEFAULTS INCLUDING STORAGE INCLUDING INDEXES)"
        )
        run(
            f"INSERT INTO {schema}.{table}_kept SELECT * FROM {part} WHERE uuid_hash({event}) %% %s = 0",
            [every],
        )
        if table == "ingest_event":
            [(rows,)] = run(f"SELECT count(*) FROM {part}")
            [(kept,)] = run(f"SELECT count(*) FROM {schema}.{table}_kept")
            gone = rows - kept
        run(f"DROP TABLE {part}")
        run(
            f"ALTER TABLE {schema}.{table} ATTACH PARTITION {schema}.{table}_kept FOR VALUES FROM ('{bounds[0]}') TO ('{bounds[1]}')"
        )
    return gone


if __name__ == "__main__":
    main()
