"""An issue may be merged into another. Its matches are that one's too: `through` says by which issue."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("issues", "0011_mentions"),
    ]

    operations = [
        migrations.AddField(
            model_name="issue",
            name="merged_into",
            field=models.ForeignKey(
                db_index=False,
                editable=False,
                null=True,
                on_delete=django.db.models.deletion.RESTRICT,
                related_name="merged",
                to="issues.issue",
            ),
        ),
        migrations.AddField(
            model_name="issuematch",
            name="through",
            field=models.ForeignKey(
                db_constraint=False,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="+",
                to="issues.issue",
            ),
        ),
        migrations.AlterField(
            model_name="activity",
            name="kind",
            field=models.CharField(
                choices=[
                    ("created", "Created"),
                    ("state", "State"),
                    ("assigned", "Assigned"),
                    ("priority", "Priority"),
                    ("edited", "Edited"),
                    ("trained", "Trained"),
                    ("note", "Note"),
                    ("follows", "Follows"),
                    ("merged", "Merged"),
                    ("unmerged", "Unmerged"),
                    ("split", "Split"),
                ],
                max_length=12,
            ),
        ),
        migrations.AlterField(
            model_name="issue",
            name="state",
            field=models.CharField(
                choices=[
                    ("open", "Open"),
                    ("resolved", "Resolved"),
                    ("muted", "Muted"),
                    ("merged", "Merged"),
                ],
                default="open",
                max_length=10,
            ),
        ),
        migrations.AddIndex(
            model_name="issue",
            index=models.Index(
                condition=models.Q(("merged_into__isnull", False)),
                fields=["merged_into"],
                name="issue_merged",
            ),
        ),
        migrations.AddConstraint(
            model_name="issue",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("merged_into__isnull", False), ("state", "merged")),
                    models.Q(models.Q(("state", "merged"), _negated=True), ("merged_into", None)),
                    _connector="OR",
                ),
                name="issue_merged_into",
            ),
        ),
    ]
