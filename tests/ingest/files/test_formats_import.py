"""Files in other tools' formats, imported: what they become, twice, mixed, broken off, redated, redacted."""

import datetime as dt
import gzip
import json
import re
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import ingest.files.imported
import ingest.files.importing
from ingest.files import import_lines
from ingest.files.importing import import_file
from ingest.models import Event, ExplicitSignal, OpenTrace, Project, QueuedEvent, Span
from ingest.tracing.trace_events import finish_open_traces
from tests.examples import examples
from tests.ingest.files.test_formats import LINES
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


@pytest.fixture(autouse=True)
def _own_data_dir(monkeypatch: Any, tmp_path: Path) -> None:
    monkeypatch.setattr(ingest.files.importing, "data_dir", lambda: tmp_path / "data")


def write(path: Path, *lines: Any) -> Path:
    text = "".join((line if isinstance(line, str) else json.dumps(line)) + "\n" for line in lines)
    if path.name.endswith(".gz"):
        path.write_bytes(gzip.compress(text.encode()))
    else:
        path.write_text(text)
    return path


def contents() -> tuple[Any, ...]:
    """All that an import stores, without our own ids and times of arrival."""
    return (
        list(
            Event.objects.order_by("event_id").values_list(
                "event_id", "name", "end_user__user_id", "conversation__convo_id", "timestamp", "model", "input", "output",
                "properties", "tool_calls", "tool_errors", "input_tokens", "output_tokens", "cost_usd", "revision", "trace_id",
            )
        ),
        list(
            Span.objects.order_by("trace_id", "span_id").values_list(
                "trace_id", "span_id", "parent_span_id", "event__event_id", "kind", "name", "status", "input", "output"
            )
        ),
        list(ExplicitSignal.objects.order_by("name").values_list("event__event_id", "name", "sentiment", "properties")),
    )  # fmt: skip


# -- Langfuse


def test_two_files_in_either_order_and_twice(project: Any, tmp_path: Path) -> None:
    traces = write(tmp_path / "traces.jsonl", langfuse_trace(), langfuse_score())
    observations = write(tmp_path / "observations.jsonl.gz", langfuse_tool(), langfuse_generation())
    reports = [import_file(path, project=project) for path in (observations, traces)]
    assert [(r.events, r.spans, r.signals, r.rejected) for r in reports] == [(1, 2, 0, 0), (1, 1, 1, 0)]
    event = Event.objects.get()
    assert (event.event_id, event.name, event.model) == (TRACE, "garden-helper", "gpt-4.1-mini")
    assert event.end_user and event.end_user.user_id == "maya"
    assert event.conversation and event.conversation.convo_id == SESSION
    assert event.output == "In autumn, about six weeks before the ground freezes.", (
        "the trace knows it better"
    )
    assert (event.tool_calls, event.tool_errors, event.input_tokens, event.cost_usd) == (1, 1, 210, 0.0031)
    assert event.spans.count() == 3 and not OpenTrace.objects.exists()
    assert ExplicitSignal.objects.get().event == event
    assert QueuedEvent.objects.filter(event_id=event.id).exists()

    before = contents()
    for path in (traces, observations):
        assert import_file(path, project=project).rejected == 0
    assert contents() == before


def test_files_in_one_or_apart_come_to_the_same(project: Any, other_project: Any, tmp_path: Path) -> None:
    lines = [langfuse_trace(), langfuse_tool(), langfuse_generation(), langfuse_score()]
    import_file(write(tmp_path / "mixed.jsonl", *lines), project=project)
    for number, line in enumerate(reversed(lines)):
        import_file(write(tmp_path / f"{number}.jsonl", line), project=other_project)
    # The time is the one that was known when the event was first made.
    fields = ("event_id", "name", "model", "input", "output", "properties", "tool_calls", "cost_usd")
    one, other = (Event.objects.filter(project=owner).values(*fields) for owner in (project, other_project))
    assert list(one) == list(other) and len(one) == 1
    assert ExplicitSignal.objects.filter(event__isnull=False).count() == 2
    user_ids = Event.objects.values_list("end_user__user_id", "conversation__convo_id")
    assert list(user_ids) == [("maya", SESSION)] * 2


def test_ids_of_another_kind_and_enriched_rows(project: Any, tmp_path: Path) -> None:
    path = write(
        tmp_path / "x.jsonl",
        langfuse_generation(traceId=UUID_TRACE, id="generation one"),
        langfuse_score(traceId=UUID_TRACE),
        langfuse_trace(id=UUID_TRACE, sessionId=None),
        enriched_observation(),
    )
    report = import_file(path, project=project, format="langfuse")
    assert (report.events, report.spans, report.signals) == (2, 3, 1)
    event = Event.objects.get(event_id=UUID_TRACE)
    assert event.conversation and event.conversation.convo_id == UUID_TRACE
    assert event.trace_id == UUID_TRACE.replace("-", "") and event.spans.count() == 2
    assert event.explicit_signals.count() == 1
    assert Event.objects.get(name="parcels").model == "claude-sonnet-4"


def test_a_redated_import_twice_has_each_score_once(project: Any, tmp_path: Path) -> None:
    path = write(
        tmp_path / "x.jsonl", langfuse_trace(), langfuse_generation(), langfuse_score(), langfuse_score()
    )
    for _ in range(2):
        import_file(path, project=project, redate=dt.timedelta(days=5))
    assert Event.objects.count() == ExplicitSignal.objects.count() == 1
    event, signal = Event.objects.get(), ExplicitSignal.objects.get()
    assert timezone.now() - dt.timedelta(days=5) <= event.timestamp <= timezone.now()
    assert event.timestamp < signal.timestamp <= timezone.now()


def test_redating_files_that_belong_together(db: None, tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr(ingest.files.importing, "BATCH_EVENTS", 1)
    other = "1" * 32
    traces = write(
        tmp_path / "traces.jsonl",
        langfuse_trace(),
        langfuse_trace(id=other, timestamp="2026-11-20T09:20:00Z"),
    )
    observations = write(tmp_path / "observations.jsonl", langfuse_generation(), langfuse_tool())
    call_command("import_events", traces, observations, "--project", "p", "--redate", "10d")
    first, second = Event.objects.order_by("timestamp")
    assert (first.event_id, second.event_id) == (TRACE, other)
    assert second.timestamp - first.timestamp == dt.timedelta(minutes=19, seconds=59, microseconds=880_000)
    root, tool, answer = first.spans.order_by("started_at")
    assert (root.started_at, tool.name, answer.name) == (first.timestamp, "frost_dates", "answer")
    assert answer.started_at - root.started_at == dt.timedelta(microseconds=880_000)
    assert first.timestamp > timezone.now() - dt.timedelta(days=11)


# -- OTLP


def llm(number: int, parent: int = 0, **fields: Any) -> dict[str, Any]:
    attributes = {
        "gen_ai.operation.name": "chat",
        "gen_ai.request.model": "gpt-4.1",
        "gen_ai.conversation.id": "talk-1",
        "gen_ai.input.messages": json.dumps([{"role": "user", "content": f"question {number}"}]),
        "gen_ai.output.messages": json.dumps([{"role": "assistant", "content": f"answer {number}"}]),
    }
    return builders.span(number, parent=parent, a=attributes, **fields)


def test_a_trace_on_several_lines_out_of_order(project: Any, tmp_path: Path) -> None:
    tool = builders.span(
        3, "search", parent=2, start=0.2, end=0.3, a={"gen_ai.operation.name": "execute_tool"}
    )
    path = write(
        tmp_path / "otlp.jsonl.gz",
        builders.request(tool),
        builders.request(llm(7, trace="c" * 32)),
        builders.request(llm(2, parent=1, start=0.1, end=0.9)),
        builders.request(builders.span(1, "run", a={"gen_ai.operation.name": "invoke_agent"}))[
            "resourceSpans"
        ][0],
        builders.request(builders.span(9, "GET /", trace="d" * 32)),
        builders.logs_request(
            builders.log("app.started"), builders.log("gen_ai.user.message", 7, trace="c" * 32)
        ),
    )
    for _ in range(2):
        report = import_file(path, project=project)
        assert (report.events, report.spans, report.ignored, report.rejected) == (2, 5, 2, 0)
        event = Event.objects.get(trace_id=builders.TRACE)
        assert (event.input, event.output, event.tool_calls) == ("question 2", "answer 2", 1)
        assert event.spans.count() == 3 and event.revision == 0
        assert Event.objects.count() == 2
    assert not OpenTrace.objects.exists()


def test_bad_spans_are_kept_with_their_line(project: Any, tmp_path: Path) -> None:
    bad = builders.span(2) | {"spanId": "nope"}
    foreign = llm(4) | {
        "attributes": builders.pairs({"gen_ai.operation.name": "chat", "raindrop.project_id": "umbrella"})
    }
    path = write(
        tmp_path / "o.jsonl",
        builders.request(llm(1), bad),
        builders.request(bad),
        builders.request(llm(3, trace="e" * 32), foreign),
        {"resourceMetrics": []},
    )
    report = import_file(path, project=project)
    assert (report.events, report.spans, report.rejected) == (2, 2, 4)
    assert [reason[:18] for reason in report.reasons] == [
        "line 1: in part: s", "line 2: No span co", "line 4: these are ", "line 3: in part: r",
    ]  # fmt: skip
    assert report.rejects and len(report.rejects.read_text().splitlines()) == 4


def test_otlp_can_be_redated(project: Any, tmp_path: Path) -> None:
    path = write(
        tmp_path / "o.jsonl",
        builders.request(llm(1)),
        builders.request(llm(2, trace="f" * 32, start=60, end=61)),
    )
    import_file(path, project=project, redate=dt.timedelta(hours=20))
    first, second = Event.objects.order_by("timestamp")
    assert second.timestamp - first.timestamp == dt.timedelta(seconds=60), "one conversation"
    assert timezone.now() - dt.timedelta(hours=2) <= first.timestamp < second.timestamp <= timezone.now()


def test_redating_keeps_order_distances_and_hours(project: Any, tmp_path: Path) -> None:
    start = dt.datetime(2026, 3, 1, 9, 30, tzinfo=dt.UTC)
    moments = [start + dt.timedelta(days=day, minutes=7 * day) for day in range(20)]
    lines = [
        {"event_id": f"e{n}", "event": "chat", "timestamp": moment.isoformat(), "properties": {"release": f"v{n // 5}"},
         "ai_data": {"input": "hi", "convo_id": f"c{n % 3}"}}
        for n, moment in enumerate(moments)
    ]  # fmt: skip
    import_file(write(tmp_path / "x.jsonl", *lines), project=project, redate=dt.timedelta(days=14))
    made = list(Event.objects.order_by("timestamp").values_list("event_id", "timestamp"))
    assert [event_id for event_id, _ in made] == [f"e{n}" for n in range(20)]
    (shift,) = {moment - before for (_, moment), before in zip(made, moments, strict=True)}
    assert shift % dt.timedelta(days=1) == dt.timedelta()
    assert dt.timedelta() <= timezone.now() - made[-1][1] < dt.timedelta(days=1)


def test_conversations_without_times_lie_together_by_release(project: Any, tmp_path: Path) -> None:
    lines = [
        {"conversation_id": f"c{n}", "properties": {"release": f"v{n // 10}"}, "messages": [{"role": "user", "content": "hi"}]}
        for n in range(30)
    ]  # fmt: skip
    import_file(write(tmp_path / "x.jsonl", *lines), project=project, redate=dt.timedelta(days=14))
    releases = [event.properties["release"] for event in Event.objects.order_by("timestamp")]
    assert releases == sorted(releases)
    times = list(Event.objects.order_by("timestamp").values_list("timestamp", flat=True))
    assert times[-1] <= timezone.now() and times[0] >= timezone.now() - dt.timedelta(days=14, minutes=1)
    assert times[-1] - times[0] > dt.timedelta(days=7)


# -- all together


MIXED = (
    {
        "event_id": "e1",
        "event": "chat",
        "timestamp": "2026-11-20T12:00:00Z",
        "ai_data": {"input": "hi", "output": "yo"},
    },
    langfuse_tool(),
    "{broken",
    {
        "conversation_id": "c",
        "messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}],
    },
    {"text": "lost card", "label": "card"},
    openai_line(created=1_795_160_000),
    builders.request(llm(1)),
    langfuse_generation(),
    "",
    langfuse_score(),
    langfuse_trace(),
)


def test_a_mixed_file(project: Any, tmp_path: Path) -> None:
    path = write(tmp_path / "mixed.jsonl.gz", *MIXED)
    report = import_file(path, project=project)
    assert (report.lines, report.events, report.spans, report.signals, report.rejected) == (11, 6, 4, 1, 2)
    assert [reason.split(":")[0] for reason in report.reasons] == ["line 3", "line 5"]
    assert "evaluate" in report.reasons[1]
    assert Event.objects.count() == 6
    before = contents()
    import_file(path, project=project)
    assert len(contents()[0]) == 6 and contents()[1:] == before[1:]


@pytest.mark.parametrize("fails_at", range(1, 9))
def test_broken_off_anywhere_nothing_is_lost_or_doubled(
    project: Any, tmp_path: Path, monkeypatch: Any, fails_at: int
) -> None:
    monkeypatch.setattr(ingest.files.importing, "BATCH_EVENTS", 1)
    path = write(tmp_path / "mixed.jsonl", *MIXED)
    real, calls = ingest.files.importing.store_parsed, []

    def breaks(**arguments: Any) -> Any:
        calls.append(1)
        result = real(**arguments)
        if len(calls) == fails_at:  # stored, and not yet noted
            raise KeyboardInterrupt
        return result

    with monkeypatch.context() as patch:
        patch.setattr(ingest.files.importing, "store_parsed", breaks)
        with pytest.raises(KeyboardInterrupt):
            import_file(path, project=project)
    finish_open_traces(timezone.now() + dt.timedelta(hours=1))  # the server meanwhile
    report = import_file(path, project=project)
    assert report.skipped + report.lines == 11
    assert Event.objects.count() == 6 and Span.objects.count() == 5 and ExplicitSignal.objects.count() == 1
    event = Event.objects.get(event_id=TRACE)
    assert (event.spans.count(), event.end_user.user_id) == (3, "maya")
    rejects = [
        json.loads(row)["line"] for row in (tmp_path / "mixed.jsonl.rejects.jsonl").read_text().splitlines()
    ]
    assert rejects == [3, 5], "those of a batch that is read again are there once"


def test_broken_off_before_the_events_of_the_traces(project: Any, tmp_path: Path, monkeypatch: Any) -> None:
    path = write(tmp_path / "x.jsonl", langfuse_generation(), langfuse_trace())

    def breaks(**arguments: Any) -> int:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(ingest.files.importing, "finish_traces", breaks)
        with pytest.raises(KeyboardInterrupt):
            import_file(path, project=project)
    assert not Event.objects.exists()
    report = import_file(path, project=project)
    assert (report.skipped, report.lines, report.events) == (2, 0, 1)
    assert Event.objects.get().spans.count() == 2
    assert not list((tmp_path / "data" / "imports").iterdir())


def test_imports_are_redacted(project: Any, tmp_path: Path) -> None:
    secret = "4111 1111 1111 1111"
    path = write(
        tmp_path / "x.jsonl",
        {"event_id": "e", "ai_data": {"input": f"I am {secret}"}, "properties": {"note": secret},
         "spans": [{"name": "t", "input": secret}],
         "signals": [{"signal_name": "s", "properties": {"comment": f"write to {secret}"}}]},
        {"conversation_id": "c", "messages": [{"role": "user", "content": secret}]},
        {"messages": [{"role": "user", "content": secret}], "metadata": {"mail": secret}},
        langfuse_trace(input=f"mail {secret}", metadata={"mail": secret}),
        langfuse_tool(input={"to": secret}),
        langfuse_score(comment=f"ask {secret}"),
    )  # fmt: skip
    import_file(path, project=project)
    assert Event.objects.count() == 4 and ExplicitSignal.objects.count() == 2 and Span.objects.count() == 3
    for table in (Event, Span, ExplicitSignal):
        for row in table.objects.values():
            assert not re.search(r"\b[14]111\b", str(row))  # bounded: a time's microseconds may hold 1111
            assert "<REDACTED" in str(row)


def test_the_format_can_be_forced(db: None, tmp_path: Path, capsys: Any) -> None:
    path = write(tmp_path / "x.jsonl", openai_line(conversation_id="c"), langfuse_trace())
    call_command("import_events", path, "--project", "p", "--format", "openai")
    out, err = capsys.readouterr()
    assert "2 events from 2 lines" in out and "line 2: messages" in err
    assert set(Event.objects.values_list("event_id", flat=True)) == {"c:0", "c:1"}
    with pytest.raises(CommandError, match="invalid choice"):
        call_command("import_events", path, "--project", "p", "--format", "csv")


EVENTS = [
    {"event_id": f"e{n}", "event": "chat", "ai_data": {"input": f"ques\u0327tion {n} [ {{"}} for n in range(3)
]


@pytest.mark.parametrize(
    "text",
    [
        json.dumps(EVENTS),
        json.dumps(EVENTS, indent=2),
        "\ufeff\r\n  " + json.dumps(EVENTS, indent=2, ensure_ascii=False) + "\n\n",
        json.dumps(EVENTS, indent="\t").replace("\n", "\r\n"),
        "\n".join(json.dumps(event, indent=2) for event in EVENTS),
        json.dumps([*EVENTS, {"event_id": "bad"}, [1]], indent=2).replace("question", "\\ud800question"),
        json.dumps(
            {"data": [langfuse_trace(), langfuse_trace(id="1" * 32), langfuse_trace(id="2" * 32)]}, indent=2
        ),
    ],
)
@pytest.mark.parametrize("name", ["x.json", "x.json.gz"])
def test_json_with_line_breaks_inside(
    project: Any, tmp_path: Path, monkeypatch: Any, text: str, name: str
) -> None:
    monkeypatch.setattr(ingest.files.importing, "BATCH_EVENTS", 2)
    path = tmp_path / name
    path.write_bytes(gzip.compress(text.encode()) if name.endswith(".gz") else text.encode())
    report = import_file(path, project=project)
    bad = '"bad"' in text
    assert report.rejected == (2 if bad else 0), report.reasons
    assert Event.objects.count() == 3 or "data" in text
    assert [reason.partition(":")[0] for reason in report.reasons] == (["line 4", "line 5"] if bad else [])
    assert import_file(path, project=project).known_events == report.events


def test_an_array_that_cannot_be_read_is_refused_with_a_way_out(
    project: Any, tmp_path: Path, monkeypatch: Any
) -> None:
    report = import_file(write(tmp_path / "x.jsonl", [langfuse_trace()], [langfuse_trace()]), project=project)
    assert report.rejected == 2 and "jq" in report.reasons[0]
    path = tmp_path / "cut.json"
    path.write_text(json.dumps(EVENTS, indent=2)[:-40])
    report = import_file(path, project=project)
    assert report.rejected and not report.events
    monkeypatch.setattr(import_lines, "MAX_DOCUMENT", 100)
    monkeypatch.setattr(import_lines, "MAX_LINE", 50)
    path.write_text(json.dumps(EVENTS, indent=2))
    report = import_file(path, project=project)
    assert report.rejected == 1 and "jq" in report.reasons[0]


@pytest.mark.parametrize(
    ("line", "owner"),
    [
        ({"id": "batch_req_1", "custom_id": "r1", "response": {"status_code": 200, "body": {"choices": []}}, "error": None}, "OpenAI"),
        ({"id": "batch_req_1", "custom_id": "r1", "response": None, "error": {"code": "batch_expired"}}, "OpenAI"),
        ({"custom_id": "r1", "result": {"type": "succeeded", "message": {"role": "assistant", "content": "x"}}}, "Anthropic"),
    ],
)  # fmt: skip
def test_a_batchs_output_is_named_as_such(
    project: Any, tmp_path: Path, line: dict[str, Any], owner: str
) -> None:
    report = import_file(write(tmp_path / "x.jsonl", line), project=project)
    [reason] = report.reasons
    assert f"the output of {owner}" in reason and "custom_id" in reason
    request = {"messages": [{"role": "user", "content": "Hi"}]}
    assert (
        import_file(write(tmp_path / "y.jsonl", line | {"request": request}), project=project).rejected == 0
    )


def test_nothing_is_written_into_a_directory_that_is_marked_read_only(project: Any, tmp_path: Path) -> None:
    """Not by root either, to whom the marks are no hindrance."""
    shared = tmp_path / "shared"
    shared.mkdir()
    path = write(shared / "x.jsonl", "{broken")
    shared.chmod(0o555)
    try:
        report = import_file(path, project=project)
        assert report.rejects == tmp_path / "data" / "imports" / "x.jsonl.rejects.jsonl"
        assert report.rejects.exists() and [file.name for file in shared.iterdir()] == ["x.jsonl"]
    finally:
        shared.chmod(0o755)


def test_the_same_lines_in_two_projects_are_apart(project: Any, other_project: Any, tmp_path: Path) -> None:
    path = write(tmp_path / "x.jsonl", *MIXED)
    for owner in (project, other_project):
        assert import_file(path, project=owner).events == 6
    assert (
        Event.objects.filter(project=project).count()
        == Event.objects.filter(project=other_project).count()
        == 6
    )


@settings(
    max_examples=examples(30),
    deadline=None,
    suppress_health_check=[
        HealthCheck.function_scoped_fixture,
        HealthCheck.too_slow,
        HealthCheck.data_too_large,
    ],
)
@given(lines=st.lists(LINES, min_size=5, max_size=25), redate=st.booleans())
def test_no_line_stops_an_import(
    project: Any, tmp_path: Path, lines: list[dict[str, Any]], redate: bool
) -> None:
    path = write(tmp_path / "hostile.jsonl", *lines)
    report = import_file(
        path, project=project, redate=dt.timedelta(days=1) if redate else None, keep_labels=True
    )
    assert report.lines == len(lines)
    if report.rejects:
        rows = [json.loads(row) for row in report.rejects.read_text().splitlines()]
        assert len(rows) == report.rejected
    assert Project.objects.count() == 1
