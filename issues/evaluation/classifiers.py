"""Issue classifiers from few labels (issues/classifier/model.py): one intent against the rest."""

import time
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.metrics import average_precision_score

from issues.classifier.model import Sides, fit, scores
from raindrop.evaluation.intents import SETS, Floats, Intents, f1, load_intents
from raindrop.evaluation.measurement import Measurement, Table

LABELS = ((1, 0), (3, 3), (5, 20), (10, 20), (25, 40))


def measure(data: Path) -> Measurement:
    rows: list[list[object]] = []
    results: dict[str, Any] = {}
    for name in SETS:
        intents = load_intents(data, name, splits={"train", "test"})
        for matches, others in LABELS:
            found = measure_one(intents, matches, others)
            rows.append([f"{name}, {matches} + {others}", *found.values()])
            results.setdefault(name, {})[f"{matches}+{others}"] = found
    header = ["set, matches + non-matches", "average precision", "F1", "ms a fit"]
    return Measurement([Table("Issue classifiers: one intent against the rest", header, rows)], results)


def measure_one(intents: Intents, matches: int, others: int) -> dict[str, float]:
    precision, found_f1, seconds = [], [], []
    train, tested = intents.rows("train"), intents.rows("test")
    vectors, labels = intents.vectors, intents.labels
    for intent, definition in enumerate(intents.named):
        draw = np.random.default_rng(intent)
        own, rest = train[labels[train] == intent], train[labels[train] != intent]
        truth = labels[tested] == intent
        if len(own) < matches or truth.sum() < 10:
            continue
        hard = rest[np.argsort(-(vectors[rest] @ definition))][:60]
        chosen = np.concatenate(
            [
                draw.choice(own, matches, replace=False),
                draw.choice(hard, others // 2, replace=False),
                draw.choice(rest, others - others // 2, replace=False),
            ]
        )
        started = time.perf_counter()
        fitted = fit(
            definition=definition,
            labelled=_sides(vectors[chosen]),
            answers=np.arange(len(chosen)) < matches,
            background=_sides(vectors[draw.choice(tested, min(500, len(tested)), replace=False)]),
        )
        seconds.append(time.perf_counter() - started)
        scored = scores(vectors[tested], np.zeros_like(vectors[tested]), fitted.weights)
        precision.append(average_precision_score(truth, scored))
        found_f1.append(f1(scored >= fitted.threshold, truth))
    return {
        "average precision": float(np.mean(precision)),
        "F1": float(np.mean(found_f1)),
        "ms": 1000 * float(np.mean(seconds)),
    }


def _sides(user: Floats) -> Sides:
    return Sides(user, np.zeros_like(user))
