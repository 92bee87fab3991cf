"""A new user makes a custom signal of each kind, and teaches it: preview, history, five matches judged, and the numbers that follow."""

import re
from typing import Any

import pytest

from tests.browser.test_main_path import number_in
from tests.processes import Server
from tests.waiting import wait_until

pytestmark = [pytest.mark.browser, pytest.mark.slow]

JUDGED = "document.querySelectorAll('[data-match] [aria-pressed=true]')"
EXAMPLES = (
    "I want to cancel my reservation\nPlease cancel my flight\nCan you cancel the booking and refund me?"
)
# (kind, what is filled in, what is chosen in lists)
KINDS: list[tuple[str, dict[str, str], dict[str, str]]] = [
    ("words", {"expressions": "cancel\nrefund"}, {"reads": "user"}),
    ("words", {"expressions": "/cancel(led|ation)?|refund(ed)?/"}, {"reads": "conversation"}),
    ("metric", {"value": "2"}, {"metric": "tool_calls", "operator": ">="}),
    (
        "sentence",
        {"sentence": "The user wants to cancel a reservation", "examples": EXAMPLES},
        {"reads": "user"},
    ),
    ("combination", {"limit": "tool_calls >= 1"}, {"signal_0": "tool_failure"}),
    (
        "question",
        {"question": "Does the user want to cancel a reservation?", "examples": EXAMPLES},
        {"reads": "user"},
    ),
]


@pytest.mark.parametrize(
    ("kind", "filled", "chosen"),
    KINDS,
    ids=["words", "regex", "metric", "sentence", "combination", "question"],
)
def test_a_signal_of_each_kind(
    page: Any,
    server: Server,
    request: pytest.FixtureRequest,
    kind: str,
    filled: dict[str, str],
    chosen: dict[str, str],
) -> None:
    name = f"My {request.node.callspec.id}"
    walk_to_form(page, kind)
    page.fill("[name=name]", name)
    for field, value in filled.items():
        page.fill(f"[name={field}]", value)
    for field, value in chosen.items():
        page.select_option(f"[name={field}]", value)

    # The preview: how much, and which, before anything is saved.
    page.get_by_role("button", name="Preview").click()
    page.get_by_role("heading", name="In the newest").wait_for()
    previewed = number_in(page.locator("#custom").inner_text(), "MATCHES")
    assert previewed >= 5
    page.locator("#custom mark.evidence, #custom .match-text").first.wait_for()
    if kind == "sentence":
        page.get_by_role("heading", name="Near misses").wait_for()
    if kind == "question":
        page.get_by_role("button", name="Ask the LLM").click()
        page.locator("#custom .verdict", has_text="LLM: yes").first.wait_for(timeout=60_000)
        previewed -= page.locator("#custom .verdict", has_text="LLM: no").count()

    # Saved, the history is read while the page is open, and ends at what the preview said.
    page.get_by_role("button", name="Create").click()
    page.wait_for_url(re.compile(r"/signals/my_\w+/$"))
    page.wait_for_function(
        "expected => { const found = document.querySelector('#numbers').innerText.match(/OF ALL TIME\\s+([\\d,]+)/i);"
        " return found && Number(found[1].replaceAll(',', '')) >= expected && !document.querySelector('#backfill .progress'); }",
        arg=previewed, timeout=90_000,
    )  # fmt: skip

    if (
        kind == "question"
    ):  # what was asked is not asked again; and the LLM judges what comes in, while the page is open
        page.locator("#matches .verdict", has_text="It says so.").first.wait_for()
        send_event(server, "Please cancel my flight to Oslo")
        page.locator("#matches [data-match]", has_text="to Oslo").locator(
            ".verdict", has_text="It says so."
        ).wait_for(timeout=60_000)

    # Five matches, four right and one wrong; the wrong one is taken back and given again.
    look_at_matches(page)
    page.locator("[data-row][data-match]").nth(4).wait_for()
    for place, key in enumerate("rrwrr"):
        press(page, key, place + 1)
    press(page, "z", 4)
    press(page, "r", 5)
    # A precision of the project's own stands from ten judged matches on.
    page.get_by_text(re.compile(r"4 of\s+5 (judged matches right|so far)")).wait_for()

    # Over time, users, and matches to judge.
    numbers = page.locator("#numbers").inner_text()
    assert number_in(numbers, "USERS") >= 1 and re.search(r"OF ALL EVENTS\s+[\d.]+%", numbers, re.IGNORECASE)
    page.get_by_role("link", name="Rate", exact=True).click()
    page.locator("#numbers [data-chart] svg").first.wait_for()
    assert page.locator("[data-match]").count() >= 1


def test_a_sentence_is_reviewed_one_by_one(page: Any, server: Server) -> None:
    open_form(page, "sentence")
    page.fill("[name=name]", "Wants out")
    page.fill("[name=sentence]", "The user wants to cancel a reservation")
    page.fill("[name=examples]", EXAMPLES)
    page.get_by_role("button", name="Create").click()
    page.locator("[data-row][data-match]").first.wait_for(timeout=60_000)
    page.get_by_role("link", name="Review matches one by one").click()
    page.wait_for_url("**/review/")
    reasons = set()
    for key in ("r", "n", "u", "y"):  # y and n are other names of r and w
        ticket = page.locator(".answers [name=event]").input_value()
        reasons.add(page.locator(".question .badge").first.inner_text())
        page.keyboard.press(key)
        page.wait_for_function(
            "before => document.querySelector('.answers [name=event]')?.value !== before", arg=ticket
        )
    assert reasons == {"uncertain match", "random match", "near miss"}
    page.locator(".facts").get_by_text("3 labels").wait_for()  # unsure is none
    page.keyboard.press("z")
    page.locator(".facts").get_by_text("2 labels").wait_for()


def test_a_match_is_judged_in_its_conversation(page: Any, server: Server) -> None:
    page.goto("/p/shop/signals/tool_failure/")
    page.locator("[data-match]").get_by_role("link", name="conversation").first.click()
    page.wait_for_url("**/conversations/**")  # loaded: before that no key does anything
    chip = page.locator(".chip-match", has_text="Tool failure").first
    chip.hover()
    page.keyboard.press("w")
    chip.locator("[data-judge=wrong][aria-pressed=true]").wait_for()
    page.keyboard.press("z")
    chip.locator("[data-judge=wrong][aria-pressed=false]").wait_for()
    right = chip.get_by_role("button", name="Right")
    right.focus()  # it shows, whatever moves under the resting pointer
    right.click()
    chip.locator("[data-judge=right][aria-pressed=true]").wait_for()
    page.keyboard.press("?")
    page.locator("#keys").get_by_text("r / w").wait_for()


def test_what_was_read_before_an_answer_does_not_take_it_back(page: Any, server: Server) -> None:
    """A hint lets the page read its regions; while that is under way a match is judged."""
    page.goto("/p/shop/signals/tool_failure/")
    look_at_matches(page)
    page.locator("[data-row][data-match]").nth(2).wait_for()
    page.wait_for_load_state("networkidle")
    held: list[tuple[Any, Any]] = []
    page.route(
        "**/live/**",
        lambda route: route.continue_() if held else held.append((route, route.fetch())),
    )
    page.evaluate("hinted()")
    # Playwright runs the handler only while it is waited for.
    wait_until(lambda: held or page.wait_for_timeout(50), what="the page's request")
    before = page.evaluate(f"{JUDGED}.length")
    press(page, "r", before + 1)
    press(page, "w", before + 2)
    page.evaluate(
        f"globalThis.fewest = Infinity; new MutationObserver(() => {{ fewest = Math.min(fewest, {JUDGED}.length); }})"
        ".observe(document.body, { childList: true, subtree: true, attributes: true })"
    )
    route, response = held[0]
    with page.expect_response("**/live/**"):  # it is read again, and that is shown
        route.fulfill(response=response)
    page.wait_for_function("() => fewest !== Infinity")
    assert page.evaluate("fewest") == before + 2
    press(page, "z", before + 1)
    press(page, "z", before)


BAD: list[tuple[str, dict[str, str], str, str]] = [
    ("words", {"name": "Broken", "expressions": "/refund(/"}, "expressions", "not valid"),
    ("words", {"name": "Looks back", "expressions": "/(?<=a)b/"}, "expressions", "not valid"),
    ("words", {"name": "Everything", "expressions": "/x*/"}, "expressions", "every event"),
    ("metric", {"name": "Mood", "limit": "mood >= 3"}, "limit", "no metric"),
    ("words", {"name": "Refusal", "expressions": "no"}, "name", "already"),
    ("sentence", {"name": "No examples", "sentence": "x", "examples": " "}, "examples", "required"),
]


@pytest.mark.parametrize(("kind", "filled", "field", "message"), BAD, ids=[one[1]["name"] for one in BAD])
def test_what_is_wrong_stands_beside_the_field(
    page: Any, server: Server, kind: str, filled: dict[str, str], field: str, message: str
) -> None:
    open_form(page, kind)
    for name, value in filled.items():
        page.fill(f"[name={name}]", value)
    page.get_by_role("button", name="Preview").click()
    beside = page.locator(f".mb-3:has([name={field}]) .invalid-feedback")
    beside.get_by_text(message).wait_for()
    for name, value in filled.items():
        assert page.locator(f"[name={name}]").input_value() == value  # nothing typed is lost


def test_a_catastrophic_pattern_costs_no_time(page: Any, server: Server) -> None:
    open_form(page, "words")
    page.fill("[name=name]", "Catastrophe")
    page.fill("[name=expressions]", "/(a+)+(a+)+$/")
    page.get_by_role("button", name="Preview").click()
    page.get_by_role("heading", name="In the newest").wait_for()
    assert number_in(page.locator("#custom").inner_text(), "MATCHES") == 0


def open_form(page: Any, kind: str) -> None:
    page.goto(f"/p/shop/signals/new/?kind={kind}")


def walk_to_form(page: Any, kind: str) -> None:
    page.goto("/")
    page.locator("aside").get_by_role("link", name="Signals", exact=True).click()
    page.get_by_role("link", name="New signal").click()
    tab = {
        "words": "Words", "metric": "A number", "sentence": "A sentence", "combination": "A combination",
        "question": "Question (LLM)",
    }[kind]  # fmt: skip
    page.locator(".custom-kinds").get_by_role("link", name=tab).click()
    page.wait_for_url(re.compile(f"kind={kind}"))


def send_event(server: Server, text: str) -> None:
    body = {
        "event_id": "oslo",
        "event": "chat",
        "user_id": "u-oslo",
        "ai_data": {"input": text, "output": "Hm."},
    }
    assert server.post("/v1/events/track", body, key=server.write_key)[0] == 200


def look_at_matches(page: Any) -> None:
    """What is out of view is not read until someone looks. Playwright's own scrolling fails when the region is swapped meanwhile."""
    page.evaluate("document.querySelector('#matches').scrollIntoView()")


def press(page: Any, key: str, judged: int) -> None:
    """And waits until so many matches on the page carry an answer."""
    page.keyboard.press(key)
    page.wait_for_function(f"n => {JUDGED}.length === n", arg=judged)
