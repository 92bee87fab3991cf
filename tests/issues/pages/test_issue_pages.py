"""An issue's page: what it shows, what a member may do there, and the chips on an event's page."""

import datetime as dt
import html
import re
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django.utils.html import escape

from ingest.counts.rollups import Occurrence, count_events, record
from ingest.incoming.values import IncomingSpan
from ingest.jobs.kinds import kind_of
from ingest.models import Event, Job, QueuedEvent
from issues.access import get_issue
from issues.actions import create_issue
from issues.models import Activity, Issue, IssueMatch
from issues.states.doors import apply_action
from issues.states.transitions import Action
from signals.models import Cluster
from tests.html import html_of


@pytest.fixture
def issue(project: Any, member: Any) -> Issue:
    return create_issue(
        project=project, title="The agent forgets", description="Counts: it asks again.", user=member
    )


@pytest.fixture
def in_as_member(client: Client, member: Any) -> Client:
    client.force_login(member)
    return client


def at(name: str, issue: Issue) -> str:
    return reverse(name, args=[issue.project.slug, issue.number])


def match(issue: Issue, event: Event, score: float = 0.9) -> None:
    IssueMatch.objects.create(
        project=issue.project,
        issue=issue,
        event=event,
        end_user=event.end_user,
        timestamp=event.timestamp,
        classifier_version=1,
        score=score,
    )
    record(
        [
            Occurrence(
                issue.id, issue.project_id, event.timestamp, event.end_user.id if event.end_user else None
            )
        ]
    )


def test_the_page_shows_definition_numbers_and_history(
    in_as_member: Client, issue: Issue, make_event: Callable[..., Event]
) -> None:
    events = [make_event(model="gpt-x", user_id=f"u{n}") for n in range(4)]
    count_events(events)
    QueuedEvent.objects.all().delete()  # as a batch that is through
    match(issue, events[0])
    response = in_as_member.get(at("issue", issue))
    text = html_of(response)
    assert response.status_code == 200
    assert "Counts: it asks again." in text and "ACME-1" in text
    assert (response.context["matches"], response.context["users"], response.context["rate"]) == (1, 1, 0.25)
    where = in_as_member.get(at("issue-breakdown", issue))
    model = where.context["dimensions"][0]
    assert model.name == "Model"
    assert [(value.name, value.events, value.users, value.rate, value.lift) for value in model.values] == [
        ("gpt-x", 1, 1, 1.0, 1.0)
    ]
    assert "/p/acme/events/?q=issue%3A1+model%3Agpt-x&amp;range=all" in html_of(where)
    assert f'hx-get="{at("issue-breakdown", issue)}"' in text
    assert "opened the issue" in text
    assert at("issue-matches", issue) in text and at("issue-review", issue) in text


def test_the_users_it_meets_most_come_first_and_lead_to_their_events(
    in_as_member: Client, issue: Issue, make_event: Callable[..., Event], other_project: Any
) -> None:
    def first(amount: int) -> list[tuple[str, int]]:
        return [(one["user"], one["events"]) for one in issue.matches.top_users(among=amount, limit=2)]

    assert "Nobody so far" in html_of(in_as_member.get(at("issue", issue)))
    # Oldest first; a name of another project's user is none of this issue's.
    for name in ("b&b", "b&b", "a", None, "<c>", "<c>", "<c>"):
        match(issue, make_event(user_id=name))
    stranger = make_event(of=other_project, user_id="elsewhere")
    match(create_issue(project=other_project, title="Theirs", description=""), stranger)
    assert first(100) == [("<c>", 3), ("b&b", 2)] and first(4) == [("<c>", 3)]
    text = html_of(in_as_member.get(at("issue", issue)))
    assert "?user=b%26b&amp;range=all" in text and "&lt;c&gt;" in text and "elsewhere" not in text


def test_the_chart_can_show_the_rate(
    in_as_member: Client, issue: Issue, make_event: Callable[..., Event]
) -> None:
    events = [make_event() for _ in range(2)]
    count_events(events)
    match(issue, events[0])
    chart = in_as_member.get(at("issue", issue), {"chart": "rate", "period": "7d"}).context["chart"]
    assert chart["series"][0]["values"][-1] == 0.5 and len(chart["labels"]) == 7


def test_work_under_way_shows_its_progress(in_as_member: Client, issue: Issue) -> None:
    Job.objects.create(
        project=issue.project, kind="rescore", subject=issue.id, state="running", done=30, total=120
    )
    text = html_of(in_as_member.get(at("issue", issue)))
    assert "30 of 120" in text and 'value="0.2500" max="1"' in text


def test_each_job_is_shown_by_the_title_of_its_kind(in_as_member: Client, issue: Issue) -> None:
    kinds = ["train", "follow", "causes", "merge", "teach", "first_look", "rescore"]
    for kind in kinds:
        Job.objects.create(project=issue.project, kind=kind, subject=issue.id)
    Job.objects.filter(kind="merge").update(state="running")
    stranger = Job.objects.create(project=issue.project, kind="tune", subject=issue.project.id)
    text = " ".join(html_of(in_as_member.get(at("issue", issue))).split())
    in_order = ["merge", *(kind for kind in kinds if kind != "merge")]
    places = [text.index(escape(kind_of(kind).title)) for kind in in_order]
    assert places == sorted(places)  # what runs, then what waits, in the order in which it was asked for
    assert text.count("(waits for a worker)") == len(kinds) - 1
    assert kind_of(stranger.kind).title not in text


def test_states_change_and_are_written_down(in_as_member: Client, issue: Issue) -> None:
    for action, state in (("mute", "muted"), ("resolve", "resolved"), ("reopen", "open")):
        response = in_as_member.post(at("issue-state", issue), {"action": action}, follow=True)
        issue.refresh_from_db()
        assert issue.state == state
    text = html_of(response)
    assert "muted it" in text and "resolved it" in text and "reopened it" in text


def test_muting_on_terms_says_until_when(in_as_member: Client, issue: Issue) -> None:
    text = html_of(in_as_member.post(at("issue-state", issue), {"action": "mute-10e1h"}, follow=True))
    assert "Muted until 10 events within 1 hour" in text and "muted it until 10 events" in text
    in_as_member.post(at("issue-state", issue), {"action": "reopen"})
    text = html_of(in_as_member.post(at("issue-state", issue), {"action": "resolve-next"}, follow=True))
    assert "there is no next one" in text
    issue.refresh_from_db()
    assert issue.state == "open"
    assert in_as_member.post(at("issue-state", issue), {"action": "mute-9y"}).status_code == 404


def test_a_resolved_issue_says_from_when_on_an_event_opens_it(in_as_member: Client, issue: Issue) -> None:
    text = html_of(in_as_member.post(at("issue-state", issue), {"action": "resolve"}, follow=True))
    issue.refresh_from_db()
    moment = f"{issue.state_changed_at:%-d %b, %H:%M} UTC"
    assert f"An event after {moment} opens it again." in " ".join(text.split())
    text = html_of(in_as_member.post(at("issue-state", issue), {"action": "reopen"}, follow=True))
    assert "opens it again" not in text


def test_an_illegal_change_is_explained(in_as_member: Client, issue: Issue, member: Any) -> None:
    apply_action(action=Action.RESOLVE, issue=issue, user=member)
    response = in_as_member.post(at("issue-state", issue), {"action": "mute"}, follow=True)
    assert "cannot be changed" in html_of(response)
    assert 'value="mute"' not in html_of(response)
    issue.refresh_from_db()
    assert issue.state == "resolved"


@pytest.mark.parametrize("action", ["regress", "explode", ""])
def test_people_cannot_do_what_is_the_systems(in_as_member: Client, issue: Issue, action: str) -> None:
    assert in_as_member.post(at("issue-state", issue), {"action": action}).status_code == 404


def test_assignee_priority_definition_and_note(in_as_member: Client, issue: Issue, member: Any) -> None:
    in_as_member.post(at("issue-assignee", issue), {"assignee": member.pk})
    in_as_member.post(at("issue-priority", issue), {"priority": "high"})
    in_as_member.post(
        at("issue-definition", issue), {"title": "It forgets names", "description": "Only names."}
    )
    response = in_as_member.post(at("issue-note", issue), {"text": "Since <b>Monday</b>"}, follow=True)
    issue.refresh_from_db()
    assert (issue.assignee, issue.priority, issue.title) == (member, "high", "It forgets names")
    assert issue.definitions.count() == 2
    text = html_of(response)
    assert "assigned it to alice" in text
    assert "from medium to high" in text
    assert "wrote version 2 of the definition" in text
    assert "Since &lt;b&gt;Monday&lt;/b&gt;" in text


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("issue-assignee", {"assignee": "999999"}),
        ("issue-priority", {"priority": "urgent"}),
        ("issue-definition", {"title": ""}),
        ("issue-definition", {"title": "x", "description": "a\x00b"}),
        ("issue-note", {"text": " "}),
    ],
)
def test_bad_input_changes_nothing_and_is_explained(
    in_as_member: Client, issue: Issue, name: str, data: dict[str, str]
) -> None:
    before = Issue.objects.values().get(pk=issue.pk), issue.activity.count()
    response = in_as_member.post(at(name, issue), data, follow=True)
    assert "alert-danger" in html_of(response)
    assert (Issue.objects.values().get(pk=issue.pk), issue.activity.count()) == before


def test_a_stranger_to_the_project_cannot_be_assigned(
    in_as_member: Client, issue: Issue, stranger: Any
) -> None:
    in_as_member.post(at("issue-assignee", issue), {"assignee": stranger.pk})
    issue.refresh_from_db()
    assert issue.assignee is None


WRITES = ["issue-state", "issue-assignee", "issue-priority", "issue-definition", "issue-note"]


def test_viewers_look_but_do_not_change(client: Client, issue: Issue, viewer: Any) -> None:
    client.force_login(viewer)
    text = html_of(client.get(at("issue", issue)))
    assert "The agent forgets" in text
    for form in WRITES:
        assert at(form, issue) not in text
        assert client.post(at(form, issue), {"action": "resolve", "text": "x"}).status_code == 403


def test_a_stranger_finds_nothing(client: Client, issue: Issue, stranger: Any) -> None:
    client.force_login(stranger)
    assert client.get(at("issue", issue)).status_code == 404
    for form in WRITES:
        assert client.post(at(form, issue), {"action": "resolve"}).status_code == 404


@pytest.mark.parametrize("number", [999, 10**30])
def test_a_number_that_is_none(in_as_member: Client, project: Any, issue: Issue, number: int) -> None:
    assert in_as_member.get(reverse("issue", args=[project.slug, number])).status_code == 404


def test_an_issue_of_another_project_is_not_found_by_its_number(
    in_as_member: Client, project: Any, other_project: Any
) -> None:
    theirs = create_issue(project=other_project, title="Theirs", description="")
    assert in_as_member.get(reverse("issue", args=[project.slug, theirs.number])).status_code == 404


def test_the_event_fragment_lists_the_issues_of_the_event(
    in_as_member: Client, issue: Issue, make_event: Callable[..., Event]
) -> None:
    event = make_event()
    match(issue, event, score=0.876)
    text = html_of(in_as_member.get(reverse("event-issues", args=[issue.project.slug, event.id])))
    assert "The agent forgets" in text and "0.88" in text and at("issue", issue) in text
    assert f"?event={event.id}" in text
    assert "<html" not in text


def test_the_event_fragment_offers_viewers_no_new_issue(
    client: Client, project: Any, viewer: Any, make_event: Callable[..., Event]
) -> None:
    client.force_login(viewer)
    text = html_of(client.get(reverse("event-issues", args=[project.slug, make_event().id])))
    assert "event-issues" in text and "New issue" not in text


def test_the_event_fragment_of_another_projects_event_is_not_found(
    in_as_member: Client, project: Any, other_project: Any, make_event: Callable[..., Event]
) -> None:
    event = make_event(of=other_project)
    assert in_as_member.get(reverse("event-issues", args=[project.slug, event.id])).status_code == 404


def test_the_page_costs_few_queries_whatever_the_matches(
    in_as_member: Client,
    issue: Issue,
    make_event: Callable[..., Event],
    django_assert_max_num_queries: Callable[[int], Any],
) -> None:
    for n in range(15):
        match(issue, make_event(user_id=f"u{n}", timestamp=timezone.now()))
    with django_assert_max_num_queries(40):  # ten read what the causes are looked for in
        in_as_member.get(at("issue", issue))


def test_an_issue_is_read_with_what_belongs_to_it_by_few_joins(
    project: Any, issue: Issue, django_assert_num_queries: Any
) -> None:
    """Planning the joins of eight tables takes longer than everything else that reads an issue."""
    with django_assert_num_queries(1) as captured:
        assert get_issue(project, issue.number) == issue
    assert captured.captured_queries[0]["sql"].count(" JOIN ") <= 4
    into = Cluster.objects.create(project=project, kind="problem", label="Receipts hang")
    issue.cluster = Cluster.objects.create(
        project=project, kind="problem", label="Receipts", merged_into=into
    )
    issue.merged_into = create_issue(project=project, title="Hangs", description="", user=issue.created_by)
    issue.state, issue.substate = "merged", ""
    issue.save()
    found = get_issue(project, issue.number)
    with django_assert_num_queries(0):
        assert found.cluster and found.cluster.merged_into == into and found.merged_into == issue.merged_into
        assert found.created_by == issue.created_by and found.project == project


def test_seen_takes_new_away(in_as_member: Client, issue: Issue) -> None:
    assert 'value="settle"' in html_of(in_as_member.get(at("issue", issue)))
    response = in_as_member.post(at("issue-state", issue), {"action": "settle"}, follow=True)
    issue.refresh_from_db()
    assert (issue.state, issue.substate) == ("open", "ongoing")
    assert 'value="settle"' not in html_of(response) and "marked it as seen" in html_of(response)


def test_trainings_in_a_row_are_one_line_and_releases_are_broken_down(
    project: Any, member: Any, make_event: Any, client: Any
) -> None:
    issue = create_issue(project=project, title="Forgets", description="", user=member)
    for version in range(1, 6):
        Activity.objects.create(issue=issue, kind="trained", data={"version": version})
    for number in range(3):
        event = make_event(
            properties={"release": "v1" if number else "v2"}, spans=[IncomingSpan(name="search", kind="tool")]
        )
        IssueMatch.objects.create(
            project=project,
            issue=issue,
            event=event,
            timestamp=event.timestamp,
            classifier_version=1,
            score=1,
        )
    client.force_login(member)
    context = client.get(f"/p/acme/issues/{issue.number}/").context
    assert [entry.kind for entry, *_ in context["activity"]] == ["trained", "created"]
    shown = {
        one.name: [(value.name, value.events, value.rate) for value in one.values]
        for one in client.get(at("issue-breakdown", issue)).context["dimensions"]
    }
    assert shown["release"] == [("v1", 2, 2 / 3), ("v2", 1, 1 / 3)]
    assert shown["Tools called"] == [("search", 3, 1.0)]


def test_an_issues_matches_of_a_period_are_the_ones_that_its_page_counts(
    in_as_member: Client, issue: Issue, make_event: Callable[..., Event]
) -> None:
    for days in (0, 20):
        event = make_event(timestamp=timezone.now() - dt.timedelta(days=days))
        match(issue, event)
    at_matches = at("issue-matches", issue)
    page = in_as_member.get(at("issue", issue), {"period": "14d"})
    assert page.context["matches"] == 1 and f"{at_matches}?range=14d" in html_of(page)
    for chosen, count in (("14d", 1), ("30d", 2), ("", 2)):
        answer = in_as_member.get(at_matches, {"range": chosen})
        assert len(answer.context["rows"]) == answer.context["count"] == count, chosen
    assert in_as_member.get(at_matches, {"range": "2 weeks"}).status_code == 400


def test_a_value_of_the_breakdown_links_to_the_events_that_it_counts(
    in_as_member: Client, issue: Issue, make_event: Callable[..., Event]
) -> None:
    """Of the issue's matches alone: others have each value too."""
    moment = timezone.now()
    for number in range(6):
        tools = [
            IncomingSpan(
                trace_id=f"{number:032x}",
                span_id=f"{number:016x}",
                name=tool,
                kind="tool",
                status="ok",
                started_at=moment,
                ended_at=moment,
            )
            for tool in (["book & pay"] if number % 2 else [])
        ]
        event = make_event(
            event_id=f"e{number}", model="m one" if number < 4 else "m2", properties={"plan": "pro", "a=b": "c", "seats": number % 3},
            spans=tools, timestamp=moment - dt.timedelta(days=60),
        )  # fmt: skip
        if number < 4:
            match(issue, event)
    where = in_as_member.get(at("issue-breakdown", issue))
    links = [
        html.unescape(link)
        for link in re.findall(r'class="text-reset"\s+href="([^"]*/events/\?[^"]*)"', html_of(where))
    ]
    dimensions = where.context["dimensions"]
    values = [(one.name, value) for one in dimensions for value in one.values]
    assert {name for name, _ in values} == {"Model", "Event", "Tools called", "a=b", "plan", "seats"}
    assert len(links) == len(values)
    for link, (name, value) in zip(links, values, strict=True):
        listed = in_as_member.get(link)
        assert len(listed.context["rows"]) == value.events, (name, value.name, link)
    assert [value.events for name, value in values if name == "Tools called"] == [2]
    assert [value.events for name, value in values if name == "Model"] == [4]
