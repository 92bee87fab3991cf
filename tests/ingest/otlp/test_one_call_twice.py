"""A tool call that the SDK's own span and the framework's tracer tell of is one, with what both know."""

import json
from itertools import permutations
from typing import Any

import pytest

from ingest.models import Event, Project, Span
from ingest.tracing.one_call_twice import Call, pairs_of, unite_tool_calls, united
from tests.ingest.fixtures.otlp.builders import SECOND, T0, TRACE, request, span
from tests.ingest.otlp.test_traces import chat, finish, send

OTHER_TRACE = "b" * 32
EVENT = {"traceloop.association.properties.event_id": "evt-1"}


def call(
    number: int, start: float = 0, end: float = 1, *, scope: str = "fw", trace: str = "t", **more: Any
) -> Call:
    times = (T0 + int(start * SECOND), T0 + int(end * SECOND))
    return Call(
        trace,
        str(number),
        more.pop("parent", ""),
        more.pop("name", "stock"),
        scope,
        more.pop("id", ""),
        *times,
        **more,
    )


def ids(*calls: Call) -> set[tuple[str, str]]:
    found = {frozenset((stays.span_id, other.span_id)) for stays, other in pairs_of(list(calls))}
    for order in permutations(calls) if len(calls) < 5 else ():
        assert {frozenset((a.span_id, b.span_id)) for a, b in pairs_of(list(order))} == found
    return {(stays.span_id, other.span_id) for stays, other in pairs_of(list(calls))}


def test_the_sdks_own_span_stays_whichever_is_outside() -> None:
    assert ids(call(1, 0, 2), call(2, 0.5, 1, scope="raindrop-ai")) == {("2", "1")}
    assert ids(call(1, 0.5, 1), call(2, 0, 2, scope="raindrop-ai", trace="u")) == {("2", "1")}
    assert ids(call(1, 0, 2, scope="a"), call(2, 0.5, 1, scope="b")) == {("1", "2")}


def test_clocks_that_differ_a_little() -> None:
    assert ids(call(1, 0, 0.012), call(2, -0.003, 0.010, scope="raindrop-ai")) == {("2", "1")}
    assert ids(call(1, 0, 1), call(2, 0.5, 1.5, scope="raindrop-ai")) == {("2", "1")}  # told late
    assert not ids(call(1, 0, 1, scope="a"), call(2, 0.5, 1.5, scope="b"))


@pytest.mark.parametrize(
    "other",
    [
        call(2, scope="raindrop-ai", name="price"),
        call(2, 5, 6, scope="raindrop-ai"),
        call(2, scope="raindrop-ai", arguments='{"city": "Rome"}'),
        call(2, scope="raindrop-ai", id="call_2"),
        call(2),
    ],
)
def test_two_calls_stay_two(other: Call) -> None:
    assert not ids(call(1, arguments='{"city": "Oslo"}', id="call_1"), other)


def test_one_tracer_tells_of_a_call_once() -> None:
    """The SDK gives each sub-agent that it launches a trace of its own."""
    assert not ids(*(call(n, scope="raindrop-ai", trace=f"t{n}") for n in range(4)))


def test_parallel_and_repeated_calls_are_paired_one_by_one() -> None:
    own = [call(n, n / 10, n / 10 + 1, scope="raindrop-ai", arguments=json.dumps({"n": n})) for n in range(3)]
    framework = [call(n + 10, n / 10, n / 10 + 1, arguments=json.dumps({"n": n})) for n in range(3)]
    assert ids(*own, *framework) == {("0", "10"), ("1", "11"), ("2", "12")}
    own = [call(n, n / 50, n / 50 + 0.01, scope="raindrop-ai") for n in range(3)]
    framework = [call(n + 10, n / 50, n / 50 + 0.011) for n in range(3)]
    assert ids(*own, *framework) == {("0", "10"), ("1", "11"), ("2", "12")}


def test_three_that_tell_of_one() -> None:
    assert ids(call(1), call(2, scope="raindrop-ai"), call(3, scope="openinference")) == {
        ("2", "1"),
        ("2", "3"),
    }


def test_one_id_is_one_call_however_far_apart() -> None:
    assert ids(call(1, id="c"), call(2, 9, 10, id="c")) == {("1", "2")}


def test_arguments_that_are_json_are_preferred() -> None:
    assert united(call(1, arguments="{'a': 1}"), call(2, arguments='{"a":1}')).arguments == '{"a":1}'
    assert united(call(1, arguments="{'a': 1}"), call(2)).arguments == "{'a': 1}"


def test_what_both_tell() -> None:
    one = call(1, arguments="{}", status="ok")
    other = call(2, result="r", error="e", status="error", arguments='{"a":1}')
    made = united(one, other)
    assert (made.arguments, made.result, made.error, made.status) == ("{}", "r", "e", "error")


def tool(
    number: int, *, start: float = 0, end: float = 1, trace: str = TRACE, error: str = "", **a: Any
) -> dict[str, Any]:
    made = {"gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": "stock", **EVENT, **a}
    return span(number, "execute_tool stock", start=start, end=end, trace=trace, error=error, a=made)


@pytest.mark.django_db
@pytest.mark.parametrize("own_first", [True, False])
@pytest.mark.parametrize("trace", [TRACE, OTHER_TRACE])
def test_one_call_across_traces(project: Project, own_first: bool, trace: str) -> None:
    arguments = {"gen_ai.tool.call.arguments": '{"id": 7}'}
    own = request(
        tool(5, trace=trace, **arguments, **{"gen_ai.tool.call.result": "none left"}), scope="raindrop-ai"
    )
    framework = request(
        span(1, end=9, a=chat("Is it in stock?", "I could not find out.") | EVENT),
        tool(2, start=0.2, end=0.8, error="the shelf is locked"),
        scope="framework",
    )
    for made in (own, framework) if own_first else (framework, own):
        send(project, made)
        finish()
    for _ in range(2):  # the same again, and it stays so
        event = Event.objects.get()
        assert (event.tool_calls, event.tool_errors) == (1, 1)
        [kept] = Span.objects.filter(kind="tool")
        assert json.loads(kept.input) == {"id": 7}
        assert (kept.output, kept.error, kept.status) == ("none left", "the shelf is locked", "error")
        assert Span.objects.count() == 3
        unite_tool_calls(project, [event.id])
        send(project, own)
        send(project, framework)
        finish()


@pytest.mark.django_db
def test_two_calls_of_two_tellers_are_two(project: Project) -> None:
    send(project, request(
        span(1, end=9, a=chat("Is it in stock?", "No.") | EVENT),
        tool(2, start=0, end=1), tool(3, start=2, end=3), scope="framework",
    ))  # fmt: skip
    send(
        project,
        request(
            tool(4, start=0, end=1, trace=OTHER_TRACE),
            tool(5, start=2, end=3, trace=OTHER_TRACE),
            scope="raindrop-ai",
        ),
    )
    finish()
    event = Event.objects.get()
    assert (event.tool_calls, event.tool_errors) == (2, 0)
