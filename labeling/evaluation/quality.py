"""Whether what is published of an issue is true: intervals that should cover the truth, and the corrected rate beside the plain one."""

import itertools
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from issues.classifier.audit import AuditedShare, estimate
from issues.classifier.model import Bools
from labeling.evaluation.rounds import Run, ours
from labeling.evaluation.worlds import World, intent_worlds, mixed_worlds, planted_worlds
from raindrop.evaluation.measurement import Measurement, Table
from signals.evaluation.builtin.vectors import VectorStore

PICKED, AUDITS = 25, (15, 40)  # labels that the queue picks, and random ones after them
SEEDS = (0, 1)
FIGURES = ("precision", "recall", "rate")
HEADER = ["issues", "audit", "runs", *(f"{name} covered" for name in FIGURES)]
HEADER += [*(f"{name}'s width" for name in FIGURES), "rate's error, corrected", "plain"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """Of one run, by figure: what was published (None: nothing) and what is true (None: no such thing, e.g. precision of no match).
    `plain`: the share that counts as matches."""

    published: dict[str, AuditedShare | None]
    truth: dict[str, float | None]
    plain: float


def measure(data: Path, *, only: str = "report") -> Measurement:
    """`only`: as in `evaluate fewshot`."""
    if only not in ("report", "chosen"):
        raise ValueError(f"{only} is not a part: report or chosen.")
    store, chosen_on = VectorStore(), only == "chosen"
    product = "tutor" if chosen_on else "ledgerly"
    kinds: dict[str, Iterable[World]] = {
        "public intents": intent_worlds(data, store, chosen_on=chosen_on),
        "half out of scope": mixed_worlds(data, store, chosen_on=chosen_on, rough=False),
        f"planted, {product}": planted_worlds(data, store, product),
    }
    rows: list[list[object]] = []
    results: dict[str, Any] = {}
    for kind, worlds in kinds.items():
        known = list(worlds)
        for audit in AUDITS:
            found = [
                outcome_of(world, ours(world, (PICKED,), seed=seed, audit=audit))
                for world, seed in itertools.product(known, SEEDS)
            ]
            summary = _summary(found)
            rows.append([kind, f"{PICKED} + {audit}", len(found), *summary.values()])
            results.setdefault(kind, {})[str(audit)] = {"runs": len(found), **summary}
    return Measurement([Table(f"What is published of issues, and the truth ({only})", HEADER, rows)], results)


def outcome_of(world: World, run: Run) -> Outcome:
    """What the page would say after this run, and the truth over the tested events without those that were labelled: of these few the
    classifier knows the answers, and in a project they are a handful among all."""
    predicted: Bools = run.predicted if run.predicted is not None else np.zeros(len(world.truth), bool)
    audited = estimate(run.audit, rate=float(predicted[world.pool].mean()))
    unseen = np.setdiff1d(world.tested, run.cards)
    held, counts = world.truth[unseen], predicted[unseen]
    both = int((held & counts).sum())
    truth = {
        "precision": both / int(counts.sum()) if counts.any() else None,
        "recall": both / int(held.sum()) if held.any() else None,
        "rate": float(held.mean()),
    }
    return Outcome({name: getattr(audited, name) for name in FIGURES}, truth, float(counts.mean()))


# -- inside


def _summary(found: list[Outcome]) -> dict[str, float | None]:
    """By figure the share of published intervals that hold the truth and their mean width; the mean errors of the rate, corrected and
    plain, as shares of the true one."""
    covered: dict[str, float | None] = {}
    widths: dict[str, float | None] = {}
    for name in FIGURES:
        pairs = [(one.published[name], one.truth[name]) for one in found]
        both = [(share, true) for share, true in pairs if share is not None and true is not None]
        covered[f"{name} covered"] = _mean([share.low <= true <= share.high for share, true in both])
        widths[f"{name}'s width"] = _mean([share.high - share.low for share, _ in both])
    rates = [(one.published["rate"], one.truth["rate"], one.plain) for one in found]
    known = [(share.value, true, plain) for share, true, plain in rates if share is not None and true]
    return {
        **covered,
        **widths,
        "rate's error, corrected": _mean([value / true - 1 for value, true, _ in known]),
        "rate's error, plain": _mean([plain / true - 1 for _, true, plain in known]),
    }


def _mean(values: list[float] | list[bool]) -> float | None:
    return float(np.mean(values)) if values else None
