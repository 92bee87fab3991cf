"""The inbox: what waits, in which order, and what a review of it does."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from issues.actions import add_note, create_issue
from issues.inbox.items import Kind, read_inbox, register_kind, review
from issues.models import Issue
from issues.states.doors import apply_action, escalate_issue, regress_issue
from issues.states.transitions import Action
from labeling.models import ClarifyingQuestion
from signals.models import Cluster
from tests.html import html_of


@pytest.fixture
def issues(project: Any, member: Any) -> list[Issue]:
    made = [create_issue(project=project, title=f"Issue {n}", description="", user=member) for n in range(5)]
    escalate_issue(issue=made[1], reason={"why": "40 events an hour. The limit is 12."})
    apply_action(action=Action.RESOLVE, issue=made[2], user=member)
    regress_issue(issue=made[2], reason={"events": 3})
    apply_action(action=Action.SETTLE, issue=made[3], user=member)
    apply_action(action=Action.MUTE, issue=made[4], user=member)
    return made


@pytest.fixture
def emerging(project: Any) -> Cluster:
    reason = "9 users in 7 days, 1 before."
    Cluster.objects.create(project=project, kind="problem", label="Old", status="known", is_emerging=True)
    return Cluster.objects.create(
        project=project, kind="problem", label="Receipts stick", is_emerging=True, emerging_reason=reason
    )


def waiting(project: Any) -> list[tuple[str, str, str]]:
    return [(item.title, item.reason, item.why) for item in read_inbox(project)]


def test_what_waits(project: Any, other_project: Any, issues: list[Issue], emerging: Cluster) -> None:
    assert waiting(project) == [
        ("Issue 1", "escalating", "40 events an hour. The limit is 12."),
        ("Issue 2", "regressed", "It happened again after it was resolved: 3 events."),
        ("Receipts stick", "emerging", "9 users in 7 days, 1 before."),
        ("Issue 0", "new", "It was opened by alice, and nobody has marked it as seen."),
    ]
    assert waiting(other_project) == []


def test_a_review_is_of_what_is_named(
    project: Any, other_project: Any, issues: list[Issue], emerging: Cluster
) -> None:
    names = [item.name for item in read_inbox(project)]
    assert review(project=other_project, names=names, user=None) == (0, None)
    done, undo = review(
        project=project, names=[*names[:3], "issue:x", "cluster:x", "nothing", "issue:99"], user=None
    )
    assert (done, undo is not None) == (3, True)
    assert [title for title, *_ in waiting(project)] == ["Issue 0"]
    emerging.refresh_from_db()
    assert emerging.status == "known"
    assert set(Issue.objects.filter(state="open").values_list("substate", flat=True)) == {"new", "ongoing"}


def test_a_kind_is_registered_once() -> None:
    with pytest.raises(ValueError, match="issue"):
        register_kind(Kind("issue", lambda project, user: [], lambda project, keys, user: (0, None)))


def test_ones_own_new_issue_does_not_wait_for_oneself(
    client: Client, project: Any, member: Any, viewer: Any, issues: list[Issue]
) -> None:
    """Who opened it has seen it; what happens to it later waits for everybody."""
    own = [item.title for item in read_inbox(project, member)]
    assert own == ["Issue 1", "Issue 2"]
    assert [item.title for item in read_inbox(project, viewer)] == ["Issue 1", "Issue 2", "Issue 0"]
    client.force_login(member)
    assert "Issue 0" not in html_of(client.get(reverse("inbox", args=[project.slug])))


def test_the_page(
    client: Client, project: Any, member: Any, viewer: Any, issues: list[Issue], emerging: Cluster
) -> None:
    Issue.objects.filter(pk=issues[0].pk).update(created_by=viewer)  # one's own would not wait
    client.force_login(member)
    address = reverse("inbox", args=[project.slug])
    text = html_of(client.get(address))
    assert "4 wait for somebody" in text and "40 events an hour. The limit is 12." in text
    assert (
        text.index("Issue 1") < text.index("Issue 2") < text.index("Receipts stick") < text.index("Issue 0")
    )
    names = [row.item.name for row in client.get(address).context["rows"]]
    to = reverse("inbox-review", args=[project.slug])
    assert "Nothing was done" in html_of(client.post(to, {}, follow=True))
    response = client.post(to, {"issue": names}, follow=True)
    text = html_of(response)
    assert "4 items reviewed." in text and 'name="undo"' in text
    assert "Nothing waits for you" in text and "4 open issues are known and counted" in text
    assert "4 were reviewed" in text
    client.force_login(viewer)
    assert client.post(to, {"issue": names}).status_code == 403
    assert "Reviewed" not in html_of(client.get(address))


def test_who_is_named_in_a_note_has_it_in_the_inbox(
    project: Any, other_project: Any, member: Any, viewer: Any, stranger: Any
) -> None:
    """alice writes; bob and she are members, mallory is not."""
    issue = create_issue(project=project, title="Loops", description="", user=member)
    apply_action(action=Action.SETTLE, issue=issue, user=member)
    note = add_note(issue=issue, text="@bob, @bob. and @mallory: see @alice and mail@bob", user=member)
    assert [row.user for row in note.mentions.all()] == [viewer]
    add_note(issue=issue, text="mail@bob and @bobby are others", user=member)
    assert read_inbox(project) == read_inbox(project, member) == read_inbox(other_project, viewer) == []
    [item] = read_inbox(project, viewer)
    assert (item.reason, item.why) == (
        "mentioned",
        "alice: @bob, @bob. and @mallory: see @alice and mail@bob",
    )
    for user, of in ((member, project), (None, project), (viewer, other_project)):
        assert review(project=of, names=[item.name], user=user) == (0, None)
    assert review(project=project, names=[item.name, "mention:x"], user=viewer) == (1, None)
    assert read_inbox(project, viewer) == []


def test_questions_and_proposals_wait(project: Any, member: Any, make_event: Any) -> None:
    issue = create_issue(project=project, title="Loops", description="", user=member)
    apply_action(action=Action.SETTLE, issue=issue, user=member)
    first, second = make_event(), make_event()
    question = ClarifyingQuestion.objects.create(
        project=project, issue=issue, kind="flip", first=first, second=second, first_quote="a", second_quote="b", text="Does it count?",
        settles=3, asked_version=1,
    )  # fmt: skip
    assert waiting(project) == [("Loops", "question", "Does it count? Its answer settles 3 events.")]
    [item] = read_inbox(project)
    assert review(project=project, names=[item.name], user=member) == (1, None)
    question.refresh_from_db()
    assert (waiting(project), question.state) == ([], "open")  # out of the inbox, and still asked
    ClarifyingQuestion.objects.update(
        state="answered", answered_at=timezone.now(), proposal={"base_version": 1}
    )
    [(_, reason, why)] = waiting(project)
    assert (reason, why.split(".")[0]) == ("proposal", "An answer proposes a new version of the definition")
    assert review(project=project, names=[item.name], user=member) == (1, None)
    assert waiting(project) == []
