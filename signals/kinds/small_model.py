"""The small model behind a sentence and a question (signals/detectors/sentence.py): what it learns from, and its detector."""

import random
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ingest.models import Event, Project
from raindrop.embedder import embed_texts
from signals.detectors import sentence
from signals.detectors.batch import SIDES, Detect
from signals.models import SignalDefinition
from signals.vectors.reading import vectors_of

NEWEST = 4000  # of which the background is drawn
BACKGROUND = 500
NO_QUOTES = 2.0  # no score reaches it


@dataclass(frozen=True, slots=True)
class Judgements:
    """What people said of events: `vectors` (n, 384) of the side that was read, and whether the signal holds, (n,)."""

    vectors: sentence.Floats
    holds: npt.NDArray[np.bool_]


def train_small_model(
    description: str, signal: SignalDefinition, *, judged: Judgements | None = None
) -> bytes:
    """The weights for the description and the examples of the signal's config (checked), on its side. Deterministic for the same
    events; 50 to 500 ms.

    `judged` events count as examples and counterexamples beside the config's own.
    """
    config = signal.config
    described, *rest = embed_texts(
        [description, *config.get("examples", []), *config.get("counterexamples", [])]
    )
    count = len(config["examples"])
    rows = np.asarray(rest, dtype=np.float32)
    ordinary = np.vstack([embed_texts(sentence.ORDINARY), _background(signal.project, signal.reads)])
    examples, others = rows[:count], rows[count:]
    if judged is not None:
        with_text = judged.vectors.any(axis=1)
        examples = np.vstack([examples, judged.vectors[with_text & judged.holds]])
        others = np.vstack([others, judged.vectors[with_text & ~judged.holds]])
    fitted = sentence.fit(sentence=described, examples=examples, counterexamples=others, background=ordinary)
    return sentence.to_bytes(fitted)


def small_detector(signal: SignalDefinition, *, quoting: bool, knows_examples: bool = False) -> Detect | None:
    """None when the signal has not been trained. `quoting`: whether it looks for the evidence, which embeds each match's sentences. `knows_examples`: a text
    that holds an example word for word is a match; a question's examples only say what is worth asking about."""
    if not signal.trained:
        return None
    threshold = sentence.THRESHOLD if signal.threshold is None else signal.threshold
    return sentence.make_detector(
        sentence.from_bytes(signal.trained),
        signal.reads,
        embed=embed_texts,
        examples=signal.config["examples"] if knows_examples else (),
        counterexamples=signal.config.get("counterexamples", ()),
        quote_from=threshold if quoting else NO_QUOTES,
    )


def _background(project: Project, reads: str) -> npt.NDArray[np.float32]:
    """(n, 384): the sides that the signal reads of some recent events, drawn at random."""
    recent = Event.objects.filter(project=project, is_pending=False).order_by("-timestamp", "-id")
    ids = list(recent.values_list("id", flat=True)[:NEWEST])
    drawn = random.Random(0).sample(ids, min(BACKGROUND, len(ids)))  # noqa: S311 - a sample, not a secret
    chunk = vectors_of(project=project, event_ids=drawn)
    sides = {"user": chunk.user, "assistant": chunk.agent}
    rows = np.vstack([sides[side] for side in SIDES[reads]])
    kept: npt.NDArray[np.float32] = rows[rows.any(axis=1)]
    return kept
