"""Signals made of a sentence and a few examples (signals/detectors/sentence.py), and what twenty-odd labels then teach them.

One intent against the rest: its name is the sentence, its first examples are the split train_5's and train_10's, the validation texts stand
for the project's events (the background, and what the review queue asks about), the test texts are only measured on.
"""

from pathlib import Path
from typing import Any

import numpy as np
from sklearn.metrics import average_precision_score

from raindrop.evaluation.intents import SETS, Answers, Floats, Intents, Ints, f1, load_intents
from raindrop.evaluation.measurement import Measurement, Table
from signals.detectors import sentence
from signals.learning.thresholds import folds, no_better, too_thin

EXAMPLES = (1, 3, 5, 10)
LABELS = 24
EVENTS, TESTED = 1500, 2000
TAUGHT_FROM = 3  # examples
EVERY = 3  # of the intents are taught: each costs 150 trainings
NONE = np.zeros((0, 384), dtype=np.float32)


def measure(data: Path) -> Measurement:
    few: list[list[object]] = []
    taught: list[list[object]] = []
    results: dict[str, Any] = {}
    for name in SETS:
        intents = load_intents(data, name, splits={"train_5", "train_10", "valid", "test"})
        results[name] = {"examples": {}}
        for count in EXAMPLES:
            found = measure_examples(intents, count)
            few.append([f"{name}, {count}", *found.values()])
            results[name]["examples"][count] = found
        results[name]["labels"] = found = measure_labels(intents)
        taught.append([name, *found.values()])
    return Measurement(
        [
            Table("A sentence and examples: one intent against the rest", ["set, examples", "average precision", "F1"], few),
            Table(
                f"{TAUGHT_FROM} examples, then {LABELS} labels asked by the review queue",
                ["set", "F1 before", "F1 if always applied", "F1 where proposed only", "proposed", "worse where proposed"],
                taught,
            ),
        ],
        results,
    )  # fmt: skip


def measure_examples(intents: Intents, count: int) -> dict[str, float]:
    tested, events = intents.rows("test", most=TESTED), intents.rows("valid", most=EVENTS)
    precision, found_f1 = [], []
    for intent in range(len(intents.names)):
        truth = intents.labels[tested] == intent
        if not truth.any():
            continue
        weights = _fit(intents, intent, count, events)
        scored = sentence.score(intents.vectors[tested], weights)
        precision.append(average_precision_score(truth, scored))
        found_f1.append(f1(scored >= sentence.THRESHOLD, truth))
    return {"average precision": float(np.mean(precision)), "F1": float(np.mean(found_f1))}


def measure_labels(intents: Intents) -> dict[str, float]:
    """What labels do to F1 on unseen texts, by the rules of signals/learning/tuning.py: always, and where it would propose it."""
    tested, events = intents.rows("test", most=TESTED), intents.rows("valid", most=EVENTS)
    before, always, careful, worse = [], [], [], 0
    proposals = 0
    for intent in range(0, len(intents.names), EVERY):
        truth = intents.labels[tested] == intent
        if not truth.any():
            continue
        old = _fit(intents, intent, TAUGHT_FROM, events)
        queue = _queue(sentence.score(intents.vectors[events], old), seed=intent)
        new, better = _teach(intents, intent, events, events[queue], old)
        scores = [
            f1(sentence.score(intents.vectors[tested], one) >= sentence.THRESHOLD, truth)
            for one in (old, new)
        ]
        before.append(scores[0])
        always.append(scores[1])
        careful.append(scores[1] if better else scores[0])
        proposals += better
        worse += better and scores[1] < scores[0]
    return {
        "before": float(np.mean(before)),
        "always": float(np.mean(always)),
        "careful": float(np.mean(careful)),
        "proposed": proposals / len(before),
        "worse": worse / max(1, proposals),
    }


def _fit(
    intents: Intents, intent: int, count: int, events: Ints, judged: Ints | None = None, holds: Answers | None = None
) -> Floats:  # fmt: skip
    own = np.concatenate([intents.rows("train_5"), intents.rows("train_10")])
    own = own[intents.labels[own] == intent]
    _, first = np.unique(intents.vectors[own].round(4), axis=0, return_index=True)  # train_10 repeats train_5
    examples = intents.vectors[own[np.sort(first)][:count]]
    others = NONE
    if judged is not None and holds is not None:
        examples = np.vstack([examples, intents.vectors[judged[holds]]])
        others = intents.vectors[judged[~holds]]
    background = intents.vectors[
        np.random.default_rng(1).choice(events, min(500, len(events)), replace=False)
    ]
    return sentence.fit(
        sentence=intents.named[intent], examples=examples, counterexamples=others, background=background
    )


def _queue(scored: np.ndarray[Any, Any], *, seed: int) -> Ints:
    """As labeling/queue/of_signals.py asks: uncertain matches, random matches and near misses in turn."""
    matches = np.flatnonzero(scored >= sentence.THRESHOLD)
    below = np.flatnonzero((scored < sentence.THRESHOLD) & (scored > 0))
    pools = [
        list(matches[np.argsort(scored[matches])]),
        list(np.random.default_rng(seed).permutation(matches)),
        list(below[np.argsort(-scored[below])]),
    ]
    queue: dict[int, None] = {}
    while len(queue) < LABELS and any(pools):
        for pool in pools:
            while pool:
                one = int(pool.pop(0))
                if one not in queue:
                    queue[one] = None
                    break
    return np.array(list(queue)[:LABELS], dtype=np.intp)


def _teach(intents: Intents, intent: int, events: Ints, judged: Ints, old: Floats) -> tuple[Floats, bool]:
    """The model with the labels, and whether it would be proposed (signals.learning.tuning)."""
    holds = intents.labels[judged] == intent
    new = _fit(intents, intent, TAUGHT_FROM, events, judged, holds)
    if too_thin(holds):
        return new, False
    matched = np.zeros(len(judged), dtype=bool)
    for learnt, tried in folds(holds):
        part = _fit(intents, intent, TAUGHT_FROM, events, judged[learnt], holds[learnt])
        matched[tried] = sentence.score(intents.vectors[judged[tried]], part) >= sentence.THRESHOLD
    before = sentence.score(intents.vectors[judged], old) >= sentence.THRESHOLD
    return new, no_better(before, matched, holds) == ""
