import django.db.models.deletion
import django.db.models.fields.json
import django.db.models.functions.text
import django.utils.timezone
from django.db import migrations, models

import ingest.models.events


class Migration(migrations.Migration):
    dependencies = [("ingest", "0003_job_position")]

    operations = [
        migrations.CreateModel(
            name="EarlierTurns",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "project_id",
                        "trace_id",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                (
                    "project",
                    ingest.models.events.BigForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="ingest.project",
                    ),
                ),
                ("trace_id", models.TextField()),
                (
                    "told_at",
                    models.DateTimeField(
                        help_text="The start of the span that tells: of several, the first is believed."
                    ),
                ),
                (
                    "turns",
                    models.JSONField(help_text="[[what the user said, what was answered], ...], redacted."),
                ),
                ("due_at", models.DateTimeField()),
            ],
            options={"indexes": [models.Index(fields=["due_at"], name="earlier_turns_due")]},
        ),
        migrations.CreateModel(
            name="WaitingEvaluation",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "project_id",
                        "response_id",
                        "digest",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                (
                    "project",
                    ingest.models.events.BigForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="ingest.project",
                    ),
                ),
                (
                    "response_id",
                    models.TextField(help_text="gen_ai.response.id, its first 200 characters."),
                ),
                ("digest", models.TextField(help_text="Of what was sent: a repeated delivery is one.")),
                ("record", models.JSONField(help_text="The log record, redacted.")),
                ("received_at", models.DateTimeField(default=django.utils.timezone.now)),
            ],
            options={"indexes": [models.Index(fields=["received_at"], name="waiting_evaluation_age")]},
        ),
        migrations.AddIndex(
            model_name="span",
            index=models.Index(
                models.F("project"),
                django.db.models.functions.text.Left(
                    django.db.models.fields.json.KeyTextTransform(
                        "raindrop.handoff.childEventId", "attributes"
                    ),
                    200,
                ),
                condition=models.Q(("attributes__has_key", "raindrop.handoff.childEventId")),
                name="span_of_launch",
            ),
        ),
    ]
