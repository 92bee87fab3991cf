"""Detached sub-agents without a span of their own, in every order of arrival."""

import itertools
from typing import Any

import pytest

from ingest.incoming.values import IncomingEvent
from ingest.models import Event, Project
from ingest.store.events import store_events
from ingest.tracing.handoffs import link_to_parents
from tests.ingest.fixtures.otlp.builders import request, span
from tests.ingest.otlp.test_traces import EVENT_ID, chat, finish, send

pytestmark = pytest.mark.django_db
LAUNCH = {
    "traceloop.span.kind": "tool", "raindrop.handoff.mode": "detached", "raindrop.handoff.childEventId": "child",
    "raindrop.handoff.name": "critic", EVENT_ID: "parent",
}  # fmt: skip


def launch() -> dict[str, Any]:
    return request(
        span(1, a=chat("research", "launched") | {EVENT_ID: "parent"}), span(2, "launch", 1, a=LAUNCH)
    )


@pytest.mark.parametrize("order", list(itertools.permutations(["child", "processed", "launch", "finished"])))
def test_a_cancelled_sub_agent_finds_its_parent(project: Project, order: tuple[str, ...]) -> None:
    for step in (*order, "processed", "finished"):
        if step == "child":
            store_events(
                project=project,
                events=[
                    IncomingEvent(
                        event_id="child", output="Cancelled: superseded", properties={"raindrop.handoff.terminal": "cancelled"}
                    )
                ],
            )  # fmt: skip
        elif step == "launch":
            send(project, launch())
        elif step == "finished":
            finish()
        else:
            link_to_parents(list(Event.objects.filter(is_pending=False)))
    child, parent = Event.objects.get(event_id="child"), Event.objects.get(event_id="parent")
    assert child.properties == {
        "raindrop.handoff.terminal": "cancelled",
        "raindrop.handoff.parentEventId": "parent",
        "raindrop.handoff.parentSpanId": f"{2:016x}",
        "raindrop.handoff.name": "critic",
        "raindrop.agent.role": "subagent",
    }
    assert "raindrop.handoff.parentEventId" not in parent.properties
    assert Event.objects.count() == 2


def test_a_child_that_never_says_anything_is_no_event(project: Project) -> None:
    send(project, launch())
    finish()
    assert [event.event_id for event in Event.objects.all()] == ["parent"]


def test_what_the_child_says_itself_stays(project: Project) -> None:
    told = {"raindrop.handoff.parentEventId": "another", "raindrop.handoff.name": "reviewer"}
    store_events(project=project, events=[IncomingEvent(event_id="child", input="x", properties=told)])
    send(project, launch())
    finish()
    child = Event.objects.get(event_id="child")
    assert child.properties["raindrop.handoff.parentEventId"] == "another"
    assert child.properties["raindrop.handoff.name"] == "reviewer"


def test_another_projects_launch_is_none_of_ours(project: Project, other_project: Project) -> None:
    send(other_project, launch())
    finish()
    store_events(project=project, events=[IncomingEvent(event_id="child", input="x")])
    link_to_parents(list(Event.objects.all()))
    assert Event.objects.get(event_id="child").properties == {}


@pytest.mark.parametrize("first", ["child", "launch"])
def test_a_child_that_is_full_is_no_reason_to_fail(project: Project, first: str) -> None:
    full = IncomingEvent(event_id="child", output="done", properties={f"k{i}": i for i in range(998)})
    if first == "child":
        store_events(project=project, events=[full])
    send(project, launch())
    finish()
    if first == "launch":
        store_events(project=project, events=[full])
    link_to_parents(list(Event.objects.filter(event_id="child")))
    assert Event.objects.get(event_id="child").properties == full.properties
    assert Event.objects.filter(event_id="parent").exists()
