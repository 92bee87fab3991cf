"""What a label needs to be about any subject, as columns that may be empty: 0007 fills them, 0008 drops what they replace."""

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

import ingest.models.events


class Migration(migrations.Migration):
    dependencies = [
        ("ingest", "0001_initial"),
        ("labeling", "0005_label_source_admin"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RemoveConstraint(model_name="label", name="one_standing_label"),
        migrations.AddField("label", "subject_kind", models.CharField(max_length=20, default="")),
        migrations.AddField("label", "subject_id", models.UUIDField(null=True)),
        migrations.AddField("label", "author", models.CharField(max_length=60, default="")),
        migrations.AddField("label", "probability", models.FloatField(blank=True, null=True)),
        migrations.AddField(
            "label", "definition_version", models.PositiveIntegerField(blank=True, null=True)
        ),
        migrations.AddField(
            "label",
            "retracts",
            models.OneToOneField(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="+",
                to="labeling.label",
                db_constraint=False,  # 0008 adds it: rows that are written in between would hold the table
            ),
        ),
        migrations.AlterField(
            "label",
            "issue",
            models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="labels",
                to="issues.issue",
            ),
        ),
        migrations.AlterField(
            "label",
            "answer",
            models.CharField(
                blank=True,
                choices=[("match", "Match"), ("not_match", "Not Match"), ("unsure", "Unsure")],
                max_length=10,
            ),
        ),
        migrations.AlterField("label", "created_at", models.DateTimeField(default=django.utils.timezone.now)),
        # Cards of the last five minutes, which are chosen anew.
        migrations.DeleteModel(name="Reservation"),
        migrations.CreateModel(
            name="Offer",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("subject_kind", models.CharField(max_length=20)),
                ("subject_id", models.UUIDField()),
                ("author", models.CharField(max_length=60)),
                ("reason", models.CharField(max_length=20)),
                ("score", models.FloatField(null=True)),
                ("probability", models.FloatField(null=True)),
                (
                    "place",
                    models.SmallIntegerField(default=0, help_text="Offers are shown in this order."),
                ),
                ("offered_at", models.DateTimeField(default=django.utils.timezone.now)),
                (
                    "held_until",
                    models.DateTimeField(help_text="Until then nobody else is asked about it.", null=True),
                ),
                (
                    "event",
                    ingest.models.events.BigForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="ingest.event",
                    ),
                ),
                (
                    "project",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="ingest.project"
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("subject_id", "event", "author"), name="one_offer_each"),
                    models.UniqueConstraint(
                        condition=models.Q(("held_until__isnull", False)),
                        fields=("subject_id", "event"),
                        name="one_holder",
                    ),
                ],
            },
        ),
    ]
