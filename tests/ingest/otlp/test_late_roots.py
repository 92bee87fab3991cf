"""A root that comes after the silence joins what was made of its trace: the events are the same in every order, and none is left over.

Of agents whose common root comes last, each was an event by then: the root makes one event of them, and the others are merged into it.
"""

from itertools import permutations
from typing import Any

import pytest

from ingest.models import Event, Project
from ingest.tracing.traces import SILENCE
from tests.ingest.fixtures.otlp import traces
from tests.ingest.fixtures.otlp.builders import request as made_of
from tests.ingest.fixtures.otlp.builders import span
from tests.ingest.otlp.test_traces import chat, finish, part, send

pytestmark = pytest.mark.django_db
AGENT = {"gen_ai.operation.name": "invoke_agent", "gen_ai.agent.name": "shop"}
ROOTS: dict[str, dict[str, Any]] = {
    "an HTTP request": {"http.request.method": "POST", "user.id": "u"},
    "an agent": AGENT
    | {
        "user.id": "u",
        "gen_ai.input.messages": [traces.text("user", "where is my order")],
        "gen_ai.output.messages": [traces.text("assistant", "yes, it is")],
    },
}


def siblings(root: dict[str, Any]) -> dict[str, Any]:
    return made_of(
        span(1, a=root),
        span(2, parent=1, start=1, end=2, a=chat("where is my order", "let me look")),
        span(3, parent=1, start=3, end=4, a=chat("is it paid?", "yes, it is")),
    )


def cousins(root: dict[str, Any]) -> dict[str, Any]:
    return made_of(
        span(1, a=root),
        span(4, parent=1, start=1, end=2, a=AGENT),
        span(2, parent=4, start=1, end=2, a=chat("where is my order", "let me look")),
        span(5, parent=1, start=3, end=4, a=AGENT),
        span(3, parent=5, start=3, end=4, a=chat("is it paid?", "yes, it is")),
    )


def told(project: Project) -> list[tuple[Any, ...]]:
    rows = Event.objects.filter(project=project).order_by("timestamp", "event_id")
    return [
        (row.event_id, row.input, row.output, row.end_user and row.end_user.user_id, row.spans.count())
        for row in rows
    ]


@pytest.mark.parametrize("order", list(permutations((1, 2, 3))))
@pytest.mark.parametrize("kind", ROOTS)
@pytest.mark.parametrize("shape", [siblings, cousins])
def test_every_order_gives_the_same_events(
    project: Project,
    other_project: Project,
    shape: Any,
    kind: str,
    order: tuple[int, ...],
) -> None:
    send(other_project, shape(ROOTS[kind]))
    finish(after=SILENCE)
    parts = {1: (1,), 2: (4, 2), 3: (5, 3)}
    for number in order:
        send(project, part(shape(ROOTS[kind]), *parts[number]))
        finish(after=SILENCE)
    assert told(project) == told(other_project)
    assert all(spans for *_, spans in told(project))
