"""Each format on its own: a line in, events, spans and signals out. No database."""

import datetime as dt
import json
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from ingest.files.formats import FORMATS, BadLine, Line, ParsedLine, format_of, parse_line, trace_of
from ingest.files.formats.shifting import Shifts
from ingest.files.redating import Rhythm
from ingest.otlp.mapping import map_span
from ingest.otlp.traces.assembly import TraceEvent, assemble
from tests.examples import examples
from tests.ingest.fixtures.exports import (
    SESSION,
    TRACE,
    UUID_TRACE,
    enriched_observation,
    langfuse_generation,
    langfuse_score,
    langfuse_tool,
    langfuse_trace,
    openai_line,
)
from tests.ingest.fixtures.otlp import builders

NOON = dt.datetime(2026, 11, 21, 12, tzinfo=dt.UTC)
CONVERSATION = {"conversation_id": "c", "messages": [{"role": "user", "content": "hi"}]}
EVENT = {"event_id": "e", "event": "chat", "ai_data": {"input": "hi"}}


def line_of(value: dict[str, Any], *, keep_labels: bool = False) -> Line:
    return Line(
        value=value,
        raw=json.dumps(value).encode(),
        start_of=lambda key, seconds: NOON - dt.timedelta(seconds=seconds),
        keep_labels=keep_labels,
    )


def parse(value: dict[str, Any], forced: str | None = None) -> ParsedLine:
    return parse_line(line_of(value), forced=forced)


def event_of(*lines: dict[str, Any]) -> TraceEvent:
    [event] = assemble(map_span(span) for line in lines for span in parse(line).spans)
    return event


# -- which format


@pytest.mark.parametrize(
    ("line", "name"),
    [
        (builders.request(builders.span(1)), "otlp"),
        (builders.request(builders.span(1))["resourceSpans"][0], "otlp"),
        (builders.logs_request(), "otlp"),
        (langfuse_trace(), "langfuse"),
        (langfuse_generation(), "langfuse"),
        (langfuse_score(), "langfuse"),
        ({"name": "x", "value": 1, "trace_id": "t"}, "langfuse"),
        (enriched_observation(), "langfuse"),
        ({"trace": langfuse_trace(), "observations": []}, "langfuse"),
        ({"data": [langfuse_trace()], "meta": {"page": 1}}, "langfuse"),
        (CONVERSATION, "conversation"),
        (openai_line(), "openai"),
        ({"custom_id": "r1", "method": "POST", "body": openai_line()}, "openai"),
        ({"request": openai_line(), "response": {"choices": []}}, "openai"),
        (EVENT, "event"),
        ({"event": "purchase", "user_id": "u"}, "event"),
    ],
)
def test_each_line_tells_its_format(line: dict[str, Any], name: str) -> None:
    assert format_of(line).name == name


def test_a_labelled_text_is_refused_with_a_way_out() -> None:
    with pytest.raises(BadLine, match=r"evaluate.*ai_data"):
        parse({"text": "my card was declined", "label": "card_declined", "split": "train"})


@pytest.mark.parametrize(
    "line", [{}, {"foo": 1}, {"text": "no label"}, {"id": "x", "timestamp": "2026-01-01"}]
)
def test_an_unknown_shape_is_refused_with_the_known_ones(line: dict[str, Any]) -> None:
    with pytest.raises(BadLine, match="resourceSpans"):
        parse(line)


@pytest.mark.parametrize("name", FORMATS)
def test_a_forced_format_takes_no_other(name: str) -> None:
    for other, line in {
        "otlp": builders.request(builders.span(1)),
        "langfuse": langfuse_trace(),
        "event": EVENT,
        "openai": openai_line(),
    }.items():
        if other == name:
            parse(line, forced=name)
        else:
            with pytest.raises(BadLine):
                parse(line, forced=name)


# -- OpenAI


def test_openai_messages_become_turns_with_tool_spans() -> None:
    one, two = parse(openai_line(model="gpt-4o", user="u1", metadata={"team": "weather"})).events
    assert (one.input, one.output) == ("What is the weather in Oslo?", "Minus four.")
    assert (two.input, two.output) == ("And tomorrow?", "I cannot look ahead.")
    assert (one.user_id, one.model, one.properties) == ("u1", "gpt-4o", {"team": "weather"})
    [span] = one.spans
    assert (span.name, span.kind, span.status, span.input, span.output) == (
        "weather",
        "tool",
        "ok",
        '{"city": "Oslo"}',
        '{"t": -4}',
    )
    assert one.convo_id == two.convo_id and one.event_id == f"{one.convo_id}:0"


def test_without_an_id_it_follows_from_the_content() -> None:
    first, same = parse(openai_line()).events, parse(openai_line(tools=[{"type": "function"}])).events
    assert [event.event_id for event in first] == [event.event_id for event in same]
    assert str(first[0].convo_id).startswith("openai-")
    others = [
        openai_line(model="gpt-4o"),
        openai_line(user="someone"),
        {"messages": [*openai_line()["messages"], {"role": "user", "content": "Bye"}]},
    ]
    ids = {first[0].convo_id} | {parse(other).events[0].convo_id for other in others}
    assert len(ids) == 4


@pytest.mark.parametrize(
    ("line", "convo_id"),
    [
        (openai_line(metadata={"session_id": "s1"}, id="chatcmpl-9"), "s1"),
        (openai_line(id="chatcmpl-9"), "chatcmpl-9"),
        ({"custom_id": "r1", "body": openai_line()}, "r1"),
        (openai_line(metadata={"thread_id": 12}), "12"),
        (openai_line(id="x" * 900), "x" * 502),
    ],
)
def test_an_id_that_is_there_is_used(line: dict[str, Any], convo_id: str) -> None:
    assert parse(line).events[0].convo_id == convo_id


def test_a_logged_request_has_its_answer_its_time_and_its_tokens() -> None:
    line = {
        "request": {"model": "gpt-4o", "messages": [{"role": "user", "content": "Say hi"}]},
        "response": {
            "id": "chatcmpl-1",
            "created": 1795160000,
            "model": "gpt-4o-2026-01-01",
            "choices": [{"message": {"role": "assistant", "content": "hi"}}],
            "usage": {"prompt_tokens": 9, "completion_tokens": 2},
        },
    }
    parsed = parse(line)
    [event] = parsed.events
    assert (event.input, event.output, event.model) == ("Say hi", "hi", "gpt-4o-2026-01-01")
    assert (event.input_tokens, event.output_tokens, event.convo_id) == (9, 2, "chatcmpl-1")
    assert event.timestamp == dt.datetime.fromtimestamp(1795160000, dt.UTC) and parsed.dated
    batch = {
        "custom_id": "r",
        "body": line["request"],
        "response": {"status_code": 200, "body": line["response"]},
    }
    assert parse(batch).events[0].output == "hi"


def test_the_growing_history_of_one_conversation_names_the_same_turns() -> None:
    messages = openai_line()["messages"]
    short = parse({"messages": messages[:5], "conversation_id": "c", "created": 1795160000}, "openai").events
    long = parse({"messages": messages, "conversation_id": "c", "created": 1795160600}, "openai").events
    assert [event.event_id for event in short] == ["c:0"]
    assert [event.event_id for event in long] == ["c:0", "c:1"]
    assert long[1].timestamp == dt.datetime.fromtimestamp(1795160600, dt.UTC)


def test_old_functions_and_pictures() -> None:
    [event] = parse(
        {
            "messages": [
                {"role": "user", "content": [{"type": "image_url", "image_url": {"url": "https://x/y.png"}}]},
                {"role": "assistant", "function_call": {"name": "look", "arguments": "{}"}},
                {"role": "function", "name": "look", "content": "Error: no eyes"},
                {"role": "assistant", "content": [{"type": "refusal", "refusal": "No."}]},
            ]
        }
    ).events
    assert (event.input, event.output) == ("[image]", "No.")
    assert [(span.name, span.status) for span in event.spans] == [("look", "error")]


@pytest.mark.parametrize(
    "line",
    [
        {"messages": []},
        {"messages": ["hi"]},
        {"messages": [{"role": ["user"], "content": "x"}]},
        {"messages": [{"role": "assistant", "tool_calls": 5}]},
        openai_line(created="yesterday"),
        openai_line(metadata={str(n): n for n in range(2000)}),
    ],
)
def test_bad_openai_lines(line: dict[str, Any]) -> None:
    with pytest.raises(BadLine):
        parse(line, "openai")


# -- OTLP


def test_otlp_lines_are_whole_requests_or_single_elements() -> None:
    request = builders.request(
        builders.span(1, a={"gen_ai.operation.name": "chat"}), builders.span(2, parent=1)
    )
    whole, element = parse(request), parse(request["resourceSpans"][0])
    assert [span.span_id for span in whole.spans] == [f"{n:016x}" for n in (1, 2)]
    assert whole.spans == element.spans and whole.trace_ids == {builders.TRACE}
    logs = builders.logs_request(builders.log("gen_ai.user.message", 1))
    assert len(parse(logs).logs) == len(parse(logs["resourceLogs"][0]).logs) == 1


def test_a_bad_span_is_told_of_and_takes_no_other_with_it() -> None:
    good, bad = builders.span(1), builders.span(2) | {"traceId": "zz"}
    parsed = parse(builders.request(good, bad))
    assert len(parsed.spans) == 1 and parsed.complaints.total() == 1
    with pytest.raises(BadLine, match="trace_id"):
        parse(builders.request(bad))
    with pytest.raises(BadLine, match="metrics"):
        parse({"resourceMetrics": []})


# -- Langfuse


def test_a_trace_its_generation_and_its_tool_are_one_event() -> None:
    event = event_of(langfuse_tool(), langfuse_generation(), langfuse_trace())
    assert (event.event_id, event.name, event.user_id, event.convo_id) == (
        TRACE,
        "garden-helper",
        "maya",
        SESSION,
    )
    assert event.input == "When do I plant tulips?"
    assert event.output == "In autumn, about six weeks before the ground freezes."
    assert (event.model, event.cost) == ("gpt-4.1-mini", 0.0031)
    assert (event.tokens.input, event.tokens.output, event.tokens.cache_read) == (210, 34, 100)
    assert (event.tool_calls, event.tool_errors) == (1, 1)
    assert event.properties == {
        "plan": "pro",
        "tags": ["garden", "beta"],
        "release": "2026.11.2",
        "environment": "production",
    }


def test_the_order_of_lines_does_not_matter() -> None:
    lines = [langfuse_trace(), langfuse_generation(), langfuse_tool()]
    assert event_of(*lines) == event_of(*reversed(lines))


def test_the_tree_of_observations() -> None:
    spans = {
        span.name: span
        for line in (langfuse_trace(), langfuse_generation(), langfuse_tool())
        for span in parse(line).spans
    }
    root, answer, tool = spans["garden-helper"], spans["answer"], spans["frost_dates"]
    assert root.parent_span_id == "" and answer.parent_span_id == root.span_id
    assert tool.parent_span_id == answer.span_id == "00aa11bb22cc33dd"
    assert all(len(span.span_id) == 16 and span.trace_id == TRACE for span in spans.values())
    assert tool.attributes["langfuse.observation.id"] == langfuse_tool()["id"]
    mapped = map_span(tool)
    assert (mapped.kind, mapped.status, mapped.tool_arguments) == ("tool", "error", '{"zip":"05401"}')
    assert mapped.error == "TimeoutError: no answer in 400 ms"


def test_observations_alone_are_an_event_too() -> None:
    event = event_of(langfuse_generation())
    assert (event.event_id, event.input, event.output) == (TRACE, "When do I plant tulips?", "In autumn.")
    enriched = event_of(enriched_observation())
    assert (enriched.user_id, enriched.convo_id, enriched.name) == ("ben", "parcel-1", "parcels")
    assert (enriched.input, enriched.output, enriched.cost) == ("Where is my parcel?", "On its way.", 0.5)
    assert enriched.properties == {"tags": ["vip"], "release": "r9", "environment": "staging"}


def test_a_trace_id_of_another_kind_stays_the_events_id() -> None:
    event = event_of(
        langfuse_trace(id=UUID_TRACE, sessionId=None), langfuse_generation(traceId=UUID_TRACE, id="gen 1")
    )
    assert (event.event_id, event.convo_id) == (UUID_TRACE, UUID_TRACE)
    assert event.trace_id == trace_of(UUID_TRACE) == UUID_TRACE.replace("-", "")
    assert len(trace_of("my own id")) == 32 and trace_of("my own id") != trace_of("another")


def test_scores_are_signals_of_their_traces_event() -> None:
    [signal] = parse(langfuse_score()).signals
    assert (signal.event_id, signal.name, signal.signal_type) == (TRACE, "user-feedback", "feedback")
    assert signal.sentiment == "POSITIVE"
    assert signal.timestamp == dt.datetime(2026, 11, 20, 10, 30, tzinfo=dt.UTC)
    assert signal.properties == {
        "score_id": "score-1",
        "score": 1.0,
        "label": "thumbs_up",
        "comment": "exactly what I needed",
        "source": "annotation",
    }
    [numeric] = parse(
        langfuse_score(dataType="NUMERIC", stringValue=None, value=0.4, source="EVAL", observationId="o")
    ).signals
    assert (numeric.sentiment, numeric.signal_type) == ("", "standard"), "a number says not which end is good"
    assert numeric.properties["score"] == 0.4 and numeric.properties["observation_id"] == "o"
    with pytest.raises(BadLine, match="no trace"):
        parse(langfuse_score(traceId=None, sessionId="s"))


def test_a_whole_trace_a_download_and_a_page() -> None:
    whole = langfuse_trace(observations=[langfuse_generation(), langfuse_tool()], scores=[langfuse_score()])
    download = {
        "trace": langfuse_trace(observations=None),
        "observations": [langfuse_generation(), langfuse_tool()],
        "scores": [langfuse_score()],
    }
    page = {"data": [langfuse_trace(), langfuse_generation(), langfuse_tool(), langfuse_score()], "meta": {}}
    for line in (whole, download, page):
        parsed = parse(line)
        assert (len(parsed.spans), len(parsed.signals), parsed.complaints.total()) == (3, 1, 0)
        assert event_of(line) == event_of(langfuse_trace(), langfuse_generation(), langfuse_tool())
    broken = parse(langfuse_trace(observations=[langfuse_generation(startTime="soon"), langfuse_tool()]))
    assert len(broken.spans) == 2 and broken.complaints.total() == 1


def test_former_usage_fields() -> None:
    former = langfuse_generation(
        usageDetails=None,
        costDetails=None,
        usage={"input": 5, "output": 6, "unit": "TOKENS"},
        calculatedTotalCost=0.25,
    )
    event = event_of(former)
    assert (event.tokens.input, event.tokens.output, event.cost) == (5, 6, 0.25)
    characters = langfuse_generation(usageDetails=None, usage={"input": 5, "unit": "CHARACTERS"})
    assert event_of(characters).tokens.input is None


@pytest.mark.parametrize(
    "line",
    [
        langfuse_trace(id=""),
        langfuse_trace(id="x" * 600),
        langfuse_trace(timestamp="soon"),
        langfuse_generation(startTime="1850-01-01"),
        langfuse_generation(endTime={}),
        langfuse_generation(id=None),
        langfuse_score(name={"a": 1}),
        langfuse_score(timestamp=None),
    ],
)
def test_bad_langfuse_lines(line: dict[str, Any]) -> None:
    if line.get("endTime") == {}:
        assert parse(line).spans[0].end_ns == parse(line).spans[0].start_ns, "an empty time is no time"
    else:
        with pytest.raises(BadLine):
            parse(line)


# -- redate


def shifts(*lines: dict[str, Any], days: int = 14) -> Shifts:
    made = Shifts(Rhythm(span=dt.timedelta(days=days), end=NOON))
    for line in lines:
        made.learn(parse(line))
    made.settle()
    return made


def test_all_is_moved_as_one() -> None:
    other = "1" * 32
    lines = [
        langfuse_generation(),
        langfuse_trace(),
        langfuse_trace(id=other, timestamp="2026-10-20T11:00:00Z", sessionId="another"),
        langfuse_score(),
        openai_line(created=1_700_000_000),
    ]
    moved = shifts(*lines)
    assert moved.shift % dt.timedelta(days=1) == dt.timedelta()
    parsed, before = [parse(line) for line in lines], [parse(line) for line in lines]
    for part, old in zip(parsed, before, strict=True):
        moved.move(part)
        for span, was in zip(part.spans, old.spans, strict=True):
            assert span.start_ns - was.start_ns == moved.shift // dt.timedelta(microseconds=1) * 1000
        for event, known in zip(part.events, old.events, strict=True):
            assert event.timestamp and known.timestamp and event.timestamp - known.timestamp == moved.shift
    ends = [span.end_ns for part in parsed for span in part.spans]
    last = dt.datetime.fromtimestamp(max(ends) / 1e9, dt.UTC)
    assert NOON - dt.timedelta(days=1) < last <= NOON


def test_what_has_own_times_is_moved_and_what_has_none_is_not() -> None:
    dated, made_up = openai_line(created=1_700_000_000), openai_line(id="x")
    moved = shifts(dated, made_up)
    one, two = parse(dated), parse(made_up)
    distance = one.events[1].timestamp - one.events[0].timestamp
    moved.move(one)
    moved.move(two)
    first, last = one.events[0].timestamp, one.events[-1].timestamp
    assert first and last and NOON - dt.timedelta(days=1) <= first < last <= NOON
    assert last - first == distance
    assert two.events[-1].timestamp == NOON


def test_a_verdict_never_comes_from_the_future() -> None:
    late = langfuse_score(timestamp="2027-02-01T00:00:00Z")
    moved, parsed = shifts(langfuse_trace()), parse(late)
    moved.move(parsed)
    assert parsed.signals[0].timestamp == NOON


# -- hostile lines

KEYS = st.sampled_from(
    """id traceId trace_id type startTime start_time endTime timestamp createdAt name value dataType stringValue sessionId userId tags
    observations scores trace data input output metadata usage usageDetails costDetails level parentObservationId statusMessage
    latency messages conversation_id user_id role content tool_calls function arguments function_call refusal tool_call_id
    created model user body request response choices message usage prompt_tokens custom_id event_id event ai_data spans signals
    properties convo_id signal_name resourceSpans scopeSpans resourceLogs scopeLogs logRecords spanId attributes key stringValue
    startTimeUnixNano events status code kind labels meta text label""".split()  # noqa: SIM905
)
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=12)
    | st.sampled_from(
        [
            "user",
            "assistant",
            "tool",
            "GENERATION",
            "2026-11-20T09:00:00Z",
            TRACE,
            "a" * 16,
            "1e999",
            "\ud800",
            "\x00",
        ]
    )
)
JSON = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(KEYS | st.text(max_size=6), inner, max_size=6)
    ),
    max_leaves=25,
)
OBJECTS = st.dictionaries(KEYS | st.text(max_size=6), JSON, max_size=8)


def mutated(base: dict[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
    """A good line in which some fields hold anything."""
    return st.dictionaries(st.sampled_from(sorted(base)), JSON, max_size=4).map(
        lambda changes: base | changes
    )


LINES = OBJECTS | st.one_of(
    *map(
        mutated,
        [langfuse_trace(), langfuse_generation(), langfuse_score(), openai_line(model="m", user="u", metadata={}, created=1),
         enriched_observation(), CONVERSATION | {"labels": {}, "meta": {}}, EVENT | {"spans": [], "signals": []},
         builders.request(builders.span(1))],
    )
)  # fmt: skip


@pytest.mark.parametrize("forced", [None, *FORMATS])
@settings(
    max_examples=examples(250),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(value=LINES)
@example(value=EVENT | {"\ud800": 1})
def test_a_parser_raises_only_its_own_error(forced: str | None, value: dict[str, Any]) -> None:
    try:
        parsed = parse_line(line_of(value, keep_labels=True), forced=forced)
    except BadLine as error:
        assert str(error)
        return
    made = Shifts(Rhythm(span=dt.timedelta(days=2), end=NOON))
    made.learn(parsed)
    made.settle()
    made.move(parsed)
    assemble(map_span(span) for span in parsed.spans)
