"""What an event costs on disk, by table and index, and how many updates had to touch the indexes.

    .venv/bin/python -m tests.benchmarks.storage [--conversations 400] [--at-once 400] [--table "ingest_event (fillfactor = 90)"] [--least 20]

A database that is made for it gets real conversations (fixtures/taubench_retail_community.jsonl.gz, the demo's), which go through the whole pipeline in this
process: so many at once as an import has stored before the pipeline comes to them (`--at-once 1`: as live traffic). `--table` sets storage parameters first. Nothing is vacuumed before it is measured, so that dead rows count. Bytes are divided by the events; an update is HOT (heap-only tuple) where it
changed no index and its page had room. WAL is what the database wrote to its log from the first event on. `--least`: leaves out what takes
fewer bytes an event. An index is called a prefix where another one of its table begins with its columns.
"""

import argparse
import gzip
import itertools
import tempfile
import time
from pathlib import Path
from typing import Any

from tests.benchmarks.database import scratch_app
from tests.processes import ROOT

FILE = ROOT / "fixtures" / "taubench_retail_community.jsonl.gz"
TABLES = """
    SELECT c.relname AS name, s.n_tup_ins - s.n_tup_del AS rows, pg_relation_size(c.oid) AS heap,
           coalesce(pg_total_relation_size(nullif(c.reltoastrelid, 0)), 0) AS toast, pg_indexes_size(c.oid) AS indexes,
           s.n_tup_upd AS updated, s.n_tup_hot_upd AS hot
    FROM pg_class c JOIN pg_stat_user_tables s ON s.relid = c.oid"""
INDEXES = """
    SELECT i.indexrelid::regclass::text AS name, pg_relation_size(i.indexrelid) AS size, s.idx_scan AS scans,
           (SELECT min(o.indexrelid::regclass::text) FROM pg_index o
            WHERE o.indrelid = i.indrelid AND o.indexrelid <> i.indexrelid AND NOT i.indisunique
              AND i.indpred IS NULL AND o.indpred IS NULL AND i.indexprs IS NULL AND o.indexprs IS NULL
              AND (o.indkey::int2[])[0:i.indnkeyatts - 1] = (i.indkey::int2[])[0:i.indnkeyatts - 1]
              AND (o.indclass::oid[])[0:i.indnkeyatts - 1] = (i.indclass::oid[])[0:i.indnkeyatts - 1]
              AND i.indnatts = i.indnkeyatts AND i.indnkeyatts <= o.indnkeyatts) AS prefix_of
    FROM pg_index i JOIN pg_stat_user_indexes s USING (indexrelid)"""


def rows(sql: str) -> list[dict[str, Any]]:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(sql)
        names = [column.name for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def wal() -> int:
    """Bytes that the database has written to its log, ever."""
    return int(rows("SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0') AS bytes")[0]["bytes"])


def head_of_file(conversations: int) -> list[bytes]:
    """So many lines of the demo's conversations, each with its newline."""
    with gzip.open(FILE, "rb") as lines:
        return list(itertools.islice(lines, conversations))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--conversations", type=int, default=400)
    parser.add_argument("--at-once", type=int, default=10**9, help="conversations")
    parser.add_argument("--table", action="append", default=[], help="a table and its storage parameters")
    parser.add_argument("--least", type=float, default=20.0, help="bytes an event")
    options = parser.parse_args()
    with scratch_app(), tempfile.TemporaryDirectory() as folder:
        import datetime as dt

        from django.db import connection

        import raindrop.pipeline
        from ingest.files.importing import import_file
        from ingest.models import Event, QueuedEvent
        from ingest.projects.projects import create_project

        project = create_project(slug="bench", name="Bench")
        with connection.cursor() as cursor:
            for table in options.table:
                name, _, parameters = table.partition(" ")
                cursor.execute(f"ALTER TABLE {name} SET {parameters}")
        spent, logged, stored = 0.0, wal(), 0
        conversations = head_of_file(options.conversations)
        for place in range(0, len(conversations), options.at_once):
            path = Path(folder) / f"{place}.jsonl"
            path.write_bytes(b"".join(conversations[place : place + options.at_once]))
            before = wal()
            import_file(path, project=project, redate=dt.timedelta(days=30))
            stored += wal() - before
            since = time.process_time()
            while batch := list(QueuedEvent.objects.order_by("available_at", "id")[:128]):
                raindrop.pipeline.process([row.event_id for row in batch])
                QueuedEvent.objects.filter(pk__in=[row.pk for row in batch]).delete()
            spent += time.process_time() - since
        events = Event.objects.count()
        logged = wal() - logged
        rows("SELECT pg_stat_force_next_flush()")
        print(
            f"{events:,} events, {logged / events:,.0f} bytes of WAL ({stored / events:,.0f} when stored) and "
            f"{spent / events * 1000:.1f} ms of the worker's CPU each"
        )
        show(events, rows(TABLES), rows(INDEXES), least=options.least)


def show(events: int, tables: list[dict[str, Any]], indexes: list[dict[str, Any]], *, least: float) -> None:
    total = sum(row["heap"] + row["toast"] + row["indexes"] for row in tables)
    print(f"{total / events:,.0f} bytes each\n")
    print(f"{'table':36}{'rows':>10}{'heap':>8}{'toast':>8}{'indexes':>8}{'updates':>10}{'HOT':>6}")
    for row in sorted(tables, key=lambda row: -(row["heap"] + row["toast"] + row["indexes"])):
        sizes = [row[name] / events for name in ("heap", "toast", "indexes")]
        if sum(sizes) >= least or row["updated"] >= events:
            hot = f"{row['hot'] / row['updated']:.0%}" if row["updated"] else ""
            print(
                f"{row['name']:36}{row['rows']:>10,}"
                + "".join(f"{size:>8,.0f}" for size in sizes)
                + f"{row['updated']:>10,}{hot:>6}"
            )
    print(f"\n{'index':44}{'bytes':>8}{'scans':>10}")
    for row in sorted(indexes, key=lambda row: -row["size"]):
        if row["size"] / events >= least or row["prefix_of"]:
            note = f"  prefix of {row['prefix_of']}" if row["prefix_of"] else ""
            print(f"{row['name']:44}{row['size'] / events:>8,.0f}{row['scans']:>10,}{note}")


if __name__ == "__main__":
    main()
