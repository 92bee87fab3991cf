"""CONTRIBUTING.md's examples work as they stand, and docs/architecture.md draws the house that stands."""

import json
import re
import sys
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import pytest
from apprise.manager_plugins import NotificationManager
from django.test import Client
from django.utils import timezone

from ingest.files.formats import BadLine, Line
from ingest.jobs import kinds
from ingest.models import Event, Job
from ingest.otlp.raw import RawSpan
from issues.alerts import registry as alert_registry
from issues.alerts.channels import mask
from issues.alerts.checking import check_due
from issues.alerts.rules import create_rule
from issues.alerts.rules import test_rule as send_test
from issues.models import AlertDelivery, AlertRule
from raindrop.pipeline import STAGES
from signals.detection.stage import detect
from signals.detectors.batch import batch_of
from signals.kinds import registry
from signals.models import SignalDefinition, SignalMatch
from signals.search.fields import registry as registry_of_fields
from signals.search.finding import find_events
from signals.search.holding import holds
from signals.search.language.parsing import parse
from signals.search.scope import Facts, Scope
from signals.taxonomy.exchange import export_signals, import_signals
from signals.taxonomy.exchange_file import read_file
from tests.docs.pages import blocks, text_of
from tests.issues.alerts.sinks import webhook_sink
from tests.issues.alerts.test_triggers import embed_all
from tests.test_imports import COMPOSITION_ROOTS, FLOORS

ARCHITECTURE = "docs/architecture.md"
N_MGR = NotificationManager()  # a singleton


def example(section: str, number: int = 0) -> dict[str, Any]:
    """The names that the section's Python block makes, the first or another."""
    after = text_of("CONTRIBUTING.md").splitlines().index(f"## {section}") + 1
    block = [
        one
        for one in blocks()
        if one.page == "CONTRIBUTING.md" and one.language == "python" and one.line > after
    ][number]
    made: dict[str, Any] = {"__name__": "example"}
    exec(compile(block.text, str(block), "exec"), made)
    return made


def test_every_python_block_is_one_of_the_examples_below() -> None:
    ours = [one for one in blocks() if one.page == "CONTRIBUTING.md" and one.language == "python"]
    assert len(ours) == 11


def test_the_detector_finds_what_it_says() -> None:
    made = example("A detector")
    detector = made["DETECTOR"]
    assert made["SIGNAL"].key == detector.key
    [found] = detector.detect(batch_of(("Go on.", "It is done."), ("Go on.", "It was unfor-  ")))
    assert (found.index, found.evidence[0]["text"]) == (1, "unfor-")
    assert "It was unfor-  "[found.evidence[0]["start"] : found.evidence[0]["end"]] == "unfor-"


@pytest.mark.django_db
def test_the_kind_of_signal_works_from_its_form_to_its_matches(
    project: Any,
    other_project: Any,
    member: Any,
    admin_key: str,
    make_event: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """By its form, by the management API, in detection and in the taxonomy's file, with nothing but its module."""
    events = [make_event(output="one two three"), make_event(output="one")]
    kind = example("A kind of signal")["KIND"]
    monkeypatch.setitem(registry.KINDS, kind.name, kind)
    browser = Client()
    browser.force_login(member)
    page = f"/p/{project.slug}/signals/new/"
    fields = {"kind": "length", "name": "Long", "sentiment": "neutral", "longest_answer": "2"}
    assert "More words than" in browser.get(f"{page}?kind=length").content.decode()
    shown = browser.post(page, {**fields, "action": "preview"}).content.decode()
    assert "one two three" in shown and not SignalDefinition.objects.filter(key="long").exists()
    assert browser.post(page, {**fields, "longest_answer": "0"}).status_code == 400
    assert browser.post(page, fields).status_code == 302
    made = SignalDefinition.objects.get(project=project, key="long")
    assert (made.config, made.detector, made.reads) == ({"longest_answer": 2}, "rule", "conversation")
    assert "more than 2 words" in browser.get(f"/p/{project.slug}/signals/long/").content.decode()
    change = f"/p/{project.slug}/signals/long/rule/"
    assert 'value="2"' in browser.get(change).content.decode()

    detect(events)
    matches = SignalMatch.objects.filter(signal=made).values_list("event", "source")
    assert list(matches) == [(events[0].id, "length@1")]

    api = Client(headers={"Authorization": f"Bearer {admin_key}"})
    body = {"name": "Longer", "config": {"longest_answer": True}}
    refused = api.post("/api/signals/", body, content_type="application/json")
    assert refused.status_code == 400 and "whole number of words" in refused.content.decode()
    body["config"] = {"longest_answer": 9}
    taken = api.post("/api/signals/", body, content_type="application/json")
    assert (taken.status_code, taken.json()["config"]) == (201, {"longest_answer": 9})

    import_signals(project=other_project, taxonomy=read_file(export_signals(project)), user=None)
    carried = SignalDefinition.objects.filter(project=other_project, key__in=["long", "longer"])
    assert {one.key: one.config for one in carried} == {
        "long": {"longest_answer": 2},
        "longer": {"longest_answer": 9},
    }


@pytest.mark.django_db
def test_the_query_fields_find_the_same_in_the_database_and_in_memory(
    project: Any, make_event: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(registry_of_fields, "_FIELDS", dict(registry_of_fields._FIELDS))
    monkeypatch.setattr(registry_of_fields, "_ALIASES", dict(registry_of_fields._ALIASES))
    for number in (0, 1):
        example("A query field", number)
    for name, output in (("a", "one two three"), ("b", " one  two "), ("c", "")):
        make_event(event_id=name, output=output)
    Event.objects.filter(event_id="b").update(tool_calls=4, tool_errors=1)
    events, scope = list(Event.objects.filter(project=project).order_by("event_id")), Scope(project)
    for query, ids in (
        ("tool.successes:3", ["b"]),
        ("tool.successes:<1", ["a", "c"]),
        ("answer.words:>2", ["a"]),
        ("answer.words:2", ["b"]),
        ("-answer.words:>=2", ["c"]),
        ("has:answer.words", ["a", "b", "c"]),
    ):
        node = parse(query)
        assert sorted(find_events(node, scope).values_list("event_id", flat=True)) == ids
        held = zip(events, holds(node, Facts(events, scope)), strict=True)
        assert [event.event_id for event, one in held if one] == ids


def test_the_dialect_is_read() -> None:
    made = example("A trace dialect")
    attributes = {"example.question": "Is it open?", "example.answer": "Yes."}
    span = RawSpan(
        trace_id="0" * 32, span_id="1" * 16, parent_span_id="", name="ask", kind="internal", start_ns=0, end_ns=1,
        status_code="ok", status_message="", attributes=attributes, events=[], resource={}, scope_name="", scope_version="",
    )  # fmt: skip
    assert [one.text for one in made["input_messages"](span)] == ["Is it open?"]
    assert [(one.role, one.text) for one in made["output_messages"](span)] == [("assistant", "Yes.")]


def test_the_format_reads_a_line_and_refuses_another() -> None:
    import datetime as dt

    made = example("A file format")
    at = dt.datetime(2026, 11, 21, tzinfo=dt.UTC)

    def line(value: dict[str, Any]) -> Line:
        return Line(value=value, raw=b"", start_of=lambda key, seconds: at)

    whole = {"question": "Is it open?", "answer": "Yes."}
    assert made["recognises"](whole) and not made["recognises"]({"messages": []})
    [event], [again] = made["parse"](line(whole)).events, made["parse"](line(dict(whole))).events
    assert (event.input, event.output, event.timestamp) == ("Is it open?", "Yes.", at)
    assert event.event_id == again.event_id
    with pytest.raises(BadLine, match="are texts"):
        made["parse"](line({"question": 1, "answer": "Yes."}))


@pytest.mark.django_db
def test_the_page_shows_a_member_what_it_says(
    member: Any, stranger: Any, project: Any, make_event: Any, rf: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from django.http import Http404, HttpResponse

    make_event(input="hello")
    made = example("A page")
    made["render"] = lambda request, template, context: HttpResponse(f"{template}: {len(context['events'])}")
    request = rf.get("/")
    request.session, request.user = {}, member
    assert made["newest"](request, slug=project.slug).content == b"signals/newest.html: 1"
    request.user = stranger
    with pytest.raises(Http404):
        made["newest"](request, slug=project.slug)


@pytest.mark.django_db
def test_the_job_runs_and_passes_its_test(
    project: Any, make_event: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kinds, "_kinds", dict(kinds._kinds))
    module = ModuleType("recounting")
    vars(module).update(example("A kind of job"))
    monkeypatch.setitem(sys.modules, "signals.tools.recounting", module)
    example("A kind of job", 1)["test_it_says_how_many_events_there_are"](project, make_event)
    assert Job.objects.get().state == "done"


@pytest.mark.django_db
def test_the_trigger_tells_once(project: Any, make_event: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(alert_registry, "_triggers", dict(alert_registry._triggers))
    example("An alert trigger")["register"]()
    create_rule(
        project=project, user=None, channels=["json://a.example/x"], name="Talk", trigger="conversation_count",
        query="seat", threshold=2,
    )  # fmt: skip
    for convo, messages in (("a", 0), ("a", 0), ("b", 1), ("c", 1)):
        make_event(input="my seat", convo_id=convo)
        embed_all()
        AlertRule.objects.update(next_check_at=timezone.now())
        assert check_due() == 1 and AlertDelivery.objects.count() == messages
    told = AlertDelivery.objects.get()
    assert (told.text, told.data) == ("2 conversations. The limit is 2.", {"conversations": 2})


@pytest.fixture
def pager() -> Iterator[None]:
    example("A channel")
    yield
    N_MGR.remove("pager")


@pytest.mark.django_db
def test_the_channel_sends(project: Any, settings: Any, pager: None) -> None:
    settings.ALERT_PRIVATE_ADDRESSES = True
    with webhook_sink() as hook:
        rule = create_rule(
            project=project,
            user=None,
            channels=[hook.url("17", scheme="pager")],
            name="Pager",
            trigger="issue_new",
        )
        hook.statuses = [500, 200]
        assert [row.state for row in send_test(rule=rule)] == ["failed"]
        assert [row.state for row in send_test(rule=rule)] == ["sent"]
        settings.ALERT_PRIVATE_ADDRESSES = False
        [refused] = send_test(rule=rule)
    assert (refused.state, len(hook.got)) == ("failed", 2)
    assert "test" in json.loads(hook.got[1][1])["title"].lower()
    assert mask(rule.channels.get().url) == "pager://****"


def test_every_test_that_a_command_names_is_there() -> None:
    from tests.docs.test_pages import exists

    shell = [one.text for one in blocks() if one.language == "sh"]
    named = {name for text in shell for name in re.findall(r"tests/[\w/]+", text)}
    assert named and not {name for name in named if not exists(name)}


def test_the_house_is_drawn_as_it_stands() -> None:
    """The highest floor of each app on top, as the wall test knows them."""
    drawing = "\n".join(one.text for one in blocks() if one.page == ARCHITECTURE and one.language == "text")
    assert drawing.endswith(house())


def house() -> str:
    width = max(map(len, FLOORS)) + 3
    rows = [
        f"{app if place == 0 else '':<{width}}{' · '.join(floor.split())}"
        for app in reversed(FLOORS)
        for place, floor in enumerate(reversed(FLOORS[app]))
    ]
    return "\n".join(rows) + "\n"


def test_what_stands_outside_the_order_is_named() -> None:
    assert all(f"`{path}`" in text_of(ARCHITECTURE) for path in COMPOSITION_ROOTS)


def test_the_stages_are_named_in_their_order() -> None:
    named = re.findall(r"^   - `([\w/]+)\.py`", text_of(ARCHITECTURE), flags=re.MULTILINE)
    assert [name.replace("/", ".") for name in named] == [stage.__module__ for stage in STAGES]
