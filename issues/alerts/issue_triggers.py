"""Alerts of issues: they are raised in the transaction that makes the issue or changes its state, whoever does it."""

from typing import Any

from django.utils import timezone

from ingest.models import Project, User
from issues.actions import when_created
from issues.alerts.raising import raise_alert
from issues.alerts.registry import Found, Over, Trigger, register_trigger
from issues.models import AlertRule, Issue
from issues.models.issues import State, Substate
from issues.models.queries import issues_like
from issues.states.doors import Change, on_change
from signals.search.language.errors import QueryError

NEW, ESCALATES, REGRESSES = "issue_new", "issue_escalates", "issue_regresses"
UNMUTED, REOPENED = "issue_unmuted", "issue_reopened"
RESOLVED, MUTED = "issue_resolved", "issue_muted"
BECAME = {Substate.ESCALATING.value: ESCALATES, Substate.REGRESSED.value: REGRESSES}
OPENED = {State.MUTED: UNMUTED, State.RESOLVED: REOPENED}
CLOSED = {State.MUTED: MUTED, State.RESOLVED: RESOLVED}


def check_issue_query(project: Project, query: str) -> None:
    """Raises QueryError."""
    if query:
        issues_like(query)


def tell_of_new(issue: Issue) -> None:
    _tell(issue, NEW, "It is a new issue.", occurrence="created", data={}, by=issue.created_by)


def tell_of_change(change: Change) -> None:
    trigger = trigger_of(change)
    if trigger is None:
        return
    data = change.activity.data
    who = change.by.username if change.by else data.get("via")
    _tell(
        change.issue,
        trigger,
        f"{change.words} By {who}." if who else change.words,
        occurrence=str(change.activity.pk),
        data={**data, "by": who},
        by=change.by,
    )


def trigger_of(change: Change) -> str | None:
    """What the change is to who is told: one thing at most. A change that is taken back brings nothing back that was not told before."""
    before, after = change.before, change.after
    if before == after or State.MERGED in (before.state, after.state):
        return None
    if after.substate in BECAME and not change.is_undone:
        return BECAME[after.substate]
    if before.state == after.state:
        return None
    return OPENED.get(before.state) if after.state == State.OPEN else CLOSED[after.state]


def found_of(issue: Issue, text: str, data: dict[str, Any]) -> Found:
    name = f"{issue.project.slug.upper()}-{issue.number}"
    return Found(
        subject=str(issue.pk),
        title=f"[{issue.project.name}] {name}: {issue.title}",
        text=text,
        path=f"/p/{issue.project.slug}/issues/{issue.number}/",
        data={
            "issue": {
                "id": str(issue.pk), "number": issue.number, "title": issue.title, "state": issue.state,
                "substate": issue.substate or None, "priority": issue.priority,
            },
            **data,
        },
    )  # fmt: skip


def _tell(
    issue: Issue, trigger: str, text: str, *, occurrence: str, data: dict[str, Any], by: User | None
) -> None:
    """`by`: who did it, and is told nothing of it by e-mail."""
    rules = AlertRule.objects.standing().filter(project=issue.project_id, trigger=trigger)
    if by is not None:
        rules = rules.exclude(owner=by)
    rules = rules.select_related("owner").prefetch_related("channels")
    for rule in rules:
        if _concerns(rule, issue):
            raise_alert(
                rule=rule, found=found_of(issue, text, data), occurrence=occurrence, now=timezone.now()
            )


def _concerns(rule: AlertRule, issue: Issue) -> bool:
    if not rule.query:
        return True
    try:
        return Issue.objects.filter(issues_like(rule.query), pk=issue.pk).exists()
    except QueryError:  # a field that this version does not know any more
        return False


def register() -> None:
    for name, title in (
        (NEW, "A new issue"),
        (ESCALATES, "An issue escalates"),
        (REGRESSES, "A resolved issue happens again"),
        (UNMUTED, "A muted issue comes back"),
        (REOPENED, "A resolved issue is reopened"),
        (RESOLVED, "An issue is resolved"),
        (MUTED, "An issue is muted"),
    ):
        register_trigger(Trigger(name=name, title=title, over=Over.ISSUES, check_query=check_issue_query))
    when_created(tell_of_new)
    on_change(tell_of_change)
