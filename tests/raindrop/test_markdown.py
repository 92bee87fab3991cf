"""An agent's text as a chat shows it: rendered, harmless, and with every passage marked."""

import html
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from raindrop.web.markdown import LONGEST, TAGS, render_markdown

TEXT = st.text(st.sampled_from("ab1 *_`#-|>[]()<&\"'!\n:/é"), max_size=80)


def seen(rendered: str) -> str:
    return html.unescape(re.sub(r"<[^>]*>", "", rendered))


def test_markdown_is_rendered() -> None:
    shown = render_markdown(
        "# Plan\n\n1. **Book** it\n2. `pay()`\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n~~no~~ one\ntwo"
    )
    assert shown is not None
    assert '<p class="md-heading">Plan</p>' in shown and "<h1" not in shown
    assert "<strong>Book</strong>" in shown and "<code>pay()</code>" in shown and "<td>2</td>" in shown
    assert "<s>no</s>" in shown and "one<br>" in shown


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script> *x*",
        "<img src=x onerror=alert(1)> *x*",
        "[x](javascript:alert(1))",
        "[x](data:text/html,<script>alert(1)</script>)",
        "![pixel](https://evil.example/pixel.png)",
        '[x](https://ok.example "onmouseover=alert(1)")',
        '<a href="https://ok.example" onclick="alert(1)" style="color:red">x</a>',
        "```html\n<style>body{}</style>\n```",
        "<https://evil.example/'onclick='x>",
        "| a |\n|:-:|\n| <iframe src=x> |",
    ],
)
def test_nothing_in_it_does_anything(text: str) -> None:
    shown = render_markdown(text)
    assert shown is not None
    for tag in re.findall(r"<[^>]*>", shown):
        name = re.match(r"</?(\w+)", tag)
        assert name and name[1] in TAGS, tag
        assert not re.search(r"\s(on\w+|style|src|id)\s*=", re.sub(r'"[^"]*"', '""', tag)), tag
        assert "javascript:" not in tag and "data:" not in tag


def test_a_link_opens_a_page_of_its_own_that_knows_nothing_of_this_one() -> None:
    shown = render_markdown("[docs](https://example.org/a?b=1)")
    assert shown is not None
    assert 'href="https://example.org/a?b=1"' in shown
    assert 'rel="noopener noreferrer nofollow"' in shown and 'target="_blank"' in shown


@pytest.mark.parametrize("text", ["Just words, and 5 more.", "", "a\nb", "x" * LONGEST + " *x*"])
def test_what_has_no_markdown_or_is_too_long_is_left_as_it_is(text: str) -> None:
    assert render_markdown(text) is None


@pytest.mark.parametrize(
    ("text", "passage", "marked"),
    [
        ("I **cannot help** with that.", "cannot help", ["cannot help"]),
        ("I **cannot** help with that.", "**cannot** help", ["cannot", "help"]),
        ("- no\n- no way\n", "no way", ["no way"]),
        ("no and *no* and no", "no", ["no"]),
        ("`a < b` & *c*", "a < b", ["a < b"]),
        ("| x | sorry |\n|---|---|\n| 1 | 2 |", "sorry", ["sorry"]),
    ],
)
def test_passages_are_marked_in_what_is_seen(text: str, passage: str, marked: list[str]) -> None:
    start = text.index(passage)
    shown = render_markdown(text, [(start, start + len(passage))])
    assert shown is not None
    found = [html.unescape(one).strip() for one in re.findall(r"<mark[^>]*>(.*?)</mark>", shown)]
    assert found == marked


def test_of_words_that_stand_there_more_often_the_right_ones_are_marked() -> None:
    text = "no and *no* and no"
    shown = render_markdown(text, [(16, 18)])
    assert shown is not None and shown.rstrip().endswith('and <mark class="evidence">no</mark></p>')


def test_a_passage_that_is_not_seen_leaves_the_text_as_it_is() -> None:
    text = "[here](https://secret.example)"
    assert render_markdown(text, [(text.index("secret"), text.index("secret") + 6)]) is None


@settings(deadline=None)  # a busy machine is no failure
@given(TEXT, st.lists(st.tuples(st.integers(0, 80), st.integers(0, 80)), max_size=3))
def test_marking_changes_nothing_else(text: str, places: list[tuple[int, int]]) -> None:
    plain, marked = render_markdown(text), render_markdown(text, places)
    if plain is not None and marked is not None:
        assert re.sub(r'<mark class="evidence">|</mark>', "", html.unescape(marked)) == html.unescape(plain)
        assert {tag.strip("</>").split()[0] for tag in re.findall(r"<[^>]*>", marked)} <= TAGS | {"mark"}
    assert plain is None or not re.search(r"<(?!/?[a-z]+[ >])", plain)
