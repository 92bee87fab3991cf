"""Tables whose rows are updated, and of which pages read the newest rows from an index alone, are vacuumed when a fiftieth of their rows is dead or new. PostgreSQL's
default is a fifth: until then each of the newest rows is looked up in the table, too. docs/benchmarks.md, "Bytes an event", has what it gains and costs. No
row is written, and nobody waits but another vacuum."""

from django.db import migrations

TABLES = ("ingest_event", "ingest_conversation", "ingest_subjectuser")
SET = (
    "ALTER TABLE {} SET (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_insert_scale_factor = 0.02)"
)
RESET = "ALTER TABLE {} RESET (autovacuum_vacuum_scale_factor, autovacuum_vacuum_insert_scale_factor)"


class Migration(migrations.Migration):
    dependencies = [("ingest", "0023_wide_totals")]

    operations = [migrations.RunSQL(SET.format(table), RESET.format(table)) for table in TABLES]
