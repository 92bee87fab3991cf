"""Every write on an issue other than its state (issues/states/) and its classifier (issues/classifier/training.py)."""

import re
import uuid
from collections.abc import Callable

from django.db import transaction
from django.db.models import Max, Q

from ingest.counts import rollups
from ingest.models import Job, Project, User
from ingest.projects.access import role_in
from issues.models import Activity, Definition, Issue, IssueMatch, Mention
from issues.models.activity import ActivityKind
from issues.models.issues import Priority
from raindrop import live

# A name as Django's users have it, after an @ that is not within an address.
NAMED = re.compile(r"(?<![\w.@+-])@([\w.@+-]{1,150})")
TITLE_LENGTH = Issue._meta.get_field("title").max_length or 200


_also_deleted: list[Callable[[uuid.UUID], None]] = []


def when_deleted(forget: Callable[[uuid.UUID], None]) -> None:
    """`forget(issue id)` runs in the transaction that deletes an issue: for upper apps, whose rows name an issue by its id alone. For
    `AppConfig.ready()`."""
    _also_deleted.append(forget)


_also_created: list[Callable[[Issue], None]] = []


def when_created(tell: Callable[[Issue], None]) -> None:
    """`tell(issue)` runs in the transaction that makes an issue: for rooms above this one. For `AppConfig.ready()`."""
    _also_created.append(tell)


_also_noted: list[Callable[[Activity, list[User]], None]] = []


def when_noted(tell: Callable[[Activity, list[User]], None]) -> None:
    """`tell(note, members whom it names)` runs in the transaction that adds a note: for rooms above this one. For `AppConfig.ready()`."""
    _also_noted.append(tell)


_also_assigned: list[Callable[[Issue, Activity], None]] = []


def when_assigned(tell: Callable[[Issue, Activity], None]) -> None:
    """`tell(issue, its activity)` runs in the transaction that gives an issue to somebody or to nobody. For `AppConfig.ready()`."""
    _also_assigned.append(tell)


class NotAMember(Exception):
    """The person cannot be given an issue of this project. The message is meant for people."""


@transaction.atomic
def create_issue(*, project: Project, title: str, description: str, user: User | None = None) -> Issue:
    """A new open issue with the project's next number, its first definition and the start of its history."""
    # The project's row is the lock under which numbers are given, so that two at once do not get the same.
    Project.objects.select_for_update(no_key=True).get(pk=project.pk)
    last = Issue.objects.filter(project=project).aggregate(last=Max("number"))["last"] or 0
    issue = Issue.objects.create(
        project=project,
        number=last + 1,
        title=_title(title),
        description=description.strip(),
        created_by=user,
    )
    Definition.objects.create(
        issue=issue, version=1, title=issue.title, description=issue.description, author=user
    )
    _note_activity(issue, ActivityKind.CREATED, user, {"title": issue.title})
    for tell in _also_created:
        tell(issue)
    return issue


@transaction.atomic
def edit_definition(
    *, issue: Issue, user: User | None, title: str | None = None, description: str | None = None
) -> Definition:
    """A new version of the definition; the current one again when the text is the same. What is None stays."""
    locked = Issue.objects.select_for_update(no_key=True).get(pk=issue.pk)
    current = locked.definitions.order_by("-version").get(version=_current_version(locked))
    title = current.title if title is None else _title(title)
    description = current.description if description is None else description.strip()
    if (current.title, current.description) == (title, description):
        return current
    definition = Definition.objects.create(
        issue=locked, version=current.version + 1, title=title, description=description, author=user
    )
    issue.title, issue.description = title, description
    issue.save(update_fields=["title", "description", "updated_at"])
    _note_activity(issue, ActivityKind.EDITED, user, {"version": definition.version})
    return definition


@transaction.atomic
def assign_issue(*, issue: Issue, assignee: User | None, user: User | None) -> Issue:
    """Gives the issue to a member of its project, or to nobody. Raises NotAMember."""
    if assignee is not None and role_in(user=assignee, project=issue.project) is None:
        raise NotAMember(f"{assignee.username} is not a member of {issue.project}.")
    locked = Issue.objects.select_for_update(no_key=True).get(pk=issue.pk)
    if locked.assignee_id != (assignee.pk if assignee else None):
        issue.assignee = assignee
        issue.save(update_fields=["assignee", "updated_at"])
        activity = _note_activity(
            issue, ActivityKind.ASSIGNED, user, {"to": assignee.username if assignee else None}
        )
        for tell in _also_assigned:
            tell(issue, activity)
    return issue


@transaction.atomic
def set_priority(*, issue: Issue, priority: Priority, user: User | None) -> Issue:
    """By a person or a program: from then on the priority no longer follows the impact (issues/impact.py)."""
    locked = Issue.objects.select_for_update(no_key=True).get(pk=issue.pk)
    before, after = locked.priority, Priority(priority)
    issue.priority, issue.priority_locked = after, True
    issue.save(update_fields=["priority", "priority_locked", "updated_at"])
    if before != after:
        _note_activity(issue, ActivityKind.PRIORITY, user, {"from": before, "to": after.value})
    return issue


@transaction.atomic
def add_note(*, issue: Issue, text: str, user: User | None) -> Activity:
    """A person's remark in the issue's history. Members whom it names as @username have it in their inbox. Raises ValueError when it is
    empty."""
    if not (text := text.strip()):
        raise ValueError("A note needs text.")
    note = _note_activity(issue, ActivityKind.NOTE, user, {"text": text})
    named = [one for one in mentioned(text, issue.project) if one != user]
    Mention.objects.bulk_create(Mention(activity=note, user=one) for one in named)
    for tell in _also_noted:
        tell(note, named)
    return note


def mentioned(text: str, project: Project) -> list[User]:
    """The project's members whom the text names, each once. A full stop after a name ends the sentence."""
    names = {name for found in NAMED.findall(text) for name in (found, found.rstrip(".+-@"))}
    return list(project.members.filter(username__in=names, is_active=True).order_by("username"))


@transaction.atomic
def delete_issue(*, issue: Issue) -> None:
    """The issue with all that hangs on it: definitions, classifiers, labels, history, matches and counts."""
    # No batch is writing matches from here on; nor of those that are merged into it.
    list(Issue.objects.select_for_update().filter(Q(pk=issue.pk) | Q(merged_into=issue)).order_by("pk"))
    IssueMatch.objects.filter(issue=issue).delete()
    Job.objects.filter(project_id=issue.project_id, subject=issue.pk).delete()
    rollups.forget(issue.pk)
    for forget in _also_deleted:
        forget(issue.pk)
    project = issue.project_id
    issue.delete()
    live.changed([project])


def _title(title: str) -> str:
    if not (title := " ".join(title.split())):
        raise ValueError("An issue needs a title.")
    if len(title) > TITLE_LENGTH:
        raise ValueError(f"A title has at most {TITLE_LENGTH} characters.")
    return title


def _current_version(issue: Issue) -> int:
    version: int = issue.definitions.aggregate(last=Max("version"))["last"]
    return version


def _note_activity(issue: Issue, kind: ActivityKind, user: User | None, data: dict[str, object]) -> Activity:
    activity = Activity.objects.create(issue=issue, kind=kind, actor=user, data=data)
    live.changed([issue.project_id])
    return activity
