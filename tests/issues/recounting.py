"""Every count of a project against a recount from its raw rows."""

import uuid
from collections import defaultdict
from typing import Any

from ingest.counts import rollups
from ingest.counts.rollups import Occurrence
from ingest.models import Conversation, EndUser, Event, Project, Total
from issues.models import IssueMatch
from signals.models import ClusterMember, SignalMatch
from tests.issues.following import counted


def raw(project: Project) -> dict[uuid.UUID, list[Occurrence]]:
    """What each subject (the project, its signals, issues and clusters) met, from the rows themselves."""
    found: dict[uuid.UUID, list[Occurrence]] = defaultdict(list)
    who = ("timestamp", "end_user_id", "conversation_id")
    for row in Event.objects.filter(project=project, counted=True).values_list(*who):
        found[project.pk].append(Occurrence(project.pk, project.pk, *row))
    for table, column, told in (
        (SignalMatch, "signal_id", who),
        (IssueMatch, "issue_id", who),
        (ClusterMember, "cluster_id", who[:2]),
    ):
        rows: Any = table._default_manager.filter(project=project).values_list(column, *told)
        for subject, *row in rows:
            found[subject].append(Occurrence(subject, project.pk, *row))
    return found


def assert_recounts(project: Project) -> int:
    """Returns how many subjects have a count."""
    rows = raw(project)
    subjects = {*rows, *Total.objects.filter(project=project).values_list("subject", flat=True)}
    kept = {subject: counted(subject) for subject in subjects}
    for subject in subjects:
        rollups.forget(subject)
        rollups.record(rows.get(subject, []))
        assert counted(subject) == kept[subject], subject
    for people, column in ((EndUser, "end_user"), (Conversation, "conversation")):
        for person in people._default_manager.filter(project=project):
            mine = Event.objects.filter(project=project, counted=True, **{column: person.pk})
            assert person.events_count == mine.count(), person
    return sum(bool(rows.get(subject)) for subject in subjects)
