"""An agent's text as a chat would show it: markdown rendered by markdown-it-py and sanitised by nh3, with passages marked.

Nothing in the text can become a script, a style, a form or a request to elsewhere: raw HTML is shown as text, images are links,
and links lead only to http, https and mailto addresses, in a page of their own.
"""

import html
import re
from collections.abc import Sequence
from html.parser import HTMLParser
from itertools import pairwise

import nh3
from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token

LONGEST = 100_000  # characters; a longer text is shown as it is
# What no text without markdown has: emphasis, code, headings, lists, tables, quotes, links, rules.
SYNTAX = re.compile(r"[*_`~|\[<]|^[ \t]*(?:#{1,6} |[-+] |\d+[.)] |> |---)|^=+$", re.MULTILINE)
TAGS = {
    "a", "blockquote", "br", "code", "del", "em", "hr", "li", "ol", "p", "pre", "s", "strong",
    "table", "tbody", "td", "th", "thead", "tr", "ul",
}  # fmt: skip

_parser = (
    MarkdownIt("commonmark", {"html": False, "breaks": True})
    .enable(["table", "strikethrough"])
    .disable("image")
)


def _heading(
    renderer: RendererHTML, tokens: Sequence[Token], place: int, options: object, env: object
) -> str:
    """A paragraph that looks like a heading: the headings of a page are the page's own."""
    return '<p class="md-heading">' if tokens[place].nesting > 0 else "</p>\n"


_parser.add_render_rule("heading_open", _heading)
_parser.add_render_rule("heading_close", _heading)


def render_markdown(text: str, passages: Sequence[tuple[int, int]] = ()) -> SafeString | None:
    """The text as safe HTML, with <mark class="evidence"> around the passages, which are (start, end) in `text`.

    None where the text is to be shown as it is: it has no markdown, is longer than LONGEST, or a passage is not in what is seen
    of it (it lies in a link's address): what a signal was read from is never lost.
    """
    if len(text) > LONGEST or not SYNTAX.search(text):
        return None
    clean = nh3.clean(
        _parser.render(text),
        tags=TAGS,
        attributes={"a": {"href", "title"}},
        allowed_classes={"p": {"md-heading"}},
        url_schemes={"http", "https", "mailto"},
        link_rel="noopener noreferrer nofollow",
        set_tag_attribute_values={"a": {"target": "_blank"}},
    )
    marked = _mark(clean, text, [one for one in passages if one[0] < one[1]])
    return None if marked is None else mark_safe(marked)  # noqa: S308  (nh3 has cleaned it)


class _Pieces(HTMLParser):
    """Clean HTML as a list of (is text, text or tag)."""

    def __init__(self, source: str) -> None:
        super().__init__(convert_charrefs=True)
        self.pieces: list[tuple[bool, str]] = []
        self.feed(source)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.pieces.append((False, self.get_starttag_text() or ""))

    def handle_endtag(self, tag: str) -> None:
        self.pieces.append((False, f"</{tag}>"))

    def handle_data(self, data: str) -> None:
        self.pieces.append((True, data))


def _mark(clean: str, source: str, passages: list[tuple[int, int]]) -> str | None:
    """The HTML with the passages of its source marked; None where one is not in it. Letters and digits are compared, because those
    are what rendering keeps."""
    if not passages:
        return clean
    pieces = _Pieces(clean).pieces
    shown = "".join(text for is_text, text in pieces if is_text)
    places = [i for i, character in enumerate(shown) if character.isalnum()]
    letters = "".join(shown[i] for i in places)
    spans = []
    for start, end in passages:
        passage = _letters(source[start:end])
        found = _occurrence(
            letters, passage, _count(_letters(source[:start] + source[start:end])[:-1], passage)
        )
        if found is None:
            return None
        spans.append((places[found], places[found + len(passage) - 1] + 1))
    made, at = [], 0
    for is_text, text in pieces:
        if is_text:
            made.append(_marked_text(text, at, spans))
            at += len(text)
        else:
            made.append(text)
    return "".join(made)


def _marked_text(text: str, at: int, spans: list[tuple[int, int]]) -> str:
    """One text of the HTML, which begins at `at` of all that is shown, escaped and with its part of the spans marked."""
    cuts = {0, len(text)}
    for start, end in spans:
        cuts |= {min(max(place - at, 0), len(text)) for place in (start, end)}
    made = []
    for left, right in pairwise(sorted(cuts)):
        part = html.escape(text[left:right])
        inside = part.strip() and any(start <= at + left and at + right <= end for start, end in spans)
        made.append(f'<mark class="evidence">{part}</mark>' if inside else part)
    return "".join(made)


def _letters(text: str) -> str:
    return "".join(character for character in text if character.isalnum())


def _count(text: str, passage: str) -> int:
    """How often it stands in the text, overlapping ones too."""
    count, at = 0, text.find(passage) if passage else -1
    while at >= 0:
        count, at = count + 1, text.find(passage, at + 1)
    return count


def _occurrence(text: str, passage: str, before: int) -> int | None:
    """Where it stands after `before` others; the last where there are fewer; None where there is none."""
    at = text.find(passage) if passage else -1
    if at < 0:
        return None
    for _ in range(before):
        later = text.find(passage, at + 1)
        if later < 0:
            break
        at = later
    return at
