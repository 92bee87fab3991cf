"""The user says nearly the same thing again although the agent answered in between, or says that it stands above ("as I wrote"). The former in any
language with words between spaces, the latter in those of forgetting.USER."""

import re

from signals.detectors import forgetting
from signals.detectors.batch import Batch, Detector, Finding, Turn
from signals.detectors.built_in import ANY, USER_SIDE, BuiltIn
from signals.detectors.outright import OUTRIGHT
from signals.detectors.phrases import evidence, piece
from signals.detectors.text import Text
from signals.models.definitions import Reads, Sentiment

WORD = re.compile(r"\w+")
READ = 4000
# Fewer words are a "yes, please" that is said twice for good reasons.
FEWEST = 5
SAME = 0.6  # shared words among all the words of both


def detect(batch: Batch) -> list[Finding]:
    found = []
    for index, turn in enumerate(batch.turns):
        # Who says that it was said is right about it: all of 31 such turns of the corpus's training half, and 4 of 6 of the tuning half.
        if turn.previous and (hits := forgetting.USER.hits(turn.input)):
            found.append(Finding(index, OUTRIGHT, evidence("user", turn.input, hits)))
            continue
        score = likeness(turn)
        if score >= SAME:
            text = turn.input
            start = len(text.normal) - len(text.normal.lstrip())
            end = min(len(text.normal.rstrip()), start + 200)
            found.append(
                Finding(index, min(1.0, 0.5 + (score - SAME) / 2), [piece("user", text, start, end)])
            )
    return found


def likeness(turn: Turn) -> float:
    """How much of the message was in an earlier one that had an answer: 0 to 1. Below SAME it may say 0."""
    notes = turn.input.notes
    if "likeness" not in notes:
        notes["likeness"] = _likeness(turn)
    return float(notes["likeness"])


def _likeness(turn: Turn) -> float:
    # Texts that differ much in length cannot share enough words; that is cheaper to see.
    length = len(turn.input.raw)
    near = [
        exchange
        for exchange in turn.previous
        if length <= 4 * len(exchange.input.raw) and len(exchange.input.raw) <= 4 * length
    ]
    if not near or turn.input.words < FEWEST:
        return 0.0
    words = words_of(turn.input)
    if len(words) < FEWEST:
        return 0.0
    best = 0.0
    for exchange in near:
        old = words_of(exchange.input)
        if len(old) >= FEWEST and not exchange.output.is_blank:
            best = max(best, len(words & old) / len(words | old))
    return best


def words_of(text: Text) -> frozenset[str]:
    words: frozenset[str] | None = text.notes.get("words")
    if words is None:
        words = text.notes["words"] = frozenset(WORD.findall(text.normal[:READ]))
    return words


SIGNAL = BuiltIn(
    "user_repetition",
    "User repeats themselves",
    "The user says nearly the same thing again although the agent answered in between, or says that it was said already.",
    Reads.CONVERSATION,
    Sentiment.NEGATIVE,
    USER_SIDE,
    languages=ANY,
)
DETECTOR = Detector("user_repetition", 2, detect)
