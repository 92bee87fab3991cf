"""A person who errs: what clarifying questions are worth.

Of two who answer the same number of times, and err on the same share of the answers, one is also asked what the product would ask
(labeling/refinement/picking.py): about an event on which the classifier contradicts the answer. The new answer stands in place of the old one, and may be
wrong again. It counts as an answer.
"""

import random
import zlib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from labeling.evaluation.rounds import BATCH, Review
from labeling.evaluation.worlds import World, narrow_worlds, planted_worlds
from labeling.refinement.picking import MATCH, NOT_MATCH, Kind, Known, Vote, candidates
from raindrop.evaluation.measurement import Measurement, Table
from signals.evaluation.builtin.vectors import VectorStore

WRONG = 0.1  # share of a person's answers
STOPS = (20, 40, 60, 80, 120)  # answers, questions among them
FROM = 20  # answers before the first question: a classifier of fewer contradicts nobody
ABOUT_ONE = {Kind.CONFLICT, Kind.FLIP}  # questions that a single person's answers give reason for


def measure(data: Path, *, chosen_on: bool) -> Measurement:
    """Raises MissingData."""
    store = VectorStore()
    product = "tutor" if chosen_on else "ledgerly"
    kinds: dict[str, Iterable[World]] = {
        "24 intents": narrow_worlds(data, store, chosen_on=chosen_on),
        f"planted, {product}": planted_worlds(data, store, product),
    }
    rows: list[list[object]] = []
    results: dict[str, Any] = {}
    for kind, worlds in kinds.items():
        known = list(worlds)
        for name, wrong, asks in (
            ("no errors", 0.0, False),
            ("errors, no questions", WRONG, False),
            ("errors, questions", WRONG, True),
        ):
            runs = [erring(world, STOPS, seed=0, wrong=wrong, asks=asks) for world in known]
            curve = [
                float(np.mean([max((at, f1) for at, f1 in run.items() if at <= stop)[1] for run in runs]))
                for stop in STOPS
            ]
            rows.append([kind, name, *curve])
            results.setdefault(kind, {})[name] = curve
    header = ["issues", "who", *(f"F1 at {stop}" for stop in STOPS)]
    return Measurement([Table(f"A person who errs on {WRONG:.0%} of the answers", header, rows)], results)


def erring(world: World, stops: Sequence[int], *, seed: int, wrong: float, asks: bool) -> dict[int, float]:
    """F1 by number of answers. `wrong`: the probability that one answer is not the truth. `asks`: questions take the place of cards."""
    review = Review(world, seed=seed)
    votes: list[Vote] = []
    doubted: set[int] = set()
    found: dict[int, float] = {}

    def answer(event: int) -> None:
        times = sum(vote.row == event for vote in votes)
        slip = random.Random(zlib.crc32(f"{world.name} {seed} {event} {times}".encode())).random() < wrong  # noqa: S311 - a sample
        review.answers[event] = bool(world.truth[event]) != slip
        votes.append(Vote(event, "person", MATCH if review.answers[event] else NOT_MATCH))

    while len(votes) < max(stops):
        limit = min(BATCH, min(stop for stop in stops if stop > len(votes)) - len(votes))
        doubtful = _doubtful(review, votes, doubted) if asks and len(votes) >= FROM else None
        if doubtful is not None:
            doubted.add(doubtful)
            answer(doubtful)
            limit -= 1
        chosen = review.next_cards(limit) if limit else []
        if not chosen and doubtful is None:
            break
        for event in chosen:
            answer(event)
        review.learn()
        if len(votes) in stops:
            verdicts = review.predicted.copy()
            if world.units is not None:  # what was answered counts as it was answered
                verdicts[list(review.answers)] = list(review.answers.values())
            found[len(votes)] = world.f1(verdicts)
    return found


# -- inside


def _doubtful(review: Review, votes: Sequence[Vote], doubted: set[int]) -> int | None:
    """The event that the product's next question would be about, of those that were not asked about."""
    known = Known(
        vectors=review.vectors,
        users=review.world.sides.user,
        weights=np.ones(len(review.vectors)),
        scores=review.known,
        contradictions=review.contradictions,
        threshold=review.threshold if review.known is not None else None,
    )
    reasons = [
        one.first for one in candidates(known, votes) if one.kind in ABOUT_ONE and one.first not in doubted
    ]
    return reasons[0] if reasons else None
