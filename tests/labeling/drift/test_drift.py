"""New events that look unlike the labelled ones: the test, the daily look, the warning, the inbox and the queue."""

import datetime as dt
from typing import Any

import numpy as np
import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import mannwhitneyu

from ingest.models import Event
from ingest.store.events import IncomingEvent, store_events
from issues.actions import create_issue
from issues.classifier.sampling import draw_between
from issues.inbox.items import read_inbox, review
from issues.models import Issue
from issues.models.issues import State
from labeling.drift import comparing, watching
from labeling.drift.comparing import Sample, compare, smaller
from labeling.drift.watching import look, standing_drift, watch_drift
from labeling.labels.labels import record_label, undo_last_label
from labeling.models import Drift
from labeling.queue.of_issues import next_cards
from labeling.teaching import retrain, tell_taught
from signals.models import EventEmbedding
from tests.html import html_of

DAY = dt.timedelta(days=1)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.integers(0, 8), min_size=20, max_size=60),
    st.lists(st.integers(0, 8), min_size=20, max_size=60),
)
def test_the_rank_test_is_mann_and_whitneys(earlier: list[int], new: list[int]) -> None:
    found = smaller(np.array(earlier, float), np.array(new, float))
    expected = mannwhitneyu(new, earlier, alternative="less", method="asymptotic", use_continuity=False)
    assert found.worse == pytest.approx(1 - expected.statistic / (len(new) * len(earlier)))
    if len(set(earlier + new)) > 1:
        assert found.p == pytest.approx(expected.pvalue, abs=1e-9)
    else:
        assert found.p == 1.0


def sample(draw: np.random.Generator, number: int, *, centre: int) -> Sample:
    """Unit vectors around an axis, with sure scores."""
    vectors = draw.normal(0, 0.3, (number, 768)).astype(np.float32)
    vectors[:, centre] += 10
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return Sample(vectors, draw.uniform(0.01, 0.2, number))


def test_chance_is_rarely_said_and_a_new_topic_is() -> None:
    draw = np.random.default_rng(0)
    labelled = sample(draw, 40, centre=0).vectors
    alarms = 0
    for _ in range(100):
        earlier, new = sample(draw, 200, centre=0), sample(draw, 200, centre=0)
        found = compare(earlier=earlier, new=new, labelled=labelled, threshold=0.5)
        assert found is not None
        alarms += found.is_drift
    assert alarms <= 1
    earlier, other = sample(draw, 200, centre=0), sample(draw, 100, centre=1)
    usual = sample(draw, 100, centre=0)
    mixed = Sample(np.vstack([usual.vectors, other.vectors]), np.concatenate([usual.scores, other.scores]))
    found = compare(earlier=earlier, new=mixed, labelled=labelled, threshold=0.5)
    assert found is not None and found.is_drift and found.nearness.worse > 0.7


def test_a_classifier_that_is_less_sure_and_one_that_is_surer() -> None:
    draw = np.random.default_rng(1)
    earlier, new = sample(draw, 200, centre=0), sample(draw, 200, centre=0)
    labelled = sample(draw, 40, centre=0).vectors
    unsure = Sample(new.vectors, draw.uniform(0.3, 0.6, 200))
    found = compare(earlier=earlier, new=unsure, labelled=labelled, threshold=0.5)
    assert found is not None and found.is_drift and found.sureness.worse > 0.9
    found = compare(earlier=unsure, new=new, labelled=labelled, threshold=0.5)
    assert found is not None and not found.is_drift, "what is covered better is no reason to warn"


def test_too_few_say_nothing() -> None:
    draw = np.random.default_rng(2)
    few, many = sample(draw, comparing.FEWEST - 1, centre=1), sample(draw, 200, centre=0)
    assert compare(earlier=many, new=few, labelled=many.vectors, threshold=0.5) is None
    assert compare(earlier=many, new=many, labelled=many.vectors[:0], threshold=0.5) is None


# -- with the database


@pytest.fixture
def issue(project: Any, member: Any, monkeypatch: pytest.MonkeyPatch) -> Issue:
    """Sixty events of a month ago, of two topics by turns; twenty are labelled, and there is a classifier. Ten events say something."""
    monkeypatch.setattr(comparing, "FEWEST", 10)
    made = create_issue(project=project, title="Flights", description="", user=member)
    events = add(project, topics=(0, 1), number=60, age=30 * DAY)
    for number, event in enumerate(events[:20]):
        record_label(subject=made, event=event, answer="not_match" if number % 2 else "match", user=member)
    assert retrain(made) is not None
    return made


def add(
    project: Any, *, topics: tuple[int, ...], number: int, age: dt.timedelta, per_talk: int = 1
) -> list[Event]:
    """Events whose vectors lie around the topics' axes, by turns."""
    draw = np.random.default_rng(number + age.days)
    at = timezone.now() - age
    name = f"{topics}-{number}-{age.days}"
    ids = store_events(
        project=project,
        events=[
            IncomingEvent(
                event_id=f"{name}-{n}", name="chat", input=f"topic {topics[n % len(topics)]}, number {n}",
                convo_id=f"{name}-{n // per_talk}", timestamp=at,
            )
            for n in range(number)
        ],
    )  # fmt: skip
    known = {event.event_id: event for event in Event.objects.filter(project=project, event_id__in=ids)}
    events = [known[f"{name}-{n}"] for n in range(number)]
    rows = []
    for n, event in enumerate(events):
        vector = draw.normal(0, 0.02, 384)
        vector[topics[n % len(topics)]] += 1
        rows.append(
            EventEmbedding(
                event_id=event.pk,
                project=project,
                user_vector=(vector / np.linalg.norm(vector)).tolist(),
                text_hash=b"",
            )
        )
    EventEmbedding.objects.bulk_create(rows)
    return events


def test_no_drift_where_nothing_changed(project: Any, issue: Issue) -> None:
    add(project, topics=(0, 1), number=60, age=DAY)
    row = look(issue, now=timezone.now())
    assert row is not None and row.found_at is None and row.new_events == 60
    assert row.farther == pytest.approx(0.5, abs=0.2)
    assert standing_drift(issue) is None and read_inbox(project) == [
        item for item in read_inbox(project) if item.kind != "drift"
    ]


def test_a_new_topic_is_said_everywhere_and_asked_about(
    client: Client, project: Any, issue: Issue, member: Any
) -> None:
    new = add(project, topics=(0, 7), number=90, age=DAY)
    assert watch_drift(now=timezone.now()) == 1
    assert watch_drift(now=timezone.now()) == 0, "once a day"
    drift = standing_drift(issue)
    assert drift is not None and drift.farther is not None and drift.farther > comparing.CLEAR
    client.force_login(member)
    at = f"/p/{project.slug}/"
    assert "New events look unlike the labelled ones" in html_of(
        client.get(f"{at}issues/{issue.number}/teaching/")
    )
    inbox = html_of(client.get(reverse("inbox", args=[project.slug])))
    assert "New events look unlike the labelled ones" in inbox
    cards = next_cards(issue=issue, limit=9, user=member)
    of_drift = [card.event for card in cards if card.reason == "drift"]
    assert len(of_drift) >= 2 and all(event.input.startswith("topic 7") for event in of_drift)
    assert set(of_drift) <= set(new)
    text = html_of(client.get(f"{at}issues/{issue.number}/review/?event={of_drift[0].pk}"))
    assert "New events look unlike" in text, "beside the card"
    # Answers in the new topic cover it.
    for event in [event for event in new if event.input.startswith("topic 7")][:10]:
        record_label(subject=issue, event=event, answer="not_match", user=member)
    retrain(issue)
    tell_taught(issue)
    assert standing_drift(issue) is None
    assert not [card for card in next_cards(issue=issue, limit=9, user=member) if card.reason == "drift"]


def test_what_is_new_stays_new_while_the_drift_stands(project: Any, issue: Issue) -> None:
    add(project, topics=(0, 7), number=90, age=DAY)
    now = timezone.now()
    first = look(issue, now=now)
    assert first is not None and first.found_at == now and first.since == now - watching.WINDOW
    add(project, topics=(0, 1), number=60, age=-2 * DAY)  # as usual again, three days later
    later = look(issue, now=now + 3 * DAY)
    assert later is not None and later.since == first.since and later.new_events == 150
    # Once it has ended the window goes on with the time.
    Drift.objects.filter(issue=issue).update(found_at=None)
    ended = look(issue, now=now + 4 * DAY)
    assert ended is not None and ended.since > first.since


def test_reviewed_until_it_drifts_anew(project: Any, issue: Issue, member: Any) -> None:
    add(project, topics=(0, 7), number=90, age=DAY)
    look(issue, now=timezone.now())
    [item] = [item for item in read_inbox(project) if item.kind == "drift"]
    assert (item.reason, item.title, item.subject) == ("drift", "Flights", issue.pk)
    assert review(project=project, names=[item.name, "drift:x", "drift:99"], user=member)[0] == 1
    look(issue, now=timezone.now() + DAY)
    assert standing_drift(issue) is not None and not [i for i in read_inbox(project) if i.kind == "drift"]
    Drift.objects.update(found_at=None)
    look(issue, now=timezone.now() + DAY)
    assert [i for i in read_inbox(project) if i.kind == "drift"]
    Issue.objects.update(state=State.RESOLVED)
    assert not [i for i in read_inbox(project) if i.kind == "drift"]


def test_one_long_conversation_is_one_event(project: Any, issue: Issue) -> None:
    """Sixty turns of one person about something new are no evidence that all events changed."""
    add(project, topics=(7,), number=60, age=DAY, per_talk=60)
    row = look(issue, now=timezone.now())
    assert row is not None and row.new_events == 1 and row.found_at is None


def test_another_projects_events_say_nothing(project: Any, other_project: Any, issue: Issue) -> None:
    add(other_project, topics=(7,), number=60, age=DAY)
    row = look(issue, now=timezone.now())
    assert row is not None and row.new_events == 0


def test_an_issue_without_a_classifier_or_a_label_is_left_alone(project: Any) -> None:
    made = create_issue(project=project, title="Trains", description="")
    assert look(made, now=timezone.now()) is None and watch_drift(now=timezone.now()) == 0
    assert not Drift.objects.exists()


def test_a_draw_between_two_moments(project: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    old, new = (
        add(project, topics=(0,), number=30, age=30 * DAY),
        add(project, topics=(1,), number=30, age=DAY),
    )
    cut = timezone.now() - 2 * DAY
    for small in (4000, 10):  # all ids are read; moments are drawn
        monkeypatch.setattr("issues.classifier.sampling.SMALL", small)
        assert set(draw_between(project=project, count=99, since=cut, seed=1)) <= {event.pk for event in new}
        found = draw_between(project=project, count=9, until=cut, seed=1)
        assert len(found) == 9 and set(found) <= {event.pk for event in old}
    assert draw_between(project=project, count=9, until=cut - 90 * DAY) == []


def test_all_due_issues_are_looked_at_a_few_a_round(
    project: Any, issue: Issue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watching, "AT_ONCE", 1)
    assert [watch_drift(now=timezone.now()) for _ in range(2)] == [1, 0]
    assert watch_drift(now=timezone.now() + 2 * DAY) == 1


def test_an_issue_that_cannot_be_compared_keeps_no_other_waiting(
    project: Any, issue: Issue, member: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was looked at first in every round, for ever: one whose labels were all undone, and one that raises."""
    monkeypatch.setattr(watching, "AT_ONCE", 1)
    while undo_last_label(subject=issue, user=member):
        pass
    other = create_issue(project=project, title="Trains", description="")
    for number, event in enumerate(Event.objects.filter(project=project).order_by("pk")[:20]):
        record_label(subject=other, event=event, answer="not_match" if number % 2 else "match", user=member)
    assert retrain(other) is not None and issue.classifiers.current().exists()
    assert [watch_drift(now=timezone.now()) for _ in range(3)] == [1, 1, 0]
    assert Drift.objects.get(issue=other).new_events == 0 and standing_drift(issue) is None

    later = timezone.now() + 2 * DAY
    monkeypatch.setattr(watching, "_compare", lambda *_: 1 / 0)
    assert [watch_drift(now=later) for _ in range(3)] == [1, 1, 0]
