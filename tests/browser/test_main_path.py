"""The main path, as a new user walks it: from the first page to a labelled issue with a trend."""

import json
import re
from typing import Any

import pytest

from tests.browser.conftest import Walked
from tests.processes import Server

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def test_from_the_overview_to_a_labelled_issue(page: Any, server: Server) -> None:
    # The overview counts what was imported.
    page.goto("/")
    page.get_by_role("heading", name="Overview").wait_for()
    assert number_in(page.locator("main").inner_text(), "EVENTS") > 300

    # A signal, its matches with the words they were read from, and the conversation behind one.
    page.locator("aside").get_by_role("link", name="Signals", exact=True).click()
    page.get_by_role("link", name="Tool failure").click()
    page.locator("mark.evidence").first.wait_for()
    page.go_back()
    page.locator("aside").get_by_role("link", name="Events", exact=True).click()
    page.fill("[data-search]", "cancel reservation")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("q=cancel"))
    page.locator("h1").click()
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.wait_for_url("**/conversations/**")
    assert page.locator("article").count() >= 1

    # An issue in one sentence.
    page.locator("aside").get_by_role("link", name="Issues", exact=True).click()
    page.get_by_role("link", name="New issue").first.click()
    page.fill("[name=title]", "User wants to cancel a reservation")
    page.fill(
        "[name=description]",
        "The user asks to cancel a flight reservation, or for a refund of one. Not: changing a flight.",
    )
    page.locator("main form button.btn-primary").click()
    page.wait_for_url("**/review/**")

    # Twelve answers by key; then one taken back.
    for _ in range(12):
        ticket = page.locator(".answers [name=event]").input_value()
        page.keyboard.press(true_key(page))
        page.wait_for_function(
            "before => document.querySelector('.answers [name=event]')?.value !== before", arg=ticket
        )
    page.keyboard.press("u")
    page.locator(".facts").get_by_text("13 labels").wait_for()
    page.keyboard.press("z")
    page.locator(".facts").get_by_text("12 labels").wait_for()

    # The next two cards are at hand: they show before the server has heard of an answer, and what is written there stays.
    # The third answer waits. All three are stored, in their order, one with its reason.
    page.keyboard.press(true_key(page, "2"))
    page.wait_for_function("() => !unsent.length && order.length === 2")
    first, second = page.evaluate("order")
    held: list[Any] = []
    page.route("**/review/label/", lambda route: route.continue_() if held else held.append(route))
    for key, card in (("", first), ("5", second)):
        page.keyboard.press(key or true_key(page))
        page.wait_for_function(
            "card => document.querySelector('.answers [name=event]').value === card", arg=card
        )
    page.fill("#note", "as it stands")
    page.keyboard.press("Enter")
    assert len(held) == 1 and page.locator(".answers[inert]").count() == 0, "Enter is no answer"
    page.keyboard.press(true_key(page))
    page.locator(".answers[inert]").wait_for()
    # The page shows that it waits; a key that is pressed meanwhile answers nothing, and says so.
    page.locator(".review .waiting", has_text="Waiting for the next card").wait_for()
    page.keyboard.press("u")
    page.locator("#toast", has_text="Not taken").wait_for()
    assert page.evaluate("unsent.length") == 3
    held[0].continue_()
    page.locator(".facts").get_by_text("16 labels").wait_for()
    page.locator(".review .list-group-item").first.get_by_text("as it stands").wait_for()
    page.locator(".review .list-group-item").nth(1).get_by_text("lacks context").wait_for()
    page.unroute("**/review/label/")
    assert page.locator(".review .waiting").count() == 0

    # An answer that is opened again is in the address, until the next card stands there.
    page.locator(".review aside .list-group-item").first.click()
    page.wait_for_url("**/review/?event=*")
    page.keyboard.press("u")
    page.wait_for_function("() => !location.search && !unsent.length && !waits")

    # Find similar: x selects the first row where none is current.
    page.locator(".review a", has_text="Find similar").click()
    page.wait_for_url("**/similar/?event=*")
    page.keyboard.press("x")
    assert page.locator("tr.is-current td.tick input:checked").count() == 1
    page.keyboard.press("q")
    page.wait_for_url("**/review/")

    # The workers train it meanwhile, and the issue page shows matches and their trend without being reloaded.
    page.get_by_role("link", name="Back to the issue").click()
    page.wait_for_url(re.compile(r"/issues/\d+/$"))
    # Only what is in view is read again, and what comes later above it pushes this card down.
    page.wait_for_function(
        "() => { const card = document.querySelector('#teaching'); card.scrollIntoView();"
        " return card.innerText.includes('of the classifier is in use'); }",
        polling=250,
        timeout=60_000,
    )
    page.evaluate("scrollTo(0, 0)")
    page.wait_for_function(
        "() => JSON.parse(document.querySelector('[data-chart]')?.dataset.values || '{\"series\": []}')"
        ".series.some(series => series.values.some(value => value > 0))",
        timeout=60_000,
    )
    page.locator("[data-chart] svg").first.wait_for()

    # Resolved by key, and gone from the open ones.
    page.keyboard.press("e")
    page.get_by_text("Resolved").first.wait_for()
    page.locator("aside").get_by_role("link", name="Issues", exact=True).click()
    assert page.get_by_role("link", name="User wants to cancel a reservation").count() == 0


def true_key(page: Any, wrong: str = "n") -> str:
    """What answers the card on the screen as its text has it."""
    return "y" if re.search(r"cancel|refund", page.locator("#asked").inner_text().lower()) else wrong


def test_an_event_that_comes_in_shows_up_without_a_reload(page: Any, server: Server) -> None:
    page.goto("/p/shop/")
    before = number_in(page.locator("main").inner_text(), "EVENTS")
    key = server.manage("create_key", "--project", "shop", "--kind", "write")
    event = {
        "event": "chat",
        "user_id": "zoe",
        "ai_data": {"input": "This is useless, you forgot my name again!", "output": "I'm sorry."},
    }
    status, body = server.post("/v1/events/track", [event], key=key)
    assert status == 200 and json.loads(body)["events"]
    page.wait_for_function(
        "before => { const found = document.querySelector('main').innerText.match(/EVENTS\\s+([\\d,]+)/i);"
        " return found && Number(found[1].replaceAll(',', '')) > before; }",
        arg=before,
        timeout=60_000,
    )


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 400])
def test_no_page_scrolls_sideways(walked: Walked, scheme: str, width: int) -> None:
    visits = [visit for visit in walked.pages if visit.scheme == scheme]
    assert len(visits) > 30
    assert not {visit.path: visit.overflow[width] for visit in visits if visit.overflow[width] > 0}


def test_a_new_project_takes_its_slug_from_its_name(root_page: Any) -> None:
    """Only a server's owner makes projects."""
    root_page.goto("/accounts/projects/new/")
    name, slug = root_page.locator("[name=name]"), root_page.locator("[name=slug]")
    name.press_sequentially("Ünser Bot: Shop & Co.")
    assert slug.input_value() == "unser-bot-shop-co"
    slug.fill("shop-bot")
    name.fill("Another name")
    assert slug.input_value() == "shop-bot"
    slug.fill("")
    name.fill("Shop Bot 20")
    assert slug.input_value() == "shop-bot-20"


def number_in(text: str, label: str) -> int:
    found = re.search(rf"{label}\s+([\d,]+)", text, re.IGNORECASE)
    assert found, text
    return int(found[1].replace(",", ""))


def test_the_events_list_shows_25_rows_a_screen_and_says_what_came_in(page: Any, server: Server) -> None:
    page.set_viewport_size({"width": 1280, "height": 800})
    page.goto("/p/shop/events/")
    whole = "rows => rows.filter(row => row.getBoundingClientRect().bottom <= innerHeight).length"
    assert page.locator("tr[data-row]").evaluate_all(whole) >= 23
    # Beside the facets both texts have room for some words.
    page.locator(".facets").wait_for()
    for place in (0, 1):
        box = page.locator("tr[data-row]").first.locator(".cell-text").nth(place).bounding_box()
        assert box["width"] >= 180, box
    page.get_by_role("button", name="From words").click()
    page.locator("#toast", has_text="in your own words").wait_for()
    assert page.evaluate("document.activeElement.name") == "q"
    page.locator("summary", has_text="Filters").click()
    page.locator(".filters-panel .suggestion").first.wait_for()
    page.keyboard.press("Escape")
    key = server.manage("create_key", "--project", "shop", "--kind", "write")
    event = {"event": "chat", "user_id": "yan", "ai_data": {"input": "One more thing.", "output": "Yes?"}}
    before = page.locator("#counted .num").first.inner_text()
    status, _ = server.post("/v1/events/track", [event, event], key=key)
    assert status == 200
    hint = page.locator("#new-events a", has_text="2 new events")
    hint.wait_for()
    page.wait_for_function(  # counted by the pipeline, too
        "() => fetch(location).then(a => a.text()).then(t => !t.includes('in the pipeline'))", timeout=60_000
    )
    hint.click()
    page.locator("tr[data-row]", has_text="One more thing.").nth(1).wait_for()
    assert hint.count() == 0
    after = page.locator("#counted .num").first.inner_text()
    assert int(after.replace(",", "")) == int(before.replace(",", "")) + 2


def test_on_a_phone_the_question_leaves_room_for_the_conversation(
    root_page: Any, filled: dict[str, list[str]]
) -> None:
    """The evidence and the definition were in the header that stays in view: it took up to half of the screen."""
    root_page.set_viewport_size({"width": 400, "height": 850})
    reviews = [path for path in filled["pages"] if path.endswith("/review/")]
    assert len(reviews) == 3
    for path in reviews:
        root_page.goto(path)
        root_page.evaluate("scrollTo(0, document.documentElement.scrollHeight)")
        header = root_page.locator(".review .question").bounding_box()
        assert header["y"] == 0 and header["height"] < 110, (path, header)
