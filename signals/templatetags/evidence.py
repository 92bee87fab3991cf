"""Showing a text with the words that a signal was read from."""

from collections.abc import Iterable, Sequence
from typing import Any

from django import template
from django.utils.html import conditional_escape, format_html, format_html_join
from django.utils.safestring import SafeString

from raindrop.web.markdown import render_markdown
from signals.detectors.language_mismatch import NAMES

register = template.Library()

# An excerpt shows so much on either side of the evidence, and so much of a text that has none.
AROUND = 140
BEGINNING = 280
LEAD = 30
ELLIPSIS = "…"


@register.filter
def highlight(text: str, evidence: Sequence[dict[str, Any]] | None) -> SafeString:
    """`{{ event.input|highlight:pieces }}`: the text, escaped, with <mark class="evidence"> around each piece's [start:end].

    The caller picks the pieces of this text's side. Pieces that overlap are joined; what lies outside the text is left out.
    """
    return _marked(text, _spans(evidence, len(text)), 0, len(text))


@register.filter
def excerpt(text: str, evidence: Sequence[dict[str, Any]] | None) -> SafeString:
    """As `highlight`, but only the words around the evidence; the beginning of a text that has none."""
    spans = _spans(evidence, len(text))
    if not spans:
        return format_html("{}{}", text[:BEGINNING], ELLIPSIS if len(text) > BEGINNING else "")
    windows: list[tuple[int, int]] = []
    for start, end in spans:
        left, right = _word_start(text, start - AROUND), _word_end(text, end + AROUND)
        if windows and left <= windows[-1][1]:
            windows[-1] = (windows[-1][0], max(right, windows[-1][1]))
        else:
            windows.append((left, right))
    parts = [
        _marked(text, [s for s in spans if left <= s[0] < right], left, right) for left, right in windows
    ]
    return format_html(
        "{}{}{}",
        ELLIPSIS if windows[0][0] else "",
        format_html_join(f" {ELLIPSIS} ", "{}", ((part,) for part in parts)),
        ELLIPSIS if windows[-1][1] < len(text) else "",
    )


@register.filter
def language_name(code: str) -> str:
    """`{{ "de"|language_name }}`: German."""
    return NAMES.get(code, code)


@register.filter
def passage(text: str, evidence: Sequence[dict[str, Any]] | None) -> SafeString:
    """As `excerpt`, for a row of two lines: from LEAD characters before the first piece on, so that it is seen."""
    spans = _spans(evidence, len(text))
    left = _word_start(text, spans[0][0] - LEAD) if spans else 0
    right = _word_end(text, left + BEGINNING)
    inside = [(start, min(end, right)) for start, end in spans if start < right]
    lead, rest = ELLIPSIS if left else "", ELLIPSIS if right < len(text) else ""
    return format_html("{}{}{}", lead, _marked(text, inside, left, right), rest)


@register.inclusion_tag("signals/_agent_text.html")
def agent_text(text: str, evidence: Sequence[dict[str, Any]] | None) -> dict[str, Any]:
    """`{% agent_text turn.output.body turn.output.evidence %}`: rendered, with the evidence marked, and its raw text beside it."""
    return {"text": text, "pieces": evidence, "rendered": render_markdown(text, _spans(evidence, len(text)))}


@register.filter
def of_side(evidence: Iterable[dict[str, Any]] | None, side: str) -> list[dict[str, Any]]:
    """The pieces of one side: "user", "assistant", "span" or "signal"."""
    return [piece for piece in evidence or () if piece.get("side") == side]


def _spans(evidence: Sequence[dict[str, Any]] | None, length: int) -> list[tuple[int, int]]:
    """Sorted, within the text, none touching another."""
    joined: list[tuple[int, int]] = []
    for start, end in sorted((int(piece["start"]), int(piece["end"])) for piece in evidence or ()):
        start, end = max(0, start), min(end, length)
        if start >= end:
            continue
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return joined


def _marked(text: str, spans: list[tuple[int, int]], left: int, right: int) -> SafeString:
    parts: list[str] = []
    for start, end in spans:
        parts.append(conditional_escape(text[left:start]))
        parts.append(format_html('<mark class="evidence">{}</mark>', text[start:end]))
        left = end
    parts.append(conditional_escape(text[left:right]))
    return format_html_join("", "{}", ((part,) for part in parts))


def _word_start(text: str, place: int) -> int:
    """The beginning of the word at `place`, so that an excerpt does not begin inside one (nor search far for it)."""
    if place <= 0:
        return 0
    space = max(text.rfind(" ", max(0, place - 30), place), text.rfind("\n", max(0, place - 30), place))
    return space + 1 if space >= 0 else place


def _word_end(text: str, place: int) -> int:
    if place >= len(text):
        return len(text)
    space = text.find(" ", place, place + 30)
    return space if space >= 0 else place
