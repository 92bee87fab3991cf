"""A person who answers card after card, and what the issue's classifier makes of it: the product's own choice of cards and training over
arrays, and beside it a plain logistic regression with uncertainty sampling."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from issues.classifier.model import Bools, Floats, fit, scores
from issues.classifier.training import BACKGROUND
from labeling.evaluation.worlds import World
from labeling.models import Reason
from labeling.queue.of_issues import SAMPLE
from labeling.queue.picking import (
    SHORTLIST,
    Pool,
    cycle_of,
    draw_in_strata,
    order_by_score,
    pick,
    reasons_in_turn,
)

BATCH = 5  # cards a request
Labeller = Callable[[World, int], bool]


@dataclass(slots=True)
class Run:
    """F1 and how many matches were met, by number of labels."""

    f1: dict[int, float] = field(default_factory=dict)
    met: dict[int, int] = field(default_factory=dict)


def true_answer(world: World, event: int) -> bool:
    return bool(world.truth[event])


def ours(world: World, budgets: Sequence[int], *, seed: int, answer: Labeller = true_answer) -> Run:
    """The queue's cards, answered, and the classifier trained after each batch. Deterministic for a seed."""
    draw = np.random.default_rng(seed)
    run = Run()
    asked: list[int] = []
    answers: list[bool] = []
    predicted: Bools = np.zeros(len(world.truth), bool)
    together = _together(world)
    background = draw.permutation(world.pool)
    found, threshold = None, 0.5
    while len(asked) < max(budgets):
        limit = min(BATCH, min(stop for stop in budgets if stop > len(asked)) - len(asked))
        chosen = _cards(world, together, asked, found, threshold, limit, draw)
        if not chosen:
            break
        asked += chosen
        answers += [answer(world, event) for event in chosen]
        if any(answers):
            others = background[~np.isin(background, asked)][:BACKGROUND]
            fitted = fit(
                definition=world.definition,
                labelled=world.sides.take(np.array(asked)),
                answers=np.array(answers),
                background=world.sides.take(others),
            )
            found, threshold = scores(world.sides.user, world.sides.agent, fitted.weights), fitted.threshold
            predicted = found >= threshold
        _note(run, world, predicted, asked, answers, budgets)
    return run


def plain(world: World, budgets: Sequence[int], *, answer: Labeller = true_answer) -> Run:
    """Logistic regression on both sides' vectors, balanced, threshold a half; first the likest to the definition, then the most uncertain."""
    from sklearn.linear_model import LogisticRegression

    run = Run()
    asked: list[int] = []
    answers: list[bool] = []
    rows = np.hstack([world.sides.user, world.sides.agent])
    likeness = np.maximum(world.sides.user @ world.definition, world.sides.agent @ world.definition)
    predicted: Bools = np.zeros(len(world.truth), bool)
    order = world.pool[np.argsort(-likeness[world.pool], kind="stable")]
    while len(asked) < max(budgets):
        limit = min(BATCH, min(stop for stop in budgets if stop > len(asked)) - len(asked))
        chosen = [int(event) for event in order if event not in asked][:limit]
        if not chosen:
            break
        asked += chosen
        answers += [answer(world, event) for event in chosen]
        if any(answers) and not all(answers):
            model = LogisticRegression(C=10.0, class_weight="balanced", max_iter=500)
            model.fit(rows[asked], answers)
            found = model.predict_proba(rows)[:, 1]
            predicted = found >= 0.5
            order = world.pool[np.argsort(np.abs(found[world.pool] - 0.5), kind="stable")]
        _note(run, world, predicted, asked, answers, budgets)
    return run


# -- inside


def _together(world: World) -> Floats:
    both = np.hstack([world.sides.user, world.sides.agent])
    unit: Floats = both / np.maximum(np.linalg.norm(both, axis=1, keepdims=True), 1e-9)
    return unit


def _cards(
    world: World,
    together: Floats,
    asked: Sequence[int],
    found: NDArray[np.float64] | None,
    threshold: float,
    limit: int,
    draw: np.random.Generator,
) -> list[int]:
    left = np.setdiff1d(world.pool, asked)
    likeness = np.maximum(world.sides.user @ world.definition, world.sides.agent @ world.definition)
    known = likeness if found is None else found
    best = left[np.argsort(-known[left], kind="stable")][:SHORTLIST]
    sample = draw.permutation(left)[:SAMPLE]
    order, chances = draw_in_strata(
        known[sample].astype(np.float64),
        threshold=None if found is None else threshold,
        number=len(left),
        start=float(draw.random()),
    )
    drawn = sample[order]
    ids = np.array(list(dict.fromkeys([*best.tolist(), *drawn.tolist()])), np.intp)
    place = {event: index for index, event in enumerate(ids.tolist())}
    random = [place[event] for event in drawn.tolist()]
    pool = Pool([], together[ids], known[ids].astype(np.float64), {}, dict(zip(random, chances, strict=True)))
    pool.orders[Reason.RANDOM] = random
    if found is None:
        pool.orders[Reason.SIMILAR] = list(range(len(best)))
    else:
        order_by_score(pool, threshold=threshold)
    cycle = cycle_of(labels=len(asked), trained=found is not None)
    picked = pick(pool, together[list(asked)], reasons_in_turn(cycle, start=len(asked)), limit)
    return [int(ids[index]) for index, _ in picked]


def _note(
    run: Run,
    world: World,
    predicted: Bools,
    asked: Sequence[int],
    answers: Sequence[bool],
    budgets: Sequence[int],
) -> None:
    if len(asked) in budgets:
        said = predicted.copy()
        if world.units is not None:  # what was answered counts as it was answered
            said[list(asked)] = answers
        run.f1[len(asked)] = world.f1(said)
        run.met[len(asked)] = sum(bool(world.truth[event]) for event in asked)
