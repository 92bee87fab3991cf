"""The groups of a signal's evidence were worked out anew when somebody looked: clusters take their place, and nothing is kept of them."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("ingest", "0015_merged_events"),
        ("signals", "0019_saved_views"),
    ]

    operations = [
        migrations.RunSQL("DELETE FROM ingest_job WHERE kind = 'evidence'", migrations.RunSQL.noop),
        migrations.DeleteModel(name="EvidenceClusters"),
    ]
