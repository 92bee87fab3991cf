from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("ingest", "0018_conversations_counted")]

    operations = [
        migrations.AddField(
            model_name="project",
            name="retention_days",
            field=models.PositiveIntegerField(
                blank=True, help_text="For how long events are kept; empty: for ever.", null=True
            ),
        ),
        migrations.AddField(
            model_name="project",
            name="retention_relevant_days",
            field=models.PositiveIntegerField(
                blank=True,
                help_text="The same of events that are labelled or in an issue's history; empty: for ever.",
                null=True,
            ),
        ),
    ]
