"""Training every head that ships, on all its sources: what `manage.py train_detectors` does."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import sklearn
from sklearn.metrics import average_precision_score, precision_score, recall_score

from raindrop.embedder import MODEL
from raindrop.embedder.tone import WEIGHTS_FILE, Reader, load_readers, write_readers
from signals.detectors import correction
from signals.detectors.heads import FOLDER, Floats, Head, write_head
from signals.evaluation.builtin import corpora, dissatisfaction
from signals.evaluation.builtin.fitting import Bools, Examples, fit_with_held_out, together
from signals.evaluation.builtin.plans import PLANS, Plan
from signals.evaluation.builtin.unsafe import UNSAFE
from signals.evaluation.builtin.vectors import VectorStore

RATED = ("uss_sgd", "uss_redial")


def train(
    data: Path,
    *,
    folder: Path = FOLDER,
    tones: Path = WEIGHTS_FILE,
    say: Callable[[str], None] = print,
    only: str | None = None,
) -> dict[str, Any]:
    """Writes each head's weights and the report (JSON and Markdown) into `folder`, and the readers of the tones beside the embedder's
    model; or those of one head, into the report that is there. Raises MissingData."""
    store = VectorStore()
    readers = load_readers()
    report: dict[str, Any] = {"embedder": MODEL, "scikit-learn": sklearn.__version__, "heads": {}}
    if only is not None:
        report["heads"] = json.loads((folder / "report.json").read_text())["heads"]
    for plan in [*PLANS.values(), UNSAFE]:
        if only not in (None, plan.name):
            continue
        say(f"{plan.name} ...")
        head, fitted, about = _train(plan, data, store)
        readers |= fitted
        write_head(folder / f"{plan.name}.npz", head)
        report["heads"][plan.name] = about
    if only in (None, correction.HEAD):
        say(f"{correction.HEAD} ...")
        head, readers[correction.TONE], about = _train_dissatisfaction(data, store)
        write_head(folder / f"{correction.HEAD}.npz", head)
        report["heads"][correction.HEAD] = about
    write_readers(tones, readers)
    (folder / "report.json").write_text(json.dumps(report, indent=2) + "\n")
    (folder / "README.md").write_text(_markdown(report))
    return report


def _train(plan: Plan, data: Path, store: VectorStore) -> tuple[Head, dict[str, Reader], dict[str, Any]]:
    sources = {name: plan.examples(data, store, [name]) for name in plan.sources}
    examples, readers = plan.readied(together(list(sources.values())))
    head, held = fit_with_held_out(examples, plan.recipe)
    names = (*plan.fact_names, *(f"tone: {name}" for name in readers))
    about = {
        "reads": plan.side,
        "sources": {
            name: {"rows": len(part), "positive": int(part.answers.sum()), "weight": plan.sources[name][1]}
            for name, part in sources.items()
        },
        "cross-validated": _held_out(examples, held, list(sources), [len(part) for part in sources.values()]),
        "grams": len(head.grams),
        "facts": dict(zip(names, [round(float(weight), 3) for weight in head.facts], strict=True)),
        "most telling words": sorted(head.grams, key=lambda gram: -head.grams[gram])[:15],
        "least telling words": sorted(head.grams, key=lambda gram: head.grams[gram])[:15],
    }
    return head, readers, about


def _held_out(
    examples: Examples, scores: Floats, names: list[str], sizes: list[int]
) -> dict[str, dict[str, float]]:
    """At the head's own threshold, per source, by heads that did not see the row."""
    found = {}
    start = 0
    for name, size in zip(names, sizes, strict=True):
        part = slice(start, start + size)
        found[name] = _quality(examples.answers[part], scores[part])
        start += size
    return found


def _quality(answers: Bools, scores: Floats) -> dict[str, float]:
    """Of log-odds, matched from 0 on. A source without positives has only a rate of false alarms."""
    matched = scores >= 0
    if not answers.any():
        return {"false alarms": round(float(matched.mean()), 5)}
    quality = {"recall": round(float(recall_score(answers, matched)), 4)}
    if not answers.all():
        precision = float(precision_score(answers, matched, zero_division=0.0))
        quality |= {
            "precision": round(precision, 4),
            "average precision": round(float(average_precision_score(answers, scores)), 4),
        }
    return quality


def _train_dissatisfaction(data: Path, store: VectorStore) -> tuple[Head, Reader, dict[str, Any]]:
    samples = [sample for name in RATED for sample in corpora.satisfaction(data, name)]
    acts = dissatisfaction.fit_acts(data, store)
    head, reader = dissatisfaction.fit(samples, acts, store)
    positive = int(np.sum([sample.answer for sample in samples]))
    names = (*correction.NAMES, f"tone: {correction.TONE}")
    about = {
        "reads": "user",
        "sources": {
            "uss_sgd and uss_redial": {"rows": len(samples), "positive": positive, "weight": 1.0},
            "sgd_dev (dialogue acts)": {"rows": 6647, "positive": None, "weight": 1.0},
        },
        "facts": dict(zip(names, [round(float(w), 3) for w in head.facts], strict=True)),
        "acts": dict(
            zip(
                ["|".join(act) for act in dissatisfaction.ACTS],
                [round(float(w), 3) for w in (head.hidden.output if head.hidden else [])],
                strict=True,
            )
        ),
    }
    return head, reader, about


def _markdown(report: dict[str, Any]) -> str:
    lines = [
        "# Weights of the heads",
        "",
        f"Written by `manage.py train_detectors` (embedder {report['embedder']}, scikit-learn {report['scikit-learn']}). Not edited by hand.",
        "How each is trained: signals/evaluation/builtin/plans.py. How good the signals are on data that their heads did not see:",
        "docs/benchmarks.md, section Signals. Cross-validated means: each row judged by a head that was trained without its fifth of the groups.",
        "The data sets are not part of this repository; the numbers here are linear weights, from which no text can be read back.",
    ]
    for name, about in report["heads"].items():
        lines += [
            "",
            f"## {name} (reads the {about['reads']} side)",
            "",
            "| source | rows | positive | weight | cross-validated |",
            "|---|---|---|---|---|",
        ]
        for source, rows in about["sources"].items():
            quality = about.get("cross-validated", {}).get(source, {})
            figures = ", ".join(f"{key} {value}" for key, value in quality.items())
            positive = "–" if rows["positive"] is None else rows["positive"]
            lines.append(f"| {source} | {rows['rows']} | {positive} | {rows['weight']} | {figures} |")
        for key in ("facts", "acts"):
            if about.get(key):
                lines += [
                    "",
                    f"{key.capitalize()}: "
                    + ", ".join(f"{fact} {weight}" for fact, weight in about[key].items())
                    + ".",
                ]
        if about.get("most telling words"):
            lines += [
                "",
                "Most telling: " + ", ".join(f"`{gram}`" for gram in about["most telling words"]) + ".",
            ]
    return "\n".join(lines) + "\n"
