"""Finding what an address names, inside one project."""

import uuid

from django.http import Http404

from ingest.models import Event, Project
from issues.models import Issue


def get_issue(project: Project, number: int) -> Issue:
    """The project's issue of that number, with its counts. Raises Http404."""
    # What few issues have is read apart: planning the joins of all eight tables takes 25 ms and more, reading them less than 1.
    issue = (
        Issue.objects.in_project(project)
        .with_counts()
        .select_related("project", "assignee", "created_by", "signal")
        .prefetch_related("cluster__merged_into", "merged_into")
        .filter(number=min(number, 2**31 - 1))  # the column is an int4: a longer number is no issue's
        .first()
    )
    if issue is None:
        raise Http404(f"There is no issue {number} in this project.")
    return issue


def find_event(project: Project, event_pk: str) -> Event | None:
    """The project's event of that internal id, as it comes from a URL or a form; None when there is none."""
    try:
        event_id = uuid.UUID(event_pk)
    except ValueError:
        return None
    return (
        Event.objects.filter(project=project, id=event_id).select_related("conversation", "end_user").first()
    )
