"""The table of states, as a table; the doors; and any walk through them."""

import datetime as dt
from typing import Any

import pytest
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from issues.actions import create_issue
from issues.models import Activity, Issue
from issues.models.issues import State, Substate
from issues.states.doors import (
    AGED_AFTER,
    age_issues,
    apply_action,
    apply_to_many,
    escalate_issue,
    legal_actions,
    regress_issue,
    status_of,
    undo_many,
)
from issues.states.releases import are_ordered, compare, newest
from issues.states.terms import MuteTerms, ResolveTerms, reached
from issues.states.transitions import Action, IllegalTransition, Status, after, review_after
from issues.states.words import until_words, words_for
from tests.examples import examples

NEW, ONGOING, ESCALATING, REGRESSED, RESOLVED, MUTED, MERGED = [
    "open/new",
    "open/ongoing",
    "open/escalating",
    "open/regressed",
    "resolved",
    "muted",
    "merged",
]
STATUSES = {
    NEW: Status(State.OPEN, "new"),
    ONGOING: Status(State.OPEN, "ongoing"),
    ESCALATING: Status(State.OPEN, "escalating"),
    REGRESSED: Status(State.OPEN, "regressed"),
    RESOLVED: Status(State.RESOLVED, ""),
    MUTED: Status(State.MUTED, ""),
    MERGED: Status(State.MERGED, ""),
}
TABLE = """
             open/new  open/ongoing  open/escalating  open/regressed  resolved        muted           merged
    resolve  resolved  resolved      resolved         resolved        -               resolved        -
    mute     muted     muted         muted            muted           -               -               -
    reopen   -         -             -                -               open/ongoing    open/ongoing    -
    settle   open/ongoing  -         open/ongoing     open/ongoing    -               -               -
    regress  -         -             -                -               open/regressed  -               -
    unmute   -         -             -                -               -               open/ongoing    -
    escalate  open/escalating  open/escalating  -     open/escalating  -              open/escalating  -
    subside  -         -             open/ongoing     -               -               -               -
    age      open/ongoing  -         -                open/ongoing    -               -               -
    merge    merged    merged        merged           merged          merged          merged          -
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


def test_what_a_person_is_to_look_at() -> None:
    assert [review_after(action, "new") for action in Action] == [
        "", "", "", "", "regressed", "unmuted", "escalating", "new", "new", "",
    ]  # fmt: skip
    assert after(Action.SETTLE, STATUSES[ONGOING], review="unmuted") == STATUSES[ONGOING]
    with pytest.raises(IllegalTransition):
        after(Action.ESCALATE, STATUSES[MUTED], may_escalate=False)


# -- on what terms


AT = dt.datetime(2026, 11, 1, 12, tzinfo=dt.UTC)


def met(*minutes: int, users: str = "") -> list[tuple[dt.datetime, object]]:
    """Events at these minutes, of the user whose letter stands there (a dot: of nobody)."""
    whose = [None if letter == "." else letter for letter in users or "." * len(minutes)]
    return [(AT + dt.timedelta(minutes=m), user) for m, user in zip(minutes, whose, strict=True)]


@pytest.mark.parametrize(
    ("terms", "occurred", "expected"),
    [
        (MuteTerms(events=3), met(0, 500, 9000), {"events": 3}),
        (MuteTerms(events=3), met(0, 500), None),
        (MuteTerms(events=3, window=3600), met(0, 30, 61), None),
        (MuteTerms(events=3, window=3600), met(0, 30, 60), {"events": 3}),
        (MuteTerms(events=3, window=3600), met(90, 0, 30, 61), {"events": 3}),  # in any order
        (MuteTerms(users=2), met(0, 1, 2, users="aa."), None),
        (MuteTerms(users=2), met(0, 1, 2, users="a.b"), {"users": 2}),
        (MuteTerms(users=2, window=60), met(0, 1, 2, 3, users="aaab"), {"users": 2}),
        (MuteTerms(users=2, window=60), met(0, 2, 4, 6, users="abab"), None),
        (MuteTerms(users=2, events=4), met(0, 1, 2, 3, users="aaaa"), {"events": 4}),
    ],
)
def test_when_a_count_is_reached(terms: MuteTerms, occurred: Any, expected: dict[str, int] | None) -> None:
    assert reached(terms, occurred) == expected


@settings(max_examples=examples(60), deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 300), st.sampled_from("ab.")), max_size=14),
    st.integers(1, 5),
    st.sampled_from([None, 60, 1800]),
    st.booleans(),
)
def test_a_count_is_what_any_window_holds(
    rows: list[tuple[int, str]], least: int, window: int | None, of_users: bool
) -> None:
    """Against every window that begins with an event, counted anew."""
    terms = MuteTerms(users=least, window=window) if of_users else MuteTerms(events=least, window=window)
    occurred = met(*(minute for minute, _ in rows), users="".join(user for _, user in rows))
    most = 0
    for start, _ in occurred:
        inside = [
            u
            for at, u in occurred
            if start <= at and (window is None or (at - start).total_seconds() <= window)
        ]
        most = max(most, len({user for user in inside if user}) if of_users else len(inside))
    assert (reached(terms, occurred) is not None) == (most >= least)


@pytest.mark.parametrize(
    "terms",
    [
        {"until": AT, "events": 3}, {"events": 3, "escalating": True}, {"events": 0}, {"users": 10**9}, {"window": 3600},
        {"events": 3, "window": 5}, {"until": AT.replace(tzinfo=None)},
    ],
)  # fmt: skip
def test_terms_that_make_no_sense(terms: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="[a-z]"):
        MuteTerms(**terms)


def test_terms_are_kept_and_said() -> None:
    for terms, words in (
        (MuteTerms(), "for ever"),
        (MuteTerms(until=AT), "until 1 Nov 2026 12:00 UTC"),
        (MuteTerms(escalating=True), "until it escalates"),
        (MuteTerms(events=100, users=1, window=3600), "until 100 events or 1 user within 1 hour"),
    ):
        assert MuteTerms.from_json(terms.as_json()) == terms
        assert until_words(terms) == words
    fixed = ResolveTerms(after_release="1.2")
    assert ResolveTerms.from_json(fixed.as_json()) == fixed


@pytest.mark.parametrize(
    ("older", "newer"),
    [
        ("1.9", "1.10"), ("v1.2.3", "1.2.4"), ("r3", "r12"), ("app@1.0.0rc1", "app@1.0.0"), ("2026-09-30", "2026-11-03"),
        ("release-9", "release-10"), ("2026-11-03", "2026-11-03-2"),
    ],
)  # fmt: skip
def test_releases_in_order(older: str, newer: str) -> None:
    assert (compare(older, newer), compare(newer, older), compare(older, older)) == (-1, 1, 0)
    assert are_ordered([older, newer])
    assert newest([older, newer]) == newer


def test_names_without_an_order() -> None:
    for other in ("3f2a1bc", "main", "", "9" * 300 + "x"):
        assert compare("1.2.3", other) is None
        assert not are_ordered(["1.2.3", other])
    assert not are_ordered(["web@1", "api@2"])
    assert are_ordered([])
    assert newest(["main"]) is None


@pytest.mark.parametrize(
    ("terms", "back"),
    [
        (ResolveTerms(), "a b c d e -"),
        (ResolveTerms(in_release="r3"), "c d e -"),  # what names no release, or one without an order, counts
        (ResolveTerms(after_release="r3"), "d e -"),
    ],
)
def test_which_releases_say_that_it_is_back(terms: ResolveTerms, back: str) -> None:
    names = {"a": "r1", "b": "r2", "c": "r3", "d": "r4", "e": "main", "-": ""}
    assert " ".join(letter for letter, name in names.items() if terms.says_fixed(name)) == back


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
    apply_action(action=Action.SETTLE, issue=issue, user=member)
    assert status_of(issue) == STATUSES[ONGOING]
    assert issue.state_changed_at == created  # it is as open as it was
    apply_action(action=Action.MUTE, issue=issue, user=member)
    assert status_of(issue) == STATUSES[MUTED]
    apply_action(action=Action.RESOLVE, issue=issue, user=member)
    assert status_of(issue) == STATUSES[RESOLVED]
    assert issue.state_changed_at > created
    with pytest.raises(IllegalTransition):
        apply_action(action=Action.MUTE, issue=issue, user=member)
    apply_action(action=Action.REOPEN, issue=issue, user=member, substate=Substate.ESCALATING)
    assert status_of(issue) == STATUSES[ESCALATING]
    issue.refresh_from_db()
    assert status_of(issue) == STATUSES[ESCALATING]


def test_each_change_is_in_the_history(issue: Issue, member: Any) -> None:
    apply_action(action=Action.RESOLVE, issue=issue, user=member)
    activity = last_activity(issue)
    assert (activity.kind, activity.actor) == ("state", member)
    assert activity.data == {
        "action": "resolve", "from": "open", "to": "resolved", "substate": "", "counts": {"events": 0, "users": 0},
    }  # fmt: skip
    assert regress_issue(issue=issue, reason={"events": 3})
    activity = last_activity(issue)
    assert activity.actor is None
    assert activity.data["events"] == 3
    assert activity.data["substate"] == "regressed"


def test_it_does_not_regress_twice(issue: Issue, member: Any) -> None:
    apply_action(action=Action.RESOLVE, issue=issue, user=member)
    stale = Issue.objects.get(pk=issue.pk)
    assert regress_issue(issue=issue, reason={})
    assert not regress_issue(issue=stale, reason={})
    assert issue.activity.filter(kind="state").count() == 2


def test_a_stale_object_cannot_make_an_illegal_change(issue: Issue, member: Any) -> None:
    stale = Issue.objects.get(pk=issue.pk)
    apply_action(action=Action.RESOLVE, issue=issue, user=member)
    with pytest.raises(IllegalTransition):
        apply_action(action=Action.MUTE, issue=stale, user=member)


def test_many_at_once(project: Any, member: Any, django_assert_num_queries: Any) -> None:
    issues = [create_issue(project=project, title=f"Issue {i}", description="") for i in range(5)]
    apply_action(action=Action.RESOLVE, issue=issues[0], user=member)
    apply_action(action=Action.MUTE, issue=issues[1], user=member)
    batch = apply_to_many(Issue.objects.in_project(project), "mute", member, terms=MuteTerms(events=9))
    assert (len(batch.changed), len(batch.refused)) == (3, 2)
    states = sorted(Issue.objects.values_list("state", flat=True))
    assert states == ["muted"] * 4 + ["resolved"]
    assert Activity.objects.filter(kind="state", data__action="mute").count() == 4
    empty = apply_to_many(Issue.objects.none(), Action.MUTE, member)
    assert (empty.changed, empty.refused) == ([], [])
    with pytest.raises(ValueError, match="explode"):
        apply_to_many(Issue.objects.all(), "explode", member)


def test_what_changed_since_is_not_taken_back(project: Any, other_project: Any, member: Any) -> None:
    first, second = (create_issue(project=project, title=f"Issue {i}", description="") for i in range(2))
    opened = first.state_changed_at
    batch = apply_to_many([first, second], Action.RESOLVE, member)
    apply_action(action=Action.REOPEN, issue=second, user=member)
    assert undo_many(project=other_project, batch=batch.undo, user=member) == ([], [])
    undone, kept = undo_many(project=project, batch=batch.undo, user=member)
    assert (undone, kept) == ([first], [second])
    first.refresh_from_db()
    assert (status_of(first), first.review, first.state_changed_at) == (STATUSES[NEW], "new", opened)
    assert last_activity(first).data["undoes"] == str(batch.undo)
    Activity.objects.filter(batch=batch.undo).update(created_at=timezone.now() - dt.timedelta(days=2))
    assert undo_many(project=project, batch=batch.undo, user=member) == ([], [])


def test_only_what_is_muted_until_it_escalates_escalates(issue: Issue, member: Any) -> None:
    apply_action(action=Action.MUTE, issue=issue, user=member)
    assert not escalate_issue(issue=issue, reason={})
    apply_action(action=Action.REOPEN, issue=issue, user=member)
    apply_action(action=Action.MUTE, issue=issue, user=member, terms=MuteTerms(escalating=True))
    assert escalate_issue(issue=issue, reason={"why": "40 events an hour. The limit is 12."})
    assert (status_of(issue), issue.review, issue.terms) == (STATUSES[ESCALATING], "escalating", {})
    assert words_for(last_activity(issue).data) == "40 events an hour. The limit is 12."
    assert not escalate_issue(issue=issue, reason={})


def test_what_stands_long_is_ongoing_and_stays_in_the_inbox(issue: Issue) -> None:
    now = timezone.now()
    assert age_issues(now=now) == 0
    Issue.objects.update(substate_changed_at=now - AGED_AFTER)
    assert (age_issues(now=now), age_issues(now=now)) == (1, 0)
    issue.refresh_from_db()
    assert (status_of(issue), issue.review) == (STATUSES[ONGOING], "new")
    assert legal_actions(issue) == [Action.RESOLVE, Action.MUTE, Action.SETTLE]
    assert words_for(last_activity(issue).data) == "It has been new for 7 days."


def test_buttons_offer_what_is_legal(issue: Issue, member: Any) -> None:
    assert legal_actions(issue) == [Action.RESOLVE, Action.MUTE, Action.SETTLE]
    apply_action(action=Action.RESOLVE, issue=issue, user=member)
    assert legal_actions(issue) == [Action.REOPEN]


@settings(
    max_examples=examples(25), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    walk=st.lists(
        st.tuples(
            st.sampled_from([one for one in Action if one != Action.MERGE]), st.booleans(), st.booleans()
        ),
        max_size=12,
    )
)
def test_any_walk_keeps_the_rules(project: Any, walk: list[tuple[Action, bool, bool]]) -> None:
    """Both doors agree with the table, what is taken back is as it was, and history has one entry for each change and none for a
    refusal."""
    issue = create_issue(project=project, title="walks", description="")
    changes = 0
    for action, many, back in walk:
        before, changed_at = status_of(issue), issue.state_changed_at
        review, terms = issue.review, issue.terms
        legal = True
        try:
            expected = after(action, before, review=review, may_escalate=False)  # muted for ever
        except IllegalTransition:
            expected, legal = before, False
        changes += legal
        if many:
            batch = apply_to_many(Issue.objects.filter(pk=issue.pk), action, None)
            assert (len(batch.changed), len(batch.refused)) == ((1, 0) if legal else (0, 1))
            issue.refresh_from_db()
            if back and legal:
                undone, kept = undo_many(project=project, batch=batch.undo, user=None)
                assert (len(undone), kept) == (1, [])
                issue.refresh_from_db()
                assert (status_of(issue), issue.review, issue.terms) == (before, review, terms)
                assert undo_many(project=project, batch=batch.undo, user=None) == ([], [])
                changes += 1
                continue
        elif not legal:
            with pytest.raises(IllegalTransition):
                apply_action(issue=issue, action=action, user=None)
        else:
            apply_action(issue=issue, action=action, user=None)
        assert status_of(issue) == expected
        assert (issue.substate != "") == (issue.state == State.OPEN)
        assert (issue.state_changed_at > changed_at) == (expected.state != before.state)
        assert issue.state_changed_at <= timezone.now()
    assert issue.activity.filter(kind="state").count() == changes
