"""What is asked next, how far it is, and the training that follows."""

import uuid
from typing import Any

import numpy as np
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django_q.models import OrmQ

from ingest.jobs.queueing import RUN_JOB
from ingest.jobs.runner import run_job
from ingest.models import Event, Job
from ingest.models.jobs import JobState
from issues.actions import create_issue
from issues.models import Classifier, Issue
from labeling.labels.labels import Why, record_label
from labeling.labels.progress import progress
from labeling.queue import picking
from labeling.queue.of_issues import next_cards
from labeling.queue.picking import draw_in_strata
from labeling.teaching import retrain, retrain_soon
from raindrop import pipeline
from signals.models import EventEmbedding
from tests.issues.people import send, two_topics

pytestmark = pytest.mark.django_db


@pytest.fixture
def issue(project: Any) -> Issue:
    return create_issue(project=project, title="Flights", description="A flight, a plane, a seat, a ticket.")


def label_truly(issue: Issue, user: Any, count: int) -> list[str]:
    reasons = []
    for _ in range(count):
        [card] = next_cards(issue=issue, limit=1, user=user)
        answer = "match" if card.event.event_id.startswith("flight") else "not_match"
        record_label(
            subject=issue, event=card.event, answer=answer, user=user, why=Why(card.reason, card.score)
        )
        reasons.append(card.reason)
    return reasons


def test_before_the_first_classifier(project: Any, issue: Issue, member: Any) -> None:
    two_topics(project, 40, 40)
    cards = next_cards(issue=issue, limit=8, user=member)
    assert [card.reason for card in cards] == ["similar"] * 8, "of a rare issue a random card meets no match"
    assert len({card.event.id for card in cards}) == 8
    assert all(card.event.event_id.startswith("flight") for card in cards)
    assert all(card.score is not None and 0 < card.score < 1 for card in cards)
    assert label_truly(issue, member, 4) == ["similar"] * 4  # one at a time gives the same mixture
    alike = [card.reason for card in next_cards(issue=issue, limit=8, user=member)]
    assert alike.count("random") == 4, "all are matches: a classifier needs an event that is none"
    other = Event.objects.filter(event_id__startswith="return")[0]
    record_label(subject=issue, event=other, answer="not_match", user=member)
    assert label_truly(issue, member, 15) == ["similar"] * 15
    assert [card.reason for card in next_cards(issue=issue, limit=8, user=member)].count("random") == 2
    assert {card.reason for card in next_cards(issue=issue, limit=8)} == {"similar"}, (
        "a program asks for them"
    )
    audit = next_cards(issue=issue, limit=8, audit=True)
    assert {card.reason for card in audit} == {"random"} and all(card.probability for card in audit)


def test_near_duplicates_are_asked_once(project: Any, issue: Issue, member: Any, make_event: Any) -> None:
    from signals.vectors.embedding import embed

    same = [make_event(input="Change my flight to Oslo please.", output="Sure.") for _ in range(10)]
    other = [
        make_event(input=text, output="Sure.")
        for text in ("Is my seat on the plane by a window?", "Cancel my ticket.")
    ]
    embed(same + other)
    cards = next_cards(issue=issue, limit=3, user=member)
    assert len([card for card in cards if card.event in same]) == 1


def test_after_the_first_classifier(
    project: Any, issue: Issue, member: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    two_topics(project, 60, 60)
    label_truly(issue, member, 4)
    assert retrain(issue) is not None
    few = next_cards(issue=issue, limit=6, user=member)
    assert {card.reason for card in few} == {"likely"}, "until five matches are known"
    label_truly(issue, member, 18)
    classifier = retrain(issue)
    assert classifier is not None
    at_the_border = next_cards(issue=issue, limit=12, user=member)
    assert {card.reason for card in at_the_border} == {"uncertain", "random"}, "most labels are matches"
    for event in Event.objects.filter(event_id__startswith="return").order_by("event_id")[:24]:
        record_label(subject=issue, event=event, answer="not_match", user=member, why=Why("uncertain", 0.5))
    cards = next_cards(issue=issue, limit=12, user=member)
    assert {card.reason for card in cards} == {"uncertain", "likely", "random"}
    monkeypatch.setattr(picking, "SETTLED", 20)
    many = next_cards(issue=issue, limit=64, user=member)
    far = [card for card in many if card.reason == "far"]
    assert 1 <= len(far) <= 3 and all(card.probability is None for card in far)
    assert sum(card.reason == "disputed" for card in many) <= 3
    assert [card.reason for card in cards].count("random") == 3
    likely = [card for card in cards if card.reason == "likely"]
    uncertain = [card for card in cards if card.reason == "uncertain"]
    assert min(card.score or 0 for card in likely[:2]) > classifier.threshold
    distance = [abs((card.score or 0) - classifier.threshold) for card in uncertain]
    assert np.mean(distance) < np.mean([abs((card.score or 0) - classifier.threshold) for card in likely])
    assert [card.reason for card in cards].count("uncertain") > [card.reason for card in cards].count(
        "random"
    )


def test_nothing_is_asked_twice(project: Any, issue: Issue, member: Any, viewer: Any) -> None:
    two_topics(project, 5, 5)
    shown = next_cards(issue=issue, limit=4, user=member)
    more = next_cards(issue=issue, limit=20, user=member, exclude=[card.event.id for card in shown])
    assert not {card.event.id for card in shown} & {card.event.id for card in more}
    assert len(more) == 6
    record_label(subject=issue, event=shown[0].event, answer="match", user=member)
    record_label(subject=issue, event=shown[1].event, answer="unsure", user=member)
    mine = {card.event.id for card in next_cards(issue=issue, limit=20, user=member)}
    assert not mine & {shown[0].event.id, shown[1].event.id}
    theirs = {card.event.id for card in next_cards(issue=issue, limit=20, user=viewer)}
    assert shown[0].event.id not in theirs  # it is settled
    assert shown[1].event.id in theirs  # another pair of eyes
    label_truly(issue, member, 8)
    assert next_cards(issue=issue, limit=5, user=member) == []


def test_an_empty_project_has_no_cards(issue: Issue, member: Any) -> None:
    assert next_cards(issue=issue, limit=5, user=member) == []


def test_only_this_projects_events(project: Any, other_project: Any, issue: Issue, member: Any) -> None:
    two_topics(project, 3, 3)
    two_topics(other_project, 10, 10)
    cards = next_cards(issue=issue, limit=50, user=member)
    assert {card.event.project_id for card in cards} == {project.id}
    assert len(cards) == 6


def test_it_asks_little_at_ten_thousand_events(project: Any, issue: Issue, member: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            """INSERT INTO ingest_event (id, project_id, event_id, name, timestamp, received_at, model, input, output,
                 properties, feature_flags, trace_id, is_pending, revision, tool_calls, tool_errors, counted)
               SELECT gen_random_uuid(), %s, 'e' || n, 'chat', now() - n * interval '1 minute', now(), '', 'in', 'out',
                 '{}', '{}', '', false, 0, 0, 0, false FROM generate_series(1, 10000) n""",
            [project.id],
        )
    draw = np.random.default_rng(1)
    ids = list(Event.objects.order_by("-timestamp").values_list("id", flat=True))
    vectors = draw.normal(size=(2, 500, 384))
    vectors /= np.linalg.norm(vectors, axis=2, keepdims=True)
    EventEmbedding.objects.bulk_create(
        EventEmbedding(event_id=id, project=project, user_vector=u, agent_vector=a, text_hash=b"")
        for id, u, a in zip(ids, vectors[0].round(4), vectors[1].round(4), strict=False)
    )
    with (
        connection.cursor() as cursor
    ):  # the others say the same as one of these each: 10,000 through the ORM take 20 s
        cursor.execute(
            """INSERT INTO signals_eventembedding (event_id, project_id, user_vector, agent_vector, text_hash)
               SELECT other.id, e.project_id, e.user_vector, e.agent_vector, ''
               FROM signals_eventembedding e JOIN unnest(%s::uuid[]) WITH ORDINALITY said (id, n) ON said.id = e.event_id
               JOIN unnest(%s::uuid[]) WITH ORDINALITY other (id, n) ON other.n %% 500 = said.n %% 500""",
            [ids[:500], ids[500:]],
        )
    assert EventEmbedding.objects.count() == 10_000
    for answer, id in zip(["match", "not_match"] * 6, ids, strict=False):
        record_label(subject=issue, event=Event.objects.get(pk=id), answer=answer, user=member)
    assert len(next_cards(issue=issue, limit=3, user=member)) == 3
    retrain(issue)
    # 0.15 s on a quiet machine. Times are not asserted; what would make them grow with the project is.
    with CaptureQueriesContext(connection) as captured:
        assert len(next_cards(issue=issue, limit=3, user=member)) == 3
    assert len(captured) < 60


# -- training


def test_training_waits_for_a_match(project: Any, issue: Issue, member: Any) -> None:
    events = two_topics(project, 5, 5)
    assert retrain(issue) is None
    record_label(subject=issue, event=events[5], answer="not_match", user=member)
    assert retrain(issue) is None
    unembedded = send(project, "flight", 100, 1)[0]
    record_label(subject=issue, event=unembedded, answer="match", user=member)
    assert retrain(issue) is None
    assert not Classifier.objects.exists()
    record_label(subject=issue, event=events[0], answer="match", user=member)
    classifier = retrain(issue)
    assert classifier is not None
    assert (classifier.version, classifier.labels_count, classifier.positives_count) == (1, 2, 1)
    assert Job.objects.get(kind="rescore").state == JobState.QUEUED
    assert issue.activity.filter(kind="trained", data__version=1).count() == 1


def test_one_training_waits_at_a_time(project: Any, issue: Issue, member: Any) -> None:
    events = two_topics(project, 4, 4)
    record_label(subject=issue, event=events[0], answer="match", user=member)
    first = retrain_soon(issue)
    assert retrain_soon(issue) == first
    assert OrmQ.objects.count() == 1
    run_job(first.pk)
    first.refresh_from_db()
    assert (first.state, first.message) == (JobState.DONE, "Version 1 is trained.")
    assert retrain_soon(issue) != first
    run_job(uuid.uuid4())  # its project was deleted: nothing to do


def test_a_lost_task_is_sent_again(project: Any, issue: Issue) -> None:
    job = retrain_soon(issue)
    OrmQ.objects.all().delete()
    Job.objects.filter(pk=job.pk).update(updated_at="2020-01-01T00:00:00Z")
    pipeline.every_minute()
    [task] = OrmQ.objects.all()
    assert (task.task["func"], task.task["args"]) == (RUN_JOB, (str(job.pk),))


def test_progress_counts_people_and_events(project: Any, issue: Issue, member: Any, viewer: Any) -> None:
    events = two_topics(project, 8, 8)
    empty = progress(issue, user=member)
    assert (empty.labels, empty.version, empty.job) == (0, None, None)
    assert empty.hint == "Find one match, and a first classifier is trained."
    for event in events[:4]:
        record_label(subject=issue, event=event, answer="match", user=member)
    record_label(subject=issue, event=events[0], answer="match", user=viewer)
    record_label(subject=issue, event=events[8], answer="not_match", user=viewer)
    record_label(subject=issue, event=events[9], answer="unsure", user=viewer)
    retrain(issue)
    now = progress(issue, user=member)
    assert (now.labels, now.mine, now.people, now.matches, now.not_matches, now.unsure) == (7, 4, 2, 4, 1, 1)
    assert (now.version, now.quality["precision"]) == (1, None)
    assert now.job is not None and now.job.kind == "rescore"
    assert now.hint == "1 more match and 4 more non-matches until precision and recall can be measured."


def test_random_cards_meet_a_rare_issue_and_keep_their_probability() -> None:
    """Of 2,000 events 1 % count: more than a third of the cards come from these, and the weights still add up to all events."""
    draw = np.random.default_rng(4)
    found = draw.permutation(np.r_[draw.uniform(0.6, 1.0, 20), draw.uniform(0.0, 0.4, 1980)])
    hits, weight = 0, []
    for issue in range(200):
        order, chances = draw_in_strata(found, threshold=0.5, number=50_000, start=issue / 200)
        hits += int((found[order[:10]] >= 0.5).sum())
        weight += [1 / chance for chance in chances[:10]]
    assert hits / 2000 == pytest.approx(0.4, abs=0.02)
    assert np.mean(weight) == pytest.approx(50_000, rel=0.03)


def test_strata_that_run_out_leave_the_others() -> None:
    found = np.linspace(0, 1, 300)
    order, chances = draw_in_strata(found, threshold=0.99, number=300, start=0.3)
    assert sorted(order) == list(range(300)) and all(0 < chance <= 1 for chance in chances)


def test_few_events_and_no_classifier_are_drawn_plainly() -> None:
    assert draw_in_strata(np.zeros(3), threshold=0.5, number=3, start=0.9) == ([0, 1, 2], [1 / 3] * 3)
    order, chances = draw_in_strata(np.arange(1000.0), threshold=None, number=1000, start=0.0)
    assert sorted(order) == list(range(1000))
    likeliest = [chance for event, chance in zip(order[:20], chances, strict=False) if event >= 950]
    assert 8 <= len(likeliest) <= 12 and likeliest[0] == pytest.approx(0.5 / 50)
