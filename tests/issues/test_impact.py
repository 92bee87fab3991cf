"""Priority from impact until a person sets it, and what an issue's page says of its trend and its relatives."""

import datetime as dt
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from ingest.counts.period import Period
from ingest.counts.rollups import Occurrence, record
from ingest.models import Event
from issues import impact
from issues.actions import create_issue, edit_definition, set_priority
from issues.impact import EVERY, Impact, prioritise_by_impact
from issues.models import Activity, Issue, IssueMatch
from issues.models.activity import ActivityKind
from issues.pages.related import related_issues
from issues.pages.trend import AT_ONCE, marks
from issues.states.doors import apply_action
from issues.states.transitions import Action
from signals.models import Facet
from tests.html import html_of


@pytest.mark.parametrize(
    ("impact", "priority"),
    [
        (Impact(5, 100, 1.0), "high"), (Impact(4, 100, 1.0), "medium"), (Impact(2, 100, 2.5), "high"), (Impact(1, 1000, 3.0), "low"),
        (Impact(50, 100, 0.0), "low"), (Impact(0, 0, 1.0), "low"),
    ],
)  # fmt: skip
def test_users_times_severity(impact: Impact, priority: str) -> None:
    assert impact.priority == priority


@pytest.fixture
def events(project: Any, make_event: Any) -> list[Event]:
    """Of 40 users, now; counted."""
    now = timezone.now()
    made = [make_event(user_id=f"u{n}", convo_id=f"c{n}", timestamp=now) for n in range(40)]
    record(
        Occurrence(project.pk, project.pk, one.timestamp, one.end_user_id, one.conversation_id)
        for one in made
    )
    return made


def match(issue: Issue, events: list[Event]) -> None:
    IssueMatch.objects.bulk_create(
        IssueMatch(
            project_id=issue.project_id, issue=issue, event=one, end_user_id=one.end_user_id, conversation_id=one.conversation_id,
            timestamp=one.timestamp, classifier_version=0, score=1,
        )
        for one in events
    )  # fmt: skip
    record(
        Occurrence(issue.pk, issue.project_id, one.timestamp, one.end_user_id, one.conversation_id)
        for one in events
    )


def test_the_priority_follows_the_impact_until_a_person_sets_it(
    project: Any, member: Any, events: list[Event]
) -> None:
    one, rare = (create_issue(project=project, title=title, description="") for title in ("One", "Rare"))
    match(one, events[:1])
    match(rare, events[1:2])
    for severity, event in ((3, events[0]), (0, events[1])):
        Facet.objects.create(
            project=project, event=event, conversation=event.conversation, timestamp=event.timestamp, text_hash=b"h", sampled="random",
            intent="x", went_wrong="y", severity=severity,
        )  # fmt: skip
    now = timezone.now()
    assert prioritise_by_impact(now=now) == 0  # they are new
    later = now + EVERY + dt.timedelta(minutes=1)
    assert (prioritise_by_impact(now=later), prioritise_by_impact(now=later)) == (2, 0)
    assert list(Issue.objects.order_by("number").values_list("priority", flat=True)) == ["high", "low"]
    entry = one.activity.order_by("-id")[0]
    assert (entry.actor, entry.data["users"], entry.data["of_users"], entry.data["severity"]) == (
        None,
        1,
        40,
        3.0,
    )
    rare.refresh_from_db()
    set_priority(issue=rare, priority=rare.priority, user=member)  # the same, and meant
    IssueMatch.objects.filter(issue=rare).delete()
    match(rare, events[2:])
    assert prioritise_by_impact(now=later + 2 * EVERY) == 0
    rare.refresh_from_db()
    assert (rare.priority, rare.priority_locked) == ("low", True)


def test_an_issue_that_cannot_be_measured_keeps_no_other_waiting(
    project: Any, events: list[Event], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    bad, good = (create_issue(project=project, title=title, description="") for title in ("Bad", "Good"))
    match(good, events[:1])
    later = timezone.now() + EVERY + dt.timedelta(minutes=1)

    def measure(issue: Issue, *, now: dt.datetime) -> Impact:
        if issue == bad:
            raise ValueError("no sense in it")
        return Impact(users=40, of_users=40, severity=3.0)

    monkeypatch.setattr(impact, "impact_of", measure)
    assert prioritise_by_impact(now=later) == 1
    good.refresh_from_db()
    assert good.priority == "high" and "no sense in it" in caplog.text
    bad.refresh_from_db()
    assert bad.impact_at == later


def test_the_page(client: Client, project: Any, member: Any, events: list[Event]) -> None:
    issue, twin, other = (
        create_issue(project=project, title=title, description="") for title in ("One", "Twin", "Other")
    )
    match(issue, events[:10])
    match(twin, events[:9])
    match(other, [*events[7:10], *events[20:40]])
    edit_definition(issue=issue, user=member, description="More.")
    apply_action(action=Action.RESOLVE, issue=issue, user=member)
    client.force_login(member)
    response = client.get(reverse("issue", args=[project.slug, issue.number]), {"chart": "rate"})
    text = html_of(response)
    found = [(one.issue.title, one.together, one.may_be_same) for one in response.context["related"]]
    assert found == [("Twin", 9, True), ("Other", 3, False)]
    assert "may be the same problem" in text
    chart = response.context["chart"]
    assert [(mark["at"], mark["text"]) for mark in chart["marks"]] == [(13, "definition changed, resolved")]
    rate, low, high = chart["series"]
    assert (rate["values"][-1], rate["values"][0]) == (0.25, None)
    assert low["values"][-1] < 0.25 < high["values"][-1] and low["edge"] and high["edge"]
    assert 'data-key="a"' in text and 'data-key="p"' in text


def test_a_part_of_a_larger_issue_is_not_the_same(
    client: Client, project: Any, member: Any, events: list[Event]
) -> None:
    """Nearly all of the smaller one's matches are the larger one's, and under half of the larger one's are the smaller one's."""
    small, large = (
        create_issue(project=project, title=title, description="") for title in ("Small", "Large")
    )
    match(small, events[:11])
    match(large, [*events[:9], *events[11:22]])
    client.force_login(member)
    for issue, share in ((small, 9 / 11), (large, 9 / 20)):
        response = client.get(reverse("issue", args=[project.slug, issue.number]))
        [one] = response.context["related"]
        assert (one.together, one.share, one.may_be_same) == (9, pytest.approx(share), False)
        assert "may be the same problem" not in html_of(response) and "Merge #" not in html_of(response)
    # Neither side's matches before the newest are compared.
    IssueMatch.objects.filter(issue=large).update(timestamp=events[0].timestamp - dt.timedelta(days=1))
    IssueMatch.objects.filter(event__in=events[:9]).update(timestamp=events[0].timestamp)
    newest = [one.pk for one in events[:9]]
    assert [one.share_of_other for one in related_issues(large, newest)] == [pytest.approx(9 / 11)]
    IssueMatch.objects.filter(issue=small, event__in=events[9:11]).update(
        timestamp=timezone.now() - dt.timedelta(days=1)
    )
    assert [one.share_of_other for one in related_issues(large, newest)] == [1.0]


def test_what_an_issue_follows_from_its_opening_on_is_no_mark(project: Any, member: Any) -> None:
    issue = create_issue(project=project, title="One", description="")
    entry = Activity.objects.create(issue=issue, kind=ActivityKind.FOLLOWS, actor=member, data={})
    assert marks(issue, Period.named("14d")) == []
    Activity.objects.filter(pk=entry.pk).update(created_at=issue.created_at + 2 * AT_ONCE)
    assert [mark["text"] for mark in marks(issue, Period.named("14d"))] == ["follows something else"]
