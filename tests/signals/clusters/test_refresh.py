"""Finding clusters: what is found, what stays at the next run, what a crash or a stop leaves."""

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from django.utils import timezone

from ingest.counts.rollups import totals
from ingest.jobs.progress import stop_jobs
from ingest.jobs.runner import run_job
from ingest.models import Event, Job, Project, Total, User
from ingest.models.jobs import JobState
from signals.clusters import refresh
from signals.clusters.changing import change_cluster
from signals.clusters.discovered import quoted_examples
from signals.clusters.members import EVIDENCE, NewMember, replace_members
from signals.clusters.reading import live_clusters
from signals.clusters.refresh import DISCOVER, refresh_due, request_refresh
from signals.models import (
    Cluster,
    ClusterConversation,
    ClusterMember,
    ClusterStatus,
    Facet,
    SignalDefinition,
    SignalMatch,
)
from signals.models.definitions import Sentiment
from tests.signals.conftest import Happen, run_pipeline

Counts = dict[str, tuple[int, int, int]]


def find(project: Project) -> Job:
    job = request_refresh(project)
    run_job(job.pk)
    job.refresh_from_db()
    return job


def counts_of(project: Project, kind: str) -> Counts:
    """By origin (of an intent by label): events, users, conversations."""
    found = {}
    for one in live_clusters(project).filter(kind=kind):
        total = totals([one.pk])[one.pk]
        found[one.origin or one.label] = (total.events, total.users, one.conversations)
    return found


def test_problems_and_intents_are_found_with_exact_counts(project: Project, broken: list[Event]) -> None:
    job = find(project)
    assert job.state == JobState.DONE and job.message.endswith("in 24 events.") and job.done == job.total
    assert counts_of(project, "problem") == {"tool sync": (6, 6, 6), "tool export": (4, 4, 4)}
    sync = Cluster.objects.get(origin="tool sync")
    assert (
        sync.label == "`sync` fails: connection refused by node …"
        and sync.signal
        and sync.signal.key == "tool_failure"
    )
    assert {row.source for row in sync.members.all()} == {"evidence"}
    assert set(sync.examples) <= {event.id for event in broken[:6]} and len(sync.examples) == 5
    assert totals([sync.pk])[sync.pk].first_seen == broken[0].timestamp
    finest = live_clusters(project).filter(kind="intent").exclude(assigner=b"")
    assert sorted(totals([one.pk])[one.pk].events for one in finest) == [12, 12]
    for one in live_clusters(project).filter(kind="intent", parent__isnull=False):
        assert one.parent is not None and one.parent.level < one.level
        mine, above = (set(row.members.values_list("event", flat=True)) for row in (one, one.parent))
        assert mine <= above


def test_the_only_part_of_an_intent_is_the_intent(project: Project, broken: list[Event]) -> None:
    find(project)
    intents = list(live_clusters(project).filter(kind="intent"))
    parents = [one.parent_id for one in intents if one.parent_id]
    assert intents and all(parents.count(parent) > 1 for parent in parents)
    assert all(one.assigner for one in intents if one.pk not in parents)  # they take new events
    ids = {one.pk for one in intents}
    # As earlier versions stored it; and one that a person knows.
    for status in (ClusterStatus.NEW, ClusterStatus.KNOWN):
        Cluster.objects.create(
            project=project, kind="intent", parent=intents[0], level=1, label=intents[0].label,
            centroid=intents[0].centroid, status=status,
        )  # fmt: skip
    find(project)
    others = [one for one in live_clusters(project).filter(kind="intent") if one.pk not in ids]
    assert [one.status for one in others] == [ClusterStatus.KNOWN]


def test_ids_names_and_status_stay_and_what_a_person_touched_is_never_gone(
    project: Project, broken: list[Event]
) -> None:
    find(project)
    sync, export = Cluster.objects.get(origin="tool sync"), Cluster.objects.get(origin="tool export")
    change_cluster(cluster=sync, label="Sync is down", status=ClusterStatus.KNOWN)
    before = set(live_clusters(project).values_list("id", flat=True))
    find(project)
    assert set(live_clusters(project).values_list("id", flat=True)) == before
    sync.refresh_from_db()
    assert (sync.label, sync.status) == ("Sync is down", "known")
    # Nothing fails any more.
    Event.objects.filter(tool_errors__gt=0).update(tool_errors=0)
    SignalMatch.objects.all().delete()
    find(project)
    sync.refresh_from_db()
    export.refresh_from_db()
    assert not sync.is_gone and export.is_gone
    assert (
        "tool export" not in counts_of(project, "problem")
        and counts_of(project, "problem")["tool sync"][0] == 0
    )


def test_what_only_one_person_met_is_no_problem_yet(project: Project, happen: Happen) -> None:
    for _ in range(3):
        happen(tool="sync", error="no answer", user_id="same")
    run_pipeline()
    find(project)
    assert counts_of(project, "problem") == {}


def test_what_an_agent_says_of_a_failed_tool_is_no_further_problem(project: Project, happen: Happen) -> None:
    words = {"input": "Order two straps please.", "output": "I'm sorry, I couldn't place the order just now."}
    for n in range(6):
        failed = {"tool": "order", "error": "504 Gateway Timeout"} if n < 3 else {}
        happen(days=n + 1, user_id=f"u{n}", convo_id=f"c{n}", **words, **failed)
    run_pipeline()
    find(project)
    assert counts_of(project, "problem") == {"tool order": (3, 3, 3), "complaint": (3, 3, 3)}


def test_a_problem_inside_a_failing_tools_is_its_part_and_takes_no_others(
    project: Project, happen: Happen
) -> None:
    refused = {"input": "Try it again, will you", "output": "I'm sorry, I can't help you with that request."}
    for n in range(24):
        failed = {"tool": "order", "error": "504 Gateway Timeout"} if n < 4 else {}
        talk = {"user_id": f"u{n}", "convo_id": f"c{n}"}
        happen(
            input="Order two straps please.", output="Which size do you need?", days=n + 1, **talk, **failed
        )
        if failed:
            happen(days=n + 0.9, **talk, **refused)
    run_pipeline()
    find(project)
    order, refusal = Cluster.objects.get(origin="tool order"), Cluster.objects.get(origin="signal refusal")
    assert refusal.parent == order and refusal.level == 1
    # All events of the part are the whole's too.
    assert counts_of(project, "problem") == {"tool order": (8, 4, 4), "signal refusal": (4, 4, 4)}
    happen(user_id="v", convo_id="v", input="My cat is ill", output="I can't give you medical advice, sorry.")
    run_pipeline()
    assert counts_of(project, "problem")["tool order"] == (8, 4, 4)
    for n in range(4):
        happen(user_id=f"v{n}", convo_id=f"v{n}", **refused)
    run_pipeline()
    find(project)
    refusal.refresh_from_db()
    assert refusal.parent is None and counts_of(project, "problem")["tool order"] == (4, 4, 4)


def test_a_problem_of_the_last_days_is_emerging(
    project: Project, broken: list[Event], happen: Happen
) -> None:
    for n in range(12):
        happen(
            tool="pay", error="card declined", days=n / 3, user_id=f"late{n}", input="Pay this please, now"
        )
    run_pipeline()
    find(project)
    marked = {one.origin: one for one in live_clusters(project).filter(kind="problem", is_emerging=True)}
    assert set(marked) == {"tool pay"} and "12 of" in marked["tool pay"].emerging_reason


def test_a_correction_is_named_by_the_answer_that_it_corrects(project: Project, happen: Happen) -> None:
    """Not by "it was always kg before", which is what the user wants."""
    correction = SignalDefinition.objects.create(
        project=project, key="correction", name="Correction", sentiment=Sentiment.NEGATIVE, enabled=True
    )
    for n in range(4):
        words = {"user_id": f"u{n}", "convo_id": f"c{n}"}
        happen(
            days=n + 1,
            input="How heavy is hive b?",
            output=f"Good news! The scale shows {90 + n} pounds.",
            **words,
        )
        later = happen(
            days=n + 0.9, input="No, that's wrong. It was always kg before.", output="Noted.", **words
        )
        SignalMatch.objects.create(
            project=project, signal=correction, event=later, end_user=later.end_user,
            timestamp=later.timestamp, evidence=[{"side": "user", "text": "It was always kg before.", "start": 18, "end": 42}],
        )  # fmt: skip
    find(project)
    [found] = live_clusters(project).filter(kind="problem", signal__key="correction")
    assert found.label == "Correction of “The scale shows … pounds.”"
    assert "It was always kg before" in found.description


def test_members_that_change_are_no_growth(project: Project, broken: list[Event], happen: Happen) -> None:
    """As when groups fall otherwise than the last time: the cluster held earlier events, which are of none now, and others came to it."""
    for n in range(12):
        happen(
            tool="pay", error="card declined", days=n / 3, user_id=f"late{n}", input="Pay this please, now"
        )
    run_pipeline()
    find(project)
    pay = Cluster.objects.get(origin="tool pay")
    assert pay.is_emerging
    ClusterMember.objects.filter(cluster=pay).delete()
    members = [
        NewMember(pay.id, one.id, project.id, one.conversation_id, one.end_user_id, one.timestamp, 1.0, EVIDENCE, "")
        for one in broken[12:]
    ]  # fmt: skip
    replace_members(project.id, members, clusters=[pay.id])
    find(project)
    pay.refresh_from_db()
    assert pay.members.count() == 12 and not pay.is_emerging
    find(project)  # its members stay
    pay.refresh_from_db()
    assert pay.is_emerging


def test_what_a_reader_said_makes_clusters_and_is_given_to_its_event(
    project: Project, broken: list[Event]
) -> None:
    for n, event in enumerate(broken[12:16]):
        Facet.objects.create(
            project=project, conversation=event.conversation, event=event, end_user=event.end_user, timestamp=event.timestamp, text_hash=b"h",
            prompt_version="1", sampled="random", intent="Book a flight", quote="a flight", where="assistant",
            went_wrong=("Booked the wrong day", "Booked a flight on the wrong day")[n % 2],
        )  # fmt: skip
    find(project)
    [found] = live_clusters(project).filter(origin="facet")
    assert set(found.members.values_list("event", flat=True)) == {event.id for event in broken[12:16]}
    assert {(row.source, row.phrase) for row in found.members.all()} == {("facet", "a flight")}


def test_an_intents_examples_are_what_users_began_with_though_a_reader_spoke_of_a_later_event(
    project: Project, broken: list[Event], happen: Happen
) -> None:
    for n, event in enumerate(broken):
        thanks = happen(
            days=(20 - n / 2) - 0.01, user_id=f"u{n}", convo_id=f"c{n}", input=f"You are worth your weight in gold, number {n}"
        )  # fmt: skip
        Facet.objects.create(
            project=project, conversation=event.conversation, event=thanks, end_user=event.end_user, timestamp=thanks.timestamp, text_hash=b"h",
            prompt_version="1", sampled="random", intent=("Book a flight", "Send an invoice")[n % 2], quote="gold", where="user", went_wrong="",
        )  # fmt: skip
    run_pipeline()
    find(project)
    found = quoted_examples(list(live_clusters(project).filter(kind="intent")))
    quotes = [example.quote for examples in found.values() for example in examples]
    assert quotes and not [quote for quote in quotes if "gold" in quote], quotes


def test_a_failing_tool_is_a_part_of_what_a_reader_said_of_it_and_stays_itself(
    project: Project, broken: list[Event]
) -> None:
    find(project)
    before = Cluster.objects.get(origin="tool sync")
    for event in broken[:6]:
        Facet.objects.create(
            project=project, conversation=event.conversation, event=event, end_user=event.end_user, timestamp=event.timestamp, text_hash=b"h",
            prompt_version="1", sampled="random", intent="Book a flight", quote="node", where="tool", went_wrong="The sync server is away",
        )  # fmt: skip
    find(project)
    facet, sync = Cluster.objects.get(origin="facet"), Cluster.objects.get(origin="tool sync")
    assert (sync.pk, sync.parent_id, sync.level, facet.level) == (before.pk, facet.pk, 1, 0)
    assert counts_of(project, "problem") == {
        "facet": (6, 6, 6),
        "tool sync": (6, 6, 6),
        "tool export": (4, 4, 4),
    }
    assert find(project).message.startswith("2 problems")  # one problem, once; and the same the next night
    sync.refresh_from_db()
    assert (sync.parent_id, sync.level, sync.is_gone) == (facet.pk, 1, False)
    change_cluster(cluster=sync, status=ClusterStatus.KNOWN)
    find(project)
    sync.refresh_from_db()
    assert (sync.parent_id, sync.level) == (None, 0)  # a person sees it as a problem of its own


def test_one_run_at_a_time_and_it_looks_again_for_who_asked_meanwhile(
    project: Project, broken: list[Event], monkeypatch: pytest.MonkeyPatch
) -> None:
    job, runs = request_refresh(project), []
    original = refresh._discover

    def slow(job: Job) -> str:
        runs.append(job.pk)
        if len(runs) == 1:
            assert request_refresh(project).pk == job.pk
        return original(job)

    monkeypatch.setattr(refresh, "_discover", slow)
    assert request_refresh(project).pk == job.pk
    run_job(job.pk)
    assert len(runs) == 2 and Job.objects.filter(kind=DISCOVER).count() == 1
    assert Job.objects.get().state == JobState.DONE
    assert request_refresh(project).pk != job.pk


def test_a_stop_and_a_crash_leave_the_clusters_whole(
    project: Project, broken: list[Event], member: User, happen: Happen, monkeypatch: pytest.MonkeyPatch
) -> None:
    find(project)
    before = snapshot()
    happen(
        tool="sync",
        error="connection refused by node 77",
        user_id="another",
        input="Please book a flight to Bern for me",
    )
    for row in Cluster.objects.all():
        row.members.filter(event=broken[0]).delete()

    def fails(*args: Any, **kwargs: Any) -> None:
        raise RuntimeError("the power went out")

    monkeypatch.setattr("signals.clusters.members.count_again", fails)
    half = snapshot()
    with pytest.raises(RuntimeError):
        find(project)
    assert snapshot() == half
    monkeypatch.undo()
    job = request_refresh(project)
    original = refresh.draft_clusters

    def stopped(*args: Any) -> Any:
        stop_jobs(project=project, kind=DISCOVER, subject=project.id, user=member)
        return original(*args)

    monkeypatch.setattr(refresh, "draft_clusters", stopped)
    run_job(job.pk)
    job.refresh_from_db()
    assert job.state == JobState.STOPPED and snapshot() == half
    monkeypatch.undo()
    find(project)
    assert len(snapshot()["members"]) > len(before["members"])


def snapshot() -> dict[str, Any]:
    return {
        "rows": list(Cluster.objects.order_by("id").values()),
        "members": list(ClusterMember.objects.order_by("id").values()),
        "conversations": list(ClusterConversation.objects.order_by("pk").values()),
        "totals": list(Total.objects.order_by("pk").values()),
    }


def test_it_runs_each_night_and_first_by_itself(project: Project, other_project: Project) -> None:
    noon = timezone.now().replace(hour=12, minute=0, second=0, microsecond=0) + dt.timedelta(days=1)

    def run(events: int) -> None:
        """As a run over so many leaves its job."""
        Job.objects.filter(kind=DISCOVER).update(state=JobState.DONE, total=3 * events, created_at=noon)

    def have(events: int) -> None:
        Total.objects.update_or_create(
            subject=project.id, defaults={"events": events, "project_id": project.id}
        )

    have(refresh.FEWEST - 1)
    assert refresh_due(now=noon) == 0
    have(refresh.FEWEST)
    assert refresh_due(now=noon) == 1
    [job] = Job.objects.filter(kind=DISCOVER)
    assert job.project == project  # another project, without events, has none
    Job.objects.update(created_at=noon)
    assert refresh_due(now=noon) == 0  # it waits already
    run(refresh.FEWEST)
    assert refresh_due(now=noon) == 0
    have(4 * refresh.FEWEST)
    assert refresh_due(now=noon) == 1  # it has grown
    run(refresh.YOUNG)
    have(100 * refresh.YOUNG)
    assert refresh_due(now=noon) == 0  # no longer young
    assert refresh_due(now=noon + dt.timedelta(days=1, hours=-10, minutes=1)) == 1  # 02:01


@pytest.mark.parametrize(("queued", "runs"), [(2, 1), (3, 0)])
def test_a_first_run_waits_for_a_backlog_and_not_for_traffic(
    project: Project, make_event: Callable[..., Event], queued: int, runs: int
) -> None:
    """Of 20 events a tenth may wait: where events never stop, some always do."""
    Total.objects.create(subject=project.id, project_id=project.id, events=20)
    for _ in range(queued):
        make_event()
    assert refresh_due(now=timezone.now()) == runs


@pytest.mark.parametrize("state", [JobState.FAILED, JobState.STOPPED])
def test_a_run_that_failed_or_was_stopped_is_not_begun_again_each_minute(
    project: Project, state: JobState
) -> None:
    Total.objects.create(subject=project.id, project_id=project.id, events=1000)
    now = timezone.now()
    assert refresh_due(now=now) == 1
    Job.objects.update(state=state)
    assert refresh_due(now=now) == 0
    assert refresh_due(now=now + dt.timedelta(days=1, minutes=1)) == 1


def test_an_empty_project_has_none(project: Project) -> None:
    assert find(project).message == "0 problems and 0 intents in 0 events."
