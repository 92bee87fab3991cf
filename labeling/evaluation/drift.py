"""How often new events are said to look unlike the labelled ones: where nothing has changed, and where something has."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from issues.classifier.model import fit, scores
from issues.classifier.training import BACKGROUND
from labeling.drift.comparing import Comparison, Sample, compare
from labeling.drift.watching import SAMPLE
from labeling.evaluation.rounds import ours
from labeling.evaluation.worlds import OUT_OF_SCOPE, World, intent_worlds, mixed_worlds, planted_worlds
from raindrop.evaluation.measurement import Measurement, Table, read_rows
from signals.evaluation.builtin.vectors import VectorStore
from signals.vectors.reading import both_sides

LABELS = 40
HALVES = 5  # ways to part the same events in two
SHARES = (0.05, 0.1, 0.2, 0.5)  # of new events that are about something else
EVERY = 3  # of the issues, each so manieth
HEADER = ["events", "compared", "said", "p < .05", "nearness", "sureness"]


class _Issue:
    """A world after LABELS labels of the queue's own cards, with the classifier that they made."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.cards = np.array(ours(world, (LABELS,), seed=0).cards, np.intp)
        others = np.random.default_rng(0).permutation(np.setdiff1d(world.pool, self.cards))[:BACKGROUND]
        self.has_classifier = bool(world.truth[self.cards].any())
        if not self.has_classifier:
            return
        fitted = fit(
            definition=world.definition,
            labelled=world.sides.take(self.cards),
            answers=world.truth[self.cards],
            background=world.sides.take(others),
        )
        self.threshold = fitted.threshold
        self.scores = scores(world.sides.user, world.sides.agent, fitted.weights)
        self.weights = fitted.weights
        self.vectors = both_sides(world.sides.user, world.sides.agent)

    def sample(self, events: NDArray[np.intp]) -> Sample:
        return Sample(self.vectors[events], self.scores[events])

    def of(self, earlier: Sample, new: Sample) -> Comparison | None:
        return compare(earlier=earlier, new=new, labelled=self.vectors[self.cards], threshold=self.threshold)


def measure(data: Path, *, only: str = "report") -> Measurement:
    """`only`: as in `evaluate fewshot`."""
    if only not in ("report", "chosen"):
        raise ValueError(f"{only} is not a part: report or chosen.")
    store, chosen_on = VectorStore(), only == "chosen"
    product = "tutor" if chosen_on else "ledgerly"
    of_other = store.of([row["text"] for row in read_rows(data, OUT_OF_SCOPE)][:SAMPLE])
    found: dict[str, list[Comparison]] = {}

    def note(kind: str, comparison: Comparison | None) -> None:
        if comparison is not None:
            found.setdefault(kind, []).append(comparison)

    for issue in _issues(lambda: intent_worlds(data, store, chosen_on=chosen_on)):
        for halves in range(HALVES):
            note("public intents, halves at random", _halves(issue, halves))
        note("public intents, then their split test", _later(issue))
        for share in SHARES:
            note(
                f"public intents, then {share:.0%} about something else", _with_others(issue, of_other, share)
            )
    for issue in _issues(lambda: planted_worlds(data, store, product)):
        for halves in range(HALVES):
            note(f"planted, {product}, halves of the conversations", _halves(issue, halves))
    for issue in _issues(lambda: mixed_worlds(data, store, chosen_on=chosen_on, rough=False)):
        note("half out of scope, then their split test", _later(issue))
    for issue in _issues(lambda: mixed_worlds(data, store, chosen_on=chosen_on, rough=True)):
        note("half out of scope, then rougher", _later(issue))
    rows: list[list[object]] = []
    results: dict[str, Any] = {}
    for kind, comparisons in found.items():
        summary = _summary(comparisons)
        rows.append([kind, *summary.values()])
        results[kind] = summary
    return Measurement([Table(f"Drift that is said of issues ({only})", HEADER, rows)], results)


# -- inside


def _issues(worlds: Callable[[], Iterator[World]]) -> Iterator[_Issue]:
    for world in list(worlds())[::EVERY]:
        issue = _Issue(world)
        if issue.has_classifier:
            yield issue


def _halves(issue: _Issue, seed: int) -> Comparison | None:
    """The unlabelled events parted at random; where they are of conversations one of each, and none of a labelled one's."""
    world = issue.world
    events = np.random.default_rng(seed).permutation(np.setdiff1d(world.pool, issue.cards))
    if world.units is not None:
        events = events[~np.isin(world.units[events], world.units[issue.cards])]
        events = events[np.unique(world.units[events], return_index=True)[1]]
        events = np.random.default_rng(seed).permutation(events)
    half = min(SAMPLE, len(events) // 2)
    return issue.of(issue.sample(events[:half]), issue.sample(events[half : 2 * half]))


def _later(issue: _Issue) -> Comparison | None:
    return issue.of(issue.sample(_earlier(issue)), issue.sample(_tested(issue)))


def _with_others(issue: _Issue, others: NDArray[np.float32], share: float) -> Comparison | None:
    tested = _tested(issue)
    number = round(share * len(tested))
    new = issue.sample(tested[number:])
    nothing = np.zeros_like(others[:number])
    vectors = np.vstack([np.hstack([others[:number], nothing]), new.vectors])
    of_others = scores(others[:number], nothing, issue.weights)
    return issue.of(issue.sample(_earlier(issue)), Sample(vectors, np.concatenate([of_others, new.scores])))


def _earlier(issue: _Issue) -> NDArray[np.intp]:
    return np.random.default_rng(0).permutation(np.setdiff1d(issue.world.pool, issue.cards))[:SAMPLE]


def _tested(issue: _Issue) -> NDArray[np.intp]:
    return np.random.default_rng(1).permutation(issue.world.tested)[:SAMPLE]


def _summary(found: list[Comparison]) -> dict[str, float | int]:
    return {
        "compared": len(found),
        "said": float(np.mean([one.is_drift for one in found])),
        "p < .05": float(np.mean([2 * min(one.nearness.p, one.sureness.p) < 0.05 for one in found])),
        "nearness": float(np.mean([one.nearness.worse for one in found])),
        "sureness": float(np.mean([one.sureness.worse for one in found])),
    }
