import django.utils.timezone
from django.db import migrations, models

# What stood before: an open issue that is new, escalating or regressed is in the inbox, any other is not.
REVIEWS = """
UPDATE issues_issue SET substate_changed_at = state_changed_at,
  review = CASE WHEN state = 'open' AND substate IN ('new', 'escalating', 'regressed') THEN substate ELSE '' END
"""


class Migration(migrations.Migration):
    dependencies = [("issues", "0005_alerts")]

    operations = [
        migrations.AddField(
            model_name="activity",
            name="batch",
            field=models.UUIDField(
                editable=False, help_text="Of the action on many issues that this is part of.", null=True
            ),
        ),
        migrations.AddIndex(
            model_name="activity",
            index=models.Index(
                condition=models.Q(("batch__isnull", False)), fields=["batch"], name="activity_batch"
            ),
        ),
        migrations.AddField(
            model_name="issue",
            name="review",
            field=models.CharField(
                blank=True,
                choices=[
                    ("new", "New"),
                    ("escalating", "Escalating"),
                    ("regressed", "Regressed"),
                    ("unmuted", "Unmuted"),
                ],
                default="new",
                editable=False,
                help_text="What a person is to look at; empty once somebody did.",
                max_length=12,
            ),
        ),
        migrations.AddField(
            model_name="issue",
            name="terms",
            field=models.JSONField(
                default=dict,
                editable=False,
                help_text="When a muted or a resolved issue opens again: issues/states/terms.py. Empty while it is open.",
            ),
        ),
        migrations.AddField(
            model_name="issue",
            name="substate_changed_at",
            field=models.DateTimeField(auto_now_add=True, default=django.utils.timezone.now),
            preserve_default=False,
        ),
        migrations.RunSQL(REVIEWS, migrations.RunSQL.noop),
    ]
