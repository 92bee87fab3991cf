"""An escalation's row follows its issue's state in the transaction that changes it. Rows of before are brought in line: an issue that was
called escalating without one never calmed down, and a closed issue's row was ended minutes later."""

from django.db import migrations

FOLLOW = """
UPDATE issues_escalation e SET ended_at = now(), "end" = 'closed'
FROM issues_issue i
WHERE e.issue_id = i.id AND e.ended_at IS NULL AND i.state <> 'open'
  AND NOT (i.state = 'muted' AND coalesce((i.terms->>'escalating')::boolean, false));
INSERT INTO issues_escalation (id, issue_id, began_at, "end", data)
SELECT gen_random_uuid(), i.id, i.substate_changed_at, '', '{}'
FROM issues_issue i
WHERE i.state = 'open' AND i.substate = 'escalating'
  AND NOT EXISTS (SELECT 1 FROM issues_escalation e WHERE e.issue_id = i.id AND e.ended_at IS NULL);
"""


class Migration(migrations.Migration):
    dependencies = [("issues", "0008_impact")]

    operations = [migrations.RunSQL(FOLLOW, migrations.RunSQL.noop)]
