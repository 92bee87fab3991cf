"""Candidates by words and by a reader's phrases, fused with those by meaning."""

from collections.abc import Callable
from typing import Any

import pytest

from ingest.counts.rollups import count_events
from ingest.models import Event
from issues.actions import create_issue
from issues.models import Issue
from labeling.labels.labels import record_label
from labeling.queue.fusing import FLAT, fuse, rank_by_words
from labeling.queue.of_issues import next_cards
from labeling.queue.sources import found_by_reader, found_by_words
from labeling.teaching import retrain
from signals.models import Facet
from signals.models.facets import Sampled
from signals.vectors.embedding import embed, index_texts

Make = Callable[..., Event]


def test_fusing_adds_up_what_each_ranking_is_worth() -> None:
    fused = fuse([(1.0, ["a", "b"]), (3.0, ["c", "b"]), (1.0, [])])
    assert list(fused) == ["b", "c", "a"]
    assert fused["b"] == pytest.approx(4 / (FLAT + 2)) and fused["a"] == pytest.approx(1 / (FLAT + 1))


def test_rare_words_weigh_more_and_common_ones_nothing() -> None:
    holders = {"the": range(1000), "refund": [1, 2, 3], "duplicate": [3], "never": []}
    assert rank_by_words(holders, 1000) == [3, 1, 2]
    assert rank_by_words({"the": range(51)}, 1000) == [] and rank_by_words({"the": range(20)}, 30) != []


@pytest.fixture
def issue(project: Any, member: Any) -> Issue:
    return create_issue(
        project=project,
        title="Quotes a voucher that has expired",
        description="Counts: the agent offers an expired voucher.",
        user=member,
    )


@pytest.fixture
def events(make_event: Make) -> list[Event]:
    """Forty about hats, of which the eighth names a voucher, and the last one's wrong is only in what a reader said."""
    made = [
        make_event(input=f"Do you sell the green hat in size {n}?", output="We do.", convo_id=f"c{n}")
        for n in range(38)
    ]
    made.append(make_event(input="And VOUCHER-9?", output="It holds.", convo_id="v"))
    made.append(make_event(input="How much then?", output="12 euros with it.", convo_id="r"))
    embed(made)
    index_texts({event.id: "en" for event in made})
    count_events(made)
    return made


def read(event: Event, went_wrong: str) -> None:
    Facet.objects.create(
        project=event.project,
        conversation=event.conversation,
        event=event,
        timestamp=event.timestamp,
        text_hash=b"",
        prompt_version="1",
        sampled=Sampled.RANDOM,
        went_wrong=went_wrong,
    )


def test_an_event_is_found_by_the_rare_words_of_the_text(issue: Issue, events: list[Event]) -> None:
    assert found_by_words(issue, 10) == [events[38].id]
    assert found_by_words(issue, 0) == []


def test_what_a_reader_said_comes_first_with_a_classifier_too(
    issue: Issue, events: list[Event], member: Any
) -> None:
    read(events[5], "Ignored the question about the size")
    read(events[39], "Agent quoted an expired voucher")
    read(events[6], "")
    assert found_by_reader(issue, 10) == [events[39].id, events[5].id]
    first = next_cards(issue=issue, limit=1, user=member)[0]
    assert (first.event, first.reason) == (events[39], "similar")
    read_again = next_cards(issue=issue, limit=2, user=member, exclude=[events[39].id])
    assert events[39] not in [card.event for card in read_again], "on somebody's screen"
    record_label(subject=issue, event=events[38], answer="match", user=member)
    assert retrain(issue) is not None
    likely = next_cards(issue=issue, limit=1, user=member)[0]
    assert (likely.event, likely.reason) == (events[39], "likely")


def test_another_projects_words_and_readings_are_not_looked_at(
    issue: Issue, events: list[Event], other_project: Any, make_event: Make
) -> None:
    theirs = make_event(of=other_project, input="voucher expired", output="", convo_id="x")
    embed([theirs])
    index_texts({theirs.id: "en"})
    read(theirs, "Agent quoted an expired voucher")
    assert found_by_reader(issue, 10) == [] and theirs.id not in found_by_words(issue, 10)
    assert theirs not in [card.event for card in next_cards(issue=issue, limit=40)]
