"""Prints the table of issues/classifier.py: few-shot quality, one intent against the rest. Not a test:

.venv/bin/python -m tests.issues.measure_classifier [/work/shared/data]
"""

import gzip
import json
import sys
import time
from pathlib import Path

import numpy as np
from sklearn.metrics import average_precision_score

from issues.classifier import Sides, fit, scores
from raindrop.embedder import embed_texts


def load(path: Path) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    with gzip.open(path, "rt") as file:
        rows = [row for row in map(json.loads, file) if row["split"] in {"train", "test"}]
    names = sorted({row["label"] for row in rows})
    vectors = embed_texts([row["text"] for row in rows])
    labels = np.array([names.index(row["label"]) for row in rows])
    test = np.array([row["split"] == "test" for row in rows])
    return vectors, labels, test, embed_texts([name.replace("_", " ").lower() for name in names])


def sides(user: np.ndarray) -> Sides:
    return Sides(user, np.zeros_like(user))


def measure(vectors, labels, test, names, matches: int, others: int) -> tuple[float, float, float]:  # type: ignore[no-untyped-def]
    precision, f1, seconds = [], [], []
    for intent, definition in enumerate(names):
        draw = np.random.default_rng(intent)
        train, tested = np.flatnonzero(~test), np.flatnonzero(test)
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
            labelled=sides(vectors[chosen]),
            answers=np.arange(len(chosen)) < matches,
            background=sides(vectors[draw.choice(tested, 500, replace=False)]),
        )
        seconds.append(time.perf_counter() - started)
        found = scores(vectors[tested], np.zeros_like(vectors[tested]), fitted.weights)
        predicted = found >= fitted.threshold
        precision.append(average_precision_score(truth, found))
        f1.append(2 * (predicted & truth).sum() / (predicted.sum() + truth.sum()))
    return float(np.mean(precision)), float(np.mean(f1)), float(np.mean(seconds))


if __name__ == "__main__":
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "/work/shared/data")
    for name in ("banking77", "hwu64"):
        data = load(folder / f"{name}_fewshot_splits.jsonl.gz")
        for matches, others in ((1, 0), (3, 3), (5, 20), (10, 20), (25, 40)):
            average, f1, seconds = measure(*data, matches, others)
            print(
                f"{name} {matches} + {others}: AP {average:.3f}, F1 {f1:.3f}, {seconds * 1000:.0f} ms a fit"
            )
