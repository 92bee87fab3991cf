"""The language of an event's text. Both operations let others read and write meanwhile: what is there already has no language until
signals/vectors/reindexing.py has read it."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("ingest", "0001_initial"), ("signals", "0014_facets_and_clusters")]
    operations = [
        migrations.AddField(
            model_name="eventtext",
            name="language",
            field=models.CharField(
                max_length=8,
                null=True,
                help_text="A code such as de; empty where it cannot be told. Null: indexed before there was one, and with accents.",
            ),
        ),
        AddIndexConcurrently(
            model_name="eventtext",
            index=models.Index(
                condition=models.Q(("language", None)), fields=["project", "event"], name="event_text_before"
            ),
        ),
    ]
