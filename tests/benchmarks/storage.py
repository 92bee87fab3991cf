"""What an event costs on disk, by table and index, and how many updates had to touch the indexes.

    .venv/bin/python -m tests.benchmarks.storage [--least 20]

A server of its own imports real conversations (fixtures/taubench_retail_community.jsonl.gz, the demo's) and takes them through the whole pipeline.
Bytes are divided by the events; an update is HOT (heap-only tuple) where it changed no index and its page had room. `--least`: leaves
out what takes fewer bytes an event. An index is called a prefix where another one of its table begins with its columns.
"""

import argparse
import json
import tempfile
from pathlib import Path

from tests.processes import ROOT, Server

FILE = ROOT / "fixtures" / "taubench_retail_community.jsonl.gz"

READ = """
import json
from django.db import connection
def rows(sql):
    with connection.cursor() as cursor:
        cursor.execute(sql)
        names = [column.name for column in cursor.description]
        return [dict(zip(names, row)) for row in cursor.fetchall()]
with connection.cursor() as cursor:
    cursor.execute("SELECT pg_stat_force_next_flush()")
    cursor.execute("VACUUM ANALYZE")
print("JSON" + json.dumps({
    "events": rows("SELECT count(*) AS n FROM ingest_event")[0]["n"],
    "tables": rows('''
        SELECT c.relname AS name, c.reltuples::bigint AS rows, pg_relation_size(c.oid) AS heap,
               coalesce(pg_total_relation_size(nullif(c.reltoastrelid, 0)), 0) AS toast, pg_indexes_size(c.oid) AS indexes,
               s.n_tup_ins AS inserted, s.n_tup_upd AS updated, s.n_tup_hot_upd AS hot, s.n_tup_del AS deleted
        FROM pg_class c JOIN pg_stat_user_tables s ON s.relid = c.oid'''),
    "indexes": rows('''
        SELECT i.indexrelid::regclass::text AS name, i.indrelid::regclass::text AS "table", pg_relation_size(i.indexrelid) AS size,
               s.idx_scan AS scans,
               (SELECT min(o.indexrelid::regclass::text) FROM pg_index o
                WHERE o.indrelid = i.indrelid AND o.indexrelid <> i.indexrelid AND NOT i.indisunique
                  AND i.indpred IS NULL AND o.indpred IS NULL AND i.indexprs IS NULL AND o.indexprs IS NULL
                  AND (o.indkey::int2[])[0:i.indnkeyatts - 1] = (i.indkey::int2[])[0:i.indnkeyatts - 1]
                  AND i.indnatts = i.indnkeyatts AND i.indnkeyatts <= o.indnkeyatts) AS prefix_of
        FROM pg_index i JOIN pg_stat_user_indexes s USING (indexrelid)'''),
}))
"""


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--least", type=float, default=20.0, help="bytes an event")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="raindrop-bench-") as directory:
        server = Server(Path(directory) / "data", arguments=["--workers", "2"])
        server.start()
        try:
            server.manage("import_events", str(FILE), "--project", "bench", "--redate", "30d", seconds=600)
            server.manage("drain", "--timeout", "900", seconds=1000)
            answer = server.manage("shell", "--no-imports", "-c", READ)
        finally:
            server.kill_everything()
    show(json.loads(answer.partition("JSON")[2]), least=options.least)


def show(found: dict[str, object], *, least: float) -> None:
    events, tables, indexes = found["events"], found["tables"], found["indexes"]
    assert isinstance(events, int) and isinstance(tables, list) and isinstance(indexes, list)
    total = sum(row["heap"] + row["toast"] + row["indexes"] for row in tables)
    print(f"{events:,} events, {total / events:,.0f} bytes each\n")
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
