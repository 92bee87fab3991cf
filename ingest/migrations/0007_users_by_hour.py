from django.db import migrations, models


class Migration(migrations.Migration):
    """A time within the hour, as it stands here, does for the hour's beginning."""

    dependencies = [
        ("ingest", "0006_queue_holder"),
    ]

    operations = [
        migrations.AddField(
            model_name="dayuser",
            name="last_hour",
            field=models.PositiveSmallIntegerField(default=23, help_text="0 to 23, UTC."),
            preserve_default=False,
        ),
        migrations.RemoveIndex(model_name="subjectuser", name="subject_user_recent"),
        migrations.RemoveField(model_name="subjectuser", name="first_seen"),
        migrations.RenameField(model_name="subjectuser", old_name="last_seen", new_name="last_hour"),
        migrations.AlterField(
            model_name="subjectuser",
            name="last_hour",
            field=models.DateTimeField(help_text="When the last hour began in which it was met."),
        ),
        migrations.AddIndex(
            model_name="subjectuser",
            index=models.Index(fields=["subject", "-last_hour"], name="subject_user_recent"),
        ),
    ]
