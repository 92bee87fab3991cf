"""The small model behind an issue, over arrays alone: logistic regression on an event's two vectors.

What it learns from, besides the labels (which may be one): the definition's own vector, as a weak positive example and as
the direction that the weights are drawn to (two more features, the cosines of both sides to it); and events that
nobody labelled, as weak negatives, since most events are not the issue. How weak follows from how common the issue looks: a model
of the labels alone is asked how many of the unlabelled events it would match, and where that is many, they count for little
and the threshold comes from the labels; where it is few, they count, and the threshold stays cautious.

Chosen by F1 on BANKING77 and HWU64, one intent against the rest (1.3 % of 3,080 and 1.6 % of 1,076 test texts) with only
the intent's name as definition and half of the non-matches hard ones, and on the same recast so that 12 to 30 % of the texts
match. `manage.py evaluate classifiers` prints the first:

    matches + non-matches   BANKING77: AP, F1   HWU64: AP, F1
    1 + 0                   0.68   0.57         0.61   0.51
    3 + 3                   0.75   0.59         0.72   0.59
    5 + 20                  0.81   0.72         0.77   0.66
    10 + 20                 0.84   0.76         0.82   0.72
    25 + 40                 0.85   0.76         0.85   0.77

A fit takes 20 to 100 ms. Without the definition the average precision with 5 + 20 is 0.04 to 0.08 lower, without the background
0.02 to 0.10.
"""

from dataclasses import dataclass
from typing import Any, Literal, TypedDict

import numpy as np
from numpy.typing import NDArray

from issues.classifier.audit import audited_names, exact_names
from raindrop.statistics import wilson

Floats = NDArray[np.float32]
Bools = NDArray[np.bool_]

KIND = "logistic"
SIDE = 384
WIDTH = 2 * SIDE + 1  # weights: the user's side, the agent's side, the intercept
MEASURABLE = 5  # matches and non-matches needed before precision and recall are published

STRENGTH = 10.0  # LogisticRegression's C
COSINE_SCALE = 3.0  # how much cheaper the definition's direction is than any other to the L2 penalty, squared
PROTOTYPE = 1.0  # the definition, counted in labels
# All unlabelled events together, counted in labels: of a rare issue, of a common one.
BACKGROUND = (50.0, 2.0)
CAUTIOUS = 0.6  # the threshold without a background
# A rare issue's threshold is the mean, in log-odds, of three: where the regression itself parts the two; where an event is a match with probability
# CALIBRATED, by the labels' held-out scores (the best F1 is had at half of itself: Lipton, Elkan and Naryanaswamy 2014, and .8 is usual here);
# and OF_THE_WAY from the usual unlabelled event to the median held-out match, which moves with events that look unlike the labelled ones. Each alone
# is worse somewhere: docs/benchmarks.md, "Issues from few labels".
CALIBRATED, OF_THE_WAY = 0.4, 0.7
SLOPE_PRIOR = 1.0  # worth of the prior that the held-out log-odds are right as they are
FIRST_STEP = 0.35  # with too few labels for that: see _first_threshold
# Share of unlabelled events that the labels alone would match: up to the first a rare issue, from the second a common one.
RARE, COMMON = 0.05, 0.2
# With too few non-matches to place a threshold, it is this quantile of the matches' held-out scores.
LOW = 0.2
FOLDS = 5
MIN_FOLDS = 3  # matches below which nothing is cross-validated


class Quality(TypedDict):
    """Cross-validated on the labelled events: each is scored by a model that has not seen its label.

    `low` and `high` bound the precision (Wilson, 95 %). All null with fewer than MEASURABLE matches or non-matches, and where no labelled event counts as
    a match without its own label: so few labels teach nothing that could be measured. The labels are mostly of events that were hard to decide, so that
    both figures lean to the low side of what holds over all events.
    """

    precision: float | None
    recall: float | None
    low: float | None
    high: float | None
    labels: int
    # Over the `random_labels` events that were drawn at random alone, by audit.estimate: what holds over all events, with 90 % intervals.
    random_labels: int
    audit: list[list[float]] | None  # their rows, as audit.estimate reads them
    # Of these: held-out matches that are one and that are none, then the same of held-out non-matches. Null where none are held out.
    strata: list[int] | None
    audited_precision: float | None
    audited_low: float | None
    audited_high: float | None
    audited_recall: float | None
    recall_low: float | None
    recall_high: float | None
    more_random_labels: int | None  # until both intervals are 5 points wide to each side
    claimed: list[int] | None  # of the labelled events that match when held out: those that are one, and all
    events: int | None  # that there were, and of these without a person's answer; None where it is not known
    unlabelled: int | None
    exact: bool  # people decided on all of them: the audited figures are counts, no estimates


@dataclass(frozen=True, slots=True)
class Sides:
    """Row i of `user` and `agent` ((n, 384), unit rows, or zeros where there is no text) are of one event."""

    user: Floats
    agent: Floats

    def __len__(self) -> int:
        return len(self.user)

    def take(self, index: NDArray[np.intp] | Bools) -> "Sides":
        return Sides(self.user[index], self.agent[index])


@dataclass(frozen=True, slots=True)
class Labelled:
    """Row i of each is of one labelled event. `trust`: (n,), see `fit`."""

    sides: Sides
    answers: Bools
    trust: NDArray[np.float64]

    def take(self, index: Bools) -> "Labelled":
        return Labelled(self.sides.take(index), self.answers[index], self.trust[index])


@dataclass(frozen=True, slots=True)
class Fit:
    weights: Floats  # (WIDTH,)
    threshold: float
    quality: Quality
    # (n,), by classifiers that have not seen the label; None with fewer than MIN_FOLDS matches.
    held_out: NDArray[np.float64] | None


def scores(user: Floats, agent: Floats, weights: Floats) -> NDArray[np.float64]:
    """Probabilities: (n,) for weights (WIDTH,), (n, k) for the weights of k classifiers (k, WIDTH)."""
    transposed = weights.T
    logits = user @ transposed[:SIDE] + agent @ transposed[SIDE:-1] + transposed[-1]
    probabilities: NDArray[np.float64] = 1 / (1 + np.exp(-np.clip(logits, -60, 60).astype(np.float64)))
    return probabilities


def weight_directions(weights: Floats) -> dict[Literal["user", "agent"], Floats]:
    """Which way the score grows on each side, for a search by nearest vectors; a side that says nothing is left out."""
    sides: dict[Literal["user", "agent"], Floats] = {"user": weights[:SIDE], "agent": weights[SIDE:-1]}
    strongest = max(float(np.linalg.norm(side)) for side in sides.values())
    return {name: side for name, side in sides.items() if np.linalg.norm(side) > 0.1 * strongest}


def logits(probabilities: NDArray[np.float64]) -> NDArray[np.float64]:
    """Log-odds, between -60 and 60."""
    kept = np.clip(probabilities, 1e-26, 1 - 1e-15)
    found: NDArray[np.float64] = np.log(kept) - np.log1p(-kept)
    return found


def calibrate(found: NDArray[np.float64], answers: Bools) -> tuple[float, float]:
    """(a, b): a match with log-odds a * found + b, by the answers (Platt scaling, with a prior on a = 1). Both answers are among them.

    Newton's method, which converges in about eight steps. A whole step may go too far where the two overlap, and the next ones ever further: a step is
    halved until it lowers the loss enough (Lin, Lin and Weng 2007, "A note on Platt's probabilistic outputs for support vector machines")."""
    line, inputs = np.array([1.0, 0.0]), np.stack([found, np.ones(len(found))])
    prior = np.array([SLOPE_PRIOR, 0.0])

    def loss(line: NDArray[np.float64]) -> float:
        odds = line @ inputs
        return float(
            (np.logaddexp(0.0, odds) - answers * odds).sum() + SLOPE_PRIOR * (line[0] - 1.0) ** 2 / 2
        )

    for _ in range(50):
        likely = 1 / (1 + np.exp(-np.clip(line @ inputs, -60, 60)))
        curve = np.maximum(likely * (1 - likely), 1e-9)
        gradient = inputs @ (likely - answers) + prior * (line - 1.0)
        step = np.linalg.solve((inputs * curve) @ inputs.T + np.diag(prior + [0.0, 1e-6]), gradient)
        before, gain = loss(line), float(gradient @ step)
        size = next(
            (
                size
                for size in 0.5 ** np.arange(30)
                if loss(line - size * step) <= before - 1e-4 * size * gain
            ),
            0.0,
        )
        line = line - size * step
        if size * np.abs(step).max() < 1e-6:
            break
    return max(0.3, float(line[0])), float(line[1])


def to_bytes(weights: Floats) -> bytes:
    return np.ascontiguousarray(weights, dtype="<f4").tobytes()


def from_bytes(stored: bytes | memoryview) -> Floats:
    """Raises ValueError when these are not a classifier's weights."""
    if len(stored) != 4 * WIDTH:
        raise ValueError(f"{len(stored)} bytes are not the weights of a classifier, which take {4 * WIDTH}")
    weights: Floats = np.frombuffer(bytes(stored), dtype="<f4")
    return weights


def fit(
    *,
    definition: Floats,
    labelled: Sides,
    answers: Bools,
    background: Sides,
    weights: NDArray[np.float64] | None = None,
    trust: NDArray[np.float64] | None = None,
    measured: Bools | None = None,
    unlabelled: int | None = None,
) -> Fit:
    """Learns from at least one match. `definition`: (384,) unit; `answers`: (n,) for the n labelled events; `weights`: (n,), 1 / the
    probability of those that were drawn at random, 0 of the others (None: all). `trust`: (n,), 1 of people's answers, less of a teacher's (None:
    all are people's); the quality is measured on people's alone, and of these on those in `measured`, (n,) (None: all). `unlabelled`: how many events
    without an answer the background was drawn from (None: it is all of them).

    Deterministic. Raises ValueError when there is no match among the answers.
    """
    if len(answers) != len(labelled) or not answers.any():
        raise ValueError("A classifier needs an answer per event, and a match among them.")
    known = Labelled(labelled, answers, np.ones(len(answers)) if trust is None else trust)
    of_people = known.trust == 1.0
    measurable = of_people if measured is None else of_people & measured
    folds = _folds(answers)
    if folds is None:
        learnt, kept = _train(definition, known, background, weight=BACKGROUND[0])
        threshold = _first_threshold(learnt, labelled.take(answers), kept)
        return Fit(learnt, threshold, _quality(None, answers, threshold, weights, measurable, rate=0.0), None)
    common = _how_common(definition, known, background, folds)
    weight = (1 - common) * BACKGROUND[0] + common * BACKGROUND[1]
    learnt, _ = _train(definition, known, background, weight=weight)
    held_out = np.zeros(len(answers))
    for fold in range(folds.max() + 1):
        held = folds == fold
        part, _ = _train(
            definition, known.take(~held), background.take(_spread(background, folds) != fold), weight=weight
        )
        held_out[held] = scores(labelled.user[held], labelled.agent[held], part)
    # People's matches say where the threshold is, once there are some.
    sure = of_people if (of_people & answers).sum() >= MIN_FOLDS else np.ones(len(answers), bool)
    rare = _rare_threshold(
        logits(held_out[sure]), answers[sure], logits(scores(background.user, background.agent, learnt))
    )
    by_labels = (best_threshold(held_out[sure], answers[sure]) + 0.5) / 2
    threshold = (1 - common) * rare + common * by_labels
    # Of all events, the labelled ones too: where few are left without an answer, what these look like is no share of all.
    others = len(background) if unlabelled is None else unlabelled
    positive = float((scores(background.user, background.agent, learnt) >= threshold).sum())
    holding = float((held_out >= threshold).sum()) + others * positive / max(1, len(background))
    rate = holding / (len(held_out) + others)
    sizes: dict[str, int | None] = {"events": None, "unlabelled": None}
    if unlabelled is not None:
        sizes = {"events": len(answers) + unlabelled, "unlabelled": unlabelled + int((~of_people).sum())}
    quality = _quality(held_out, answers, threshold, weights, measurable, rate=rate, **sizes)
    return Fit(learnt, threshold, quality, held_out)


def best_threshold(found: NDArray[np.float64], answers: Bools) -> float:
    """The threshold with the highest F1 on these scores, midway between the two scores that it parts."""
    steps = np.unique(found)
    predicted = found[None, :] >= steps[:, None]
    hits = (predicted & answers).sum(axis=1)
    best = int(np.argmax(2 * hits / (predicted.sum(axis=1) + answers.sum())))
    return float((steps[max(0, best - 1)] + steps[best]) / 2)


# -- inside


def _train(definition: Floats, known: Labelled, background: Sides, *, weight: float) -> tuple[Floats, Sides]:
    """Weights, and the background that was kept: what looks like a match at first is taken out, and it learns again."""
    weights = _regress(definition, known, background, weight=weight)
    if len(background):
        unlike = scores(background.user, background.agent, weights) < 0.5
        if not unlike.all() and unlike.sum() >= 20:
            background = background.take(unlike)
            weights = _regress(definition, known, background, weight=weight)
    return weights, background


def _regress(definition: Floats, known: Labelled, background: Sides, *, weight: float) -> Floats:
    """Logistic regression in which matches and non-matches weigh the same in all."""
    # The definition may be about either side: on one it stands for a match, with the usual text on the other.
    labelled, answers = known.sides, known.answers
    usual = background if len(background) else labelled
    user = np.vstack([labelled.user, background.user, definition[None], usual.user.mean(axis=0)[None]])
    agent = np.vstack([labelled.agent, background.agent, usual.agent.mean(axis=0)[None], definition[None]])
    target = np.concatenate([answers, np.zeros(len(background), bool), [True, True]])
    share = np.concatenate(
        [
            known.trust,
            np.full(len(background), weight / max(1, len(background))),
            np.full(2, PROTOTYPE / 2),
        ]
    )
    if target.all():
        raise ValueError("There is nothing to tell the matches from: no non-match and no other event.")
    share[target] *= share[~target].sum() / share[target].sum()
    cosines = COSINE_SCALE * np.stack([user @ definition, agent @ definition], axis=1)
    from sklearn.linear_model import LogisticRegression  # 1.5 s and 60 MB: only where something is trained

    model = LogisticRegression(C=STRENGTH, max_iter=500)
    model.fit(np.hstack([user, agent, cosines]), target, sample_weight=share)
    learnt = model.coef_[0]
    # The cosines are linear in the vectors, so that their weights fold into the vectors' own.
    weights: Floats = np.concatenate(
        [
            learnt[:SIDE] + COSINE_SCALE * learnt[-2] * definition,
            learnt[SIDE : 2 * SIDE] + COSINE_SCALE * learnt[-1] * definition,
            model.intercept_,
        ]
    ).astype(np.float32)
    return weights


def _rare_threshold(held_out: NDArray[np.float64], answers: Bools, unlabelled: NDArray[np.float64]) -> float:
    """See CALIBRATED. In log-odds: `held_out` (n,) of the labelled events, `unlabelled` of others. Returns a probability."""
    at = [0.0]
    if not answers.all():
        slope, intercept = calibrate(held_out, answers)
        at.append((np.log(CALIBRATED / (1 - CALIBRATED)) - intercept) / slope)
    if len(unlabelled):
        usual = float(np.median(unlabelled))
        at.append(usual + OF_THE_WAY * (float(np.median(held_out[answers])) - usual))
    return float(1 / (1 + np.exp(-np.clip(np.mean(at), -30, 30))))


def _first_threshold(weights: Floats, matches: Sides, background: Sides) -> float:
    """With too few labels to hold some out: so far up, in log-odds, from the unlabelled events to the labelled matches
    (which score higher than other matches, having been learnt from)."""
    if not len(background):
        return CAUTIOUS
    low = np.quantile(scores(background.user, background.agent, weights), 0.9)
    high = np.median(scores(matches.user, matches.agent, weights))
    odds = FIRST_STEP * np.log(high / (1 - high)) + (1 - FIRST_STEP) * np.log(low / (1 - low))
    return float(1 / (1 + np.exp(-odds)))


def _folds(answers: Bools) -> NDArray[np.intp] | None:
    """The fold of each label, matches and non-matches spread evenly; None when matches are too few."""
    count = min(FOLDS, int(answers.sum()))
    if count < MIN_FOLDS:
        return None
    folds = np.zeros(len(answers), np.intp)
    draw = np.random.default_rng(0)
    for kind in (answers, ~answers):
        folds[kind] = draw.permutation(int(kind.sum())) % count
    return folds


def _spread(background: Sides, folds: NDArray[np.intp]) -> NDArray[np.intp]:
    return np.arange(len(background)) % (int(folds.max()) + 1)


def _how_common(definition: Floats, known: Labelled, background: Sides, folds: NDArray[np.intp]) -> float:
    """0 (a rare issue) to 1 (a common one): see the module's text."""
    labelled, answers = known.sides, known.answers
    if not len(background):
        return 1.0
    held_out, unlabelled = np.zeros(len(answers)), np.zeros(len(background))
    spread = _spread(background, folds)
    for fold in range(folds.max() + 1):
        held, out = folds == fold, spread == fold
        weights = _regress(definition, known.take(~held), background.take(~out), weight=BACKGROUND[1])
        held_out[held] = scores(labelled.user[held], labelled.agent[held], weights)
        unlabelled[out] = scores(background.user[out], background.agent[out], weights)
    few = (~answers).sum() < MIN_FOLDS
    threshold = np.quantile(held_out[answers], LOW) if few else best_threshold(held_out, answers)
    share = float((unlabelled >= threshold).mean())
    return min(1.0, max(0.0, (share - RARE) / (COMMON - RARE)))


def _quality(
    held_out: NDArray[np.float64] | None,
    answers: Bools,
    threshold: float,
    weights: NDArray[np.float64] | None,
    measurable: Bools,
    *,
    rate: float,
    events: int | None = None,
    unlabelled: int | None = None,
) -> Quality:
    weight = (np.zeros(len(answers)) if weights is None else weights)[measurable]
    answers = answers[measurable]
    held_out = None if held_out is None else held_out[measurable]
    chance = weight > 0
    quality = Quality(
        precision=None, recall=None, low=None, high=None, labels=len(answers), random_labels=int(chance.sum()), audit=None, strata=None,
        audited_precision=None, audited_low=None, audited_high=None, audited_recall=None, recall_low=None, recall_high=None,
        more_random_labels=None, claimed=None, events=None, unlabelled=None, exact=False,
    )  # fmt: skip
    if held_out is None:
        return quality
    predicted = held_out >= threshold
    rows = np.stack([predicted, answers, weight], axis=1)[chance].tolist()
    quality["audit"] = rows
    quality["strata"] = [
        int((chance & (predicted == hit) & (answers == yes)).sum())
        for hit in (True, False)
        for yes in (True, False)
    ]
    audited: Any = (
        exact_names(list(zip(predicted.tolist(), answers.tolist(), strict=True)))
        if events == len(answers)
        else audited_names(rows, rate=rate, events=events, unlabelled=unlabelled)
    )
    quality.update(audited)
    if min(answers.sum(), (~answers).sum()) < MEASURABLE:
        return quality
    hits, claimed = int((predicted & answers).sum()), int(predicted.sum())
    quality["claimed"] = [hits, claimed]
    if interval := wilson(hits, claimed):
        quality["precision"], quality["recall"] = hits / claimed, hits / int(answers.sum())
        quality["low"], quality["high"] = interval
    return quality
