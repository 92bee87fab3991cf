"""Trains the turn models and writes their weights and report: `manage.py train_detectors --only turns`."""

import json
from collections.abc import Callable, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np

from raindrop.embedder.tone import WEIGHTS_FILE, load_readers, write_readers
from signals.detectors import LEARNED
from signals.detectors.heads import Floats, sigmoid
from signals.detectors.turn_model import WEIGHTS, TurnModel, write_turn_model
from signals.evaluation import sources
from signals.evaluation.builtin.vectors import VectorStore
from signals.evaluation.corpus import PLANTED, TRAIN, TUNE
from signals.evaluation.turn_models import (
    Recipe,
    Turns,
    calibrated,
    fit_model,
    left_out_scores,
    log_odds,
    prepare,
)
from signals.evaluation.turn_tones import AGENT, USER, fit_tones

NAME = "turns"
RECIPE = Recipe(vector_scale=3.0, gram_scale=3.0, fact_scale=0.5, strength=0.1, grams=20_000)
# A turn matches from this probability on: where a false alarm costs as much as what half a missed match does, as in F1. Higher, until
# so many of the matches of the left-out products are right. What others give: docs/benchmarks.md, "Signals on agents' conversations".
PROBABILITY, PRECISION, FEWEST = 0.58, 0.6, 5
# A win is no alarm: one that is none is worse than one that is missed.
AT_LEAST = {"win": 0.68}
LOWEST = 0.2
# Left out together, so that each product is judged by models that saw nothing of it.
OURS = tuple(sorted((*TRAIN, *TUNE, *PLANTED)))
FOLDS = tuple(OURS[place : place + 2] for place in range(0, len(OURS), 2))
# The dialogues of uss_sgd are of the kind of sgd_dev's.
PUBLIC_FOLDS = (("chatgpt_refusals", "own refusals"), ("uss", "sgd", "sgd_dev"))
# A public set that labels the signal: left out as a whole, its figures stand in the report.
PUBLIC = {"refusal": "chatgpt_refusals", "user_frustration": "uss"}
# Our own turns in five languages, by hands that are left out together.
HAND_FOLDS = tuple(
    tuple(sources.part_of(hand, part) for hand in hands for part in range(sources.PARTS))
    for hands in (
        ("de", "es", "fr", "pt"),
        ("de2", "es2", "fr2", "pt2", "en2"),
        ("en3", "en5", "en7", "es3"),
        ("en4", "en6", "en8", "de3"),
    )
)
# Readers of tones take longest to fit. Fewer folds, each of products and of hands that are left out together there too.
TONE_FOLDS = tuple((*chain.from_iterable(FOLDS[part::4]), *hands) for part, hands in enumerate(HAND_FOLDS))
# Of our own turns in four more languages, which know fewer of the features, the scores lie lower. They get a threshold of their own: the
# lowest at which so many of the matches are right.
LANGUAGE_PRECISION = 0.9
STEPS = np.round(np.arange(LOWEST, 0.96, 0.02), 2)


def train(
    data: Path, *, path: Path = WEIGHTS, tones_path: Path = WEIGHTS_FILE, say: Callable[[str], None] = print
) -> dict[str, Any]:
    """The readers of the tones first, then the models over them. Raises MissingData."""
    signals = sorted(LEARNED)
    labelled = [
        *(*sources.products(), *sources.short_replies(), *sources.own_messages()),
        *(*sources.public(data), *sources.read_turns(data), *sources.written()),
    ]
    say(f"{len(labelled)} turns of {len({one.product for one in labelled})} sources")
    store = VectorStore()
    user_tones, user_readers = fit_tones(USER, labelled, store, TONE_FOLDS)
    agent_tones, agent_readers = fit_tones(AGENT, labelled, store, TONE_FOLDS)
    write_readers(tones_path, load_readers(tones_path) | user_readers | agent_readers)
    model, report = fitted(prepare(labelled, signals, store, user_tones, agent_tones), signals, say=say)
    write_turn_model(path, model)
    path.with_suffix(".json").write_text(json.dumps(report, indent=2) + "\n")
    return report


def fitted(
    turns: Turns, signals: Sequence[str], *, say: Callable[[str], None]
) -> tuple[TurnModel, dict[str, dict[str, Any]]]:
    """The models with their thresholds, and by signal what models say that saw nothing of the product or hand."""
    scores = left_out_scores(turns, signals, RECIPE, FOLDS + PUBLIC_FOLDS + HAND_FOLDS)
    ours = np.isin(turns.products, OURS)
    written = [name for fold in HAND_FOLDS for name in fold]
    english = np.isin(turns.products, [name for name in written if name.startswith("en")])
    elsewhere = np.isin(turns.products, written) & ~english
    scales: dict[str, tuple[float, float]] = {}
    lifts: dict[str, float] = {}
    report: dict[str, dict[str, Any]] = {}
    for signal in signals:
        answers = np.where(ours, turns.answers[signal], np.nan).astype(np.float32)
        slope, shift = calibrated(scores[signal], answers, turns.weights)
        chances = sigmoid(scores[signal] * np.float32(slope) + np.float32(shift))
        threshold = choose(chances, answers, at_least=AT_LEAST.get(signal, PROBABILITY))
        scales[signal] = slope, shift - log_odds(threshold)
        lifts[signal] = lift(chances[elsewhere], turns.answers[signal][elsewhere], threshold) / slope
        matched = chances >= threshold
        report[signal] = {"threshold": round(threshold, 3), **_quality(turns, signal, matched, ours)}
        if signal in PUBLIC:
            rows = turns.products == PUBLIC[signal]
            report[signal][PUBLIC[signal]] = _quality(turns, signal, matched, rows)
        if not np.isnan(turns.answers[signal][english]).all():
            report[signal]["other hands, English"] = _quality(turns, signal, matched, english)
        if lifts[signal]:
            lowered = sigmoid(np.array([log_odds(threshold) - lifts[signal] * slope], np.float32))
            report[signal]["lift in other languages"] = round(lifts[signal], 3)
            report[signal]["other hands, other languages"] = _quality(
                turns, signal, chances >= lowered, elsewhere
            )
        say(f"{signal}: {report[signal]}")
    return fit_model(turns, signals, RECIPE, scales, lifts), report


def choose(chances: Floats, answers: Floats, *, at_least: float) -> float:
    """The lowest probability from `at_least` on at which PRECISION of the matches are right. Where none is (the audit will call the
    signal tentative), the one of the best F1."""
    known = ~np.isnan(answers)
    found = []
    for threshold in STEPS:
        hits = known & (chances >= threshold)
        right = float(answers[hits].sum())
        if threshold >= at_least and hits.sum() >= FEWEST and right >= PRECISION * hits.sum():
            return float(threshold)
        found.append((2 * right / (hits.sum() + np.nansum(answers)), float(threshold)))
    return max(found)[1]


def lift(chances: Floats, answers: Floats, threshold: float) -> float:
    """What the log-odds of turns in other languages are raised by, so that they match at `threshold` where LANGUAGE_PRECISION of them
    are right; 0 where nothing is known of the signal in them, and never less."""
    known = ~np.isnan(answers)
    if not known.any():
        return 0.0
    for step in np.arange(0.04, threshold, 0.01):
        hits = known & (chances >= step)
        if hits.sum() >= FEWEST and answers[hits].sum() >= LANGUAGE_PRECISION * hits.sum():
            return log_odds(threshold) - log_odds(float(step))
    return 0.0


def _quality(turns: Turns, signal: str, matched: Sequence[bool] | Any, ours: Any) -> dict[str, float]:
    """Of models that did not see the product; and the rules alone on the same turns."""
    answers = turns.answers[signal]
    known = ours & ~np.isnan(answers)
    truth = answers[known] > 0.5
    found = {"positive": int(truth.sum())}
    rules = turns.rules.get(signal)
    pairs = [("", matched)] + ([("rules ", rules >= 0.5)] if rules is not None else [])  # noqa: PLR2004
    quality: dict[str, float] = dict(found)
    for name, hits in pairs:
        right = int((truth & hits[known]).sum())
        precision, recall = right / max(1, int(hits[known].sum())), right / max(1, int(truth.sum()))
        quality |= {
            f"{name}precision": round(precision, 3),
            f"{name}recall": round(recall, 3),
            f"{name}F1": round(2 * precision * recall / max(1e-9, precision + recall), 3),
        }
    return quality
