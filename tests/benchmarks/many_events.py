"""How long searches take in a project of many events: through the views, in one process.

    RAINDROP_DATA_DIR=DIR .venv/bin/python -m tests.benchmarks.many_events [--of ledgerly] [--events 200000] [--times 10]

DIR holds a project whose events went through the pipeline (`make demo`). Its events are copied within the database, with their texts, vectors, search documents and
signal matches, until there are `--events`, spread evenly over 90 days, into the project `many`, which is kept for the next run. Each copy has end users and conversations of its own.
Copies have the same texts: what is found is found often, so that times of a rare word are not measured here.
"""

import argparse
import time
from statistics import quantiles
from typing import Any

from tests.benchmarks.database import use_app

DAYS = 90
SLUG = "many"
# Tables of what hangs on an event, and their own key, if any.
HANGING = ("signals_eventembedding", "signals_eventtext", "signals_signalmatch")
SEARCHES = {
    "filter: a signal": ("/api/events/", {"q": "signal:user_frustration"}),
    "filter: a tool that failed": ("/api/events/", {"q": "tool.errors:>0 -24h"}),
    "text: two words": ("/api/events/", {"q": '"bank account"'}),
    "count: all": ("/api/events/count/", {"q": ""}),
    "count: a signal": ("/api/events/count/", {"q": "signal:user_frustration"}),
    "count: a word": ("/api/events/count/", {"q": "invoice"}),
    "facets: model": ("/api/events/facets/", {"q": "", "by": "model"}),
    "facets: signal, a week": ("/api/events/facets/", {"q": "-7d", "by": "signal"}),
    "meaning": ("/api/events/", {"q": '~"cannot connect the bank"'}),
    "meaning, a week": ("/api/events/", {"q": '~"cannot connect the bank" -7d'}),
}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--of", default="ledgerly")
    parser.add_argument("--events", type=int, default=200_000)
    parser.add_argument("--times", type=int, default=10)
    options = parser.parse_args()
    use_app()
    from django.db import transaction
    from django.test import Client, override_settings

    from ingest.models import Event, Project, User

    source = Project.objects.get(slug=options.of)
    project = Project.objects.filter(slug=SLUG).first()
    if project is None:
        with transaction.atomic():
            project = _fill(source, options.events)
        _vacuum()
    print(f"{Event.objects.filter(project=project).count():,} events", flush=True)
    with override_settings(ALLOWED_HOSTS=["testserver"]):
        client = Client()
        client.force_login(User.objects.get(username="demo"))
        for name, (path, query) in SEARCHES.items():
            _measure(client, name, path, {**query, "project": SLUG}, options.times)


def _fill(source: Any, wanted: int) -> Any:
    from django.db import connection

    from ingest.models import Event, Membership, User
    from ingest.models.projects import Role
    from ingest.projects.projects import create_project
    from signals.catalogue.installing import install_builtin_signals
    from signals.models import SignalDefinition

    project = create_project(slug=SLUG, name="Many events")
    Membership.objects.create(project=project, user=User.objects.get(username="demo"), role=Role.ADMIN)
    install_builtin_signals(project)
    copies = -(-wanted // Event.objects.filter(project=source).count())
    definitions = dict(SignalDefinition.objects.filter(project=project).values_list("key", "id"))
    with connection.cursor() as cursor:
        started = time.monotonic()
        cursor.execute(
            """CREATE TEMP TABLE old AS SELECT id, end_user_id, conversation_id, row_number() OVER (ORDER BY timestamp) AS place
               FROM ingest_event WHERE project_id = %s AND NOT is_pending""",
            [source.id],
        )
        cursor.execute(
            """CREATE TEMP TABLE made AS
               SELECT old.*, n, now() - (%s * (1 - row_number() OVER (ORDER BY n, place)::float / count(*) OVER ())) * interval '1 day' AS at
               FROM old, generate_series(1, %s) AS n""",
            [DAYS, copies],
        )
        cursor.execute("ALTER TABLE made ADD COLUMN new uuid, ADD COLUMN person uuid, ADD COLUMN talk uuid")
        cursor.execute(
            """UPDATE made SET new = uuidv7(at - now()), person = md5(n || '-' || end_user_id)::uuid,
                 talk = md5(n || '-' || conversation_id)::uuid"""
        )
        cursor.execute("CREATE INDEX ON made (id)")
        for table, column, name in (
            ("ingest_enduser", "person", "user_id"),
            ("ingest_conversation", "talk", "convo_id"),
        ):
            old = "end_user_id" if column == "person" else "conversation_id"
            _copy(
                cursor, table, f"(SELECT DISTINCT ON ({column}) {old} AS id, {column}, n FROM made WHERE {column} IS NOT NULL) made",
                {"id": column, name: f"t.{name} || '-' || n"}, on="t.id = made.id", project=project.id,
            )  # fmt: skip
        _copy(
            cursor, "ingest_event", "made",
            {"id": "new", "event_id": "t.event_id || '-' || n", "end_user_id": "person", "conversation_id": "talk", "timestamp": "at", "received_at": "at",
             "counted": "false"},
            on="t.id = made.id", project=project.id,
        )  # fmt: skip
        print(f"events copied in {time.monotonic() - started:.0f} s", flush=True)
        for table in HANGING:
            put = {"event_id": "made.new"}
            if table == "signals_signalmatch":
                put |= {
                    "id": "uuidv7()",
                    "end_user_id": "person",
                    "timestamp": "made.at",
                    "signal_id": "d.new",
                }
                cursor.execute("CREATE TEMP TABLE d (old uuid, new uuid)")
                for signal, key in SignalDefinition.objects.filter(project=source).values_list("id", "key"):
                    if key in definitions:
                        cursor.execute("INSERT INTO d VALUES (%s, %s)", [signal, definitions[key]])
            extra = " JOIN d ON d.old = t.signal_id" if "signal_id" in put else ""
            _copy(cursor, table, "made", put, on="t.event_id = made.id" + extra, project=project.id)
            print(f"{table} copied after {time.monotonic() - started:.0f} s", flush=True)
    _count(project, list(definitions.values()))
    return project


def _vacuum() -> None:
    """What autovacuum does to a table that grew."""
    from django.db import connection

    with connection.cursor() as cursor:
        for table in ("ingest_event", *HANGING):
            cursor.execute(f"VACUUM ANALYZE {table}")


def _copy(cursor: Any, table: str, made: str, put: dict[str, str], *, on: str, project: Any) -> None:
    """Copies the rows of `table` that `made` names; `put`: what a column is instead, as SQL."""
    cursor.execute(
        """SELECT column_name FROM information_schema.columns
           WHERE table_schema = current_schema() AND table_name = %s AND is_generated = 'NEVER'""",
        [table],
    )
    columns = [row[0] for row in cursor.fetchall()]
    values = [put.get(name, "%s" if name == "project_id" else f't."{name}"') for name in columns]
    names = ", ".join(f'"{name}"' for name in columns)
    cursor.execute(
        f"INSERT INTO {table} ({names}) SELECT {', '.join(values)} FROM {made} JOIN {table} t ON {on}",
        [project],
    )


def _count(project: Any, signals: list[Any]) -> None:
    """The roll-ups of the project and of its signals."""
    from ingest.counts import rollups
    from ingest.models import Event

    Event.objects.filter(project=project).update(counted=True)
    rollups.recount([project.id], project=project.id, table="ingest_event", column="project_id")
    rollups.recount(signals, project=project.id, table="signals_signalmatch", column="signal_id")


def _measure(client: Any, name: str, path: str, query: dict[str, str], times: int) -> None:
    taken = []
    for _ in range(times + 1):
        started = time.perf_counter()
        answer = client.get(path, query)
        taken.append((time.perf_counter() - started) * 1e3)
        if answer.status_code != 200:
            print(f"{name:28} {answer.status_code} {answer.content[:160]!r}", flush=True)
            return
    first, *rest = taken
    ranks = quantiles(rest, n=20)
    print(
        f"{name:28} {_found(answer.json()):>9,} p50 {ranks[9]:7.0f} ms  p95 {ranks[18]:7.0f} ms  first {first:7.0f} ms",
        flush=True,
    )


def _found(answer: dict[str, Any]) -> int:
    """How many events it counts, or how many rows it lists."""
    return int(answer["count"]) if "count" in answer else len(answer["results"])


if __name__ == "__main__":
    main()
