"""Which question is asked, over arrays alone; its words; what a proposal changes."""

from typing import Any

import numpy as np
import pytest

from labeling.refinement.effects import Verdicts, compare
from labeling.refinement.picking import (
    Kind,
    Known,
    Overlap,
    Vote,
    candidates,
    contradicted,
    disputed,
    flipped,
    overlaps_enough,
    region,
    settled_rows,
    split,
    unclear,
)
from labeling.refinement.wording import question, quote, rule

ALICE, BOB, TEACHER = "user:1", "user:2", "llm"


def around(angles: list[float]) -> np.ndarray:
    """Unit vectors on a circle, by their angles in degrees."""
    turned = np.deg2rad(np.array(angles))
    return np.stack([np.cos(turned), np.sin(turned)], axis=1).astype(np.float32)


def known(angles: list[float], **more: Any) -> Known:
    return Known(around(angles), around(angles), np.ones(len(angles)), **more)


def test_a_region_is_near_the_first_and_nearer_than_to_the_second() -> None:
    vectors = around([0, 100, 40, 60, -50, -70, 180])
    assert region(vectors, 0, 1).tolist() == [True, False, True, False, True, False, False]


def test_votes_that_disagree_flip_or_say_nothing() -> None:
    votes = [
        Vote(0, ALICE, "match", 1),
        Vote(0, BOB, "not_match", 1),
        Vote(1, ALICE, "match", 1),
        Vote(1, ALICE, "not_match", 1),
        Vote(2, ALICE, "match", 1),
        Vote(2, ALICE, "not_match", 2),  # of another text: no flip
        Vote(3, ALICE, "match", 1),
        Vote(3, BOB, "unsure", 1),
        Vote(4, BOB, "not_match", 1),
    ]
    assert disputed(votes) == [0]
    assert flipped(votes) == [1]
    assert settled_rows(votes) == {4: False}


def test_a_contradicted_answer_stands_in_question_until_it_changes() -> None:
    world = known([0, 10, 20, 30], contradictions={0: False, 2: True, 3: True})
    assert contradicted(world, {0: False, 1: False, 2: False, 3: True}) == [0, 3]
    assert contradicted(known([0, 10]), {0: False, 1: True}) == []


def test_unclear_three_times() -> None:
    votes = [Vote(row, ALICE, "unsure", 1, is_unclear=True) for row in (0, 1, 2)]
    vectors = around([0, 20, 50])
    assert unclear(vectors, votes[:2]) == []
    assert unclear(vectors, votes) == [1]
    assert unclear(vectors, [*votes, Vote(2, ALICE, "match", 1)]) == []  # that one is decided by now


def test_two_groups_of_matches() -> None:
    far = around([0, 5, 10, 15, 90, 95, 100])
    assert split(far, range(7)) == (5, 1)
    assert split(far, range(6)) is None  # two are no group
    assert split(around([0, 15, 30, 40, 50, 60, 70]), range(7)) is None  # one that is wide


def test_overlap() -> None:
    assert overlaps_enough(both=10, mine=40, others=20)
    assert not overlaps_enough(both=9, mine=9, others=9)
    assert not overlaps_enough(both=10, mine=40, others=30)


def test_what_settles_most_events_is_asked_first() -> None:
    # Rows 0 to 3 lie around the disputed row 0; rows 5 to 7 around row 5, of which one person says both.
    world = known([0, 10, 20, 30, 75, 180, 190, 255])
    votes = [
        Vote(0, ALICE, "match", 1),
        Vote(0, BOB, "not_match", 1),
        Vote(5, ALICE, "match", 1),
        Vote(5, ALICE, "not_match", 1),
        Vote(4, ALICE, "match", 1),
        Vote(7, ALICE, "not_match", 1),
    ]
    found = candidates(world, votes)
    assert [(one.kind, one.first, one.second, one.settles) for one in found] == [
        (Kind.DISAGREEMENT, 0, 4, 4),
        (Kind.FLIP, 5, 4, 2),
    ]
    [taught] = candidates(world, votes[4:], taught=[Vote(4, TEACHER, "not_match", 1)])
    assert (taught.kind, taught.first) == (Kind.DISAGREEMENT, 4)
    [merge] = candidates(world, [], overlaps=[Overlap(3, [5, 6], [7]), Overlap(4, [1], [])])
    assert (merge.kind, merge.first, merge.second, merge.other) == (Kind.MERGE, 5, 7, 3)
    assert candidates(world, []) == []


def test_what_people_disagree_on_is_asked_before_all_else() -> None:
    world = known([0, 10, 20, 30, 75, 180, 190, 255])
    votes = [Vote(0, ALICE, "match"), Vote(0, ALICE, "not_match"), Vote(4, ALICE, "match")]
    votes += [Vote(6, ALICE, "match"), Vote(6, BOB, "not_match"), Vote(7, ALICE, "match")]
    found = candidates(world, votes, taught=[Vote(4, TEACHER, "not_match")])
    assert [(one.kind, one.first, one.settles) for one in found] == [
        (Kind.DISAGREEMENT, 6, 2),
        (Kind.FLIP, 0, 4),
        (Kind.DISAGREEMENT, 4, 2),  # with the teacher: rows 2 and 3, and not itself, which a person answered
    ]


def test_two_groups_are_asked_about_where_something_is_open_and_once() -> None:
    angles = [0.0, 5, 10, 15, 90, 95, 100, 92, 93]
    votes = [Vote(row, ALICE, "match") for row in range(7)]
    [two_groups] = candidates(known(angles), votes)
    assert (two_groups.kind, two_groups.first, two_groups.second, two_groups.settles) == (Kind.SPLIT, 5, 1, 2)
    # Nothing is open: all is answered, or the classifier is sure of what is not.
    assert candidates(known(angles[:7]), votes) == []
    sure = known(angles, scores=np.array([0.9] * 7 + [0.95, 0.02]), threshold=0.4)
    assert candidates(sure, votes) == []
    unsure = known(angles, scores=np.array([0.9] * 7 + [0.5, 0.02]), threshold=0.4)
    assert [one.settles for one in candidates(unsure, votes)] == [1]
    # The same two groups, by other events of theirs, in either order.
    assert candidates(known(angles), votes, parted=[(4, 3)]) == candidates(known(angles), votes, parted=[(0, 6)]) == []  # fmt: skip
    assert candidates(known(angles), votes, parted=[(0, 3), (4, 8)]) == [two_groups]


def test_of_two_issues_an_event_that_nobody_answered_is_asked_about() -> None:
    world = known([0, 10, 20, 30, 75, 180])
    votes = [Vote(1, ALICE, "match"), Vote(2, ALICE, "match")]
    [merge] = candidates(world, votes, overlaps=[Overlap(0, [0, 1, 2], [4])])
    assert (merge.kind, merge.first, merge.settles) == (Kind.MERGE, 0, 2)
    assert candidates(world, votes, overlaps=[Overlap(0, [1, 2], [4])]) == []


def test_a_split_asks_whether_two_matches_are_one_problem() -> None:
    text = question(kind=Kind.SPLIT, title="Late", first="A", second="B", second_counts=True, words=["x"])
    assert text == (
        "Are “A” and “B” one problem, “Late”, or two? The matches fall into two groups that are far apart: people answered that "
        "“A” counts and that “B” counts. What sets it apart: x."
    )


@pytest.mark.parametrize("kind", Kind)
def test_each_question_is_about_both_events_and_asks_one_thing(kind: Kind) -> None:
    text = question(
        kind=kind, title="Late", first="The train was late", second="My plane was late", second_counts=True, words=["train", "rail"],
        answer="that it counts", other="Rail",
    )  # fmt: skip
    assert "“The train was late”" in text and "“My plane was late” counts" in text and "train, rail" in text
    assert text.count("?") == 1 and "{" not in text
    assert ("“Rail”" in text) == (kind == Kind.MERGE)


def test_rules() -> None:
    assert rule(answer="include", first="A", words=["b", "c"]) == "events like “A” (b, c)"
    assert rule(answer="exclude", first="A", words=["b"], text=" trains\n only ") == "trains only"
    assert rule(answer="depends", first="A", words=[], text="only abroad") == "events like “A”: only abroad"
    assert (
        quote(" a\n b ", "x") == "a b → x" and quote("  ", "x") == "x" and len(quote("ab " * 200, "")) <= 160
    )
    both = quote("ab " * 200, "cd " * 200)
    assert (
        len(both) <= 163
        and len(quote("字" * 200, "b")) == 84
        and both.startswith("ab ab")
        and " → cd cd" in both
    )


def test_what_a_proposal_changes() -> None:
    before = Verdicts(np.array([True, True, False, False, False]), {0: True, 2: False, 3: True})
    after = Verdicts(np.array([True, False, True, False, True]), {0: True})
    effect, gained, lost = compare(
        before, after, is_sampled=np.array([True, True, True, True, False]), reasked=2, number=40
    )
    assert (gained, lost) == ([2], [1, 3])  # row 3 was a match because people said so
    assert (effect.labels, effect.labels_flipped, effect.labels_reasked) == (3, 1, 2)
    assert (effect.rate_before, effect.rate_after) == (0.75, 0.5)
    assert (effect.events_gained, effect.events_lost, effect.events, effect.sampled) == (10, 20, 40, 4)
