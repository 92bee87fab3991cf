"""Lanes of the pipeline's queue. The column has a default of the database's own, so that no row is written; the index is built while
others read and write."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("ingest", "0021_appearances")]

    operations = [
        migrations.AddField(
            model_name="queuedevent",
            name="lane",
            field=models.PositiveSmallIntegerField(
                choices=[(0, "live"), (1, "backlog")], db_default=0, default=0
            ),
        ),
        AddIndexConcurrently(
            model_name="queuedevent",
            index=models.Index(fields=["lane", "project", "available_at", "id"], name="queued_event_turn"),
        ),
    ]
