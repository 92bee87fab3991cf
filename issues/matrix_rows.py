"""What issues add to the matrix of intents (signals/clusters/matrix.py): a row each."""

from collections.abc import Iterable

from ingest.models import Project
from issues.models import Issue, IssueMatch
from signals.clusters.matrix import Line, RowKind, register_rows


def _issues(project: Project) -> Iterable[Line]:
    rows = Issue.objects.filter(project=project).unmerged().only("id", "number", "title")
    return [Line(row.pk, str(row.pk), row.title, "issue", str(row.number)) for row in rows]


register_rows(RowKind("issue", "Issues", _issues, IssueMatch._meta.db_table, "issue_id"))
