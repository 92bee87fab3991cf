"""Alerts of issues: they are raised in the transaction that makes the issue or changes its state."""

from typing import Any

from django.utils import timezone

from ingest.models import Project
from issues.actions import when_created
from issues.alerts.raising import raise_alert
from issues.alerts.registry import Found, Over, Trigger, register_trigger
from issues.models import AlertRule, Issue
from issues.models.issues import Substate
from issues.models.queries import issues_like
from issues.states.doors import Change, on_change
from signals.search.language.errors import QueryError

NEW, ESCALATES, REGRESSES = "issue_new", "issue_escalates", "issue_regresses"
BECAME = {Substate.ESCALATING.value: ESCALATES, Substate.REGRESSED.value: REGRESSES}


def check_issue_query(project: Project, query: str) -> None:
    """Raises QueryError."""
    if query:
        issues_like(query)


def tell_of_new(issue: Issue) -> None:
    _tell(issue, NEW, "It is a new issue.", occurrence="created", data={})


def tell_of_change(change: Change) -> None:
    """Of an issue that the system found to escalate or to have come back. What a person sets, that person knows."""
    trigger = BECAME.get(change.after.substate)
    if trigger is None or change.by is not None or change.before == change.after:
        return
    _tell(
        change.issue,
        trigger,
        change.words,
        occurrence=str(change.activity.pk),
        data=dict(change.activity.data),
    )


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


def _tell(issue: Issue, trigger: str, text: str, *, occurrence: str, data: dict[str, Any]) -> None:
    rules = list(
        AlertRule.objects.filter(project=issue.project_id, trigger=trigger, enabled=True).prefetch_related(
            "channels"
        )
    )
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
    ):
        register_trigger(Trigger(name=name, title=title, over=Over.ISSUES, check_query=check_issue_query))
    when_created(tell_of_new)
    on_change(tell_of_change)
