"""The search box of the events list: its chips, completion, facets, words, saved views, and the list as a file."""

import csv
import gc
import io
import json
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from ingest.incoming.values import IncomingSpan
from ingest.models import Event, Membership, User
from signals.models import SavedView, SignalDefinition, SignalMatch
from signals.pages.events import export as export_module
from signals.pages.events.completion import complete
from signals.search.scope import Scope
from signals.vectors.embedding import embed
from tests.html import html_of

pytestmark = pytest.mark.django_db
LIST = "/p/acme/events/"
EXPORT = "/p/acme/event-export/"
VIEWS = "/p/acme/event-views/"


@pytest.fixture
def page(client: Client, member: Any) -> Client:
    client.force_login(member)
    return client


@pytest.fixture
def three(make_event: Callable[..., Event], project: Any, other_project: Any) -> list[Event]:
    failed = IncomingSpan(name="book_flight", kind="tool", status="error", error="refused")
    made = [
        make_event(event_id="e1", model="gpt-4o", input="=cmd|calc", output="a refund, please", properties={"plan": "pro", "@x": "1"}),
        make_event(event_id="e2", model="gpt-4o-mini", user_id="u2", input="book it", properties={"plan": "free"}, spans=[failed]),
        make_event(event_id="-e3", model="claude-4", user_id="u2", input="line\nbreak, and \"quotes\""),
    ]  # fmt: skip
    make_event(of=other_project, event_id="theirs", model="secret-model", input="secret")
    signal = SignalDefinition.objects.create(project=project, key="anger", name="Anger")
    SignalMatch.objects.create(
        project=project, signal=signal, event=made[0], timestamp=made[0].timestamp, source="t"
    )
    embed(made)
    return made


# -- chips


def test_each_part_of_the_query_has_a_chip_that_takes_it_away(page: Client, three: list[Event]) -> None:
    answer = page.get(LIST, {"q": "model:gpt-4o (plan:pro OR plan:free) -refund", "range": "7d"})
    chips = answer.context["chips"]
    assert [(chip.value, chip.rest) for chip in chips] == [
        ("model:gpt-4o", "(plan:pro OR plan:free) -refund"),
        ("plan:pro OR plan:free", "model:gpt-4o -refund"),
        ("-refund", "model:gpt-4o (plan:pro OR plan:free)"),
    ]
    assert "?range=7d&amp;q=model%3Agpt-4o+-refund" in html_of(answer)
    [chip] = page.get(LIST, {"q": "plan:pro OR plan:free"}).context["chips"]
    assert chip.rest == ""


# -- completion


def completed(project: Any, query: str, at: int | None = None) -> list[tuple[str, int | None]]:
    found = complete(query, len(query) if at is None else at, Scope(project))
    return [(query[: one.start] + one.text + query[one.end :], one.count) for one in found]


def test_fields_and_values_are_completed(project: Any, three: list[Event]) -> None:
    assert ("model:", None) in completed(project, "mod")
    assert completed(project, "-tool.er")[:2] == [("-tool.error:", None), ("-tool.errors:", None)]
    assert completed(project, "refund model:") == [
        ("refund model:claude-4", 1), ("refund model:gpt-4o", 1), ("refund model:gpt-4o-mini", 1),
    ]  # fmt: skip
    assert completed(project, "model:GPT") == [("model:gpt-4o", 1), ("model:gpt-4o-mini", 1)]
    assert completed(project, "model:claude-4,gp")[0] == ("model:claude-4,gpt-4o", 1)
    assert completed(project, "model:gp refund", 8)[0] == ("model:gpt-4o refund", 1)
    assert completed(project, "(tool.failed:b") == [("(tool.failed:book_flight", 1)]
    assert completed(project, "signal:") == [("signal:anger", 1)]
    assert completed(project, "prop.plan:p") == [("prop.plan:pro", 1)]
    assert ("prop.plan:", None) in completed(project, "plan")
    assert ("since:24h", None) in completed(project, "since:2")
    assert ("has:user", None) in completed(project, "has:us")


@pytest.mark.parametrize("query", ['"mod', '~"model:', "/mod", "nothing:x", "tokens:>1", "text:a", "score.nothing:", "x:y:z:", "a" * 4000])  # fmt: skip
def test_nothing_is_completed_where_anything_may_stand(project: Any, three: list[Event], query: str) -> None:
    assert completed(project, query) == []


def test_completions_are_a_list_of_options(page: Client, three: list[Event]) -> None:
    answer = page.get("/p/acme/event-completions/", {"q": "model:c", "at": "7"})
    assert 'data-text="claude-4"' in html_of(answer) and "secret" not in html_of(answer)
    for at in ("x", "-1", "99999999", ""):
        assert page.get("/p/acme/event-completions/", {"q": "mod", "at": at}).status_code == 200


# -- facets


def test_facets_count_all_events_that_pass(page: Client, three: list[Event]) -> None:
    html = html_of(page.get("/p/acme/event-suggestions/", {"q": "model:gpt-*"}))
    for name in ("Signal", "Tool that failed", "book_flight", "anger"):
        assert name in html, name
    assert "q=model%3Agpt-%2A+tool.failed%3Abook_flight" in html
    assert "claude" not in html and "secret" not in html


def test_facets_of_the_newest_where_counting_takes_long(
    page: Client, three: list[Event], monkeypatch: pytest.MonkeyPatch
) -> None:
    from signals.pages.events import fragments
    from signals.read_api.page import TakesTooLong

    def slow(filters: Any) -> None:
        raise TakesTooLong(400, "too long")

    monkeypatch.setattr(fragments, "count_suggestions", slow)
    html = html_of(page.get("/p/acme/event-suggestions/"))
    assert "Counted over the newest 3" in html and "q=model%3Aclaude-4" in html


# -- words


def test_words_become_a_query_in_the_box(page: Client, three: list[Event]) -> None:
    answer = page.post(
        "/p/acme/event-words/", {"q": "failed bookings last week on gpt-4o-mini", "range": "14d"}
    )
    assert answer.status_code == 302
    shown = page.get(answer["Location"])
    assert shown.context["filters"].data["q"] == "tool.failed:book_flight -7d model:gpt-4o-mini"
    assert [event.event_id for event in shown.context["rows"]] == ["e2"]
    assert "was read as the query below (by rules)" in html_of(shown)
    assert "range=30d" in page.post("/p/acme/event-words/", {"q": "on claude-4", "range": "30d"})["Location"]
    htmx = page.post("/p/acme/event-words/", {"q": "on claude-4"}, headers={"HX-Request": "true"})
    assert htmx.status_code == 204 and "model%3Aclaude-4" in htmx["HX-Redirect"]
    for bad in ("", " ", "x" * 1001):
        assert page.post("/p/acme/event-words/", {"q": bad}).status_code == 400


# -- words that name something


def test_words_that_find_nothing_lead_to_what_is_called_so(
    page: Client, three: list[Event], project: Any, other_project: Any
) -> None:
    SignalDefinition.objects.create(project=project, key="sharp_tone", name="Unkind <b>reply</b>")
    SignalDefinition.objects.create(project=other_project, key="theirs_alone", name="Theirs alone")

    def named(q: str) -> list[tuple[str, str]]:
        return [(one.condition, one.query) for one in page.get(LIST, {"q": q}).context["named"]]

    assert named("book_flight") == [("tool:book_flight", "tool:book_flight")]
    assert named("Book flight -24h") == [("tool:book_flight", "tool:book_flight -24h")]
    assert named("claude zebra") == [("model:claude-4", "model:claude-4 zebra")]
    assert named("gpt-4o zebra")[0] == ("model:gpt-4o", "model:gpt-4o zebra")
    assert named('"unkind b reply b"') == [("signal:sharp_tone", "signal:sharp_tone")]
    for other in (
        "theirs_alone",
        "secret-model",
        "-book_flight",
        "zebra",
        "zebra OR book_flight",
        "??",
        "model:x",
    ):
        assert named(other) == [], other
    html = html_of(page.get(LIST, {"q": "book_flight", "range": "7d"}))
    assert "q=tool%3Abook_flight" in html and "range=7d" in html
    assert page.get(LIST, {"q": "refund"}).context["named"] == []


# -- saved views


def test_a_view_is_kept_shared_renamed_and_deleted(
    page: Client, three: list[Event], client: Client, project: Any
) -> None:
    kept = page.post(
        VIEWS, {"name": "  Refunds  of pro ", "parameters": "?range=7d&q=refund+plan%3Apro&cursor=x"}
    )
    assert kept["Location"] == f"{LIST}?q=refund+plan%3Apro&range=7d"
    view = SavedView.objects.get()
    assert (view.name, view.is_shared, view.parameters) == (
        "Refunds of pro",
        False,
        "q=refund+plan%3Apro&range=7d",
    )
    html = html_of(page.get(kept["Location"]))
    assert "Refunds of pro" in html and "is-current" in html
    again = page.post(VIEWS, {"name": "Refunds of pro", "parameters": "q=x"}, follow=True)
    assert "You have a view of that name already" in html_of(again) and SavedView.objects.count() == 1
    page.post(f"{VIEWS}{view.id}/", {"action": "rename", "name": "R"})
    page.post(f"{VIEWS}{view.id}/", {"action": "share"})
    view.refresh_from_db()
    assert (view.name, view.is_shared) == ("R", True)
    page.post(f"{VIEWS}{view.id}/", {"action": "delete"})
    assert not SavedView.objects.exists()


def test_views_of_others(page: Client, three: list[Event], project: Any, viewer: User, member: User) -> None:
    mine = SavedView.objects.create(project=project, owner=member, name="mine", parameters="q=a")
    shared = SavedView.objects.create(
        project=project, owner=member, name="ours", parameters="q=b", is_shared=True
    )
    other = Client()
    other.force_login(viewer)
    html = html_of(other.get(LIST))
    assert "ours" in html and "?q=a" not in html
    assert other.post(f"{VIEWS}{mine.id}/", {"action": "delete"}).status_code == 404
    assert other.post(f"{VIEWS}{shared.id}/", {"action": "delete"}).status_code == 403
    assert other.post(VIEWS, {"name": "x", "parameters": "q=a", "shared": "on"}).status_code == 403
    assert other.post(VIEWS, {"name": "own", "parameters": "q=a"}).status_code == 302
    Membership.objects.filter(user=viewer).update(role="admin")
    assert other.post(f"{VIEWS}{shared.id}/", {"action": "rename", "name": "everybody's"}).status_code == 302
    viewer.delete()
    assert SavedView.objects.get(name="own").owner is None


@pytest.mark.parametrize(
    "body",
    [{"name": "x", "parameters": "q=%22"}, {"name": "x", "parameters": "nothing=1"}, {"name": " ", "parameters": ""},
     {"name": "x" * 81, "parameters": ""}, {}],
)  # fmt: skip
def test_a_view_that_cannot_be_is_refused(page: Client, three: list[Event], body: dict[str, str]) -> None:
    assert page.post(VIEWS, body).status_code == 400 and not SavedView.objects.exists()
    assert page.get(VIEWS).status_code == 405


# -- export


def content(answer: Any) -> str:
    assert answer.status_code == 200, answer.content
    return b"".join(answer.streaming_content).decode()


def test_the_list_as_jsonl(page: Client, three: list[Event], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export_module, "ROWS", 2)
    answer = page.get(EXPORT, {"format": "jsonl", "cursor": "ignored", "range": "7d"})
    assert (
        answer["Content-Type"] == "application/x-ndjson" and "acme-events-" in answer["Content-Disposition"]
    )
    lines = [json.loads(line) for line in content(answer).splitlines()]
    assert [line["event_id"] for line in lines] == [row.event_id for row in page.get(LIST).context["rows"]]
    assert next(line for line in lines if line["event_id"] == "e1")["signals"][0]["key"] == "anger"
    found = content(page.get(EXPORT, {"q": '~"money back for an order" OR model:claude-4'}))
    assert "secret" not in found and "-e3" in found
    assert content(page.get(EXPORT, {"q": "nothing_of_it"})) == ""


def test_the_list_as_csv_holds_no_formula(page: Client, three: list[Event]) -> None:
    rows = list(csv.DictReader(io.StringIO(content(page.get(EXPORT, {"format": "csv"})))))
    assert len(rows) == 3
    by_id = {row["event_id"]: row for row in rows}
    assert set(by_id) == {"e1", "e2", "'-e3"}
    assert by_id["e1"]["input"] == "'=cmd|calc" and by_id["e1"]["signals"] == "anger"
    assert json.loads(by_id["e1"]["properties"]) == {"plan": "pro", "@x": "1"}
    assert by_id["'-e3"]["input"] == 'line\nbreak, and "quotes"'
    empty = content(page.get(EXPORT, {"format": "csv", "q": "nothing_of_it"}))
    assert empty.startswith("event_id,name,timestamp") and empty.count("\n") == 1


@pytest.mark.parametrize(
    "parameters", [{"format": "xls"}, {"q": '"'}, {"nothing": "1"}, {"signal": "nothing"}]
)
def test_an_export_of_what_cannot_be_is_refused(
    page: Client, three: list[Event], parameters: dict[str, str]
) -> None:
    assert page.get(EXPORT, parameters).status_code == 400


def test_exports_of_one_project_wait_for_each_other(page: Client, three: list[Event], project: Any) -> None:
    open_ = [page.get(EXPORT) for _ in range(2)]
    assert page.get(EXPORT).status_code == 429
    for answer in open_:
        content(answer)
    assert page.get(EXPORT).status_code == 200


def test_an_export_that_nobody_reads_gives_its_place_back(page: Client, three: list[Event]) -> None:
    for _ in range(5):
        answer = page.get(EXPORT)
        assert answer.status_code == 200
        del answer
        gc.collect()


def test_a_time_without_its_minus_is_a_word_and_the_page_says_so(page: Client, three: list[Event]) -> None:
    empty = html_of(page.get(LIST, {"q": "model:gpt-4o 7d"}))
    assert "The time since then is <code>-7d</code>" in " ".join(empty.split())
    assert "The time since then" not in html_of(page.get(LIST, {"q": "model:gpt-4o -7d"}))
    assert "The time since then" not in html_of(page.get(LIST, {"q": "nothing says this"}))


def test_an_error_that_asks_ends_with_its_question_mark(page: Client, three: list[Event]) -> None:
    text = html_of(page.get(LIST, {"q": "signal:angre"}))
    assert "do you mean anger?" in text
    assert "anger?." not in text
