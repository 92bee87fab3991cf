"""Drops what 0007 has carried over."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("labeling", "0007_fill_one_label_table"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AlterModelOptions(
            name="label",
            options={"ordering": ["-created_at", "-id"]},
        ),
        migrations.RemoveField(
            model_name="label",
            name="issue",
        ),
        migrations.RemoveField(
            model_name="label",
            name="superseded_at",
        ),
        migrations.AlterField(
            model_name="label",
            name="answer",
            field=models.CharField(
                blank=True,
                choices=[("match", "Match"), ("not_match", "Not Match"), ("unsure", "Unsure")],
                help_text="Empty in a row that takes one back.",
                max_length=10,
            ),
        ),
        migrations.AlterField(
            model_name="label",
            name="author",
            field=models.CharField(
                help_text="Whose answer it is: user:ID, or key (a program). It outlives the user's account.",
                max_length=60,
            ),
        ),
        migrations.AlterField(
            model_name="label",
            name="definition_version",
            field=models.PositiveIntegerField(
                blank=True,
                help_text="Of the subject's text, when it was answered. Null: not known.",
                null=True,
            ),
        ),
        migrations.AlterField(
            model_name="label",
            name="probability",
            field=models.FloatField(
                blank=True,
                help_text="Of a random card: the chance that this event was the one drawn (0 to 1). Null: picked, or not known.",
                null=True,
            ),
        ),
        migrations.AlterField(
            model_name="label",
            name="reason",
            field=models.CharField(
                blank=True,
                choices=[
                    ("", "seen on a page"),
                    ("chosen", "opened by hand"),
                    ("random", "random"),
                    ("uncertain", "uncertain"),
                    ("likely", "likely"),
                    ("similar", "similar to the description"),
                    ("near", "near miss"),
                ],
                help_text="Why it was asked. Empty: it was not.",
                max_length=20,
            ),
        ),
        migrations.AlterField(
            model_name="label",
            name="retracts",
            field=models.OneToOneField(
                blank=True,
                help_text="What is taken back.",
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="+",
                to="labeling.label",
            ),
        ),
        migrations.AlterField(
            model_name="label",
            name="score",
            field=models.FloatField(
                blank=True, help_text="The classifier's or detector's when it was asked.", null=True
            ),
        ),
        migrations.AlterField(
            model_name="label",
            name="subject_id",
            field=models.UUIDField(),
        ),
        migrations.AlterField(
            model_name="label",
            name="subject_kind",
            field=models.CharField(help_text="issue or signal.", max_length=20),
        ),
        migrations.AddIndex(
            model_name="label",
            index=models.Index(
                fields=["subject_id", "event", "author", "-created_at", "-id"], name="label_standing"
            ),
        ),
        migrations.AddConstraint(
            model_name="label",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("answer", ""), ("retracts__isnull", False)),
                    models.Q(("answer__in", ["match", "not_match", "unsure"]), ("retracts", None)),
                    _connector="OR",
                ),
                name="label_answers_or_takes_back",
            ),
        ),
    ]
