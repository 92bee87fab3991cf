"""An event that late spans show to be part of another is merged into it, with all that hangs on it, and nothing is counted twice."""

from collections import Counter
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from ingest.counts import rollups
from ingest.incoming.values import IncomingAttachment, IncomingEvent, IncomingSignal
from ingest.models import (
    Attachment,
    EndUser,
    Event,
    EventKey,
    ExplicitSignal,
    MergedEvent,
    Project,
    Total,
)
from ingest.otlp.traces.assembly import TraceEvent
from ingest.store import merged_events
from ingest.store.events import store_events
from ingest.store.feedback import store_signals
from ingest.store.merged_events import move_stragglers
from ingest.tracing.surplus_events import surplus_of
from ingest.tracing.traces import SILENCE
from issues.actions import create_issue
from issues.models import Issue, IssueMatch
from labeling.labels.labels import record_label, standing_answers, standing_labels, undo_last_label
from raindrop.ids import new_id
from signals.models import EventEmbedding, EventText, SignalDefinition, SignalMatch
from tests.ingest.fixtures.otlp import traces
from tests.ingest.fixtures.otlp.builders import TRACE, span
from tests.ingest.otlp.counting_again import counted, observed, process, recount
from tests.ingest.otlp.test_arrival_order import AGENT, Spans, agents, send, told
from tests.ingest.otlp.test_traces import EVENT_ID, chat, finish
from tests.signals.judging import judge

pytestmark = pytest.mark.django_db
ROOT = {"http.request.method": "POST", "user.id": "u", "session.id": "talk"}
UPSET = "This is the third time I ask, you are useless and I am furious"


def late_root(root: dict[str, Any] = ROOT, *, number: int = 2) -> tuple[Spans, Spans]:
    """(the root, the agents under it); each agent's user is furious, the first one's answer a refusal."""
    made = agents(root, number=number, trace=TRACE)
    for place in range(number):
        words = chat(f"{UPSET} ({place})", "I'm sorry, but I can't help with that.", **{"user.id": "u"})
        made[2 + 2 * place] = span(
            20 + place, trace=TRACE, parent=10 + place, start=2 * place + 1, end=2 * place + 1.5, a=words
        )
    return made[:1], made[1:]


def surplus_of_two(project: Project) -> tuple[Event, Event, Spans]:
    """Two agents' events, both through the pipeline, and the root that makes one of them."""
    root, children = late_root()
    send(project, children)
    finish(after=SILENCE)
    process()
    first, second = Event.objects.filter(project=project).order_by("timestamp")
    return first, second, root


def come_late(project: Project, root: Spans) -> None:
    send(project, root)
    finish(after=SILENCE)


@pytest.mark.parametrize("number", [2, 3, 4])
def test_counts_are_those_of_the_rows(project: Project, number: int) -> None:
    root, children = late_root(number=number)
    send(project, children)
    finish(after=SILENCE)
    process()
    assert Event.objects.count() == number
    assert Total.objects.get(subject=project.id).events == number
    assert SignalMatch.objects.count() >= number
    come_late(project, root)
    process()
    event = Event.objects.get()
    assert Total.objects.get(subject=project.id).events == 1
    assert EndUser.objects.get().events_count == 1
    assert set(SignalMatch.objects.values_list("event", flat=True)) == {event.id}
    assert list(EventEmbedding.objects.values_list("event", flat=True)) == [event.id]
    assert list(EventText.objects.values_list("event", flat=True)) == [event.id]
    assert counted() == recount()


def test_all_is_as_if_it_had_come_in_order(project: Project, other_project: Project) -> None:
    root, children = late_root()
    send(other_project, root + children)
    finish(after=SILENCE)
    process()

    send(project, children)
    finish(after=SILENCE)
    process()
    come_late(project, root)
    process()
    assert told(project) == told(other_project)
    assert observed(project) == observed(other_project)


def test_feedback_that_names_the_old_id(project: Project) -> None:
    first, second, root = surplus_of_two(project)
    early = IncomingSignal(event_id=second.event_id, name="thumbs_down", sentiment="NEGATIVE")
    store_signals(project=project, signals=[early])
    process()
    come_late(project, root)
    late = IncomingSignal(event_id=second.event_id, name="copied", sentiment="POSITIVE")
    assert store_signals(project=project, signals=[late, early]) == 1  # one of them is a repeated delivery
    assert set(
        ExplicitSignal.objects.values_list("event", "app_event_id", "name")
    ) == {(first.id, first.event_id, "thumbs_down"), (first.id, first.event_id, "copied")}  # fmt: skip
    process()
    matched = Counter(SignalMatch.objects.filter(signal__kind="explicit").values_list("event", "signal__key"))
    assert matched == {(first.id, "thumbs_down"): 1, (first.id, "copied"): 1}
    assert counted() == recount()


def test_the_old_id_is_the_events_wherever_a_client_names_it(
    project: Project, query_key: str, admin_key: str, client: Client, member: Any
) -> None:
    first, second, root = surplus_of_two(project)
    come_late(project, root)
    auth = {"Authorization": f"Bearer {query_key}"}
    assert (
        client.get(f"/v1/events/{second.event_id}", headers=auth).json()
        == client.get(f"/v1/events/{first.event_id}", headers=auth).json()
    )
    assert (
        client.get(f"/api/events/{second.event_id}/", headers=auth).json()["event_id"] == first.event_id
    )  # fmt: skip
    client.force_login(member)
    assert str(first.id) in client.get(reverse("event", args=["acme", second.event_id]))["Location"]
    store_events(
        project=project,
        events=[
            IncomingEvent(event_id=second.event_id, properties={"old": 1}),
            IncomingEvent(event_id=first.event_id, properties={"new": 1}),
        ],
    )
    event = Event.objects.get()
    assert (event.properties["old"], event.properties["new"]) == (1, 1)


def test_a_conversation_that_is_left_empty_is_none(project: Project, query_key: str, client: Client) -> None:
    auth = {"Authorization": f"Bearer {query_key}"}

    def listed() -> list[str]:
        return [row["id"] for row in client.get("/v1/conversations", headers=auth).json()["data"]]

    _, _, root = surplus_of_two(project)
    assert listed() == [TRACE]
    come_late(project, root)
    process()
    assert listed() == ["talk"]
    assert client.get(f"/v1/conversations/{TRACE}", headers=auth).status_code == 404
    assert client.get("/v1/conversations/talk", headers=auth).status_code == 200


def test_attachments_and_properties_of_others_move(project: Project) -> None:
    first, second, root = surplus_of_two(project)
    for event in (first, second):
        same = IncomingAttachment(type="text", value="the same", attachment_id="one")
        own = IncomingAttachment(type="text", value=f"of {event.event_id}")
        store_events(
            project=project,
            events=[
                IncomingEvent(
                    event_id=event.event_id,
                    attachments=[same, own],
                    properties={f"of {event.id}": True},
                    fills={},
                )
            ],
        )
    come_late(project, root)
    event = Event.objects.get()
    assert sorted(event.attachments.values_list("value", flat=True)) == sorted(
        [f"of {first.event_id}", f"of {second.event_id}", "the same"]
    )
    assert Attachment.objects.count() == 3
    assert {f"of {first.id}", f"of {second.id}"} <= event.properties.keys()


def test_labels_move(project: Project, member: Any, viewer: Any) -> None:
    issue = create_issue(project=project, title="Refuses", description="")
    first, second, root = surplus_of_two(project)
    record_label(subject=issue, event=first, answer="not_match", user=member)
    record_label(subject=issue, event=second, answer="match", user=member)
    record_label(subject=issue, event=second, answer="match", user=viewer)
    come_late(project, root)
    assert standing_answers(issue) == {first.id: True}
    assert standing_labels(issue).count() == 2
    undone = undo_last_label(subject=issue, user=member)
    assert undone and (undone.event_id, undone.answer) == (first.id, "match")
    assert list(
        standing_labels(issue).filter(user=member).values_list("event", "answer")
    ) == [(first.id, "not_match")]  # fmt: skip


def test_what_people_say_of_signals_moves(project: Project, member: Any, viewer: Any) -> None:
    first, second, root = surplus_of_two(project)
    signal = SignalDefinition.objects.get(project=project, key="refusal")
    judge(signal=signal, event=first, right=True, user=member)
    judge(signal=signal, event=second, right=False, user=member)
    judge(signal=signal, event=second, right=True, user=viewer)
    come_late(project, root)
    assert set(standing_labels(signal).values_list("event", "user__username", "answer")) == {
        (first.id, "alice", "not_match"),
        (first.id, "bob", "match"),
    }


def test_issue_matches_go(project: Project) -> None:
    issue: Issue = create_issue(project=project, title="Refuses", description="")
    first, second, root = surplus_of_two(project)
    matches = [
        IssueMatch(
            project=project,
            issue=issue,
            event=event,
            end_user=event.end_user,
            timestamp=event.timestamp,
            classifier_version=1,
            score=0.9,
        )
        for event in (first, second)
    ]
    IssueMatch.objects.bulk_create(matches)
    rollups.record(
        rollups.Occurrence(issue.pk, project.id, match.timestamp, match.end_user_id) for match in matches
    )
    come_late(project, root)
    assert IssueMatch.objects.get().event_id == first.id
    assert Total.objects.get(subject=issue.pk).events == 1
    process()
    assert counted() == recount()


def test_what_the_app_itself_told_of_an_event_stays(project: Project) -> None:
    _, second, root = surplus_of_two(project)
    store_events(project=project, events=[IncomingEvent(event_id=second.event_id, input="the app's words")])
    come_late(project, root)
    assert Event.objects.get(event_id=second.event_id).input == "the app's words"
    assert Event.objects.count() == 2


def test_an_event_that_the_late_root_names_takes_all(project: Project) -> None:
    root, children = late_root(AGENT | {EVENT_ID: "app-1"})
    send(project, children)
    finish(after=SILENCE)
    process()
    ids = set(Event.objects.values_list("event_id", flat=True))
    come_late(project, root)
    process()
    event = Event.objects.get()
    assert (event.event_id, event.spans.count()) == ("app-1", 5)
    assert dict(EventKey.objects.values_list("event_id", "merged_into")) == {
        "app-1": None,
        **dict.fromkeys(ids, "app-1"),
    }
    assert counted() == recount()


def test_merged_twice_and_told_apart_again(project: Project) -> None:
    """The third agent joins the first two; then a span says that the second one was about somebody else."""
    root, children = late_root(ROOT, number=3)
    send(project, children[2:])  # the second and the third agent
    finish(after=SILENCE)
    third = Event.objects.order_by("timestamp")[1]
    send(project, root)
    finish(after=SILENCE)
    assert EventKey.objects.get(event_id=third.event_id).merged_into == TRACE
    send(project, children[:2])
    finish(after=SILENCE)
    assert Event.objects.get().spans.count() == 7
    other = span(30, trace=TRACE, parent=12, start=5, end=5.5,
                 a=chat("quite another matter, please", "done", **{"user.id": "somebody else"}))  # fmt: skip
    send(project, [other])
    finish(after=SILENCE)
    process()
    assert Counter(Event.objects.values_list("end_user__user_id", flat=True)) == {"u": 1, "somebody else": 1}
    assert not EventKey.objects.filter(
        merged_into__isnull=False, event_uuid__in=MergedEvent.objects.values("id")
    )
    assert counted() == recount()


def test_feedback_that_crossed_the_merge(project: Project) -> None:
    """It found its event before the merge, and is committed after it."""
    first, second, root = surplus_of_two(project)
    store_signals(
        project=project, signals=[IncomingSignal(event_id=second.event_id, name="thumbs_up", sentiment="POSITIVE")]
    )  # fmt: skip
    crossing = ExplicitSignal.objects.get()
    come_late(project, root)
    ExplicitSignal.objects.update(event=second.id, app_event_id=second.event_id)
    assert move_stragglers(now=timezone.now()) == 1
    crossing.refresh_from_db()
    assert (crossing.event_id, crossing.app_event_id) == (first.id, first.event_id)
    assert move_stragglers(now=timezone.now() + 2 * SILENCE * 10) == 0


def test_stragglers_are_moved_a_batch_at_a_time(
    project: Project, make_event: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    into = make_event(event_id="stays")
    merges = [
        MergedEvent(id=new_id(), project=project, event_id=f"gone {n}", into_id=into.id) for n in range(5)
    ]
    MergedEvent.objects.bulk_create(merges)
    sizes: list[int] = []

    def move(rows: Any, names: Any) -> Any:
        sizes.append(len(rows))
        return real(rows, names)

    real = merged_events._move
    monkeypatch.setattr(merged_events, "_move", move)
    monkeypatch.setattr(merged_events, "BATCH", 2)
    assert move_stragglers(now=timezone.now()) == 5 and sizes == [2, 2, 1]


def test_a_surplus_event_is_found_by_where_its_spans_are() -> None:
    def event(event_id: str, *spans: str, named: bool = False) -> TraceEvent:
        return TraceEvent(
            event_id=event_id, named=named, trace_id="t", start_ns=0, end_ns=1, span_ids=list(spans)
        )

    before = [event("t", "1"), event("t-2", "2", "3", "4"), event("app", "5", named=True), event("t-6", "6")]
    made = [event("t", "1", "2"), event("t-3", "3", "4"), event("other", "5")]
    assert [(one.told.event_id, one.heir) for one in surplus_of(before, made)] == [("t-2", "t-3")]


def test_a_verdict_that_came_with_the_trace_is_told_once(project: Project) -> None:
    root, children = late_root()
    verdict = ("gen_ai.evaluation.result", {"gen_ai.evaluation.name": "Relevance"})
    children[3] = span(21, trace=TRACE, parent=11, start=3, end=3.5, events=[verdict],
                       a=chat("is it paid?", "yes", **traces.usage(1, 2)))  # fmt: skip
    send(project, children)
    finish(after=SILENCE)
    assert ExplicitSignal.objects.get().app_event_id != TRACE
    come_late(project, root)
    assert ExplicitSignal.objects.get().app_event_id == TRACE
