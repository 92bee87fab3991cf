"""The rows of escalations follow the states of issues, whoever changes them: an issue that escalates has one that runs, and one that is closed
has none."""

import datetime as dt

from django.db.models import F
from django.utils import timezone

from issues.models import Escalation, Issue
from issues.models.escalations import EscalationEnd
from issues.models.issues import State, Substate
from issues.states.doors import Change, mute_terms, on_change


def follow_change(change: Change) -> None:
    """Called in the transaction of each change, with the issue's row locked."""
    issue = change.issue
    if change.after.substate == Substate.ESCALATING and change.before != change.after:
        _run(change)
    elif not _is_watched(issue):
        closed = Escalation.objects.filter(issue=issue, ended_at=None)
        closed.update(ended_at=timezone.now(), end=EscalationEnd.CLOSED)


def _run(change: Change) -> None:
    running = Escalation.objects.filter(issue=change.issue, ended_at=None)
    if running.exists():
        return
    if change.is_undone and (last := _last_closed(change.issue)):
        Escalation.objects.filter(pk=last.pk).update(ended_at=None, end="")
        return
    numbers = {name: value for name, value in change.activity.data.items() if name != "before"}
    began = numbers.get("at")
    Escalation.objects.create(
        issue=change.issue,
        began_at=dt.datetime.fromisoformat(began) if began else timezone.now(),
        data=numbers,
    )


def _last_closed(issue: Issue) -> Escalation | None:
    """The one that the change which is taken back ended."""
    ended = Escalation.objects.filter(issue=issue).order_by(F("ended_at").desc())
    last: Escalation | None = ended.first()
    return last if last is not None and last.end == EscalationEnd.CLOSED else None


def _is_watched(issue: Issue) -> bool:
    """A rise of which somebody knew who muted the issue until it escalates goes on: another one has to come."""
    return issue.state == State.OPEN or mute_terms(issue).escalating


def register() -> None:
    on_change(follow_change)
