"""One door: every change of state, by whomever, is in the activity with its numbers, keeps the escalation's row right, and is told to
whoever asked."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from issues.actions import create_issue
from issues.alerts.issue_triggers import MUTED, REOPENED, RESOLVED, UNMUTED
from issues.alerts.rules import create_rule
from issues.following.history import create_following
from issues.following.sources import read_source
from issues.models import AlertDelivery, Escalation, Issue
from issues.models.issues import Substate
from issues.states.doors import (
    apply_action,
    apply_to_many,
    escalate_issue,
    regress_issue,
    subside_issue,
    undo_many,
)
from issues.states.terms import MuteTerms
from issues.states.transitions import Action
from tests.html import html_of
from tests.issues.following.followers import send
from tests.issues.people import Api

TRIGGERS = ["issue_escalates", "issue_regresses", UNMUTED, REOPENED, RESOLVED, MUTED]


@pytest.fixture
def issue(project: Any) -> Issue:
    for trigger in TRIGGERS:
        create_rule(
            project=project, user=None, channels=["json://a.example/x"], name=trigger, trigger=trigger
        )
    return create_issue(project=project, title="Forgets the seat", description="")


def told() -> list[tuple[str, str]]:
    """What was told since the last time, oldest first: (trigger, text)."""
    rows = [(row.rule.trigger, row.text) for row in AlertDelivery.objects.order_by("id")]
    AlertDelivery.objects.all().delete()
    return rows


def escalations(issue: Issue) -> list[str]:
    return [row.end or "runs" for row in Escalation.objects.filter(issue=issue).order_by("began_at")]


def test_each_change_is_told_once_to_who_asked(issue: Issue, member: Any) -> None:
    apply_action(action=Action.MUTE, issue=issue, user=member, terms=MuteTerms(events=3))
    apply_action(action=Action.RESOLVE, issue=issue, user=member)
    assert told() == [
        (MUTED, "It was muted until 3 events. By alice."),
        (RESOLVED, "It was resolved. By alice."),
    ]
    regress_issue(issue=issue, reason={"events": 3})
    assert told() == [("issue_regresses", "It happened again after it was resolved: 3 events.")]
    apply_action(action=Action.SETTLE, issue=issue, user=member)  # it stays open: nothing to tell
    escalate_issue(issue=issue, reason={"why": "40 events. The limit is 12."})
    subside_issue(issue=issue, reason={"why": "Calm."})
    assert told() == [("issue_escalates", "40 events. The limit is 12.")]
    apply_action(action=Action.MUTE, issue=issue, user=member)
    apply_action(action=Action.REOPEN, issue=issue, user=member)
    apply_action(action=Action.RESOLVE, issue=issue, user=member)
    apply_action(action=Action.REOPEN, issue=issue, user=member, substate=Substate.REGRESSED)
    apply_action(action=Action.RESOLVE, issue=issue, user=member)
    apply_action(action=Action.REOPEN, issue=issue, user=member)
    assert [trigger for trigger, _ in told()] == [
        MUTED, UNMUTED, RESOLVED, "issue_regresses", RESOLVED, REOPENED,
    ]  # fmt: skip
    assert all(row.data["counts"] == {"events": 0, "users": 0} for row in issue.activity.filter(kind="state"))


def test_many_are_told_of_and_taken_back_without_a_second_alarm(issue: Issue, member: Any) -> None:
    escalate_issue(issue=issue, reason={"why": "40 events. The limit is 12."})
    told()
    batch = apply_to_many(Issue.objects.all(), "resolve", member, reason={"via": "the key ops"})
    assert told() == [(RESOLVED, "It was resolved. By alice.")]
    assert escalations(issue) == ["closed"]
    undo_many(project=issue.project, batch=batch.undo, user=member)
    assert told() == [(REOPENED, "It is open (escalating) again. By alice.")]
    assert escalations(issue) == ["runs"]  # the same rise goes on


def test_what_somebody_calls_escalating_has_a_row_and_can_end(
    client: Client, project: Any, member: Any, issue: Issue, admin_key: str
) -> None:
    api = Api(client, admin_key)
    assert api.patch("/api/issues/1/", {"substate": "escalating"}).status_code == 200
    assert [trigger for trigger, _ in told()] == ["issue_escalates"]
    assert escalations(issue) == ["runs"]
    issue.refresh_from_db()
    assert subside_issue(issue=issue, reason={"why": "Calm."})
    api.patch("/api/issues/1/", {"state": "muted"})
    assert escalations(issue) == ["closed"]
    api.patch("/api/issues/1/", {"state": "open", "substate": "escalating"})
    assert escalations(issue) == ["closed", "runs"]
    issue.refresh_from_db()
    apply_action(action=Action.MUTE, issue=issue, user=None, terms=MuteTerms(escalating=True))
    assert escalations(issue) == ["closed", "runs"]  # known to who mutes it until the next one
    api.post("/api/issues/actions/", {"issues": ["1"], "action": "resolve"})
    assert escalations(issue) == ["closed", "closed"]
    client.force_login(member)
    page = html_of(client.get(reverse("issue", args=[project.slug, 1])))
    assert "A key" in page and "marked it as escalating" in page and "reopened it as escalating" in page


def test_an_event_that_ends_a_muting_is_told_of(project: Any) -> None:
    create_rule(project=project, user=None, channels=["json://a.example/x"], name="Back", trigger=UNMUTED)
    source = read_source(project, {"query": "hello"})
    issue, _ = create_following(project=project, title="Says hello", description="", source=source, user=None)
    apply_action(action=Action.MUTE, issue=issue, user=None, terms=MuteTerms(events=2))
    Issue.objects.update(state_changed_at="2026-11-01T00:00:00Z")
    send(project, 1)
    assert told() == []
    send(project, 2)
    send(project, 2)
    [(trigger, text)] = told()
    assert (trigger, text) == (UNMUTED, "It met 2 events since it was muted. The limit is 2.")
