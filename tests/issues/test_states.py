"""The table of states, as a table; the doors; and any walk through them."""

from typing import Any

import pytest
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from issues.actions import create_issue
from issues.models import Activity, Issue
from issues.models.issues import State, Substate
from issues.states import (
    Action,
    IllegalTransition,
    Status,
    after,
    apply_action,
    apply_to_many,
    legal_actions,
    mute_issue,
    regress_issue,
    reopen_issue,
    resolve_issue,
    settle_issue,
    status_of,
)

NEW, ONGOING, ESCALATING, REGRESSED, RESOLVED, MUTED = [
    "open/new",
    "open/ongoing",
    "open/escalating",
    "open/regressed",
    "resolved",
    "muted",
]
STATUSES = {
    NEW: Status(State.OPEN, "new"),
    ONGOING: Status(State.OPEN, "ongoing"),
    ESCALATING: Status(State.OPEN, "escalating"),
    REGRESSED: Status(State.OPEN, "regressed"),
    RESOLVED: Status(State.RESOLVED, ""),
    MUTED: Status(State.MUTED, ""),
}
TABLE = """
             open/new  open/ongoing  open/escalating  open/regressed  resolved        muted
    resolve  resolved  resolved      resolved         resolved        -               resolved
    mute     muted     muted         muted            muted           -               -
    reopen   -         -             -                -               open/ongoing    open/ongoing
    settle   open/ongoing  -         open/ongoing     open/ongoing    -               -
    regress  -         -             -                -               open/regressed  -
    escalate open/escalating  open/escalating  -      open/escalating -               -
    subside  -         -             open/ongoing     -               -               -
"""
HEAD, *ROWS = [line.split() for line in TABLE.strip().splitlines()]
CASES = [(Action(row[0]), before, end) for row in ROWS for before, end in zip(HEAD, row[1:], strict=True)]


@pytest.mark.parametrize(("action", "before", "end"), CASES)
def test_the_table(action: Action, before: str, end: str) -> None:
    if end == "-":
        with pytest.raises(IllegalTransition, match=action.value):
            after(action, STATUSES[before])
    else:
        assert after(action, STATUSES[before]) == STATUSES[end]


def test_the_table_is_whole() -> None:
    assert len(CASES) == len(Action) * len(STATUSES)


@pytest.fixture
def issue(project: Any) -> Issue:
    return create_issue(project=project, title="Forgets the seat", description="")


def last_activity(issue: Issue) -> Activity:
    found = issue.activity.order_by("-id").first()
    assert found is not None
    return found


def test_one_issue_through_its_life(issue: Issue, member: Any) -> None:
    created = issue.state_changed_at
    assert status_of(issue) == STATUSES[NEW]
    settle_issue(issue=issue, user=member)
    assert status_of(issue) == STATUSES[ONGOING]
    assert issue.state_changed_at == created  # it is as open as it was
    mute_issue(issue=issue, user=member)
    assert status_of(issue) == STATUSES[MUTED]
    resolve_issue(issue=issue, user=member)
    assert status_of(issue) == STATUSES[RESOLVED]
    assert issue.state_changed_at > created
    with pytest.raises(IllegalTransition):
        mute_issue(issue=issue, user=member)
    reopen_issue(issue=issue, user=member, substate=Substate.ESCALATING)
    assert status_of(issue) == STATUSES[ESCALATING]
    issue.refresh_from_db()
    assert status_of(issue) == STATUSES[ESCALATING]


def test_each_change_is_in_the_history(issue: Issue, member: Any) -> None:
    resolve_issue(issue=issue, user=member)
    activity = last_activity(issue)
    assert (activity.kind, activity.actor) == ("state", member)
    assert activity.data == {"action": "resolve", "from": "open", "to": "resolved", "substate": ""}
    assert regress_issue(issue=issue, reason={"events": 3})
    activity = last_activity(issue)
    assert activity.actor is None
    assert activity.data["events"] == 3
    assert activity.data["substate"] == "regressed"


def test_it_does_not_regress_twice(issue: Issue, member: Any) -> None:
    resolve_issue(issue=issue, user=member)
    stale = Issue.objects.get(pk=issue.pk)
    assert regress_issue(issue=issue, reason={})
    assert not regress_issue(issue=stale, reason={})
    assert issue.activity.filter(kind="state").count() == 2


def test_a_stale_object_cannot_make_an_illegal_change(issue: Issue, member: Any) -> None:
    stale = Issue.objects.get(pk=issue.pk)
    resolve_issue(issue=issue, user=member)
    with pytest.raises(IllegalTransition):
        mute_issue(issue=stale, user=member)


def test_many_at_once(project: Any, member: Any, django_assert_num_queries: Any) -> None:
    issues = [create_issue(project=project, title=f"Issue {i}", description="") for i in range(5)]
    resolve_issue(issue=issues[0], user=member)
    mute_issue(issue=issues[1], user=member)
    assert apply_to_many(Issue.objects.in_project(project), "mute", member) == (3, 2)
    states = sorted(Issue.objects.values_list("state", flat=True))
    assert states == ["muted"] * 4 + ["resolved"]
    assert Activity.objects.filter(kind="state", data__action="mute").count() == 4
    assert apply_to_many(Issue.objects.none(), Action.MUTE, member) == (0, 0)
    with pytest.raises(ValueError, match="explode"):
        apply_to_many(Issue.objects.all(), "explode", member)


def test_buttons_offer_what_is_legal(issue: Issue, member: Any) -> None:
    assert legal_actions(issue) == [Action.RESOLVE, Action.MUTE, Action.SETTLE]
    resolve_issue(issue=issue, user=member)
    assert legal_actions(issue) == [Action.REOPEN]


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(walk=st.lists(st.tuples(st.sampled_from(Action), st.booleans()), max_size=12))
def test_any_walk_keeps_the_rules(project: Any, walk: list[tuple[Action, bool]]) -> None:
    """Both doors agree with the table, and history has one entry for each change and none for a refusal."""
    issue = create_issue(project=project, title="walks", description="")
    changes = 0
    for action, many in walk:
        before, changed_at = status_of(issue), issue.state_changed_at
        try:
            expected = after(action, before)
        except IllegalTransition:
            expected = before
        else:
            changes += 1
        if many:
            door = apply_to_many(Issue.objects.filter(pk=issue.pk), action, None)
            assert door == ((1, 0) if expected != before else (0, 1))
            issue.refresh_from_db()
        elif expected == before:
            with pytest.raises(IllegalTransition):
                apply_action(issue=issue, action=action, user=None)
        else:
            apply_action(issue=issue, action=action, user=None)
        assert status_of(issue) == expected
        assert (issue.substate != "") == (issue.state == State.OPEN)
        assert (issue.state_changed_at > changed_at) == (expected.state != before.state)
        assert issue.state_changed_at <= timezone.now()
    assert issue.activity.filter(kind="state").count() == changes
