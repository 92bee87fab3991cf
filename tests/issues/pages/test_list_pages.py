"""The issues list: tabs, search, sorting, and actions on many."""

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from ingest.counts.rollups import Occurrence, record
from ingest.models import Event
from issues.actions import create_issue
from issues.models import Issue
from issues.states.doors import apply_action
from issues.states.transitions import Action
from signals.catalogue.installing import install_builtin_signals
from tests.html import html_of


@pytest.fixture
def in_as_member(client: Client, member: Any) -> Client:
    client.force_login(member)
    return client


def new(project: Any, title: str, description: str = "") -> Issue:
    return create_issue(project=project, title=title, description=description)


def listed(client: Client, project: Any, **query: Any) -> list[str]:
    response = client.get(reverse("issues", args=[project.slug]), query)
    assert response.status_code == 200
    return [row.issue.title for row in response.context["rows"]]


def bulk(client: Client, project: Any, action: str, issues: list[Issue], back: str = "") -> Any:
    data = {"action": action, "issue": [issue.number for issue in issues], "back": back}
    return client.post(reverse("issues-bulk", args=[project.slug]), data, follow=True)


def test_tabs_show_states_with_counts(in_as_member: Client, project: Any, member: Any) -> None:
    issues = [new(project, name) for name in ("Open one", "Muted one", "Resolved one")]
    apply_action(action=Action.MUTE, issue=issues[1], user=member)
    apply_action(action=Action.RESOLVE, issue=issues[2], user=member)
    assert listed(in_as_member, project) == ["Open one"]
    assert listed(in_as_member, project, state="muted") == ["Muted one"]
    assert listed(in_as_member, project, state="resolved") == ["Resolved one"]
    assert len(listed(in_as_member, project, state="all")) == 3
    response = in_as_member.get(reverse("issues", args=[project.slug]))
    assert dict(response.context["tabs"]) == {"open": 1, "muted": 1, "resolved": 1, "all": 3}


def test_search_looks_into_title_description_and_number(in_as_member: Client, project: Any) -> None:
    new(project, "Refunds go wrong")
    new(project, "Slow answers", "the refund takes ages")
    new(project, "Other")
    assert sorted(listed(in_as_member, project, q="refund")) == ["Refunds go wrong", "Slow answers"]
    assert listed(in_as_member, project, q="ACME-3") == ["Other"]
    assert listed(in_as_member, project, q="nothing like it") == []
    assert "Clear the search" in html_of(
        in_as_member.get(reverse("issues", args=[project.slug]), {"q": "zz"})
    )


def test_sorting(in_as_member: Client, project: Any) -> None:
    rare, common = new(project, "Rare"), new(project, "Common")
    now = timezone.now()
    record([Occurrence(rare.id, project.id, now, None)])
    record(Occurrence(common.id, project.id, now - dt.timedelta(hours=n + 1), None) for n in range(5))
    assert listed(in_as_member, project, sort="last_seen") == ["Rare", "Common"]
    assert listed(in_as_member, project, sort="events") == ["Common", "Rare"]


def test_the_numbers_are_those_of_the_period(in_as_member: Client, project: Any, make_event: Any) -> None:
    now = timezone.now()
    users = [make_event(user_id=f"u{n}").end_user_id for n in range(3)]
    lately, once = new(project, "Lately"), new(project, "Once")
    record(
        [Occurrence(lately.id, project.id, now, users[0]), Occurrence(lately.id, project.id, now, users[1])]
    )
    record(Occurrence(once.id, project.id, now - dt.timedelta(days=20), users[2]) for _ in range(5))
    record(Occurrence(project.id, project.id, now, None) for _ in range(8))

    def rows(**query: str) -> list[tuple[str, int, int, float | None]]:
        found = in_as_member.get(reverse("issues", args=[project.slug]), query).context["rows"]
        return [(row.issue.title, row.events, row.users, row.rate) for row in found]

    assert rows(sort="events") == [("Lately", 2, 2, 0.25), ("Once", 0, 0, 0.0)]
    assert rows(sort="events", period="30d") == [("Once", 5, 1, 0.625), ("Lately", 2, 2, 0.25)]
    assert rows(sort="users", period="30d")[0][0] == "Lately"
    assert rows(period="24h")[0][1:] == (2, 2, 0.25)
    page = html_of(in_as_member.get(reverse("issues", args=[project.slug]), {"period": "30d"}))
    assert f"/issues/{once.number}/matches/?range=30d" in page


@pytest.mark.parametrize(
    "query",
    [{"q": "a\x00b"}, {"page": "-1"}, {"page": "9" * 30}, {"state": "x"}, {"sort": "x"}, {"period": "x"}],
)
def test_a_strange_address_is_no_error(in_as_member: Client, project: Any, query: dict[str, str]) -> None:
    new(project, "One")
    assert in_as_member.get(reverse("issues", args=[project.slug]), query).status_code == 200


def test_bulk_changes_what_was_ticked_and_nothing_else(in_as_member: Client, project: Any) -> None:
    first, second, third = (new(project, f"Issue {n}") for n in range(3))
    response = bulk(in_as_member, project, "resolve", [first, second], back="state=open&sort=events")
    assert "2 issues resolved." in html_of(response)
    assert response.redirect_chain[0][0].endswith("/issues/?state=open&sort=events")
    assert list(Issue.objects.filter(state="open")) == [third]


def test_bulk_leaves_the_illegal_ones_ticked_and_says_why(
    in_as_member: Client, project: Any, member: Any
) -> None:
    fine, resolved = new(project, "Fine"), new(project, "Resolved")
    apply_action(action=Action.RESOLVE, issue=resolved, user=member)
    response = bulk(in_as_member, project, "mute", [fine, resolved], back="state=all")
    text = html_of(response)
    assert "1 issue muted." in text
    assert f"1 issue could not be muted: #{resolved.number} is resolved." in text
    assert response.context["ticked"] == {str(resolved.number)}
    assert (
        f'value="{resolved.number}" form="bulk" aria-label="Select issue {resolved.number}" checked' in text
    )
    assert f'aria-label="Select issue {fine.number}" checked' not in text


def test_an_action_on_many_is_taken_back(in_as_member: Client, project: Any, member: Any) -> None:
    first, second = (new(project, f"Issue {n}") for n in range(2))
    text = html_of(bulk(in_as_member, project, "mute-1w", [first, second], back="sort=events"))
    batch = first.activity.order_by("-id")[0].batch
    assert "2 issues muted." in text and f'name="undo" value="{batch}"' in text
    apply_action(action=Action.RESOLVE, issue=second, user=member)
    address = reverse("issues-undo", args=[project.slug])
    response = in_as_member.post(address, {"undo": batch, "back": "sort=events"}, follow=True)
    assert response.redirect_chain[0][0].endswith("/issues/?sort=events")
    assert "1 issue as before." in html_of(response)
    assert f"1 issue changed again since, and stay as they are: #{second.number}." in html_of(response)
    assert list(Issue.objects.order_by("number").values_list("state", "substate")) == [
        ("open", "new"),
        ("resolved", ""),
    ]
    assert in_as_member.post(address, {"undo": "x"}).status_code == 404


def test_bulk_assigns_to_me(in_as_member: Client, project: Any, member: Any) -> None:
    issue = new(project, "Mine")
    bulk(in_as_member, project, "assign", [issue])
    issue.refresh_from_db()
    assert issue.assignee == member


def test_bulk_ignores_other_projects(in_as_member: Client, project: Any, other_project: Any) -> None:
    theirs = [new(other_project, f"Theirs {n}") for n in range(2)]
    response = bulk(in_as_member, project, "resolve", theirs)
    assert "Nothing was done" in html_of(response)
    assert Issue.objects.filter(state="resolved").count() == 0


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"action": "resolve"},
        {"action": "delete", "issue": ["1"]},
        {"action": "resolve", "issue": ["x", "٣", "9" * 40]},
    ],
)
def test_a_bad_bulk_request_changes_nothing(in_as_member: Client, project: Any, data: dict[str, Any]) -> None:
    new(project, "One")
    response = in_as_member.post(reverse("issues-bulk", args=[project.slug]), data, follow=True)
    assert "Nothing was done" in html_of(response)
    assert Issue.objects.filter(state="open").count() == 1


def test_the_way_back_leads_nowhere_else(in_as_member: Client, project: Any) -> None:
    response = in_as_member.post(
        reverse("issues-bulk", args=[project.slug]),
        {
            "action": "resolve",
            "issue": [new(project, "x").number],
            "back": "https://evil.example/?q=a&next=//evil",
        },
    )
    assert response["Location"].startswith(reverse("issues", args=[project.slug]))
    assert "next" not in response["Location"]


def test_viewers_look_but_do_not_change(client: Client, project: Any, viewer: Any) -> None:
    issue = new(project, "Look")
    client.force_login(viewer)
    text = html_of(client.get(reverse("issues", args=[project.slug])))
    assert "Look" in text
    assert "New issue" not in text and 'value="resolve"' not in text and "checkbox" not in text
    assert bulk(client, project, "resolve", [issue]).status_code == 403
    assert client.get(reverse("issue-new", args=[project.slug])).status_code == 403
    issue.refresh_from_db()
    assert issue.state == "open"


def test_a_stranger_finds_nothing(client: Client, project: Any, stranger: Any) -> None:
    client.force_login(stranger)
    for name in ("issues", "issue-new"):
        assert client.get(reverse(name, args=[project.slug])).status_code == 404
    assert client.post(reverse("issues-bulk", args=[project.slug]), {"action": "resolve"}).status_code == 404


def test_changing_needs_post_and_the_csrf_token(project: Any, member: Any) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(member)
    address = reverse("issues-bulk", args=[project.slug])
    assert client.get(address).status_code == 405
    assert client.post(address, {"action": "resolve"}).status_code == 403


def test_hostile_titles_are_escaped(in_as_member: Client, project: Any) -> None:
    new(project, "<script>alert(1)</script>", "<img src=x onerror=alert(2)>")
    text = html_of(in_as_member.get(reverse("issues", args=[project.slug])))
    assert "<script>alert(1)" not in text and "<img src=x" not in text
    assert "&lt;script&gt;alert(1)" in text


def test_an_empty_list_suggests_a_sentence_or_a_signal(in_as_member: Client, project: Any) -> None:
    install_builtin_signals(project)
    text = html_of(in_as_member.get(reverse("issues", args=[project.slug])))
    assert "Describe a problem" in text
    assert "?signal=" in text


def test_fifty_rows_cost_few_queries(
    in_as_member: Client, project: Any, member: Any, django_assert_max_num_queries: Callable[[int], Any]
) -> None:
    now = timezone.now()
    for n in range(60):
        issue = create_issue(project=project, title=f"Issue {n}", description="x", user=member)
        record([Occurrence(issue.id, project.id, now, None)])
    with django_assert_max_num_queries(15):
        response = in_as_member.get(reverse("issues", args=[project.slug]))
    assert len(response.context["rows"]) == 50
    assert len(listed(in_as_member, project, page="2")) == 10


def test_a_new_issue_goes_on_to_the_review_queue(in_as_member: Client, project: Any, member: Any) -> None:
    response = in_as_member.post(
        reverse("issue-new", args=[project.slug]),
        {"title": "The agent forgets", "description": "Counts: it asks again."},
    )
    issue = Issue.objects.get(project=project)
    assert response["Location"] == reverse("issue-review", args=[project.slug, issue.number])
    assert (issue.title, issue.description, issue.created_by) == (
        "The agent forgets",
        "Counts: it asks again.",
        member,
    )


@pytest.mark.parametrize("title", ["", "   ", "x" * 201, "a\x00b"])
def test_a_bad_title_is_refused_beside_its_field(in_as_member: Client, project: Any, title: str) -> None:
    response = in_as_member.post(
        reverse("issue-new", args=[project.slug]), {"title": title, "description": "keep me"}
    )
    assert response.status_code == 200
    assert response.context["form"].errors["title"]
    assert "keep me" in html_of(response)
    assert not Issue.objects.exists()


def test_a_new_issue_takes_its_words_from_a_signal(in_as_member: Client, project: Any) -> None:
    install_builtin_signals(project)
    response = in_as_member.get(reverse("issue-new", args=[project.slug]), {"signal": "refusal"})
    assert response.context["form"].initial["title"] == "Refusal"
    for key in ("no-such", "a\x00b"):
        assert in_as_member.get(reverse("issue-new", args=[project.slug]), {"signal": key}).status_code == 200


def test_a_new_issue_from_an_event_asks_about_that_event_first(
    in_as_member: Client, project: Any, make_event: Callable[..., Event]
) -> None:
    event = make_event(input="My refund never came")
    address = reverse("issue-new", args=[project.slug]) + f"?event={event.id}"
    assert "My refund never came" in html_of(in_as_member.get(address))
    response = in_as_member.post(address, {"title": "Refunds never come", "description": ""})
    assert response["Location"].endswith(f"/review/?event={event.id}")


def test_an_event_of_another_project_is_not_shown(
    in_as_member: Client, project: Any, other_project: Any, make_event: Callable[..., Event]
) -> None:
    theirs = make_event(of=other_project, input="their secret")
    for key in (str(theirs.id), "not-a-uuid"):
        response = in_as_member.get(reverse("issue-new", args=[project.slug]), {"event": key})
        assert response.status_code == 200
        assert "their secret" not in html_of(response)
