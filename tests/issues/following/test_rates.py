"""How frequent an issue is, put right by its audit."""

import datetime as dt
import uuid
from collections.abc import Collection, Mapping

import pytest

import issues.following.rates
from ingest.models import Total
from issues.following.rates import rates_of
from issues.models.answers import Answered

ISSUE, PROJECT = uuid.UUID(int=1), uuid.UUID(int=2)
NOW = dt.datetime(2026, 11, 30, tzinfo=dt.UTC)


class Given:
    def __init__(self, answers: list[Answered]) -> None:
        self.answers = answers

    def all_of(self, issues: Collection[uuid.UUID]) -> Mapping[uuid.UUID, list[Answered]]:
        return {ISSUE: self.answers}


def total(subject: uuid.UUID, events: int) -> Total:
    return Total(subject=subject, events=events, users=1, conversations=events, first_seen=NOW, last_seen=NOW)


def test_it_holds_on_no_fewer_events_than_people_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """Thirty-six random cards met no match, and yet five are known."""
    random_ones = [Answered(uuid.uuid4(), is_match=False, is_random=True) for _ in range(36)]
    picked = [Answered(uuid.uuid4(), is_match=True, is_random=False) for _ in range(5)]
    monkeypatch.setattr(issues.following.rates, "answers", lambda: Given(random_ones + picked))
    totals = {ISSUE: total(ISSUE, 7), PROJECT: total(PROJECT, 200)}
    found = rates_of([ISSUE], totals=totals, qualities={}, project=PROJECT)[ISSUE].corrected
    assert found is not None
    assert (found.value, found.low) == (0.025, 0.025)
    assert found.low <= found.value <= found.high < 0.2
