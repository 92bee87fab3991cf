"""The signals measured on texts of our own that nothing is trained on (probes/): other kinds of models, of users, of attacks than the
public sets hold. One half was read while the rules and the training texts were written ("open"), the other was only measured ("kept")."""

from pathlib import Path

import numpy as np

from signals.detectors import DETECTORS
from signals.evaluation.builtin import baselines
from signals.evaluation.builtin.baselines import Baseline
from signals.evaluation.builtin.corpora import Sample, agent_says, user_says
from signals.evaluation.builtin.judged import detector_scores
from signals.evaluation.builtin.rows import Row, _row
from signals.evaluation.builtin.vectors import VectorStore

FOLDER = Path(__file__).resolve().parent / "probes"
HALVES = ("open", "kept")
# Of each signal: the file, the side that it reads, the keyword list, and the goals (of data never seen).
PROBES: dict[str, tuple[str, str, Baseline, dict[str, float]]] = {
    "refusal": ("refusals", "assistant", baselines.REFUSAL, {"f1": 0.92}),
    "abuse": ("abuse", "user", baselines.ABUSE, {"f1": 0.82}),
    "jailbreak": ("jailbreaks", "user", baselines.JAILBREAK, {"false_alarms": 0.002}),
}


def read_probes(name: str, half: str) -> list[Sample]:
    """The lines of probes/NAME.txt in turn are of the one half and the other; a tag says the family."""
    found: list[Sample] = []
    family = ""
    for line in (FOLDER / f"{name}.txt").read_text(encoding="utf-8").splitlines():
        if line.startswith("## "):
            family = line[3:]
        elif line[:2] in ("+ ", "- "):
            text = line[2:].replace("\\n", "\n")
            given, answer = text.split(" | ", 1) if name == "refusals" else ("", text)
            makes = (
                agent_says(answer, line[0] == "+", given=given) if given else user_says(text, line[0] == "+")
            )
            found.append(Sample(makes.turn, makes.answer, makes.group, 1.0, {"family": family}))
    return found[HALVES.index(half) :: 2]


def rows(data: Path, store: VectorStore) -> list[Row]:
    """By the committed weights. The false alarms are those on all that is no match."""
    return [_measured(signal, half, store) for signal in PROBES for half in HALVES]


def _measured(signal: str, half: str, store: VectorStore) -> Row:
    file, side, keywords, goals = PROBES[signal]
    samples = read_probes(file, half)
    tones = store.tones_of([sample.turn.input.raw for sample in samples])
    scores = detector_scores(signal, samples, store, tones)
    row = _row(
        f"own probes, {half} half",
        signal,
        "shipped weights; not trained on",
        samples,
        scores,
        keywords=keywords,
        side=side,
        goals=goals,
    )
    threshold = DETECTORS[signal].threshold
    ordinary = [score for sample, score in zip(samples, scores, strict=True) if not sample.answer]
    row.false_alarms = float(np.mean(np.array(ordinary) >= threshold))
    return row
