"""Turns that only a later call's history tells of."""

import datetime as dt
from typing import Any

import pytest
from django.utils import timezone

from ingest.incoming.values import IncomingEvent
from ingest.models import EarlierTurns, Event, Project, QueuedEvent
from ingest.otlp.history import MAX_CHARS, MAX_TURNS, earlier_turns, missing_turns
from ingest.otlp.mapped import Message
from ingest.store.events import store_events
from ingest.tracing.earlier_turns import backfill_turns
from ingest.tracing.traces import SILENCE
from tests.ingest.fixtures.otlp import traces
from tests.ingest.fixtures.otlp.builders import T0, request, span
from tests.ingest.otlp.test_traces import EVENT_ID, finish, send

SOON = SILENCE + dt.timedelta(seconds=1)


def turn(
    number: int, texts: list[str], *, convo: str | None = "talk", start: int = 0, **more: Any
) -> dict[str, Any]:
    """Trace `number`, one call that repeats what was said: user, assistant, user, ..., and answers."""
    history = [
        traces.text("user" if place % 2 == 0 else "assistant", text) for place, text in enumerate(texts[:-1])
    ]
    attributes: dict[str, Any] = {
        "gen_ai.operation.name": "chat",
        "gen_ai.input.messages": [traces.text("system", "Be kind."), *history],
        "gen_ai.output.messages": [traces.text("assistant", texts[-1])],
        "user.id": "ada",
        **({"gen_ai.conversation.id": convo} if convo else {}),
        **more,
    }
    return request(span(1, trace=f"{number:032x}", start=start, end=start + 1, a=attributes))


def talk() -> list[tuple[str, str, bool]]:
    """The conversation as a reader of its page sees it: input, output, whether it was made of a history."""
    rows = Event.objects.filter(conversation__convo_id="talk").order_by("timestamp", "id")
    return [(row.input, row.output, "raindrop.backfilled" in row.properties) for row in rows]


SAID = ["one", "eins", "two", "zwei", "three", "drei"]


@pytest.mark.django_db
def test_a_conversation_that_was_joined_late(project: Project) -> None:
    send(project, turn(3, SAID))
    finish()
    assert talk() == [("three", "drei", False)]
    assert backfill_turns(timezone.now()) == 0  # traces that came with it may not have their events yet
    assert backfill_turns(timezone.now() + SOON) == 2
    assert talk() == [("one", "eins", True), ("two", "zwei", True), ("three", "drei", False)]
    made = Event.objects.get(input="one")
    assert made.end_user and made.end_user.user_id == "ada"
    assert (made.model, made.trace_id, made.is_pending) == ("", "", False)
    assert made.timestamp < dt.datetime.fromtimestamp(T0 / 1e9, dt.UTC)
    assert QueuedEvent.objects.filter(event=made).exists()
    assert not EarlierTurns.objects.exists()
    send(project, turn(3, SAID))  # the same again, and the next turn
    send(project, turn(4, [*SAID, "four", "vier"], start=60))
    finish()
    assert backfill_turns(timezone.now() + SOON) == 0
    assert len(talk()) == 4


@pytest.mark.django_db
def test_a_row_that_cannot_be_read_stops_no_other(
    project: Project, other_project: Project, caplog: pytest.LogCaptureFixture
) -> None:
    """It is tried again hours later, as a trace whose events cannot be made."""
    send(other_project, turn(1, SAID))
    send(project, turn(3, SAID))
    finish()
    EarlierTurns.objects.filter(project=other_project).update(
        turns=[["no answer beside it"]], due_at=timezone.now()
    )
    now = timezone.now() + SOON
    assert backfill_turns(now) == 2 and Event.objects.filter(project=project).count() == 3
    bad = EarlierTurns.objects.get()
    assert bad.project == other_project and bad.due_at > now + dt.timedelta(hours=1)
    assert f"{1:032x} cannot be made" in caplog.text
    assert backfill_turns(now) == 0

    EarlierTurns.objects.update(turns=[["one", "eins"]])
    assert backfill_turns(bad.due_at) == 1 and not EarlierTurns.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize("order", [(1, 2, 3), (3, 2, 1), (2, 3, 1)])
def test_turns_that_were_received_are_not_made_again(project: Project, order: tuple[int, ...]) -> None:
    """Whichever of their traces is complete first."""
    for number in order:
        send(project, turn(number, SAID[: 2 * number], start=10 * number))
        finish()
    assert backfill_turns(timezone.now() + SOON) == 0
    assert [row[0] for row in talk()] == ["one", "two", "three"]


@pytest.mark.django_db
def test_a_turn_that_was_lost_in_between(project: Project) -> None:
    send(project, turn(1, SAID[:2]))
    send(project, turn(3, SAID, start=60))
    finish()
    assert backfill_turns(timezone.now() + SOON) == 1
    assert talk() == [("one", "eins", False), ("two", "zwei", True), ("three", "drei", False)]


@pytest.mark.django_db
def test_a_trace_that_is_still_open_is_waited_for(project: Project) -> None:
    made = turn(3, SAID)
    made["resourceSpans"][0]["scopeSpans"][0]["spans"][0]["parentSpanId"] = f"{9:016x}"
    send(project, made)
    assert backfill_turns(timezone.now() + SOON) == 0
    finish(after=SILENCE)
    assert backfill_turns(timezone.now() + 3 * SOON) == 2


@pytest.mark.django_db
def test_examples_in_every_prompt_are_made_an_event_once(project: Project) -> None:
    for number in range(1, 4):
        send(project, turn(number, ["2+2?", "4", f"{number}+1?", str(number + 1)], convo=f"talk-{number}"))
    finish()
    assert backfill_turns(timezone.now() + SOON) <= 3
    assert Event.objects.filter(input="2+2?").count() == 1


@pytest.mark.django_db
def test_who_is_left_alone(project: Project) -> None:
    """A trace without a conversation of its own; one whose event the app names; and words that the app changed for the model."""
    send(project, turn(1, SAID, convo=None))
    send(project, turn(2, SAID, convo="named", **{EVENT_ID: "e1"}))
    for number, text in enumerate(["uno", "due"]):
        at = dt.datetime.fromtimestamp(T0 / 1e9, dt.UTC) - dt.timedelta(seconds=10 - number)
        store_events(project=project, events=[IncomingEvent(input=text, convo_id="talk", timestamp=at)])
    send(project, turn(3, SAID))
    finish()
    before = Event.objects.count()
    assert backfill_turns(timezone.now() + SOON) == 0
    assert Event.objects.count() == before and not EarlierTurns.objects.exists()


@pytest.mark.django_db
def test_only_the_redacted_text_is_kept_and_projects_do_not_mix(
    project: Project, other_project: Project
) -> None:
    texts = ["my card is 4111 1111 1111 1111", "noted 4111 1111 1111 1111", "thanks", "welcome"]
    send(project, turn(2, texts))
    assert "4111" not in repr(list(EarlierTurns.objects.values()))
    finish()
    backfill_turns(timezone.now() + SOON)
    assert "4111" not in repr(list(Event.objects.values())) and len(talk()) == 2
    assert not Event.objects.filter(project=other_project).exists()


def test_what_counts_as_a_turn() -> None:
    messages = [
        Message("system", "s"), Message("user", "context"), Message("user", "one"), Message("assistant"), Message("tool"),
        Message("assistant", "eins"), Message("user", '{"a": 1}', dump=True), Message("user", "two"), Message("assistant"),
        Message("user", "three"), Message("assistant", "so far"),
    ]  # fmt: skip
    assert earlier_turns(messages) == [("one", "eins"), ("two", "")]
    assert earlier_turns([Message("user", "one"), Message("assistant", "eins")]) == []
    assert earlier_turns([]) == []


def test_histories_are_bounded() -> None:
    many = [Message("user" if n % 2 == 0 else "assistant", str(n)) for n in range(1001)]
    assert [text for text, _ in earlier_turns(many)] == [str(n) for n in range(1000 - 2 * MAX_TURNS, 1000, 2)]
    long = [Message("user", "x" * MAX_CHARS), Message("assistant", "y"), Message("user", "z")]
    assert earlier_turns(long) == []


def test_which_turns_are_missing() -> None:
    turns = [("one", "eins"), ("two", "zwei"), ("three", "drei")]
    assert missing_turns(turns, []) == [0, 1, 2]
    assert missing_turns(turns, [" two\n"]) == [0, 2]
    assert missing_turns(turns, ["one", "two", "three"]) == []
    assert missing_turns(turns, ["one", "zwo", "three"]) == []  # one in other words
    assert missing_turns(turns, ["three", "something else"]) == [0, 1]
