"""The nearest events of a project of many, found by their signs first, beside a comparison of all vectors by numpy."""

import uuid
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pytest
from django.utils import timezone

from ingest.models import Event, Project, Total
from signals.models import EventEmbedding
from signals.vectors import nearest
from signals.vectors.nearest import nearest_events
from signals.vectors.reading import VectorSide

pytestmark = pytest.mark.django_db
Matrix = npt.NDArray[np.float32]
COUNT = 600
FAR = 200  # so many of them point away from what is asked for


@dataclass(frozen=True)
class Many:
    """Row i of `user` and `agent` is the event `ids[i]`'s; every seventh event has no user's side, every eleventh no agent's."""

    ids: list[uuid.UUID]
    user: Matrix
    agent: Matrix
    query: Matrix

    def ranked(self, *, side: VectorSide = "both") -> list[tuple[uuid.UUID, float]]:
        user, agent = (np.where(rows.any(axis=1), rows @ self.query, -9) for rows in (self.user, self.agent))
        cosines = {"user": user, "agent": agent, "both": np.maximum(user, agent)}[side]
        there = [
            (event, float(cosine)) for event, cosine in zip(self.ids, cosines, strict=True) if cosine > -9
        ]
        return sorted(there, key=lambda pair: (-round(pair[1], 6), pair[0]))


@pytest.fixture
def many(project: Project, other_project: Project, monkeypatch: pytest.MonkeyPatch) -> Many:
    """Events of twelve topics, whose signs are compared first from 50 events on, a shortlist of 60."""
    monkeypatch.setattr(nearest, "EXACT", 50)
    monkeypatch.setattr(nearest, "EXACT_AMONG", 50)
    monkeypatch.setattr(nearest, "SHORTLIST", 60)
    random = np.random.default_rng(5)
    topics = random.normal(size=(12, 384))
    query = _unit(topics[0] + topics[1] / 2)
    sides = []
    for skipped in (7, 11):
        rows = topics[random.integers(12, size=COUNT)] + 0.8 * random.normal(size=(COUNT, 384))
        rows[-FAR:] -= 9 * query
        rows = _unit(rows)
        rows[::skipped] = 0
        sides.append(rows)
    events = [
        Event(
            project=project,
            event_id=str(n),
            timestamp=timezone.now(),
            model="far" if n >= COUNT - FAR else "near",
        )
        for n in range(COUNT)
    ]
    foreign = Event(project=other_project, event_id="foreign", timestamp=timezone.now())
    Event.objects.bulk_create([*events, foreign])
    vectors = [(event, *_stored(rows)) for event, *rows in zip(events, *sides, strict=True)]
    EventEmbedding.objects.bulk_create(
        EventEmbedding(
            event=event, project=event.project, user_vector=user, agent_vector=agent, text_hash=b""
        )
        for event, user, agent in [*vectors, (foreign, query.tolist(), None)]
    )
    Total.objects.create(subject=project.id, project=project, events=COUNT)
    return Many([event.id for event in events], *sides, query)


def _unit(rows: npt.NDArray[np.float64]) -> Matrix:
    """Unit vectors, rounded as the database rounds them."""
    return (rows / np.linalg.norm(rows, axis=-1, keepdims=True)).astype(np.float16).astype(np.float32)


def _stored(rows: list[Matrix]) -> list[list[float] | None]:
    return [row.tolist() if row.any() else None for row in rows]


@pytest.mark.parametrize("side", ["both", "user", "agent"])
def test_the_nearest_are_found_by_their_signs_with_their_exact_cosines(
    project: Project, many: Many, side: VectorSide
) -> None:
    exact = many.ranked(side=side)
    found = nearest_events(project=project, vector=many.query * 7, limit=12, side=side)
    cosines = dict(exact)
    assert [score for _, score in found] == pytest.approx([cosines[event] for event, _ in found], abs=1e-3)
    assert found == sorted(found, key=lambda pair: (-pair[1], pair[0])) and len(found) == 12
    assert len(dict(found).keys() & dict(exact[:12]).keys()) >= 11


def test_pages_go_on_to_the_last_event_without_a_gap_or_a_repetition(project: Project, many: Many) -> None:
    """The shortlist holds the first pages; what comes after is compared with all."""
    seen: list[tuple[uuid.UUID, float]] = []
    while page := nearest_events(
        project=project, vector=many.query, limit=40, after=seen[-1] if seen else None
    ):
        assert len(page) == 40 or len(seen) + len(page) == len(many.ranked())
        seen += page
    assert len(dict(seen)) == len(seen)
    missed = [place for place, (event, _) in enumerate(many.ranked()) if event not in dict(seen)]
    assert len(missed) <= 3 and all(place < 60 for place in missed)
    assert [score for _, score in seen] == sorted((score for _, score in seen), reverse=True)


def test_a_filter_that_holds_few_is_compared_exactly(project: Project, many: Many) -> None:
    few = set(many.ids[-45:])
    among = Event.objects.filter(project=project, id__in=few)
    expected = [event for event, _ in many.ranked() if event in few]
    assert [
        event for event, _ in nearest_events(project=project, vector=many.query, limit=50, among=among)
    ] == expected
    assert nearest_events(project=project, vector=many.query, limit=5, among=among.none()) == []


def test_a_wide_filter_that_holds_none_of_the_nearest_still_fills_the_page(
    project: Project, many: Many
) -> None:
    far = set(many.ids[-FAR:])
    among = Event.objects.filter(project=project, model="far")
    expected = [event for event, _ in many.ranked() if event in far]
    found = [event for event, _ in nearest_events(project=project, vector=many.query, limit=12, among=among)]
    assert found == expected[:12]


def test_what_is_near_enough_is_told_from_all_vectors_where_it_is_less_than_a_page(
    project: Project, many: Many
) -> None:
    bound = many.ranked()[4][1] - 1e-4
    found = nearest_events(project=project, vector=many.query, limit=20, at_least=bound)
    assert [event for event, _ in found] == [event for event, _ in many.ranked()[:5]]


def test_few_events_are_all_compared(project: Project, many: Many, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nearest, "EXACT", COUNT)
    monkeypatch.setattr(nearest._Search, "by_signs", lambda *_: pytest.fail("compared the signs"))
    found = nearest_events(project=project, vector=many.query, limit=100)
    assert [event for event, _ in found] == [event for event, _ in many.ranked()[:100]]


def test_of_many_that_a_filter_finds_the_signs_are_compared(
    project: Project, many: Many, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By a query or by ids; and where the signs tell that none is near enough, not all vectors are compared."""
    far = {*many.ids[-FAR:]}
    among = Event.objects.filter(project=project, model="far")
    expected = [event for event, _ in many.ranked() if event in far][:12]
    compared: list[int] = []
    exact = nearest._Search._ranked
    monkeypatch.setattr(
        nearest._Search,
        "_ranked",
        lambda self, ids, **more: compared.append(len(ids)) or exact(self, ids, **more),
    )
    for most in (FAR, 10):
        monkeypatch.setattr(nearest, "EXACT", 9)
        monkeypatch.setattr(nearest, "EXACT_AMONG", most)
        for one in (among, list(far)):
            found = [
                event for event, _ in nearest_events(project=project, vector=many.query, limit=12, among=one)
            ]
            assert found == expected
            assert nearest_events(project=project, vector=many.query, limit=12, among=one, at_least=0.9) == []
    assert max(compared) <= 60
