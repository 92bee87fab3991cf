"""Running the detectors as the pipeline does, on samples; and how well they answered."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass

import numpy as np
from sklearn.metrics import average_precision_score, f1_score, precision_score, recall_score, roc_auc_score

from raindrop.embedder import TONES
from signals.detectors import RULES
from signals.detectors.batch import Batch, no_tones
from signals.detectors.heads import Floats
from signals.evaluation.builtin.corpora import Sample
from signals.evaluation.builtin.fitting import Bools
from signals.evaluation.builtin.vectors import VectorStore

CHUNK = 512


def batch_of_samples(samples: list[Sample], store: VectorStore, tones: Floats | None = None) -> Batch:
    """`tones` (n, len(TONES)); without, detectors that would use one do without it."""
    turns = [sample.turn for sample in samples]
    return Batch(
        turns,
        store.of([turn.input.raw for turn in turns]),
        store.of([turn.output.raw for turn in turns]),
        user_tones=no_tones() if tones is None else tones[:, : len(TONES)],
    )


def tones_by(readings: Mapping[str, Floats]) -> Floats:
    """(n, len(TONES)) of some tones' readings, (n,) each; 0 for the others."""
    count = len(next(iter(readings.values())))
    return np.stack([readings.get(name, np.zeros(count, dtype=np.float32)) for name in TONES], axis=1)


def detector_scores(
    key: str, samples: list[Sample], store: VectorStore, tones: Floats | None = None
) -> Floats:
    """The score of the signal's rules and head on each sample, (n,); 0 where it found nothing. `tones` as in batch_of_samples."""
    scores = np.zeros(len(samples), dtype=np.float32)
    for start in range(0, len(samples), CHUNK):
        part = slice(start, start + CHUNK)
        batch = batch_of_samples(samples[part], store, None if tones is None else tones[part])
        for found in RULES[key].detect(batch):
            scores[start + found.index] = found.score
    return scores


def answers_of(samples: list[Sample]) -> Bools:
    return np.array([sample.answer for sample in samples], dtype=bool)


@dataclass(frozen=True)
class Quality:
    rows: int
    positives: int
    precision: float
    recall: float
    f1: float
    average_precision: float
    auc: float

    def as_dict(self) -> dict[str, float]:
        return asdict(self)


def quality(answers: Bools, scores: Floats, threshold: float) -> Quality:
    """Matched when the score reaches the threshold."""
    matched = scores >= threshold
    return Quality(
        len(answers),
        int(answers.sum()),
        float(precision_score(answers, matched, zero_division=0.0)),
        float(recall_score(answers, matched)),
        float(f1_score(answers, matched)),
        float(average_precision_score(answers, scores)),
        float(roc_auc_score(answers, scores)),
    )
