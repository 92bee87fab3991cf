"""What labels of events that were drawn at random say of all events: precision, recall and how frequent the issue truly is.

Pure. The draws need not be uniform: each label counts for as many events as its probability says (Hájek's estimator), within the events
that count as matches and within those that do not, whose sizes are known (post-stratification: Cochran, Sampling Techniques, 5A.9).
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

RANDOM_LEAST = 10  # labels of events drawn at random, before they say anything of all events
DRAWS = 20_000  # from the posteriors, whose 5 % and 95 % points are the intervals; they move by .002 from seed to seed
LEVELS = [0.05, 0.95]
JEFFREYS = 0.5
WIDTH_WANTED = 0.05  # of an interval, to each side
# The share missed before a label says anything: worth one match, at AS_MANY of the share that counts. In 400 simulated issues (.6 to 10 % of
# 4,000 events, 15 labels in three strata) the intervals then cover the truth of precision in 94 %, recall in 96 %, rate in 93 %. With half
# a match and a factor of 1 they do so in 94, 99 and 97 %, and the recall's is .81 wide in the mean instead of .70.
MATCHES_MISSED, AS_MANY = 1.0, 0.6

Row = Sequence[
    float
]  # of one random label: 1 when it counts as a match (when held out), 1 when it is one, 1 / its probability


@dataclass(frozen=True, slots=True)
class Share:
    """With its 90 % interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Audited:
    """None where the labels do not say it."""

    precision: Share | None = None
    recall: Share | None = None
    rate: Share | None = None  # of all events on which the issue holds


def estimate(rows: Sequence[Row], *, rate: float) -> Audited:
    """`rate`: the share of all events that counts as matches. Nothing with fewer than RANDOM_LEAST rows; no precision without a row that
    counts, no recall without a match among the rows.

    Both shares have Beta posteriors with as many labels as the weighted ones are worth (Kish: sum squared over sum of squares). The prior of
    the precision is Jeffreys'. That of the share missed follows from the share that counts (AS_MANY): Jeffreys' own would say that a rare issue is missed on some per cent of all events, however rare, until hundreds of labels stand.
    The recall's value is the posterior's median, because the plain ratio is 1 until the first miss is met.
    """
    if len(rows) < RANDOM_LEAST:
        return Audited()
    counts, right, weight = np.asarray(rows, float).T
    hit, yes = counts > 0, right > 0
    rate = float(min(1.0, max(0.0, rate)))
    draw = np.random.default_rng(0)
    found_share, found_labels = _weighted(yes[hit], weight[hit])
    missed_share, missed_labels = _weighted(yes[~hit], weight[~hit])
    precise = _beta(draw, found_share, found_labels, JEFFREYS, JEFFREYS)
    expected = min(0.5, AS_MANY * max(rate, 1e-6) / max(1.0 - rate, 1e-6))
    missed = (1.0 - rate) * _beta(
        draw, missed_share, missed_labels, MATCHES_MISSED, MATCHES_MISSED * (1.0 - expected) / expected
    )
    true_hits = rate * precise
    every_hit, no_miss = bool(yes[hit].all()), not yes[~hit].any()
    precision = _share(found_share, precise, whole=every_hit, empty=not yes[hit].any()) if hit.any() else None
    recall = None
    if yes.any() and rate:
        ratio = true_hits / np.maximum(true_hits + missed, 1e-12)
        recall = _share(float(np.median(ratio)), ratio, whole=no_miss, empty=not yes[hit].any())
    value = rate * (found_share if hit.any() else float(np.median(precise)))
    value += (1.0 - rate) * (missed_share if not hit.all() else 0.0)
    return Audited(precision, recall, _share(value, true_hits + missed, whole=False, empty=not yes.any()))


def _weighted(yes: NDArray[np.bool_], weight: NDArray[np.float64]) -> tuple[float, float]:
    """(The weighted share, how many unweighted labels it is worth.)"""
    if not len(yes):
        return 0.0, 0.0
    total = float(weight.sum())
    return float((weight * yes).sum() / total), float(total**2 / (weight**2).sum())


def _beta(
    draw: np.random.Generator, share: float, labels: float, of_yes: float, of_no: float
) -> NDArray[np.float64]:
    return draw.beta(of_yes + share * labels, of_no + (1.0 - share) * labels, DRAWS)


def _share(value: float, simulated: NDArray[np.float64], *, whole: bool, empty: bool) -> Share:
    """`whole`, `empty`: nothing speaks against a share of 1, of 0, so that the interval reaches it."""
    low, high = np.quantile(simulated, LEVELS).tolist()
    low, high = (0.0 if empty else low), (1.0 if whole else high)
    return Share(value, min(low, value), max(high, value))


def more_labels(rows: Sequence[Row], *, rate: float) -> int | None:
    """How many more random labels bring the intervals of precision and recall to at most WIDTH_WANTED on each side, if they come out as those so
    far; 0 when they are there. The widths shrink with the square root of the labels. None while neither is known."""
    audited = estimate(rows, rate=rate)
    widths = [(one.high - one.low) / 2 for one in (audited.precision, audited.recall) if one is not None]
    if not widths:
        return None
    return max(0, math.ceil(len(rows) * (max(widths) / WIDTH_WANTED) ** 2) - len(rows))


def published(quality: Mapping[str, Any], *, rate: float | None = None) -> dict[str, Any]:
    """What is said of a classifier's quality (Classifier.quality) outside: precision and recall from the audit alone. `rate`: the share of
    all events that matches now, in place of the share at the training. What is cross-validated on picked labels has names of its own."""
    found = {name: quality.get(f"audited_{name}") for name in ("precision", "low", "high", "recall")}
    found |= {name: quality.get(name) for name in ("recall_low", "recall_high")}
    more = quality.get("more_random_labels")
    if rate is not None and quality.get("audit"):
        found = flat(estimate(quality["audit"], rate=rate))
        more = more_labels(quality["audit"], rate=rate)
    return {
        **found,
        "labels": quality.get("labels", 0),
        "random_labels": quality.get("random_labels", 0),
        "more_random_labels": more,
        "strata": quality.get("strata"),
        "labelled_precision": quality.get("precision"),
        "labelled_recall": quality.get("recall"),
    }


def audited_names(rows: Sequence[Row], *, rate: float) -> dict[str, Any]:
    """What the audit says, by the names under which a quality keeps it."""
    audited = flat(estimate(rows, rate=rate))
    return {
        "audited_precision": audited["precision"],
        "audited_low": audited["low"],
        "audited_high": audited["high"],
        "audited_recall": audited["recall"],
        "recall_low": audited["recall_low"],
        "recall_high": audited["recall_high"],
        "more_random_labels": more_labels(rows, rate=rate),
    }


def flat(audited: Audited) -> dict[str, float | None]:
    """{"precision", "low", "high", "recall", "recall_low", "recall_high"}"""
    precision, recall = audited.precision, audited.recall
    return {
        "precision": precision.value if precision else None,
        "low": precision.low if precision else None,
        "high": precision.high if precision else None,
        "recall": recall.value if recall else None,
        "recall_low": recall.low if recall else None,
        "recall_high": recall.high if recall else None,
    }
