"""The filters that show evidence: everything escaped, every mark where the evidence is."""

import html
import re

from hypothesis import given, settings
from hypothesis import strategies as st

from signals.templatetags.evidence import excerpt, highlight, of_side, passage

TEXT = st.text(st.sampled_from("ab <>&\"'\n é😀"), max_size=60)
PIECES = st.lists(st.tuples(st.integers(-5, 70), st.integers(-5, 70)), max_size=5)


def plain(marked: str) -> str:
    return html.unescape(re.sub(r'<mark class="evidence">|</mark>', "", marked))


@settings(deadline=None)  # a busy machine is no failure
@given(TEXT, PIECES)
def test_the_text_comes_out_as_it_went_in(text: str, places: list[tuple[int, int]]) -> None:
    marked = highlight(text, [{"start": start, "end": end} for start, end in places])
    assert plain(marked) == text
    assert set(re.findall(r"<[^>]*>", marked)) <= {'<mark class="evidence">', "</mark>"}
    covered = {i for start, end in places for i in range(max(0, start), min(end, len(text)))}
    assert sum(len(html.unescape(m)) for m in re.findall(r"<mark[^>]*>(.*?)</mark>", marked, re.S)) == len(
        covered
    )


@settings(deadline=None)  # a busy machine is no failure
@given(TEXT, PIECES)
def test_an_excerpt_holds_all_the_evidence(text: str, places: list[tuple[int, int]]) -> None:
    pieces = [{"start": start, "end": end} for start, end in places]
    long = "before " * 200 + text + " after" * 200
    moved = [{"start": p["start"] + 1400, "end": p["end"] + 1400} for p in pieces]
    marks = re.findall(r"<mark[^>]*>(.*?)</mark>", excerpt(long, moved), re.S)
    assert marks == re.findall(r"<mark[^>]*>(.*?)</mark>", highlight(long, moved), re.S)
    assert len(plain(excerpt(long, moved))) < 2000


def test_a_long_text_without_evidence_shows_its_beginning() -> None:
    assert excerpt("x" * 1000, None) == "x" * 280 + "…"
    assert excerpt("<b>", []) == "&lt;b&gt;"


def test_sides() -> None:
    pieces = [{"side": "user", "start": 0, "end": 1}, {"side": "span", "start": 0, "end": 1}]
    assert of_side(pieces, "user") == pieces[:1] and of_side(None, "user") == []


@settings(deadline=None)  # a busy machine is no failure
@given(TEXT, PIECES)
def test_a_passage_begins_shortly_before_its_first_piece(text: str, places: list[tuple[int, int]]) -> None:
    long = "before " * 200 + text + " after" * 200
    moved = [{"start": start + 1400, "end": end + 1400} for start, end in places]
    shown = passage(long, moved)
    assert plain(shown).strip("…") in long and len(plain(shown)) < 400
    if mark := re.search("<mark", shown):
        assert len(html.unescape(shown[: mark.start()])) <= 62
    assert ("<mark" in shown) == ("<mark" in highlight(long, moved))
