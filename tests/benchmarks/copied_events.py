"""A large project made of a small one's events, copied within the database: for benchmarks of many events.

Events are copied with their texts, vectors, search documents, spans, signal matches and clusters, and issues are made over them. Each copy has end users and
conversations of its own, and vectors that lie a cosine of about 0.93 from the original's: exact copies would all be equally near to a text.
"""

import time
from typing import Any

from django.db import connection, transaction

from ingest.counts import rollups
from ingest.models import Event, Membership, Project, User
from ingest.models.projects import Role
from ingest.projects.projects import create_project
from issues.actions import create_issue
from signals.catalogue.installing import install_builtin_signals
from signals.models import Cluster, SignalDefinition

DAYS = 90
DIMENSIONS = 384
NOISE_LENGTH = 0.4  # of what is added to a unit vector: a cosine of 1 / sqrt(1 + 0.4²) = 0.93 to what it was
NOISES = 4096
# Indexes that are quicker made anew than kept up while most rows of their table are new.
BUILT_AFTERWARDS = ("event_text_document", "cluster_member_recent", "issue_match_recent")
TABLES = (
    "ingest_event", "ingest_eventkey", "ingest_span", "ingest_enduser", "ingest_conversation", "ingest_hour", "ingest_day", "ingest_dayuser",
    "ingest_subjectuser", "ingest_subjectconversation", "ingest_total", "signals_eventembedding", "signals_eventtext", "signals_signalmatch",
    "signals_clustermember", "signals_clusterconversation", "issues_issue", "issues_issuematch",
)  # fmt: skip


def fill(source: Project, *, slug: str, events: int, issues: int) -> Project:
    """The project of that slug with at least so many copies of the source's finished events, spread evenly over the last DAYS."""
    started = time.monotonic()
    with transaction.atomic(), connection.cursor() as cursor:
        project = create_project(slug=slug, name="Many events")
        Membership.objects.create(project=project, user=User.objects.get(username="demo"), role=Role.ADMIN)
        install_builtin_signals(project)
        definitions = _dropped_indexes(cursor)
        _make_places(
            cursor, source, slug=slug, copies=-(-events // Event.objects.filter(project=source).count())
        )
        _copy_events(cursor, project)
        signals, clusters = (
            _pairs(cursor, "signals", source, project),
            _copy_clusters(cursor, source, project),
        )
        _copy_what_hangs_on_events(cursor, project)
        _say(started, "events, and what hangs on them, copied")
        numbers = _make_issues(project, issues)
        _draw_matches(cursor, project, numbers)
        _say(started, f"{issues} issues made")
        for statement in definitions:
            cursor.execute(statement)
        _say(started, "indexes built")
        for subjects, table, column in (
            ([project.id], "ingest_event", "project_id"),
            (signals, "signals_signalmatch", "signal_id"),
            (clusters, "signals_clustermember", "cluster_id"),
            (numbers, "issues_issuematch", "issue_id"),
        ):
            rollups.recount(subjects, project=project.id, table=table, column=column)
        _count_conversations(cursor, project)
    _say(started, "counted")
    with connection.cursor() as cursor:
        for table in TABLES:
            cursor.execute(f"VACUUM ANALYZE {table}")  # what autovacuum does to a table that grew
    _say(started, "vacuumed")
    return project


def _say(started: float, what: str) -> None:
    print(f"{what} after {time.monotonic() - started:.0f} s", flush=True)


def _dropped_indexes(cursor: Any) -> list[str]:
    """Drops BUILT_AFTERWARDS; returns the statements that make them again."""
    cursor.execute("SELECT indexdef FROM pg_indexes WHERE indexname = ANY(%s)", [list(BUILT_AFTERWARDS)])
    statements = [row[0] for row in cursor.fetchall()]
    for name in BUILT_AFTERWARDS:
        cursor.execute(f"DROP INDEX {name}")
    return statements


def _make_places(cursor: Any, source: Project, *, slug: str, copies: int) -> None:
    """The temporary tables `made` (an old event, and the new one's id, time, end user and conversation) and `noise`."""
    cursor.execute(
        """CREATE TEMP TABLE old AS SELECT id, end_user_id, conversation_id, row_number() OVER (ORDER BY timestamp) AS place
           FROM ingest_event WHERE project_id = %s AND NOT is_pending""",
        [source.id],
    )
    cursor.execute(
        """CREATE TEMP TABLE made AS
           SELECT *, uuidv7(at - now()) AS new, md5(%s || n || '-' || end_user_id)::uuid AS person,
             md5(%s || n || '-' || conversation_id)::uuid AS talk FROM (
             SELECT old.*, n, now() - (%s * (1 - row_number() OVER (ORDER BY n, place)::float / count(*) OVER ())) * interval '1 day' AS at
             FROM old, generate_series(1, %s) AS n) placed""",
        [slug, slug, DAYS, copies],
    )
    cursor.execute("CREATE INDEX ON made (id)")
    width = NOISE_LENGTH * (12 / DIMENSIONS) ** 0.5  # of even draws, whose deviation is width / sqrt(12)
    cursor.execute(
        """CREATE TEMP TABLE noise AS SELECT i, array_agg((random() - 0.5) * %s)::real[]::halfvec(384) AS v
           FROM generate_series(0, %s) AS i, generate_series(1, %s) GROUP BY i""",
        [width, NOISES - 1, DIMENSIONS],
    )
    cursor.execute("CREATE INDEX ON noise (i)")
    cursor.execute("ANALYZE made")
    cursor.execute("ANALYZE noise")


def _copy_events(cursor: Any, project: Project) -> None:
    for table, column, name, old in (
        ("ingest_enduser", "person", "user_id", "end_user_id"),
        ("ingest_conversation", "talk", "convo_id", "conversation_id"),
    ):
        put = {"id": column, name: f"t.{name} || '-' || n"}
        if column == "person":
            put |= {"first_seen": "first", "last_seen": "last"}
        else:
            put |= {"started_at": "first", "last_message_at": "last", "end_user_id": "person"}
        whose = "" if column == "person" else ", min(person::text)::uuid AS person"
        made = f"""(SELECT {column}, {old} AS id, n, min(at) AS first, max(at) AS last{whose}
                   FROM made WHERE {column} IS NOT NULL GROUP BY 1, 2, 3) made"""
        _copy(cursor, table, made, put, on="t.id = made.id", project=project)
    put = {
        "id": "new", "event_id": "t.event_id || '-' || n", "end_user_id": "person", "conversation_id": "talk", "timestamp": "at", "received_at": "at",
        "counted": "true",
    }  # fmt: skip
    _copy(cursor, "ingest_event", "made", put, on="t.id = made.id", project=project)
    cursor.execute(
        """INSERT INTO ingest_eventkey (project_id, event_id, event_uuid)
           SELECT project_id, event_id, id FROM ingest_event WHERE project_id = %s ORDER BY event_id""",
        [project.id],
    )


def _pairs(cursor: Any, kind: str, source: Project, project: Project) -> list[Any]:
    """The temporary table `signals`: the source's definitions and the project's of the same key. Returns the latter."""
    cursor.execute(f"CREATE TEMP TABLE {kind} (old uuid, new uuid)")
    mine = dict(SignalDefinition.objects.filter(project=project).values_list("key", "id"))
    for old, key in SignalDefinition.objects.filter(project=source).values_list("id", "key"):
        if key in mine:
            cursor.execute(f"INSERT INTO {kind} VALUES (%s, %s)", [old, mine[key]])
    return list(mine.values())


def _copy_clusters(cursor: Any, source: Project, project: Project) -> list[Any]:
    cursor.execute(
        "CREATE TEMP TABLE clusters AS SELECT id AS old, uuidv7() AS new FROM signals_cluster WHERE project_id = %s",
        [source.id],
    )
    put = {
        "id": "made.new", "parent_id": "(SELECT new FROM clusters c WHERE c.old = t.parent_id)", "merged_into_id": "NULL", "examples": "'{}'",
        "signal_id": "(SELECT new FROM signals s WHERE s.old = t.signal_id)",
    }  # fmt: skip
    _copy(cursor, "signals_cluster", "clusters made", put, on="t.id = made.old", project=project)
    return list(Cluster.objects.filter(project=project).values_list("id", flat=True))


def _copy_what_hangs_on_events(cursor: Any, project: Project) -> None:
    near = (
        "l2_normalize(t.{0} + (SELECT v FROM noise WHERE i = (hashtext(made.new::text || '{0}') & "
        + str(NOISES - 1)
        + ")))"
    )
    of_event = {"event_id": "made.new"}
    match = of_event | {"id": "uuidv7()", "end_user_id": "person", "timestamp": "made.at"}
    _copy(
        cursor, "signals_eventembedding", "made", of_event | {name: near.format(name) for name in ("user_vector", "agent_vector")},
        on="t.event_id = made.id", project=project,
    )  # fmt: skip
    _copy(cursor, "signals_eventtext", "made", of_event, on="t.event_id = made.id", project=project)
    _copy(
        cursor, "ingest_span", "made",
        of_event | {"id": "uuidv7()", "trace_id": "md5(made.new::text)", "started_at": "made.at", "ended_at": "made.at + (t.ended_at - t.started_at)"},
        on="t.event_id = made.id", project=project,
    )  # fmt: skip
    _copy(
        cursor, "signals_signalmatch", "made", match | {"signal_id": "d.new", "conversation_id": "talk"},
        on="t.event_id = made.id JOIN signals d ON d.old = t.signal_id", project=project,
    )  # fmt: skip
    _copy(
        cursor, "signals_clustermember", "made", match | {"cluster_id": "d.new", "conversation_id": "talk"},
        on="t.event_id = made.id JOIN clusters d ON d.old = t.cluster_id", project=project,
    )  # fmt: skip
    cursor.execute(
        """INSERT INTO signals_clusterconversation (cluster_id, conversation_id, project_id, events)
           SELECT cluster_id, conversation_id, project_id, count(*) FROM signals_clustermember
           WHERE project_id = %s AND conversation_id IS NOT NULL GROUP BY 1, 2, 3""",
        [project.id],
    )
    cursor.execute(
        """UPDATE signals_cluster c SET conversations = g.n FROM (
             SELECT cluster_id, count(*) AS n FROM signals_clusterconversation GROUP BY 1) g
           WHERE g.cluster_id = c.id AND c.project_id = %s""",
        [project.id],
    )


def _make_issues(project: Project, count: int) -> list[Any]:
    return [
        create_issue(project=project, title=f"Problem {n}", description="What goes wrong.").id
        for n in range(count)
    ]


def _draw_matches(cursor: Any, project: Project, issues: list[Any]) -> None:
    """As many matches as events: some issues have thousands, most have few."""
    cursor.execute(
        """INSERT INTO issues_issuematch (id, timestamp, classifier_version, score, end_user_id, event_id, issue_id, project_id, conversation_id)
           SELECT uuidv7(), timestamp, 1, 0.9, end_user_id, id, (%s::uuid[])[1 + floor(%s * power(random(), 3))::int], project_id, conversation_id
           FROM ingest_event WHERE project_id = %s""",
        [issues, len(issues), project.id],
    )


def _count_conversations(cursor: Any, project: Project) -> None:
    """What rollups.recount leaves to those who count conversations: projects, signals and issues."""
    for table, column in (
        ("ingest_event", "project_id"),
        ("signals_signalmatch", "signal_id"),
        ("issues_issuematch", "issue_id"),
    ):
        cursor.execute(
            f"""INSERT INTO ingest_subjectconversation (subject, conversation_id, project_id, events)
                SELECT {column}, conversation_id, project_id, count(*) FROM {table}
                WHERE project_id = %s AND conversation_id IS NOT NULL GROUP BY 1, 2, 3""",
            [project.id],
        )
    cursor.execute(
        """UPDATE ingest_total t SET conversations = g.n
           FROM (SELECT subject, count(*) AS n FROM ingest_subjectconversation WHERE project_id = %s GROUP BY 1) g WHERE g.subject = t.subject""",
        [project.id],
    )
    for table, column in (("ingest_enduser", "end_user_id"), ("ingest_conversation", "conversation_id")):
        cursor.execute(
            f"""UPDATE {table} t SET events_count = g.n FROM (
                  SELECT {column} AS id, count(*) AS n FROM ingest_event WHERE project_id = %s GROUP BY 1) g WHERE g.id = t.id AND t.events_count <> g.n""",
            [project.id],
        )


def _copy(cursor: Any, table: str, made: str, put: dict[str, str], *, on: str, project: Project) -> None:
    """Copies the rows of `table` that `made` names; `put`: what a column is instead, as SQL."""
    cursor.execute(
        """SELECT column_name FROM information_schema.columns
           WHERE table_schema = current_schema() AND table_name = %s AND is_generated = 'NEVER'""",
        [table],
    )
    columns = [row[0] for row in cursor.fetchall()]
    values = [put.get(name, "%s" if name == "project_id" else f't."{name}"') for name in columns]
    names = ", ".join(f'"{name}"' for name in columns)
    sql = f"INSERT INTO {table} ({names}) SELECT {', '.join(values)} FROM {made} JOIN {table} t ON {on}"
    cursor.execute(sql, [project.id])
