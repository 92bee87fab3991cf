"""The watch over roll-ups: an issue escalates once, with its reason, is told of, and ends."""

import datetime as dt
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from ingest.jobs.queueing import queue_job
from ingest.models import Hour
from issues.actions import create_issue
from issues.alerts.rules import create_rule
from issues.escalation import opening, watch
from issues.escalation.opening import A_DAY, open_issues
from issues.escalation.watch import EVERY, watch_due, watch_project
from issues.models import Activity, AlertDelivery, Escalation, Issue, TrackingSettings
from issues.models.issues import Follows, Substate
from issues.states.doors import apply_action
from issues.states.terms import MuteTerms
from issues.states.transitions import Action
from raindrop import pipeline
from signals.models import Cluster, SignalDefinition

pytestmark = pytest.mark.django_db

HOUR = dt.timedelta(hours=1)
# A Wednesday, half past ten.
NOW = dt.datetime(2026, 11, 25, 10, 30, tzinfo=dt.UTC)
WEEKS = 4


def fill(
    project: Any,
    subject: Any,
    *,
    events: int,
    last: int = 0,
    now: dt.datetime = NOW,
    hours: int = 24 * 7 * WEEKS,
) -> None:
    """`events` in each hour, `last` in the one that is not over."""
    start = now.replace(minute=0)
    Hour.objects.filter(subject=subject).delete()
    Hour.objects.bulk_create(
        Hour(subject=subject, start=start - n * HOUR, project=project, events=(last if n == 0 and last else events))
        for n in range(hours)
    )  # fmt: skip


@pytest.fixture
def issue(project: Any) -> Issue:
    made = create_issue(project=project, title="Forgets the seat", description="")
    Activity.objects.filter(issue=made).update(created_at=timezone.now() - dt.timedelta(days=30))
    return made


def states(issue: Issue) -> list[str]:
    return [row.data["action"] for row in issue.activity.filter(kind="state").order_by("created_at")]


def test_it_escalates_once_is_told_and_ends(project: Any, issue: Issue) -> None:
    create_rule(
        project=project, user=None, channels=["json://a.example/x"], name="Mine", trigger="issue_escalates"
    )
    fill(project, project.pk, events=500)
    fill(project, issue.pk, events=4)
    watch_project(project, now=NOW)
    issue.refresh_from_db()
    assert issue.substate == Substate.NEW
    fill(project, issue.pk, events=4, last=40)
    for _ in range(2):
        watch_project(project, now=NOW)
    issue.refresh_from_db()
    assert issue.substate == Substate.ESCALATING
    [activity] = issue.activity.filter(kind="state")
    assert activity.actor is None
    assert activity.data["why"].startswith(
        "40 events in this hour (8.0% of 500). About 4 would be usual at this time of the week; the limit is "
    )
    assert {"events": 40, "of": 500, "hours": 1, "by": "hour of the week"}.items() <= activity.data.items()
    [told] = AlertDelivery.objects.all()
    assert told.text == activity.data["why"]
    assert told.data["limit"] == activity.data["limit"] == Escalation.objects.get().data["limit"]
    later = NOW + dt.timedelta(days=2)
    fill(project, project.pk, events=500, now=later)
    fill(project, issue.pk, events=4, now=later)
    watch_project(project, now=later)
    issue.refresh_from_db()
    assert issue.substate == Substate.ONGOING
    assert states(issue) == ["escalate", "subside"]
    assert Escalation.objects.get().end == "calm"
    assert AlertDelivery.objects.count() == 1


def test_what_a_person_has_seen_is_not_told_again(project: Any, issue: Issue, member: Any) -> None:
    fill(project, project.pk, events=500)
    fill(project, issue.pk, events=4, last=40)
    watch_project(project, now=NOW)
    apply_action(action=Action.SETTLE, issue=issue, user=member)
    watch_project(project, now=NOW + HOUR / 4)
    assert states(issue) == ["escalate", "settle"]


def test_an_end_locks_the_issue_first_as_a_person_does(project: Any, issue: Issue) -> None:
    """The other way round the two wait for each other."""
    fill(project, project.pk, events=500)
    fill(project, issue.pk, events=4, last=40)
    watch_project(project, now=NOW)
    later = NOW + dt.timedelta(days=2)
    fill(project, project.pk, events=500, now=later)
    fill(project, issue.pk, events=4, now=later)
    with CaptureQueriesContext(connection) as captured:
        watch_project(project, now=later)
    statements = [query["sql"] for query in captured]
    ends = next(i for i, sql in enumerate(statements) if sql.startswith('UPDATE "issues_escalation"'))
    begins = max(i for i, sql in enumerate(statements[:ends]) if sql.startswith("SAVEPOINT"))
    locks = [sql for sql in statements[begins:ends] if "FOR NO KEY UPDATE" in sql and '"issues_issue"' in sql]
    assert locks, statements[begins : ends + 1]


def test_a_week_of_it_is_usual_and_no_rise_any_more(project: Any, issue: Issue) -> None:
    fill(project, project.pk, events=500)
    fill(project, issue.pk, events=4, last=40)
    watch_project(project, now=NOW)
    later = NOW + dt.timedelta(days=7)
    fill(project, project.pk, events=500, now=later, hours=24 * 28)
    rows = [
        Hour(
            subject=issue.pk,
            start=later.replace(minute=0) - n * HOUR,
            project=project,
            events=40 if n < 168 else 4,
        )
        for n in range(24 * 28)
    ]
    Hour.objects.filter(subject=issue.pk).delete()
    Hour.objects.bulk_create(rows)
    for minutes in (0, 5):
        watch_project(project, now=later + dt.timedelta(minutes=minutes))
    assert states(issue) == ["escalate", "subside"]
    assert Escalation.objects.get().end == "usual"


def test_a_resolved_issue_is_not_watched_and_its_rise_is_over(
    project: Any, issue: Issue, member: Any
) -> None:
    fill(project, project.pk, events=500)
    fill(project, issue.pk, events=4, last=40)
    watch_project(project, now=NOW)
    apply_action(action=Action.RESOLVE, issue=issue, user=member)
    watch_project(project, now=NOW)
    assert states(issue) == ["escalate", "resolve"]
    assert Escalation.objects.get().end == "closed"


def test_muted_until_it_escalates(project: Any, issue: Issue, member: Any) -> None:
    fill(project, project.pk, events=500)
    fill(project, issue.pk, events=4)
    apply_action(action=Action.MUTE, issue=issue, user=member, terms=MuteTerms(escalating=True))
    watch_project(project, now=NOW)
    assert states(issue) == ["mute"]
    fill(project, issue.pk, events=4, last=40)
    watch_project(project, now=NOW)
    assert states(issue) == ["mute", "escalate"]
    # The rise that is known is not told again to who mutes it.
    apply_action(action=Action.MUTE, issue=issue, user=member, terms=MuteTerms(escalating=True))
    watch_project(project, now=NOW)
    assert states(issue) == ["mute", "escalate", "mute"]


@pytest.mark.parametrize("kind", ["follow", "merge", "rescore"])
def test_a_history_that_is_being_written_is_not_believed(project: Any, issue: Issue, kind: str) -> None:
    fill(project, project.pk, events=500)
    fill(project, issue.pk, events=40, hours=2)
    queue_job(project=project, kind=kind, subject=issue.pk)
    watch_project(project, now=NOW)
    assert states(issue) == []
    fresh = create_issue(project=project, title="Made just now", description="")
    fill(project, fresh.pk, events=40, hours=2)
    watch_project(project, now=NOW)
    assert states(fresh) == []


@pytest.mark.parametrize("kind", ["teach", "first_look", "causes", "train"])
def test_a_job_that_writes_no_matches_keeps_no_issue_from_escalating(
    project: Any, issue: Issue, kind: str
) -> None:
    """A teacher whose service is away waits for hours."""
    fill(project, project.pk, events=500)
    fill(project, issue.pk, events=40, hours=2)
    queue_job(project=project, kind=kind, subject=issue.pk)
    watch_project(project, now=NOW)
    assert states(issue) == ["escalate"]


def test_each_project_is_looked_at_every_few_minutes(project: Any, other_project: Any) -> None:
    fill(project, project.pk, events=10, hours=3)
    assert watch_due(now=NOW) == [project]
    assert watch_due(now=NOW + EVERY / 2) == []
    assert watch_due(now=NOW + EVERY) == [project]
    assert watch_due(now=NOW + dt.timedelta(days=3)) == []


def test_a_project_that_cannot_be_watched_holds_up_no_other(
    project: Any, other_project: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    for each in (project, other_project):
        fill(each, each.pk, events=10, hours=3)

    def look_at(one: Any, *, now: Any) -> None:
        if one == first:
            raise ValueError("no sense in it")

    monkeypatch.setattr(watch, "watch_project", look_at)
    first = project
    assert watch_due(now=NOW) == [other_project]
    first = other_project
    assert watch_due(now=NOW + EVERY) == [project]
    assert "no sense in it" in caplog.text


def test_a_project_whose_issues_cannot_open_holds_up_no_other(
    project: Any, other_project: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = []

    def open_issues(one: Any, *, now: Any) -> None:
        opened.append(one)
        raise ValueError("no sense in it")

    monkeypatch.setattr(watch, "watch_due", lambda *, now: [project, other_project])
    monkeypatch.setattr(opening, "open_issues", open_issues)
    pipeline.watch_for_rises(now=NOW)
    assert opened == [project, other_project]


def test_issues_open_by_themselves_only_where_that_is_wanted(project: Any) -> None:
    signal = SignalDefinition.objects.create(project=project, key="moans", name="Moans", sentiment="negative")
    clusters = [
        Cluster.objects.create(
            project=project,
            kind="problem",
            label=f"Loses seat {n}",
            is_emerging=True,
            emerging_reason="9 users met it.",
            conversations=9 - n,
        )
        for n in range(2)
    ]
    fill(project, project.pk, events=500)
    fill(project, signal.pk, events=4, last=40)
    assert open_issues(project, now=NOW) == []
    TrackingSettings.objects.create(project=project, opens_issues=True)
    made = open_issues(project, now=NOW)
    assert [issue.title for issue in made] == ["Loses seat 0", "Loses seat 1", "Moans"]
    assert len(made) == A_DAY
    notes = [issue.activity.get(kind="note") for issue in made]
    assert notes[0].data["text"] == "Opened by itself, for review. 9 users met it."
    assert notes[2].data["text"].startswith("Opened by itself, for review. 40 events in this hour")
    assert {(issue.follows, issue.substate) for issue in made} == {
        (Follows.CLUSTER, "new"),
        (Follows.SIGNAL, "new"),
    }
    # Deleted ones are not opened again, and a day has only so many.
    Issue.objects.all().delete()
    Cluster.objects.filter(pk=clusters[0].pk).update(status="new")
    assert open_issues(project, now=NOW) == []
    Cluster.objects.create(project=project, kind="problem", label="Another", is_emerging=True)
    assert open_issues(project, now=NOW) == []
    assert len(open_issues(project, now=NOW + dt.timedelta(days=1))) == 1
