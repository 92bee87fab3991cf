"""The text-search documents once more, with words apart as signals/vectors/text_search.py has them from now on: in batches, each of its own, so
that a large table is not locked, and begun again it goes on to the same end."""

from django.db import migrations

from signals.vectors.embedding import DOCUMENT_CHARACTERS_WIDE
from signals.vectors.text_search import SPACED_SQL

BATCH = 1000


def index_again(apps, schema_editor):
    with schema_editor.connection.cursor() as cursor:
        last = "00000000-0000-0000-0000-000000000000"
        while last:
            cursor.execute(
                f"""WITH batch AS (
                      SELECT t.event_id, left(e.input || ' ' || e.output, {DOCUMENT_CHARACTERS_WIDE}) AS words
                      FROM signals_eventtext t JOIN ingest_event e ON e.id = t.event_id
                      WHERE t.event_id > %s ORDER BY t.event_id LIMIT {BATCH}
                    ), written AS (
                      UPDATE signals_eventtext t SET document = to_tsvector('simple', {SPACED_SQL.format("b.words")})
                      FROM batch b WHERE t.event_id = b.event_id RETURNING t.event_id
                    ) SELECT max(event_id::text) FROM written""",
                [last],
            )
            last = cursor.fetchone()[0]


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("signals", "0010_plural_names")]
    operations = [migrations.RunPython(index_again, migrations.RunPython.noop)]
