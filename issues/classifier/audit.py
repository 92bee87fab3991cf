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
LEVELS = [0.05, 0.5, 0.95]
JEFFREYS = 0.5
WIDTH_WANTED = 0.05  # of an interval, to each side
# The recall before a label says anything, Beta(RECALL): a little more likely near 1 and near 0 than between, as issues turn out. Other
# priors: docs/benchmarks.md, "What is published of an issue".
RECALL = (0.7, 0.5)
LEAST_RECALL = 1e-6
LEAST_UNKNOWN = 1e-6  # the share of events that were not drawn, where all were: the interval then is a point

DrawnLabel = Sequence[
    float
]  # of one random label: 1 when it counts as a match (when held out), 1 when it is one, 1 / its probability


@dataclass(frozen=True, slots=True)
class AuditedShare:
    """With its 90 % interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Audited:
    """None where the labels do not say it."""

    precision: AuditedShare | None = None
    recall: AuditedShare | None = None
    rate: AuditedShare | None = None  # of all events on which the issue holds


def estimate(rows: Sequence[DrawnLabel], *, rate: float, events: int | None = None) -> Audited:
    """`rate`: the share of all events that counts as matches; `events`: how many these are (None: far more than rows). Nothing with fewer than
    RANDOM_LEAST rows; no precision without a row that counts, no recall and no rate without a match among the rows.

    The precision has a Beta posterior with Jeffreys' prior and as many labels as the weighted ones are worth (Kish: sum squared over sum of
    squares), of a finite population (Cochran 2.6): what is drawn of the events that count, and of the others, leaves no doubt of itself. Of the recall
    20,000 values are drawn from its prior. With the precision, each says which share of the other events is missed, and it weighs as much as that share
    makes the labels of those events likely. The values of recall and rate are the posterior's medians: the plain ratio is 1 until the first
    miss is met, and one miss that was unlikely to be drawn would multiply the plain rate.
    """
    if len(rows) < RANDOM_LEAST:
        return Audited()
    counts, right, weight = np.asarray(rows, float).T
    hit, yes = counts > 0, right > 0
    every = max(events, len(rows)) if events else 0  # a count may lag behind
    drawn = (hit.sum() / every, (~hit).sum() / every) if every else (0.0, 0.0)
    rate = float(min(1.0 - drawn[1], max(drawn[0], rate)))
    draw = np.random.default_rng(0)
    found_share, found_labels = _weighted(yes[hit], weight[hit], drawn=drawn[0], size=rate)
    missed_share, missed_labels = _weighted(yes[~hit], weight[~hit], drawn=drawn[1], size=1.0 - rate)
    precise = _beta(draw, found_share, found_labels)
    precision = None
    if hit.any():
        precision = _share(
            precise, None, value=found_share, whole=bool(yes[hit].all()), empty=not yes[hit].any()
        )
    if not yes.any():
        return Audited(precision)
    found = rate * precise
    if rate == 0.0:  # nothing counts, so that no recall follows from what is missed
        return Audited(precision, None, _share(_beta(draw, missed_share, missed_labels), None))
    if rate == 1.0:
        return Audited(precision, AuditedShare(1.0, 1.0, 1.0), _share(precise, None, value=found_share))
    recalled = draw.beta(*RECALL, DRAWS)
    missed = found * (1.0 - recalled) / np.maximum(recalled, LEAST_RECALL)
    share = missed / (1.0 - rate)
    possible = share < 1.0
    share = np.clip(share, 1e-12, 1.0 - 1e-9)
    likely = missed_labels * (missed_share * np.log(share) + (1.0 - missed_share) * np.log1p(-share))
    worth = np.where(possible, np.exp(likely - likely[possible].max(initial=-np.inf)), 0.0)
    recall = _share(recalled, worth, whole=not yes[~hit].any(), empty=not yes[hit].any())
    return Audited(precision, recall, _share(np.minimum(found + missed, 1.0), worth))


def _beta(draw: np.random.Generator, share: float, labels: float) -> NDArray[np.float64]:
    return draw.beta(JEFFREYS + share * labels, JEFFREYS + (1.0 - share) * labels, DRAWS)


def _weighted(
    yes: NDArray[np.bool_], weight: NDArray[np.float64], *, drawn: float, size: float
) -> tuple[float, float]:
    """(The weighted share, how many unweighted labels it is worth.) `drawn` of `size`, as shares of all events, have been drawn."""
    if not len(yes):
        return 0.0, 0.0
    total = float(weight.sum())
    unknown = max(LEAST_UNKNOWN, 1.0 - drawn / size) if size else 1.0
    return float((weight * yes).sum() / total), float(total**2 / (weight**2).sum() / unknown)


def _share(
    simulated: NDArray[np.float64],
    worth: NDArray[np.float64] | None,
    *,
    value: float | None = None,
    whole: bool = False,
    empty: bool = False,
) -> AuditedShare:
    """`worth`: of each draw (None: alike). `value`: None for the median. `whole`, `empty`: nothing speaks against a share of 1, of 0, so that the
    interval reaches it."""
    order = np.argsort(simulated)
    sums = np.cumsum(np.ones(DRAWS) if worth is None else worth[order])
    low, middle, high = np.interp(LEVELS, sums / sums[-1], simulated[order]).tolist()
    low, high = (0.0 if empty else low), (1.0 if whole else high)
    best = middle if value is None else value
    return AuditedShare(best, min(low, best), max(high, best))


def more_labels(
    rows: Sequence[DrawnLabel], *, rate: float, events: int | None = None, unlabelled: int | None = None
) -> int | None:
    """How many more random labels bring the intervals of precision and recall to at most WIDTH_WANTED on each side, if they come out as those so
    far; 0 when they are there. The widths shrink with the square root of the labels, and of the share of `events` (as of `estimate`) that was
    not drawn (Cochran 4.6). Never more than the `unlabelled`, which are left to draw. None while neither is known."""
    audited = estimate(rows, rate=rate, events=events)
    widths = [(one.high - one.low) / 2 for one in (audited.precision, audited.recall) if one is not None]
    if not widths:
        return None
    all_drawn = 1 / events if events else 0.0
    ratio = min(1.0, WIDTH_WANTED / max(WIDTH_WANTED, *widths)) ** 2
    wanted = math.ceil(1 / (all_drawn + max(0.0, 1 / len(rows) - all_drawn) * ratio))
    more = max(0, wanted - len(rows))
    return more if unlabelled is None else min(more, unlabelled)


def published(quality: Mapping[str, Any], *, rate: float | None = None) -> dict[str, Any]:
    """What is said of a classifier's quality (Classifier.quality) outside: precision and recall from the audit alone. `rate`: the share of
    all events that matches now, in place of the share at the training. What is cross-validated on picked labels has names of its own."""
    found = {name: quality.get(f"audited_{name}") for name in ("precision", "low", "high", "recall")}
    found |= {name: quality.get(name) for name in ("recall_low", "recall_high")}
    more = quality.get("more_random_labels")
    if rate is not None and quality.get("audit") and not quality.get("exact"):
        events = quality.get("events")
        found = flat(estimate(quality["audit"], rate=rate, events=events))
        more = more_labels(quality["audit"], rate=rate, events=events, unlabelled=quality.get("unlabelled"))
    return {
        **found,
        "labels": quality.get("labels", 0),
        "random_labels": quality.get("random_labels", 0),
        "more_random_labels": more,
        "strata": quality.get("strata"),
        "labelled_precision": quality.get("precision"),
        "labelled_recall": quality.get("recall"),
    }


def audited_names(
    rows: Sequence[DrawnLabel], *, rate: float, events: int | None = None, unlabelled: int | None = None
) -> dict[str, Any]:
    """What the audit says, by the names under which a quality keeps it. As of `more_labels`."""
    audited = estimate(rows, rate=rate, events=events)
    more = more_labels(rows, rate=rate, events=events, unlabelled=unlabelled)
    return {**_named(audited, more=more), "events": events, "unlabelled": unlabelled, "exact": False}


def exact_names(pairs: Sequence[tuple[bool, bool]]) -> dict[str, Any]:
    """The same where people decided on every event: nothing is estimated. `pairs`: of each event whether it counts as a match, and whether it is one."""
    both = sum(hit and yes for hit, yes in pairs)
    claimed, true = sum(hit for hit, _ in pairs), sum(yes for _, yes in pairs)
    shares = [AuditedShare(both / of, both / of, both / of) if of else None for of in (claimed, true)]
    audited = Audited(*shares)
    return {**_named(audited, more=0), "events": len(pairs), "unlabelled": 0, "exact": True}


def _named(found: Audited, *, more: int | None) -> dict[str, Any]:
    audited = flat(found)
    return {
        "audited_precision": audited["precision"],
        "audited_low": audited["low"],
        "audited_high": audited["high"],
        "audited_recall": audited["recall"],
        "recall_low": audited["recall_low"],
        "recall_high": audited["recall_high"],
        "more_random_labels": more,
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
