"""The stage that matches events to issues: exact counts whatever happens twice, and regressions."""

import datetime as dt
import threading
from typing import Any

import numpy as np
import pytest
from django.db import OperationalError, connection
from django.utils import timezone
from psycopg.errors import DeadlockDetected

from ingest.counts import rollups
from ingest.incoming.values import IncomingEvent
from ingest.jobs.runner import run_job
from ingest.models import Day, Event, Hour, Job, SubjectUser
from ingest.models.jobs import JobState
from ingest.store.events import store_events
from issues.actions import create_issue, delete_issue
from issues.classifier.definition_vectors import definition_vector
from issues.classifier.matching import Outdated, store_matches
from issues.classifier.model import SIDE, WIDTH, to_bytes
from issues.classifier.rescoring import request_rescore
from issues.classifier.scoring import found_in, score
from issues.models import Activity, Classifier, Issue, IssueMatch
from issues.states.doors import apply_action
from issues.states.transitions import Action
from labeling.labels.labels import record_label
from labeling.models import Answer
from signals.models import EventEmbedding
from signals.vectors.embedding import embed
from signals.vectors.reading import vectors_of
from tests.issues.people import run, send

pytestmark = pytest.mark.django_db


def make_issue(project: Any, *, threshold: float = 0.5, sign: float = 1.0) -> Issue:
    """An issue whose first classifier finds what is about flights (sign -1: what is not)."""
    issue = create_issue(project=project, title="Flights", description="A flight, a plane, a seat, a ticket.")
    add_version(issue, threshold=threshold, sign=sign)
    return issue


def add_version(issue: Issue, *, threshold: float = 0.5, sign: float = 1.0) -> Classifier:
    weights = np.zeros(WIDTH, np.float32)
    weights[:SIDE] = 40 * definition_vector(issue) * sign
    weights[-1] = -10 * sign
    return Classifier.objects.create(
        issue=issue,
        version=issue.classifiers.count() + 1,
        weights=to_bytes(weights),
        threshold=threshold,
        definition_version=1,
    )


def names(issue: Issue) -> set[str]:
    return {name.split("-")[0] for name in issue.matches.values_list("event__event_id", flat=True)}


def counted(issue: Issue) -> tuple[int, int, int, int]:
    total = rollups.totals([issue.pk])[issue.pk]
    return (
        total.events,
        total.users,
        sum(Day.objects.filter(subject=issue.pk).values_list("events", flat=True)),
        sum(Hour.objects.filter(subject=issue.pk).values_list("events", flat=True)),
    )


def assert_counts_are_exact(issue: Issue) -> None:
    matches = IssueMatch.objects.filter(issue=issue)
    n, users = matches.count(), matches.values("end_user").distinct().count()
    assert counted(issue) == (n, users, n, n)
    assert SubjectUser.objects.filter(subject=issue.pk).count() == users
    total = rollups.totals([issue.pk])[issue.pk]
    stamps = sorted(matches.values_list("timestamp", flat=True))
    if stamps:
        assert (total.first_seen, total.last_seen) == (stamps[0], stamps[-1])
    for day in Day.objects.filter(subject=issue.pk):
        of_day = matches.filter(timestamp__date=day.start)
        assert (day.events, day.users) == (of_day.count(), of_day.values("end_user").distinct().count())


def test_each_issue_gets_its_events(project: Any) -> None:
    flights, others = make_issue(project), make_issue(project, sign=-1.0)
    untaught = create_issue(project=project, title="No classifier", description="")
    run(send(project, "flight", 0, 30) + send(project, "return", 0, 30))
    assert names(flights) == {"flight"}
    assert names(others) == {"return"}
    assert flights.matches.count() == others.matches.count() == 30
    assert not untaught.matches.exists()
    for issue in (flights, others, untaught):
        assert_counts_are_exact(issue)
    match = flights.matches.select_related("event")[0]
    assert (match.timestamp, match.end_user_id, match.project_id, match.classifier_version) == (
        match.event.timestamp,
        match.event.end_user_id,
        project.id,
        1,
    )


def test_scoring_again_changes_nothing(project: Any, django_assert_max_num_queries: Any) -> None:
    issue = make_issue(project)
    events = send(project, "flight", 0, 20)
    run(events)
    before = set(issue.matches.values_list("id", "score"))
    score(events)
    score(events[:7])
    assert set(issue.matches.values_list("id", "score")) == before
    assert_counts_are_exact(issue)


def test_an_event_that_no_longer_matches_is_taken_out(project: Any) -> None:
    issue = make_issue(project)
    events = send(project, "flight", 0, 12)
    run(events)
    changed = [event for event in events if event.event_id in {"flight-0", "flight-5", "flight-11"}]
    for event in changed:
        event.input = "I want my money back for this kettle."
        event.save(update_fields=["input"])
    embed(changed)
    score(changed)
    assert issue.matches.count() == 9
    assert_counts_are_exact(issue)


def revise(project: Any) -> None:
    """flight-0 gets another text, and goes through the stages."""
    other = IncomingEvent(event_id="flight-0", input="I want my money back for this kettle.", output="No.")
    store_events(project=project, events=[other])
    run(list(Event.objects.filter(event_id="flight-0").select_related("project")))


def test_an_event_that_is_revised_while_it_is_scored(project: Any, monkeypatch: Any) -> None:
    """A slow worker that read the vectors before does not write over what the newer text's run has found."""
    import issues.classifier.scoring

    issue = make_issue(project)
    events = send(project, "flight", 0, 3)
    run(events)
    real = issues.classifier.scoring.vectors_of

    def slowly(**query: Any) -> Any:
        chunk = real(**query)
        monkeypatch.undo()
        revise(project)
        return chunk

    monkeypatch.setattr(issues.classifier.scoring, "vectors_of", slowly)
    score(events)
    assert sorted(issue.matches.values_list("event__event_id", flat=True)) == ["flight-1", "flight-2"]
    assert_counts_are_exact(issue)


@pytest.mark.django_db(transaction=True)
def test_an_event_that_is_revised_while_a_rescore_runs(project: Any, monkeypatch: Any) -> None:
    import issues.classifier.rescoring

    issue = make_issue(project)
    run(send(project, "flight", 0, 3))
    add_version(issue)
    real = issues.classifier.rescoring.vectors_of

    def pipeline() -> None:
        revise(project)
        connection.close()

    thread = threading.Thread(target=pipeline)

    def slowly(**query: Any) -> Any:
        chunk = real(**query)
        thread.start()
        thread.join(timeout=1)  # it waits for the rescore
        return chunk

    monkeypatch.setattr(issues.classifier.rescoring, "vectors_of", slowly)
    run_job(request_rescore(issue).pk)
    thread.join()
    assert sorted(issue.matches.values_list("event__event_id", flat=True)) == ["flight-1", "flight-2"]
    assert_counts_are_exact(issue)


def test_a_match_follows_its_event_to_another_user(project: Any) -> None:
    issue = make_issue(project)
    events = send(project, "flight", 0, 4)
    run(events)
    store_events(project=project, events=[IncomingEvent(event_id="flight-0", user_id="came-late")])
    moved = Event.objects.get(event_id="flight-0")
    score([moved])
    assert issue.matches.get(event=moved).end_user.user_id == "came-late"
    assert issue.matches.count() == 4
    assert_counts_are_exact(issue)


def test_without_text_nothing_matches(project: Any, make_event: Any) -> None:
    issue = make_issue(project, threshold=0.0)
    event = Event.objects.select_related("project").get(pk=make_event(input="", output="").pk)
    run([event])
    assert EventEmbedding.objects.filter(event=event).exists()
    assert not issue.matches.exists()


def test_projects_are_kept_apart(project: Any, other_project: Any) -> None:
    mine, theirs = make_issue(project), make_issue(other_project)
    score_together = send(project, "flight", 0, 4) + send(other_project, "flight", 0, 6)
    run(score_together)
    assert (mine.matches.count(), theirs.matches.count()) == (4, 6)
    assert set(mine.matches.values_list("event__project", flat=True)) == {project.id}
    assert_counts_are_exact(mine)
    assert_counts_are_exact(theirs)


def test_the_newest_version_counts(project: Any) -> None:
    issue = make_issue(project)
    events = send(project, "flight", 0, 5) + send(project, "return", 0, 5)
    run(events)
    add_version(issue, sign=-1.0)
    score(events)
    assert names(issue) == {"return"}
    assert set(issue.matches.values_list("classifier_version", flat=True)) == {2}
    assert_counts_are_exact(issue)


def test_an_old_version_does_not_undo_a_newer_one(project: Any) -> None:
    """A batch that was scored by version 1 and comes to its writing after version 2 was trained."""
    issue = make_issue(project)
    events = send(project, "flight", 0, 3)
    embed(events)
    old = list(Classifier.objects.filter(issue__project=project).current())
    add_version(issue, sign=-1.0)
    with pytest.raises(Outdated):
        store_matches(classifiers=old, events=events, found=np.ones((3, 1)), only_current=True)
    assert not issue.matches.exists()
    newest = list(Classifier.objects.filter(issue__project=project).current())
    store_matches(classifiers=newest, events=events, found=np.ones((3, 1)), only_current=True)
    store_matches(classifiers=old, events=events, found=np.zeros((3, 1)), only_current=False)
    assert set(issue.matches.values_list("classifier_version", flat=True)) == {2}
    assert_counts_are_exact(issue)


# -- regressions


def test_a_resolved_issue_that_happens_again_regresses(project: Any, member: Any) -> None:
    issue = make_issue(project)
    run(send(project, "flight", 0, 3))
    apply_action(action=Action.RESOLVE, issue=issue, user=member)
    run(send(project, "flight", 10, 2, at=issue.state_changed_at - dt.timedelta(minutes=1)))
    issue.refresh_from_db()
    assert issue.state == "resolved"  # it came late, but happened before
    late = timezone.now() + dt.timedelta(seconds=1)
    run(send(project, "flight", 20, 3, at=late))
    issue.refresh_from_db()
    assert (issue.state, issue.substate) == ("open", "regressed")
    activity = Activity.objects.filter(issue=issue).order_by("-id")[0]
    assert activity.actor is None
    assert (activity.data["events"], activity.data["at"]) == (3, late.isoformat())


def test_a_muted_issue_stays_muted_and_is_counted(project: Any, member: Any) -> None:
    issue = make_issue(project)
    apply_action(action=Action.MUTE, issue=issue, user=member)
    run(send(project, "flight", 0, 3, at=timezone.now() + dt.timedelta(seconds=1)))
    issue.refresh_from_db()
    assert issue.state == "muted"
    assert counted(issue)[0] == 3


# -- all events anew


def test_a_rescore_stores_the_difference(project: Any) -> None:
    issue = make_issue(project)
    run(send(project, "flight", 0, 12) + send(project, "return", 0, 12))
    kept = dict(issue.matches.values_list("event", "id"))
    add_version(issue, threshold=0.05)
    job = request_rescore(issue)
    assert request_rescore(issue) == job
    run_job(job.pk)
    job.refresh_from_db()
    assert (job.state, job.done, job.total) == (JobState.DONE, 24, 24)
    assert "version 2" in job.message
    after = dict(issue.matches.values_list("event", "id"))
    assert kept.items() <= after.items()  # a match that stands keeps its row
    assert set(issue.matches.values_list("classifier_version", flat=True)) == {2}
    assert_counts_are_exact(issue)
    run_job(job.pk)  # a task may be delivered twice
    assert dict(issue.matches.values_list("event", "id")) == after


def test_a_rescore_that_changes_nothing_writes_nothing(project: Any, monkeypatch: Any) -> None:
    import issues.classifier.rescoring

    issue = make_issue(project)
    run(send(project, "flight", 0, 12) + send(project, "return", 0, 12))

    def refuse(**kwargs: Any) -> None:
        raise AssertionError(f"{len(kwargs['events'])} events are written")

    monkeypatch.setattr(issues.classifier.rescoring, "store_matches", refuse)
    job = request_rescore(issue)
    run_job(job.pk)
    job.refresh_from_db()
    assert (job.state, job.done) == (JobState.DONE, 24)
    assert issue.matches.count() == 12


@pytest.mark.parametrize("seed", range(3))
def test_a_rescore_leaves_what_the_scores_and_the_answers_say(
    project: Any, member: Any, make_event: Any, monkeypatch: Any, seed: int
) -> None:
    """Events of one side, of both and of none, labels against the classifier, three versions, and ranges of seven events."""
    import issues.classifier.rescoring

    draw = np.random.default_rng(seed)
    monkeypatch.setattr(issues.classifier.rescoring, "CHUNK", 7)
    monkeypatch.setattr(issues.classifier.rescoring, "AT_ONCE", 3)
    issue = create_issue(project=project, title="Whatever", description="")
    events = [make_event(event_id=f"e{i}") for i in range(40)]
    sides = draw.normal(size=(40, 2, SIDE))
    sides /= np.linalg.norm(sides, axis=2, keepdims=True)
    EventEmbedding.objects.bulk_create(
        EventEmbedding(
            event_id=event.pk, project=project, text_hash=b"",
            user_vector=sides[i, 0] if i % 4 < 2 else None,
            agent_vector=sides[i, 1] if i % 2 == 0 else None,
        )
        for i, event in enumerate(events)
    )  # fmt: skip
    answers = {events[i].pk: bool(i % 3) for i in draw.choice(40, 9, replace=False)}
    for event, is_match in answers.items():
        answer = Answer.MATCH if is_match else Answer.NOT_MATCH
        record_label(subject=issue, event=Event.objects.get(pk=event), answer=answer, user=member)
    for version in (1, 2, 3):
        weights = draw.normal(size=WIDTH).astype(np.float32)
        classifier = Classifier.objects.create(
            issue=issue, version=version, weights=to_bytes(weights), threshold=0.4, definition_version=1
        )
        run_job(request_rescore(issue).pk)
        chunk = vectors_of(project=project, event_ids=[event.pk for event in events])
        hits = found_in(chunk, [classifier])[:, 0] >= 0.4
        expected = dict(zip(chunk.ids, hits.tolist(), strict=True)) | answers
        assert set(issue.matches.values_list("event", flat=True)) == {
            event for event, hit in expected.items() if hit
        }
        assert set(issue.matches.values_list("classifier_version", flat=True)) == {version}
        assert_counts_are_exact(issue)


def test_a_rescore_goes_on_to_a_version_trained_meanwhile(project: Any, monkeypatch: Any) -> None:
    issue = make_issue(project)
    embed(send(project, "flight", 0, 6) + send(project, "return", 0, 6))
    import issues.classifier.rescoring

    real, seen = issues.classifier.rescoring.store_matches, []

    def train_in_between(**kwargs: Any) -> None:
        if not seen:
            add_version(issue, sign=-1.0)
        seen.append(kwargs["classifiers"][0].version)
        real(**kwargs)

    monkeypatch.setattr(issues.classifier.rescoring, "store_matches", train_in_between)
    run_job(request_rescore(issue).pk)
    assert seen == [1, 2]
    assert names(issue) == {"return"}
    assert_counts_are_exact(issue)


def test_a_rescore_that_was_cut_off_goes_on(project: Any, monkeypatch: Any) -> None:
    import issues.classifier.rescoring

    issue = make_issue(project)
    events = send(project, "flight", 0, 6)
    embed(events)
    real, chunks = issues.classifier.rescoring.store_matches, []

    def killed_at_the_second(**kwargs: Any) -> None:
        chunks.append({event.event_id for event in kwargs["events"]})
        if len(chunks) == 2:
            raise SystemExit
        real(**kwargs)

    monkeypatch.setattr(issues.classifier.rescoring, "CHUNK", 2)
    monkeypatch.setattr(issues.classifier.rescoring, "store_matches", killed_at_the_second)
    job = request_rescore(issue)
    with pytest.raises(SystemExit):
        run_job(job.pk)
    run_job(job.pk)
    job.refresh_from_db()
    assert (job.state, job.done) == (JobState.DONE, 6)
    assert chunks[1] == chunks[2] and len(chunks) == 4
    assert issue.matches.count() == 6
    assert_counts_are_exact(issue)


def test_a_chunk_that_lost_a_deadlock_is_scored_again(project: Any, monkeypatch: Any) -> None:
    import issues.classifier.rescoring

    issue = make_issue(project)
    embed(send(project, "flight", 0, 6))
    real, chunks = issues.classifier.rescoring.store_matches, []

    def loses_once(**kwargs: Any) -> None:
        chunks.append({event.event_id for event in kwargs["events"]})
        if len(chunks) == 2:
            raise OperationalError("deadlock detected") from DeadlockDetected()
        real(**kwargs)

    monkeypatch.setattr(issues.classifier.rescoring, "CHUNK", 2)
    monkeypatch.setattr(issues.classifier.rescoring, "store_matches", loses_once)
    job = request_rescore(issue)
    run_job(job.pk)
    job.refresh_from_db()
    assert (job.state, job.done) == (JobState.DONE, 6)
    assert chunks[1] == chunks[2] and len(chunks) == 4
    assert_counts_are_exact(issue)


def test_a_failed_rescore_says_why(project: Any, monkeypatch: Any) -> None:
    issue = make_issue(project)
    run(send(project, "flight", 0, 2))
    Classifier.objects.update(weights=b"broken", id="01900000-0000-7000-8000-000000000001")
    job = request_rescore(issue)
    with pytest.raises(ValueError, match="not the weights"):
        run_job(job.pk)
    job.refresh_from_db()
    assert job.state == JobState.FAILED
    assert "not the weights" in job.message
    assert request_rescore(issue) != job


def test_a_rescore_of_a_deleted_issue_ends(project: Any) -> None:
    issue = make_issue(project)
    job = Job.objects.create(project=project, kind="rescore", subject=issue.pk)
    run(send(project, "flight", 0, 2))
    Issue.objects.filter(pk=issue.pk).delete()
    run_job(job.pk)
    job.refresh_from_db()
    assert (job.state, job.message) == (JobState.DONE, "The issue is gone.")


def test_a_deleted_issue_leaves_nothing(project: Any) -> None:
    issue, other = make_issue(project), make_issue(project)
    run(send(project, "flight", 0, 3))
    pk = issue.pk
    request_rescore(issue)
    delete_issue(issue=issue)
    assert not IssueMatch.objects.filter(issue_id=pk).exists()
    assert rollups.totals([pk])[pk].events == 0
    assert not Day.objects.filter(subject=pk).exists()
    assert not Job.objects.filter(subject=pk).exists()
    assert other.matches.count() == 3


@pytest.mark.django_db(transaction=True)
def test_twice_at_once_counts_once(project: Any) -> None:
    """Two workers with the same batch while a rescore runs and versions change."""
    issue, second = make_issue(project), make_issue(project, sign=-1.0)
    events = send(project, "flight", 0, 40) + send(project, "return", 0, 40)
    embed(events)
    rollups.count_events(events)
    errors: list[Exception] = []

    def together(*works: Any) -> None:
        barrier = threading.Barrier(len(works))

        def work(do: Any) -> None:
            try:
                barrier.wait()
                do()
            except Exception as error:
                errors.append(error)
            finally:
                connection.close()

        threads = [threading.Thread(target=work, args=[do]) for do in works]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    together(*[lambda: score(events)] * 3)
    assert issue.matches.count() == second.matches.count() == 40
    assert_counts_are_exact(issue)
    for sign in (-1.0, 1.0):
        add_version(issue, sign=sign)
        job = request_rescore(issue)
        together(lambda: score(events), lambda: score(events[::2]), lambda job=job: run_job(job.pk))
        assert names(issue) == {"flight" if sign > 0 else "return"}
        assert_counts_are_exact(issue)
        assert_counts_are_exact(second)
    assert not errors
