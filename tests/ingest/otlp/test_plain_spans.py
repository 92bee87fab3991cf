"""Spans without GenAI that say who a trace is about, in every order of arrival."""

import datetime as dt
import itertools
from typing import Any

import pytest
from django.utils import timezone

from ingest.models import Event, PlainSpan, Project, Span
from ingest.tracing.plain_spans import KEPT, MAX_SPANS, forget_plain_spans
from tests.ingest.fixtures.otlp.builders import request, span
from tests.ingest.otlp.test_assembly import chat
from tests.ingest.otlp.test_traces import finish, send

pytestmark = pytest.mark.django_db
ROOT = span(
    1,
    "enqueue question",
    end=0.02,
    a={"messaging.system": "rabbitmq", "user.id": "finn", "session.id": "desk-2"},
)
BETWEEN = span(2, "process", 1, start=0.2, end=2, a={"messaging.system": "rabbitmq"})
CALL = span(3, parent=2, start=0.3, end=1.2, a=chat("Where do I sign?", "On page two."))


@pytest.mark.parametrize("order", list(itertools.permutations([ROOT, BETWEEN, CALL])))
@pytest.mark.parametrize("waits", [(), (0,), (1,), (0, 1)])
def test_the_order_of_arrival_changes_nothing(project: Project, order: Any, waits: tuple[int, ...]) -> None:
    for place, one in enumerate(order):
        send(project, request(one))
        if place in waits:
            finish(after=dt.timedelta(minutes=10))
    finish(after=dt.timedelta(minutes=10))
    event = Event.objects.get()
    assert (event.input, event.output, event.latency_ms) == ("Where do I sign?", "On page two.", 900.0)
    assert event.end_user and event.end_user.user_id == "finn"
    assert event.conversation and event.conversation.convo_id == "desk-2"
    assert not PlainSpan.objects.exists()


def test_a_root_that_came_first_is_no_reason_to_wait(project: Project) -> None:
    send(project, request(ROOT, BETWEEN))
    assert not Span.objects.exists()
    send(project, request(CALL))
    finish()  # the grace after a root, not the silence
    assert Event.objects.get().spans.count() == 3


def test_what_nobody_is_named_in_is_not_kept(project: Project) -> None:
    send(project, request(BETWEEN, span(9, "SELECT", 2, a={"db.system": "x"})))
    assert not PlainSpan.objects.exists()


def test_what_stays_alone_is_forgotten(project: Project) -> None:
    send(project, request(ROOT, *[span(n, parent=1, a={"db.system": "x"}) for n in range(10, 200)]))
    send(project, request(ROOT))
    assert PlainSpan.objects.count() == MAX_SPANS
    assert forget_plain_spans(timezone.now()) == 0
    assert forget_plain_spans(timezone.now() + KEPT + dt.timedelta(seconds=1)) == MAX_SPANS


def test_it_is_redacted_and_of_one_project(project: Project, other_project: Project) -> None:
    send(
        other_project,
        request(span(1, "POST /", a={"user.id": "u", "http.query": "card=4111 1111 1111 1111"})),
    )
    assert "4111" not in repr(list(PlainSpan.objects.values()))
    send(project, request(span(3, parent=1, a=chat("hi", "yo"))))
    finish(after=dt.timedelta(minutes=10))
    assert Event.objects.get().end_user is None and PlainSpan.objects.count() == 1
