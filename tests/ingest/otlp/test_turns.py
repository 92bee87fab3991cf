"""What is one turn, and what are several, within one trace."""

import json
import random
from typing import Any

import pytest

from ingest.otlp.traces.assembly import TraceEvent, assemble
from tests.ingest.fixtures.otlp import traces
from tests.ingest.fixtures.otlp.builders import TRACE, request, span
from tests.ingest.otlp.test_assembly import chat, events_of, spans_of

AGENT = {"gen_ai.operation.name": "invoke_agent", "gen_ai.agent.name": "helper"}
RUN = {"gen_ai.operation.name": "invoke_workflow"}
CHAIN = {"openinference.span.kind": "CHAIN"}
SOCKET = {"http.route": "/chat"}
POST = {"http.request.method": "POST"}
SAID = [
    ("Do you ship abroad?", "To all of Europe."),
    ("What does it cost?", "Nine euros."),
    ("Good, I order.", "Thank you!"),
]


def agent(question: str, answered: str = "", **more: Any) -> dict[str, Any]:
    return chat(question, answered, **more) | AGENT


def chain(question: str, answered: str) -> dict[str, Any]:
    return CHAIN | {"input.value": question, "output.value": answered}


def with_history(place: int) -> dict[str, Any]:
    """The call of turn `place`, as one sends it that repeats what was said before."""
    before = [
        traces.text(role, text)
        for turn in SAID[:place]
        for role, text in zip(("user", "assistant"), turn, strict=True)
    ]
    question, answered = SAID[place]
    return chat(question, answered) | {"gen_ai.input.messages": [*before, traces.text("user", question)]}


def words(events: list[TraceEvent]) -> list[tuple[str, str]]:
    return [(event.input, event.output) for event in events]


def turns(make: Any, *, parent: int = 9, pause: float = 1.0) -> list[dict[str, Any]]:
    """The three turns of SAID, each made by `make(place)` and 3 seconds long."""
    return [
        span(place + 1, parent=parent, start=place * (3 + pause), end=place * (3 + pause) + 3, a=make(place))
        for place in range(3)
    ]


@pytest.mark.parametrize(
    "holder",
    [
        span(9, "websocket /chat", end=30, a=SOCKET),
        span(9, "GET /ws", end=30, a={"http.request.method": "GET", "url.scheme": "wss"}),
        span(9, "session", end=30, a=CHAIN),
        span(
            9,
            "session",
            end=30,
            a=CHAIN | {"input.value": '{"table": 4}', "input.mime_type": "application/json"},
        ),
        span(9, "agent_session", end=30, a={"lk.job_id": "j"}),
        span(9, "main", end=30, a={"code.function.name": "main"}),
        span(9, "voice conversation", end=30, a=RUN | {"gen_ai.workflow.name": "x"}),
        span(9, "chat session", end=30, a={"langfuse.observation.type": "span"}),
        None,  # it has not come yet
    ],
)
@pytest.mark.parametrize("kind", ["agent", "chain", "nested", "wrapped"])
def test_turns_that_follow_each_other(holder: Any, kind: str) -> None:
    if kind == "nested":  # each with its call, which was given more than the user said
        made = turns(lambda place: agent(*SAID[place]))
        made += [
            span(
                20 + n,
                parent=n + 1,
                start=4 * n + 1,
                end=4 * n + 2,
                a=chat(f"Context: ...\nQ: {SAID[n][0]}", "draft"),
            )
            for n in range(3)
        ]
    elif kind == "wrapped":
        made = turns(lambda place: {"code.function.name": "handle_message"})
        made += [
            span(20 + n, parent=n + 1, start=4 * n + 1, end=4 * n + 2, a=agent(*SAID[n])) for n in range(3)
        ]
    else:
        made = turns(lambda place: (agent if kind == "agent" else chain)(*SAID[place]))
    events = events_of(*made, *([holder] if holder else []))
    assert words(events) == SAID
    assert [event.event_id == TRACE for event in events] == [True, False, False]
    assert {event.latency_ms for event in events} == {1000.0 if kind == "wrapped" else 3000.0}
    assert len({event.event_id for event in events}) == 3
    assert sorted(s for e in events for s in e.span_ids) == sorted(
        s["spanId"] for s in [*made, *([holder] if holder else [])]
    )


@pytest.mark.parametrize(
    "holder", [span(9, "websocket /chat", end=30, a=SOCKET), span(9, "main", end=30, a={"x": "y"}), None]
)
def test_bare_calls_that_repeat_the_conversation_are_turns(holder: Any) -> None:
    made = turns(with_history)
    assert words(events_of(*made, *([holder] if holder else []))) == SAID


def test_bare_calls_in_a_socket_are_turns() -> None:
    made = turns(lambda place: chat(*SAID[place]))
    assert words(events_of(span(9, "websocket", end=30, a=SOCKET), *made)) == SAID
    assert words(events_of(*turns(lambda place: chat(*SAID[place]), parent=0))) == SAID


@pytest.mark.parametrize(
    "holder",
    [
        span(9, "POST /ask", end=30, a={"http.route": "/ask"}),
        span(9, "/ask", end=30, a=POST),
        span(9, "Agent workflow", end=30, a=RUN),
        span(9, "Crew.kickoff", end=30, a={"openinference.span.kind": "AGENT"}),
        span(9, "answer", end=30, a=agent("the question")),
    ],
)
def test_all_that_is_done_for_one_request_is_one_event(holder: Any) -> None:
    [event] = events_of(holder, *turns(lambda place: agent(*SAID[place])))
    assert event.output == "Thank you!"
    assert len(event.span_ids) == 4
    [event] = events_of(holder, *turns(lambda place: chat(*SAID[place])))
    assert event.output == "Thank you!"


def test_calls_of_a_function_that_share_the_question_are_one_turn() -> None:
    prompts = [
        ("Rewrite as a search query: when is the next tram", "next tram"),
        ("Context: TIMETABLE ...\nQuestion: when is the next tram", "At 9:12."),
        ("Give a title for this chat: when is the next tram", "Tram times"),
    ]
    for holder in (span(9, "answer", end=30, a={"x": "y"}), span(9, "socket", end=30, a=SOCKET), None):
        made = turns(lambda place: chat(*prompts[place]), parent=9 if holder else 0)
        assert len(events_of(*made, *([holder] if holder else []))) == 1


def test_a_loop_of_calls_and_tools_is_one_turn() -> None:
    """Under a plain function, each observation sent back as the user's: the calls repeat their history, with tools in between."""
    first = [traces.text("user", "Is it in stock?")]
    second = [*first, traces.text("assistant", "Action: look"), traces.text("user", "Observation: 3 left")]
    tool = {"gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": "look"}
    [event] = events_of(
        span(9, "run", end=30, a={"x": "y"}),
        span(1, parent=9, end=1, a=chat("", "Action: look") | {"gen_ai.input.messages": first}),
        span(2, parent=9, start=1, end=2, a=tool),
        span(3, parent=9, start=3, end=4, a=chat("", "Yes, three.") | {"gen_ai.input.messages": second}),
    )
    assert (event.input, event.output, event.tool_calls) == ("Is it in stock?", "Yes, three.", 1)


@pytest.mark.parametrize(
    "steps",
    [
        # agents that hand over: the same words again, or in another's
        [("I want my money back", "transfer"), ("I want my money back", "Your refund is done.")],
        [
            ("I want my money back", "I pass you on."),
            ("Customer: I want my money back", "Your refund is done."),
        ],
        # a chain: each is given what the one before made
        [
            ("Where do trams go?", "tram network of the town"),
            ("tram network of the town", "Your refund is done."),
        ],
        [
            ("Where do trams go?", "tram network of the town"),
            ("Answer with: tram network of the town", "Your refund is done."),
        ],
    ],
)
@pytest.mark.parametrize(
    "holder",
    [
        span(9, "workflow", end=30, a=RUN),
        span(9, "chain", end=30, a=CHAIN),
        span(9, "main", end=30, a={"x": "y"}),
    ],
)
@pytest.mark.parametrize("pause", [0.05, 1.0])
@pytest.mark.parametrize("make", [agent, chain])
def test_steps_of_one_answer(steps: list[tuple[str, str]], holder: Any, pause: float, make: Any) -> None:
    made = [
        span(n + 1, parent=9, start=n * (1 + pause), end=n * (1 + pause) + 1, a=make(*step))
        for n, step in enumerate(steps)
    ]
    assert words(events_of(holder, *made)) == [(steps[0][0], "Your refund is done.")]


def test_agents_that_work_side_by_side_are_one_turn() -> None:
    [event] = events_of(
        span(9, "main", end=9, a={"x": "y"}),
        span(1, parent=9, start=0, end=5, a=agent("Find a hotel", "The Ritz")),
        span(2, parent=9, start=1, end=6, a=agent("Find a flight", "LH 400")),
    )
    assert len(event.span_ids) == 3


def test_a_step_that_follows_at_once_is_no_persons() -> None:
    assert (
        len(events_of(*[span(n + 1, parent=9, start=n, end=n + 0.95, a=agent(*SAID[n])) for n in range(3)]))
        == 1
    )


def test_a_guardrails_verdict_is_not_the_answer() -> None:
    guardrail = {"openinference.span.kind": "GUARDRAIL"}
    for holder in (span(9, "main", end=9, a={"x": "y"}), span(9, "workflow", end=9, a=RUN)):
        [event] = events_of(
            holder,
            span(1, parent=9, end=0.5, a=guardrail | {"input.value": "Is it open?", "output.value": "safe"}),
            span(2, parent=9, start=1, end=2, a=agent("Is it open?", "Until six.")),
            span(3, "guardrail output", 9, start=3, end=4, a=agent("Check: Until six.", "PASS")),
            span(4, parent=3, start=3, end=4, a=chat("Is this fine? Until six.", "PASS")),
        )
        assert (event.input, event.output) == ("Is it open?", "Until six.")
    [blocked] = events_of(
        span(9, "workflow", end=9, a=RUN),
        span(
            1,
            parent=9,
            end=0.5,
            a=guardrail | {"input.value": "How do I pick a lock?", "output.value": "I can't help with that."},
        ),
    )
    assert (blocked.input, blocked.output) == ("How do I pick a lock?", "I can't help with that.")


def test_a_turn_that_failed_is_a_turn() -> None:
    made = turns(lambda place: agent(SAID[place][0], "" if place == 1 else SAID[place][1]))
    made[1]["status"] = {"code": 2, "message": "rate limited"}
    events = events_of(span(9, "websocket", end=30, a=SOCKET), *made)
    assert words(events) == [SAID[0], (SAID[1][0], ""), SAID[2]]
    assert events[1].properties["error.message"] == "rate limited"


def test_the_same_words_again_in_a_session_are_said_again() -> None:
    made = [span(n + 1, parent=9, start=4 * n, end=4 * n + 1, a=agent("yes", f"step {n}")) for n in range(3)]
    session = span(9, "session", end=30, a=CHAIN)
    assert len(events_of(session, *made)) == 3
    assert (
        len(
            events_of(span(8, "server", end=40, a={"x": "y"}), session | {"parentSpanId": f"{8:016x}"}, *made)
        )
        == 3
    )


def test_a_voice_session() -> None:
    """LiveKit: what was heard and what was answered are spans of their own, and people interrupt."""
    context = json.dumps({"items": [{"type": "message", "role": "user", "content": ["Any tables free?"]}]})
    events = events_of(
        span(9, "agent_session", end=60, a={"lk.room_name": "room-7"}),
        span(1, "user_turn", 9, start=1, end=3, a={"lk.user_transcript": "Any tables free?"}),
        span(2, "agent_turn", 9, start=3, end=10, a={"lk.speech_id": "s"}),
        span(
            3, "llm_node", 2, start=3, end=4, a={"lk.chat_ctx": context, "lk.response.text": "Two, at eight."}
        ),
        span(4, "user_turn", 9, start=9, end=11, a={"lk.user_transcript": "Take one."}),
        span(
            5,
            "agent_turn",
            9,
            start=11,
            end=15,
            a={"lk.user_input": "Take one.", "lk.response.text": "Done."},
        ),
    )
    assert words(events) == [("Any tables free?", "Two, at eight."), ("Take one.", "Done.")]
    assert {event.convo_id for event in events} == {"room-7"}


@pytest.mark.parametrize("order", range(3))
def test_people_who_share_a_trace_id(order: int) -> None:
    made = [
        span(
            n + 1,
            start=start,
            end=start + 3,
            a=agent("the same question", f"answer {n}", **{"user.id": f"u{n}", "session.id": f"s{n}"}),
        )
        for n, start in enumerate((0, 1, 8))
    ]
    random.Random(order).shuffle(made)
    events = events_of(*made)
    assert [(e.output, e.user_id, e.convo_id) for e in events] == [
        (f"answer {n}", f"u{n}", f"s{n}") for n in range(3)
    ]


def test_who_is_not_known_is_nobody_else() -> None:
    events = events_of(
        span(1, end=3, a=agent("question 0", "answer 0", **{"user.id": "ada"})),
        span(2, start=4, end=7, a=agent("question 1", "answer 1", **{"user.id": "bob"})),
        span(3, start=8, end=11, a=agent("and now?", "answer 2")),
    )
    assert [e.user_id for e in events] == ["ada", "bob", ""]


def test_requests_around_people_of_one_trace() -> None:
    """The users stand on the requests' spans, which have no GenAI attribute."""
    made = []
    for n in range(3):
        made.append(
            span(
                10 + n,
                "POST /chat",
                start=4 * n,
                end=4 * n + 3,
                a={"enduser.id": f"u{n}", "session.id": f"s{n}"},
            )
        )
        made.append(
            span(n + 1, parent=10 + n, start=4 * n + 1, end=4 * n + 2, a=chat(f"question {n}", f"answer {n}"))
        )
    events = events_of(*made)
    assert [(e.input, e.user_id, e.convo_id) for e in events] == [
        (f"question {n}", f"u{n}", f"s{n}") for n in range(3)
    ]


def test_two_names_of_one_user_in_a_request_are_one_turn() -> None:
    [event] = events_of(
        span(9, "POST /ask", end=9, a=POST | {"user.id": "42"}),
        span(1, parent=9, end=1, a=agent("Is it open?", "Let me look.", **{"user.id": "42"})),
        span(
            2, parent=9, start=2, end=3, a=chat("Is it open?", "Until six.", **{"llm.user": "anonymous-42"})
        ),
    )
    assert (event.output, event.user_id) == ("Until six.", "42")


def test_a_container_counts_in_no_turns_time_or_tokens() -> None:
    made = turns(lambda place: agent(*SAID[place], **traces.usage(10, 5)))
    events = events_of(
        span(
            9, "session", end=60, a=CHAIN | {"llm.token_count.prompt": 30, "llm.token_count.completion": 15}
        ),
        *made,
    )
    assert [event.tokens.input for event in events] == [10, 10, 10]
    assert {event.latency_ms for event in events} == {3000.0}
    [only] = {
        event.tokens.input
        for event in events_of(
            span(9, "session", end=60, a=CHAIN | {"llm.token_count.prompt": 30}),
            *turns(lambda p: agent(*SAID[p])),
        )[:1]
    }
    assert only == 30


def test_the_order_of_arrival_changes_nothing() -> None:
    made = spans_of(
        request(
            span(9, "websocket", end=30, a=SOCKET),
            *turns(with_history),
            span(30, parent=2, start=5, end=6, a={"gen_ai.tool.name": "t"}),
        )
    )
    wanted = assemble(made)
    for seed in range(10):
        random.Random(seed).shuffle(made)
        assert assemble(made) == wanted


def test_later_spans_leave_the_ids_of_earlier_turns() -> None:
    """Spans come in the order of their end: a turn's calls before its agent, the socket last."""
    made = turns(lambda place: agent(*SAID[place]))
    inner = [
        span(20 + n, parent=n + 1, start=4 * n + 1, end=4 * n + 2, a=chat(SAID[n][0], "draft"))
        for n in range(3)
    ]
    arriving = [span for pair in zip(inner, made, strict=True) for span in pair]
    arriving.append(span(9, "websocket", end=30, a=SOCKET))
    seen: list[str] = []
    for count in range(1, len(arriving) + 1):
        ids = [event.event_id for event in events_of(*arriving[:count])]
        assert ids[: len(seen)] == seen
        seen = ids
    assert len(seen) == 3


def test_many_calls_of_one_turn_cost_little() -> None:
    made = [
        span(
            n + 1, parent=9_999, start=n, end=n + 0.5, a=chat(f"when is the next tram, call {n}", "soon" * 50)
        )
        for n in range(2_000)
    ]
    assert len(events_of(*made)) == 1
