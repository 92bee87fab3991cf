import django.utils.timezone
from django.db import migrations, models

# A priority that a person set stays.
LOCKS = """
UPDATE issues_issue i SET priority_locked = true
WHERE EXISTS (SELECT 1 FROM issues_activity a WHERE a.issue_id = i.id AND a.kind = 'priority' AND a.actor_id IS NOT NULL)
"""


class Migration(migrations.Migration):
    dependencies = [("issues", "0007_escalations")]

    operations = [
        migrations.AddField(
            model_name="issue",
            name="impact_at",
            field=models.DateTimeField(
                default=django.utils.timezone.now,
                editable=False,
                help_text="When its impact was last looked at: issues/impact.py.",
            ),
        ),
        migrations.AddField(
            model_name="issue",
            name="priority_locked",
            field=models.BooleanField(
                default=False, editable=False, help_text="A person set it: it no longer follows the impact."
            ),
        ),
        migrations.RunSQL(LOCKS, migrations.RunSQL.noop),
    ]
