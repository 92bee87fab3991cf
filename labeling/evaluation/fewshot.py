"""Issues from few labels: F1 by number of labels, beside a plain regression on the same rows."""

import itertools
import random
import zlib
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from labeling.evaluation import erring
from labeling.evaluation.rounds import Labeller, Run, first_cards, ours, plain, true_answer
from labeling.evaluation.worlds import World, intent_worlds, mixed_worlds, narrow_worlds, planted_worlds
from raindrop.evaluation.measurement import Measurement, Table
from signals.evaluation.builtin.vectors import VectorStore

BUDGETS = (20, 40, 80)
SEEDS = (0, 1)
TEACHER_WRONG = 0.08
FIRST = (5, 10, 20, 40)  # cards before anything is labelled
SOURCES_HEADER = [
    "sources", "in first 5", "10", "20", "40", "F1 at 20", "40", "80", "met at 20", "40", "80",
]  # fmt: skip
HEADER = ["issues", "who", "F1 at 20", "40", "80", "matches met at 20", "40", "80"]


def measure(data: Path, *, only: str = "report") -> Measurement:
    """`only`: `report` (the intents and the product that nothing was chosen on), `chosen` (those that settings are chosen on), `sources` (planted
    problems, by where candidates come from) or `erring` (a person who errs; `erring_chosen`: on what settings are chosen on)."""
    if only == "sources":
        return _by_source(data)
    if only in ("erring", "erring_chosen"):
        return erring.measure(data, chosen_on=only == "erring_chosen")
    if only not in ("report", "chosen"):
        raise ValueError(f"{only} is not a part: report, chosen, sources, erring or erring_chosen.")
    store, chosen_on = VectorStore(), only == "chosen"
    product = "tutor" if chosen_on else "ledgerly"
    kinds: dict[str, tuple[Callable[[], Iterable[World]], Labeller]] = {
        "public intents, 24": (lambda: narrow_worlds(data, store, chosen_on=chosen_on), true_answer),
        "public intents": (lambda: intent_worlds(data, store, chosen_on=chosen_on), true_answer),
        "half out of scope": (
            lambda: mixed_worlds(data, store, chosen_on=chosen_on, rough=False),
            true_answer,
        ),
        "to come rougher": (lambda: mixed_worlds(data, store, chosen_on=chosen_on, rough=True), true_answer),
        f"planted, {product}": (lambda: planted_worlds(data, store, product), true_answer),
        f"planted, {product}, a teacher 8 % wrong": (
            lambda: planted_worlds(data, store, product),
            mistaken,
        ),
    }
    rows: list[list[object]] = []
    results: dict[str, Any] = {}
    for kind, (worlds, labeller) in kinds.items():
        known = list(worlds())
        runs = {
            "ours": [ours(w, BUDGETS, seed=seed, answer=labeller) for w in known for seed in SEEDS],
            "plain regression": [plain(w, BUDGETS, answer=labeller) for w in known],
        }
        for who, mine in runs.items():
            found = _means(mine)
            rows.append([kind, who, *found["f1"].values(), *found["met"].values()])
            results.setdefault(kind, {})[who] = found
    return Measurement([Table(f"Issues from few labels ({only})", HEADER, rows)], results)


def _by_source(data: Path) -> Measurement:
    store = VectorStore()
    rows: list[list[object]] = []
    results: dict[str, Any] = {}
    for product in ("tutor", "ledgerly"):
        whole = list(planted_worlds(data, store, product))
        for is_read, is_led in itertools.product((False, True), repeat=2):
            known = [
                replace(
                    world,
                    by_reader=world.by_reader if is_read else (),
                    by_leads=world.by_leads if is_led else (),
                )
                for world in whole
            ]
            orders = [(world, first_cards(world)) for world in known]
            first = [
                float(np.mean([world.truth[cards[:most]].sum() for world, cards in orders])) for most in FIRST
            ]
            found = _means([ours(world, BUDGETS, seed=0) for world in known])
            name = f"{product}, {'reader' if is_read else 'no reader'}, {'leads' if is_led else 'no leads'}"
            results[name] = {"first": first, **found}
            rows.append([name, *first, *found["f1"].values(), *found["met"].values()])
    return Measurement([Table("Planted problems by source (seed 0)", SOURCES_HEADER, rows)], results)


def mistaken(world: World, event: int) -> bool:
    """A teacher who is wrong on 8 % of the events, on the same ones each time."""
    draw = random.Random(zlib.crc32(f"{world.name} {event}".encode()))  # noqa: S311 - a sample, not a secret
    return bool(world.truth[event]) != (draw.random() < TEACHER_WRONG)


def _means(runs: list[Run]) -> dict[str, dict[str, float]]:
    """At a budget that a small world never reached, its last figure counts."""
    found: dict[str, dict[str, float]] = {"f1": {}, "met": {}}
    for budget in BUDGETS:
        at = [max(stop for stop in run.f1 if stop <= budget) for run in runs]
        found["f1"][str(budget)] = float(np.mean([run.f1[stop] for run, stop in zip(runs, at, strict=True)]))
        found["met"][str(budget)] = float(
            np.mean([run.met[stop] for run, stop in zip(runs, at, strict=True)])
        )
    return found
