"""The stage that gives events to clusters: exact, idempotent, and right after revisions and merges."""

from django.db import connection
from django.test.utils import CaptureQueriesContext

from ingest.counts.rollups import take_back, totals
from ingest.incoming.values import IncomingEvent, IncomingSpan
from ingest.models import Event, Project
from ingest.store.events import store_events
from signals.clusters.assigning import assign_clusters
from signals.clusters.members import count_again, move_members
from signals.models import Cluster, ClusterConversation, ClusterMember
from tests.signals.clusters.test_refresh import counts_of, find
from tests.signals.conftest import Happen, run_pipeline


def events_of(cluster: Cluster) -> int:
    return totals([cluster.pk])[cluster.pk].events


def check_counts(project: Project) -> None:
    """What was counted as it came is what the table says."""
    ids = list(Cluster.objects.filter(project=project).values_list("id", flat=True))
    before = {pk: (t.events, t.users, t.first_seen, t.last_seen) for pk, t in totals(ids).items()}
    conversations = dict(Cluster.objects.values_list("id", "conversations"))
    rows = list(ClusterConversation.objects.order_by("pk").values())
    count_again(sorted(ids), project=project.id)
    after = {pk: (t.events, t.users, t.first_seen, t.last_seen) for pk, t in totals(ids).items()}
    assert {pk: v for pk, v in before.items() if v[0]} == {pk: v for pk, v in after.items() if v[0]}
    assert dict(Cluster.objects.values_list("id", "conversations")) == conversations
    assert list(ClusterConversation.objects.order_by("pk").values()) == rows


def test_new_events_are_members_as_they_arrive(project: Project, broken: list[Event], happen: Happen) -> None:
    find(project)
    sync = Cluster.objects.get(origin="tool sync")
    one = happen(
        tool="sync",
        error="connection refused by node 77",
        user_id="u0",
        convo_id="new",
        input="Please book a flight to Bern for me",
    )
    near = happen(
        tool="sync",
        error="the connection was refused by the server",
        user_id="new",
        input="Please write an invoice for Ann",
    )
    other = happen(tool="draw", error="quota of pictures exceeded", user_id="new")
    run_pipeline()
    assert counts_of(project, "problem")["tool sync"] == (8, 7, 7)
    assert set(sync.members.filter(event__in=[one, near, other]).values_list("event", flat=True)) == {
        one.id,
        near.id,
    }
    flights = ClusterMember.objects.filter(event=one, cluster__kind="intent")
    same = ClusterMember.objects.filter(event=broken[0], cluster__kind="intent")
    assert set(flights.values_list("cluster")) == set(same.values_list("cluster")) != set()
    check_counts(project)


def test_a_second_run_changes_nothing(project: Project, broken: list[Event]) -> None:
    find(project)
    before = list(ClusterMember.objects.order_by("id").values())
    assign_clusters(list(Event.objects.select_related("project")))
    assert list(ClusterMember.objects.order_by("id").values()) == before
    check_counts(project)


def test_later_turns_are_of_the_intent_of_their_conversation(
    project: Project, broken: list[Event], happen: Happen
) -> None:
    find(project)
    [second] = [happen(convo_id="c0", user_id="u0", input="yes", days=-1)]
    run_pipeline()
    mine, first = (
        set(ClusterMember.objects.filter(event=one, cluster__kind="intent").values_list("cluster", flat=True))
        for one in (second, broken[0])
    )
    assert mine == first != set()


def test_an_event_that_is_revised_is_assigned_and_counted_anew(
    project: Project, broken: list[Event], happen: Happen
) -> None:
    find(project)
    event = happen(event_id="late", user_id="u0", convo_id="c0", input="Sync now, please do it now")
    run_pipeline()
    sync = Cluster.objects.get(origin="tool sync")
    assert events_of(sync) == 6
    span = IncomingSpan(name="sync", kind="tool", status="error", error="connection refused by node 77")
    store_events(
        project=project,
        events=[IncomingEvent(event_id="late", name="chat", user_id="zoe", convo_id="other", spans=[span])],
    )
    run_pipeline()
    assert events_of(sync) == 7
    check_counts(project)
    Event.objects.filter(pk=event.pk).update(tool_errors=0)
    event.spans.all().delete()
    event.refresh_from_db()
    event.signal_matches.all().delete()
    assign_clusters([event])
    assert events_of(sync) == 6
    check_counts(project)


def test_members_of_a_merged_event_are_taken_back(project: Project, broken: list[Event]) -> None:
    find(project)
    sync = Cluster.objects.get(origin="tool sync")
    take_back(move_members({broken[0].id: broken[1].id}))
    assert events_of(sync) == 5 and totals([sync.pk])[sync.pk].first_seen == broken[1].timestamp
    check_counts(project)
    assert list(move_members({broken[0].id: broken[1].id})[0].rows) == []


def test_a_project_without_clusters_costs_one_query(project: Project, happen: Happen) -> None:
    event = happen(input="Hello there, how are you")
    event = Event.objects.select_related("project").get(pk=event.pk)
    with CaptureQueriesContext(
        connection,
    ) as queries:
        assign_clusters([event])
    assert len(queries) == 2  # the version, and the rows of it, once
    with CaptureQueriesContext(connection) as queries:
        assign_clusters([event])
    assert len(queries) == 1


def test_another_project_is_left_alone(
    project: Project, other_project: Project, broken: list[Event], happen: Happen
) -> None:
    find(project)
    theirs = happen(
        of=other_project,
        tool="sync",
        error="connection refused by node 77",
        input="Please book a flight to Bern for me",
    )
    run_pipeline()
    assert not ClusterMember.objects.filter(event=theirs).exists()
