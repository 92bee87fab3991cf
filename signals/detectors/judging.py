"""What a detector needs to ask a head: which turns can be judged, and where in the text the judgement was read from."""

from collections.abc import Callable

import numpy as np

from raindrop.embedder import TONES
from signals.detectors.batch import Batch, Evidence, Side, Turn
from signals.detectors.heads import Floats, Head
from signals.detectors.phrases import piece
from signals.detectors.text import Text

Facts = Callable[[Turn], list[float]]
LONGEST_EVIDENCE = 300
# Below this nobody sets a threshold, and to find the telling words costs more than the judgement.
WORTH_SHOWING = 0.35


def judge(head: Head, batch: Batch, side: Side, facts: Facts, *, tone: str = "") -> dict[int, float]:
    """Probabilities by place in the batch, for the turns whose text has been embedded. Without a vector the rules alone speak.

    `tone`: the one of the user's text that is the head's last fact. Of an event embedded before there were tones it is 0, any text's.
    """
    vectors = batch.user_vectors if side == "user" else batch.agent_vectors
    if len(vectors) != len(batch.turns):
        return {}
    rows = [i for i in np.flatnonzero(vectors.any(axis=1)).tolist() if not batch.turns[i].text(side).is_blank]
    if not rows:
        return {}
    texts = [batch.turns[i].text(side) for i in rows]
    known = facts_matrix([batch.turns[i] for i in rows], facts)
    if tone:
        tones = (
            batch.user_tones[rows] if len(batch.user_tones) else np.zeros((len(rows), len(TONES)), np.float32)
        )
        known = np.concatenate([known, tones[:, [TONES.index(tone)]]], axis=1)
    scores = head.scores(vectors[rows], texts, known)
    return dict(zip(rows, scores.tolist(), strict=True))


def facts_matrix(turns: list[Turn], facts: Facts) -> Floats:
    rows = [facts(turn) for turn in turns]
    return np.array(rows, dtype=np.float32).reshape(len(turns), -1)


def telling_words(head: Head, text: Text, side: Side) -> list[Evidence]:
    """The sentence that speaks most for the signal, when no phrase of a rule stands in the text."""
    start, end = head.telling(text)
    return [piece(side, text, start, min(end, start + LONGEST_EVIDENCE))]
