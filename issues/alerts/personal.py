"""A person's own e-mail: which kinds of news of a project, each as it happens, or a digest. Each kind is an alert rule that the person owns, whose
one channel is the person's address, by the server's own mail server (RAINDROP_MAIL_URL)."""

from collections.abc import Collection

from django.db import transaction
from django.utils import timezone

from ingest.models import Project, User
from issues.actions import when_assigned, when_noted
from issues.alerts.issue_triggers import (
    ESCALATES,
    NEW,
    REGRESSES,
    UNMUTED,
    check_issue_query,
    found_of,
)
from issues.alerts.raising import raise_alert
from issues.alerts.registry import Over, Trigger, find_trigger, register_trigger
from issues.models import Activity, AlertChannel, AlertRule, Issue
from issues.models.alerts import PERSON

ASSIGNED, NAMED = "issue_assigned", "note_mentions"
EACH = (ASSIGNED, NAMED, NEW, ESCALATES, REGRESSES, UNMUTED)


def choices_of(*, project: Project, user: User) -> set[str]:
    """The triggers of which the person has e-mail."""
    mine = AlertRule.objects.filter(project=project, owner=user, enabled=True)
    return set(mine.values_list("trigger", flat=True))


@transaction.atomic
def choose(*, project: Project, user: User, triggers: Collection[str]) -> None:
    """E-mail of exactly these. A kind that stays keeps its rule, and with it what still waits to be sent. Raises ValueError for one that is no
    trigger."""
    unknown = [name for name in triggers if find_trigger(name) is None]
    if unknown:
        raise ValueError(f"There is no trigger {unknown[0]!r}.")
    User.objects.select_for_update(no_key=True).get(pk=user.pk)  # two forms at once
    mine = AlertRule.objects.filter(project=project, owner=user)
    mine.exclude(trigger__in=triggers).delete()
    for name in set(triggers) - set(mine.values_list("trigger", flat=True)):
        trigger = find_trigger(name)
        assert trigger is not None
        number = trigger.threshold
        rule = AlertRule.objects.create(
            project=project, owner=user, created_by=user, trigger=name, name=f"E-mail of {user.username}: {trigger.title}"[:200],
            threshold=number.default if number else None,
        )  # fmt: skip
        AlertChannel.objects.create(rule=rule, place=0, url=PERSON)


def tell_of_assignment(issue: Issue, activity: Activity) -> None:
    """The assignee, unless that is who did it."""
    if issue.assignee is not None and issue.assignee != activity.actor:
        by = f" by {activity.actor.username}" if activity.actor else ""
        _tell([issue.assignee], ASSIGNED, activity, f"It was given to you{by}.")


def tell_of_note(note: Activity, named: list[User]) -> None:
    who = note.actor.username if note.actor else "A program"
    _tell(named, NAMED, note, f"{who} wrote: {note.data['text']}")


def _tell(people: list[User], trigger: str, activity: Activity, text: str) -> None:
    rules = AlertRule.objects.standing().filter(
        project=activity.issue.project_id, trigger=trigger, owner__in=people
    )
    for rule in rules.prefetch_related("channels"):
        raise_alert(
            rule=rule, found=found_of(activity.issue, text, {}), occurrence=str(activity.pk), now=timezone.now()
        )  # fmt: skip


def register() -> None:
    for name, title in ((ASSIGNED, "An issue is given to me"), (NAMED, "A note names me")):
        register_trigger(
            Trigger(name=name, title=title, over=Over.ISSUES, check_query=check_issue_query, is_personal=True)
        )
    when_assigned(tell_of_assignment)
    when_noted(tell_of_note)
