"""Counts of all time, and of what a job goes through, get 64 bits. Both tables are written anew while nobody may read them: they have a row for each
project, signal, issue and cluster, or for each job, and take milliseconds."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("ingest", "0022_lanes")]

    operations = [
        migrations.AlterField(model_name="job", name="done", field=models.PositiveBigIntegerField(default=0)),
        migrations.AlterField(
            model_name="job", name="total", field=models.PositiveBigIntegerField(default=0)
        ),
        migrations.AlterField(
            model_name="total",
            name="conversations",
            field=models.BigIntegerField(
                db_default=0, default=0, help_text="Of a project, a signal or an issue; 0 of a cluster."
            ),
        ),
        migrations.AlterField(model_name="total", name="events", field=models.BigIntegerField(default=0)),
        migrations.AlterField(model_name="total", name="users", field=models.BigIntegerField(default=0)),
    ]
