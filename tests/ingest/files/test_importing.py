"""Files of events and conversations: parsed, redated, resumed, and what cannot be taken kept aside."""

import collections
import datetime as dt
import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

import ingest.files.importing
from ingest.files.conversations import BadConversation, events_of_conversation, is_error
from ingest.files.importing import import_file
from ingest.files.redating import Rhythm, parse_span
from ingest.incoming.values import IncomingSignal
from ingest.models import ApiKey, Conversation, Event, ExplicitSignal, Project, QueuedEvent, Span
from tests.conftest import FIXTURES

NOON = dt.datetime(2026, 11, 20, 12, tzinfo=dt.UTC)
AIRLINE = FIXTURES / "taubench_airline_gpt4o.jsonl.gz"


@pytest.fixture(autouse=True)
def _own_data_dir(monkeypatch: Any, tmp_path: Path) -> None:
    monkeypatch.setattr(ingest.files.importing, "data_dir", lambda: tmp_path / "data")


@pytest.fixture
def airline(tmp_path: Path) -> Path:
    """The first 20 lines of the tau-bench airline runs."""
    path = tmp_path / "airline.jsonl.gz"
    with gzip.open(AIRLINE) as source, gzip.open(path, "wb") as target:
        for _ in range(20):
            target.write(source.readline())
    return path


def conversation(*messages: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {"conversation_id": "c", "user_id": "u", "messages": list(messages), **fields}


def user(text: Any, **fields: Any) -> dict[str, Any]:
    return {"role": "user", "content": text, **fields}


def agent(text: Any = "", *calls: dict[str, Any]) -> dict[str, Any]:
    return {"role": "assistant", "content": text, **({"tool_calls": list(calls)} if calls else {})}


def tool(text: str, **fields: Any) -> dict[str, Any]:
    return {"role": "tool", "content": text, **fields}


# -- the conversation shape


def test_each_user_message_with_its_answer_is_an_event() -> None:
    events = events_of_conversation(
        conversation(
            {"role": "system", "content": "You are an agent."},
            user("Book a flight"),
            agent("Let me look.", {"id": "1", "name": "search", "arguments": '{"to": "SEA"}'}),
            tool('[{"flight": "HAT1"}]', tool_call_id="1"),
            agent("", {"id": "2", "name": "book", "arguments": {"flight": "HAT1"}}),
            tool("Error: no seats", tool_call_id="2"),
            agent("It is full."),
            user("Never mind"),
            meta={"model": "gpt-4o"},
            labels={"success": False},
        ),
        start=NOON,
    )
    one, two = events
    assert (one.event_id, two.event_id) == ("c:0", "c:1")
    assert (one.input, one.output) == ("Book a flight", "Let me look.\n\nIt is full.")
    assert (two.input, two.output) == ("Never mind", "")
    assert (one.user_id, one.convo_id, one.model, one.properties) == ("u", "c", "gpt-4o", {})
    assert one.timestamp == NOON and two.timestamp and two.timestamp > NOON + dt.timedelta(seconds=3)
    search, book = one.spans
    assert (search.name, search.kind, search.status, search.input) == (
        "search",
        "tool",
        "ok",
        '{"to": "SEA"}',
    )
    assert search.output == '[{"flight": "HAT1"}]'
    assert (book.name, book.status, book.error, book.input) == (
        "book",
        "error",
        "Error: no seats",
        '{"flight": "HAT1"}',
    )
    assert search.started_at and book.started_at and search.started_at < book.started_at


def test_a_turn_has_the_first_time_that_its_messages_carry() -> None:
    start = dt.datetime(2026, 11, 1, tzinfo=dt.UTC)
    messages = [
        {"role": "user", "content": "Hi"},
        {"role": "assistant", "content": "Hello", "timestamp": "2026-11-20T10:00:00Z"},
        {"role": "user", "content": "Bye", "timestamp": "2026-11-20T11:00:00Z"},
        {"role": "assistant", "content": "Bye", "timestamp": "2026-11-20T11:00:05Z"},
    ]
    made = events_of_conversation({"conversation_id": "c", "messages": messages}, start=start)
    assert [event.timestamp for event in made] == [
        dt.datetime(2026, 11, 20, hour, tzinfo=dt.UTC) for hour in (10, 11)
    ]


def test_labels_stay_out_unless_asked_for() -> None:
    line = conversation(
        user("hi", labels={"sat": 2}),
        agent("yo"),
        meta={"model": "m", "domain": "x"},
        labels={"success": True},
    )
    assert "label" not in repr(events_of_conversation(line, start=NOON)[0].properties)
    [event] = events_of_conversation(line, start=NOON, keep_labels=True)
    assert event.properties == {"meta.model": "m", "meta.domain": "x", "label.success": True, "label.sat": 2}


def test_other_spellings_of_a_conversation() -> None:
    events = events_of_conversation(
        conversation(
            agent("Welcome!"),
            user(
                [{"type": "text", "text": "one"}, {"type": "image_url"}, "two"],
                timestamp="2026-01-02T03:04:05Z",
            ),
            agent(None, {"id": "x", "function": {"name": "f", "arguments": "{}"}}, {"name": "g"}),
            tool("for g", name="g"),
            tool("for f"),
            tool("for nobody", name="h"),
        ),
        start=NOON,
    )
    assert [(e.input, e.output) for e in events] == [("", "Welcome!"), ("one\ntwo", "")]
    assert events[1].timestamp == dt.datetime(2026, 1, 2, 3, 4, 5, tzinfo=dt.UTC)
    assert [(s.name, s.output) for s in events[1].spans] == [
        ("f", "for f"),
        ("g", "for g"),
        ("h", "for nobody"),
    ]


@pytest.mark.parametrize(
    ("result", "failed"),
    [
        ("Error: user not found", True),
        ("error", True),
        ('{"error": "no"}', True),
        ('{"error": null, "ok": 1}', False),
        ('{"errors_seen": 1}', False),
        ("no errors", False),
        ("{error", False),
        ("", False),
    ],
)
def test_what_counts_as_a_failed_tool(result: str, failed: bool) -> None:
    assert is_error(result) is failed


@pytest.mark.parametrize(
    "line",
    [
        {"messages": [user("x")]},
        {"conversation_id": "", "messages": [user("x")]},
        {"conversation_id": "c" * 600, "messages": [user("x")]},
        conversation(),
        conversation({"role": "wizard", "content": "x"}),
        {"conversation_id": "c", "messages": ["x"]},
        conversation(user("x"), {"role": "assistant", "tool_calls": ["x"]}),
        conversation(user("x", timestamp="yesterday")),
    ],
)
def test_bad_conversations_are_refused(line: dict[str, Any]) -> None:
    with pytest.raises(BadConversation):
        events_of_conversation(line, start=NOON)


# -- files


def test_a_file_is_imported_and_a_second_import_changes_nothing(project: Any, airline: Path) -> None:
    with gzip.open(airline) as file:
        lines = [json.loads(line) for line in file]
    turns = sum(message["role"] == "user" for line in lines for message in line["messages"])
    calls = sum(len(m.get("tool_calls") or []) for line in lines for m in line["messages"])
    seen: list[tuple[int, int]] = []
    report = import_file(airline, project=project, progress=lambda done, total: seen.append((done, total)))
    assert (report.events, report.lines, report.rejected) == (turns, 20, 0)
    assert seen[-1] == (airline.stat().st_size,) * 2
    assert Event.objects.count() == QueuedEvent.objects.count() == turns
    assert Conversation.objects.count() == 20
    assert Span.objects.filter(kind="tool", event__isnull=False).count() == calls
    assert sum(Event.objects.values_list("tool_calls", flat=True)) == calls
    assert set(Event.objects.values_list("model", flat=True)) == {"gpt-4o"}
    assert not Event.objects.exclude(properties={}).exists(), "labels leaked"

    import_file(airline, project=project)
    assert Event.objects.count() == QueuedEvent.objects.count() == turns
    assert Span.objects.count() == calls
    assert not Event.objects.filter(revision__gt=0).exists()


def test_redated_conversations_lie_in_the_span(project: Any, airline: Path) -> None:
    before = dt.datetime.now(dt.UTC)
    import_file(airline, project=project, redate=dt.timedelta(days=14))
    times = list(Event.objects.values_list("timestamp", flat=True))
    assert min(times) >= before - dt.timedelta(days=14)
    assert max(times) <= dt.datetime.now(dt.UTC)
    assert len({time.date() for time in times}) >= 7


def test_the_rhythm_has_nights_and_weekends() -> None:
    end = dt.datetime(2026, 11, 23, 12, 34, tzinfo=dt.UTC)
    rhythm = Rhythm(span=dt.timedelta(days=14), end=end)
    moments = [rhythm.moment(f"c{i}") for i in range(4000)]
    assert all(end - dt.timedelta(days=14) <= moment <= end for moment in moments)
    assert moments == [Rhythm(span=dt.timedelta(days=14), end=end).moment(f"c{i}") for i in range(4000)]
    hours = collections.Counter(moment.hour for moment in moments)
    assert sum(hours[h] for h in range(0, 6)) * 8 < sum(hours[h] for h in range(12, 18))
    days = collections.Counter(moment.weekday() for moment in moments)
    assert (days[5] + days[6]) / 2 < 0.7 * sum(days[d] for d in range(5)) / 5


@pytest.mark.parametrize(("text", "hours"), [("14d", 336), ("36h", 36), ("2w", 336), (" 1D ", 24)])
def test_spans_of_time(text: str, hours: int) -> None:
    assert parse_span(text) == dt.timedelta(hours=hours)


@pytest.mark.parametrize("text", ["", "d", "14", "-1d", "0d", "1.5d", "14 days"])
def test_bad_spans_of_time(text: str) -> None:
    with pytest.raises(ValueError, match="14d"):
        parse_span(text)


def test_our_own_shape_with_spans_and_signals(project: Any, tmp_path: Path) -> None:
    line = {
        "event_id": "e1",
        "event": "chat",
        "user_id": 7,
        "timestamp": "2026-11-20T12:00:00Z",
        "ai_data": {"input": "hi", "output": "yo", "convo_id": "c", "model": "m"},
        "spans": [
            {"name": "t", "kind": "tool", "status": "error", "input": {"a": 1}, "started_at": 1795427805}
        ],
        "signals": [{"signal_name": "thumbs_up", "sentiment": "positive"}],
    }
    path = tmp_path / "events.jsonl"
    path.write_text(json.dumps(line) + "\n")
    for _ in range(2):
        report = import_file(path, project=project)
        assert (report.events, report.signals, report.rejected) == (1, 1, 0)
    event = Event.objects.get()
    assert event.end_user and event.end_user.user_id == "7"
    assert (event.tool_calls, event.tool_errors, event.revision) == (1, 1, 0)
    assert event.spans.get().input == '{"a": 1}'
    signal = ExplicitSignal.objects.get()
    assert (signal.event, signal.timestamp, signal.sentiment) == (event, NOON, "POSITIVE")


def test_bad_lines_are_reported_and_kept(project: Any, tmp_path: Path) -> None:
    good = json.dumps({"event_id": "e", "event": "chat", "ai_data": {"input": "a\x00b\ud800"}})
    lines = [
        good,
        "{oops",
        "",
        '{"event": "no id"}',
        "[1]",
        '{"event_id": "x", "user_id": []}',
        '{"a": NaN}',
        good,
    ]
    lines.append(json.dumps({"event_id": "s", "event": "x", "spans": [{"kind": "wrench"}]}))
    path = tmp_path / "mixed.jsonl"
    path.write_text("\n".join(lines))
    report = import_file(path, project=project)
    assert (report.events, report.rejected, report.lines) == (2, 6, 9)
    assert [reason.split(":")[0] for reason in report.reasons] == [f"line {n}" for n in (2, 4, 5, 6, 7, 9)]
    assert report.rejects
    rejects = [json.loads(line) for line in report.rejects.read_text().splitlines()]
    assert [(row["line"], row["content"]) for row in rejects] == [
        (n, lines[n - 1]) for n in (2, 4, 5, 6, 7, 9)
    ]
    assert all(row["reason"] for row in rejects)
    assert Event.objects.get().input == "ab\ufffd"


def test_an_import_that_was_broken_off_goes_on(project: Any, airline: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr(ingest.files.importing, "BATCH_EVENTS", 10)
    real, calls = ingest.files.importing.store_parsed, []

    def breaks(**arguments: Any) -> Any:
        calls.append(1)
        if len(calls) == 4:
            raise KeyboardInterrupt
        return real(**arguments)

    with monkeypatch.context() as patch:
        patch.setattr(ingest.files.importing, "store_parsed", breaks)
        with pytest.raises(KeyboardInterrupt):
            import_file(airline, project=project, redate=dt.timedelta(days=3))
    stored = Event.objects.count()
    assert stored > 0
    report = import_file(airline, project=project, redate=dt.timedelta(days=3))
    assert report.skipped > 0 and report.skipped + report.lines == 20
    assert Event.objects.count() == stored + report.events
    assert not Event.objects.filter(revision__gt=0).exists()
    fresh = import_file(airline, project=project, redate=dt.timedelta(days=3))
    assert fresh.skipped == 0, "an import that ended starts from the beginning"


def test_transform_may_change_and_drop(project: Any, tmp_path: Path) -> None:
    path = tmp_path / "c.jsonl"
    path.write_text(json.dumps(conversation(user("keep"), agent("a"), user("drop"), agent("b"))))

    def transform(event: Any, line: dict[str, Any]) -> Any:
        event.properties["from"] = line["conversation_id"]
        event.signals = [IncomingSignal(event_id=event.event_id, name="copied")]
        return event if event.input == "keep" else None

    assert import_file(path, project=project, transform=transform).events == 1
    assert Event.objects.get().properties == {"from": "c"}
    assert ExplicitSignal.objects.get().event == Event.objects.get()


# -- commands


def test_the_commands(db: None, tmp_path: Path, capsys: Any) -> None:
    call_command("create_key", project="new-one", kind="write", name="ci")
    secret, told = capsys.readouterr()
    assert secret.startswith("rd_write_") and secret.count("\n") == 1
    assert told == "There was no project new-one: it is made.\n"
    project = Project.objects.get(slug="new-one")
    assert ApiKey.objects.get().project == project
    call_command("create_key", project="new-one", kind="query")
    assert Project.objects.count() == 1 and not capsys.readouterr().err

    path = tmp_path / "c.jsonl"
    path.write_text(json.dumps(conversation(user("hi"), agent("yo"))) + "\n{bad\n")
    call_command("import_events", path, "--project", "new-one", "--redate", "2d", "--keep-labels")
    out, err = capsys.readouterr()
    assert "1 event from" in out and "line 2" in err and "rejects.jsonl" in err
    assert Event.objects.get(project=project).event_id == "c:0"


@pytest.mark.parametrize("arguments", [("--project", "Bad Slug"), ("--project", "ok", "--redate", "soon")])
def test_bad_arguments(db: None, tmp_path: Path, arguments: tuple[str, ...]) -> None:
    path = tmp_path / "c.jsonl"
    path.write_text("{}")
    with pytest.raises(CommandError):
        call_command("import_events", path, *arguments)


def test_a_conversation_may_name_its_model_and_release(project: Any, tmp_path: Path) -> None:
    path = tmp_path / "c.jsonl"
    line = conversation(user("hi"), agent("hello")) | {"model": "gpt-x", "properties": {"release": "v7"}}
    path.write_text(
        json.dumps(line) + "\n" + json.dumps(line | {"conversation_id": "bad", "properties": []}) + "\n"
    )
    report = import_file(path, project=project)
    assert report.rejected == 0 or "properties" in report.reasons[0]
    event = Event.objects.filter(conversation__convo_id="c").get()
    assert (event.model, event.properties) == ("gpt-x", {"release": "v7"})


def test_nothing_imported_is_a_failure(db: None, tmp_path: Path) -> None:
    broken = tmp_path / "broken.jsonl.gz"
    broken.write_bytes(b"this is no gzip")
    with pytest.raises(CommandError, match="2 of 2 files"):
        call_command("import_events", broken, tmp_path / "missing.jsonl", "--project", "p")


# -- lines that this program fails on


RAISES = "11000119900101001X"  # a number on which python-stdnum raises KeyError


@pytest.mark.django_db
def test_a_number_that_a_library_raises_on_costs_no_line(project: Project, tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    lines = [{"event": "chat", "event_id": f"e{n}", "ai_data": {"input": f"{n}"}} for n in range(20)]
    lines[7]["ai_data"] = {"input": f"My id is {RAISES}"}
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    report = import_file(path, project=project)
    assert (report.events, report.rejected) == (20, 0)
    assert Event.objects.get(event_id="e7").input == "My id is <REDACTED_ID>"


@pytest.mark.django_db
@pytest.mark.parametrize("place", ["_parse", "store_parsed"])
def test_a_line_that_raises_is_a_reject_and_the_import_goes_on(
    project: Project, tmp_path: Path, monkeypatch: Any, caplog: Any, place: str
) -> None:
    path = tmp_path / "events.jsonl"
    lines = [{"event": "chat", "event_id": f"e{n}", "ai_data": {"input": f"number {n}"}} for n in range(20)]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    parse, store = ingest.files.importing._Importer._parse, ingest.files.importing.store_parsed

    def parsing(self: Any, raw: bytes) -> Any:
        if b"number 7" in raw:
            raise KeyError("county")
        return parse(self, raw)

    def storing(*, project: Project, parsed: Any) -> Any:
        if any(event.input == "number 7" for part in parsed for event in part.events):
            raise KeyError("county")
        return store(project=project, parsed=parsed)

    if place == "_parse":
        monkeypatch.setattr(ingest.files.importing._Importer, "_parse", parsing)
    else:
        monkeypatch.setattr(ingest.files.importing, "store_parsed", storing)
    report = import_file(path, project=project)
    assert (report.events, report.rejected) == (19, 1)
    assert "line 8: this program failed on it (KeyError)" in report.reasons[0]
    assert caplog.text.count("A line could not be imported") == 1
    assert report.rejects is not None and "number 7" in report.rejects.read_text()


@pytest.mark.django_db
def test_a_database_that_is_gone_ends_the_import_and_rejects_nothing(
    project: Project, tmp_path: Path, monkeypatch: Any
) -> None:
    from django.db import OperationalError

    path = tmp_path / "events.jsonl"
    path.write_text(json.dumps({"event": "chat", "event_id": "e1"}) + "\n")
    monkeypatch.setattr(
        ingest.files.importing, "store_parsed", lambda **_: (_ for _ in ()).throw(OperationalError("gone"))
    )
    with pytest.raises(OperationalError):
        import_file(path, project=project)
    assert not path.with_name("events.jsonl.rejects.jsonl").exists()


@pytest.mark.django_db
def test_only_its_owner_may_read_a_reject_file(project: Project, tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    path.write_text("not JSON\n")
    rejects = tmp_path / "events.jsonl.rejects.jsonl"
    rejects.write_text('{"line": 99}\n')
    rejects.chmod(0o644)  # of an earlier version
    import_file(path, project=project)
    assert rejects.stat().st_mode & 0o777 == 0o600


def test_a_tool_takes_as_long_as_the_messages_say() -> None:
    def at(second: int) -> dict[str, Any]:
        return {"timestamp": f"2026-11-02T08:18:{second:02}Z"}

    def call(name: str) -> dict[str, Any]:
        return {"id": name, "name": name, "arguments": "{}"}

    line = conversation(
        user("Well?", **at(1)),
        agent("", call("slow"), call("quick"), call("lost")) | at(4),
        tool("2", tool_call_id="quick", name="quick") | at(5),
        tool("1", tool_call_id="slow", name="slow") | at(9),
        agent("", call("odd")) | {"timestamp": "yesterday"},
        tool("3", tool_call_id="odd", name="odd") | at(12),
    )
    [event] = events_of_conversation(line, start=NOON)
    lengths = {
        span.name: (span.ended_at - span.started_at).total_seconds()
        for span in event.spans
        if span.started_at and span.ended_at
    }
    assert lengths == {
        "slow": pytest.approx(5, abs=0.001), "quick": pytest.approx(1, abs=0.001), "lost": 0, "odd": 0,
    }  # fmt: skip
    slow, quick = event.spans[:2]
    assert slow.started_at and quick.started_at and slow.started_at < quick.started_at  # the order stays
