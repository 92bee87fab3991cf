"""What is measured of explicit signals: an edit's distance, a copied part's place, how often an answer was regenerated."""

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ingest.models import Attachment, Event, ExplicitSignal, Project
from signals.catalogue.known_names import KNOWN, action_of, known_name
from signals.detection.stage import detect
from signals.explicit import edits, passages
from signals.explicit.sent import evidence_of
from signals.models import SignalMatch

MakeEvent = Callable[..., Event]


# -- edits


def by_the_book(a: str, b: str) -> int:
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        above, row[0] = row[0], i
        for j, y in enumerate(b, 1):
            above, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, above + (x != y))
    return row[-1]


words = st.text(alphabet="abé 😀", max_size=40)


@given(words, words)
@example("kitten", "sitting")
@example("", "abc")
def test_the_distance_is_levenshteins(a: str, b: str) -> None:
    edit = edits.measure(a, b)
    assert edit is not None and edit.distance == by_the_book(a, b)
    assert 0 <= edit.share <= 1


def test_what_is_too_long_is_not_measured() -> None:
    long = "x" * (edits.LONGEST + 1)
    assert edits.measure(long, "y" * 10) is None
    assert edits.measure("a" + long, "b" + long) == edits.Edit(1, 1 / (len(long) + 1))


@given(words, words)
def test_a_diff_holds_both_texts(a: str, b: str) -> None:
    pieces = edits.diff(a, b)
    if not any(piece.text == "… " and piece.kind == "same" for piece in pieces):
        assert "".join(p.text for p in pieces if p.kind != "new") == a
        assert "".join(p.text for p in pieces if p.kind != "gone") == b


def test_a_diff_of_long_texts_shows_where_they_differ() -> None:
    before = "same " * 5000 + "old end"
    pieces = edits.diff(before, "same " * 5000 + "new end")
    assert [(p.kind, p.text) for p in pieces if p.kind != "same"] == [("gone", "old "), ("new", "new ")]
    assert sum(len(p.text) for p in pieces) < 3000


# -- passages


@pytest.mark.parametrize(
    ("passage", "text", "found"),
    [
        ("the answer is 42", "So the answer is 42, then.", "the answer is 42"),
        (
            "Title A point with bold",
            "# Title\n\n- A point\n  with **bold**!",
            "Title\n\n- A point\n  with **bold",
        ),
        ("print('hello')", "```python\nprint('hello')\n```", "print('hello')"),
        ("short", "a short one", None),
        ("short", "short", "short"),
        ("not in it at all", "something else", None),
        ("********", "**********", "********"),
        ("* * * * -", "**********", None),
    ],
)
def test_a_passage_is_located(passage: str, text: str, found: str | None) -> None:
    place = passages.locate(passage, text)
    assert (text[slice(*place)] if place else None) == found


@given(st.text(max_size=200), st.integers(0, 200), st.integers(0, 200))
def test_a_part_of_a_text_is_found_in_it(text: str, start: int, length: int) -> None:
    part = text[start : start + length]
    place = passages.locate(part, text)
    if len(part.strip()) >= passages.SHORTEST:
        assert place is not None and text[slice(*place)] == part.strip()
    assert place is None or 0 <= place[0] <= place[1] <= len(text)


# -- known names


def test_no_name_means_two_things() -> None:
    names = [name for known in KNOWN for name in known.names]
    assert len(names) == len(set(names))
    assert (action_of("copied"), action_of("my_thing"), action_of("my_thing", "edit")) == ("copy", "", "edit")
    assert known_name("thumbs_down_sent") is known_name("dislike")


# -- stored with the match


def send(project: Project, event: Event, name: str, *, seconds: int = 0, **fields: Any) -> ExplicitSignal:
    return ExplicitSignal.objects.create(
        project=project, app_event_id=event.event_id, event=event, name=name,
        timestamp=event.timestamp + dt.timedelta(seconds=seconds), fingerprint=f"{event.pk}{name}{seconds}{fields}", **fields,
    )  # fmt: skip


def evidence(event: Event, key: str) -> list[dict[str, Any]]:
    detect(list(Event.objects.filter(pk=event.pk).select_related("project")))
    found: list[dict[str, Any]] = SignalMatch.objects.get(event=event, signal__key=key).evidence
    return found


def test_an_edit_is_measured_against_the_answer(project: Project, make_event: MakeEvent) -> None:
    event = make_event(output="The capital is Paris.")
    send(project, event, "edit", signal_type="edit", properties={"after": "The capital is Rome."})
    [piece] = evidence(event, "edit")
    assert (piece["text"], piece["distance"], piece["share"]) == ("The capital is Rome.", 5, round(5 / 21, 4))


def test_an_edit_that_brings_its_own_before(project: Project, make_event: MakeEvent) -> None:
    event = make_event(output="something else entirely")
    send(project, event, "user_edit", properties={"before": "abc", "after": "abd"})
    assert evidence(event, "user_edit")[0]["distance"] == 1


def test_an_edit_of_an_attachment(project: Project, make_event: MakeEvent) -> None:
    event = make_event(output="here is your code")
    Attachment.objects.create(
        project=project, event=event, key="k", attachment_id="att1", type="code", value="print(1)"
    )
    send(project, event, "edit", signal_type="edit", attachment_id="att1", properties={"after": "print(2)"})
    assert evidence(event, "edit")[0]["distance"] == 1


def test_an_edit_without_its_text_is_a_match_all_the_same(project: Project, make_event: MakeEvent) -> None:
    event = make_event(output="here")
    send(project, event, "edit", signal_type="edit")
    assert evidence(event, "edit") == []


def test_a_copy_is_located(project: Project, make_event: MakeEvent) -> None:
    event = make_event(output="Steps:\n1. **Open** the door\n2. Close it")
    send(project, event, "copied", properties={"text": "Open the door", "source": "button"})
    [piece] = evidence(event, "copied")
    assert event.output[piece["start"] : piece["end"]] == "Open** the door" and piece["side"] == "assistant"
    assert piece["share"] == round(15 / len(event.output), 4)


def test_a_copy_of_something_else_keeps_its_text(project: Project, make_event: MakeEvent) -> None:
    event = make_event(output="nothing of it")
    send(project, event, "copy", properties={"text": "a passage from the sidebar"})
    assert [piece["side"] for piece in evidence(event, "copy")] == ["signal"]


def test_regenerated_more_than_once_is_a_signal_of_its_own(project: Project, make_event: MakeEvent) -> None:
    once, often = make_event(output="a"), make_event(output="b")
    send(project, once, "regenerate")
    for i, name in enumerate(["regenerate", "retry", "regenerate"]):
        send(project, often, name, seconds=i)
    detect(list(Event.objects.select_related("project")))
    [match] = SignalMatch.objects.filter(signal__key="regenerate_again")
    assert match.event_id == often.pk and match.evidence[0]["times"] == 3
    assert match.signal.name == "Regenerated more than once" and match.signal.sentiment == "negative"


def test_hostile_properties_do_not_stop_it(make_event: MakeEvent) -> None:
    event = make_event(output="x" * 100_000)
    sent = [
        ExplicitSignal(name="edit", properties={"after": "y" * 100_000}),
        ExplicitSignal(name="edit", properties={"after": {"nested": [1]}}),
        ExplicitSignal(name="edit", properties=[1, 2]),
    ]
    pieces = evidence_of(sent, event, action="edit")
    assert pieces[0]["times"] == 3 and "distance" not in pieces[1] and len(pieces[1]["text"]) == 500
