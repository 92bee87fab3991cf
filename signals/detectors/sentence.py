"""A signal that somebody described by a sentence and a few examples: a small model over the stored vectors of one side.

Logistic regression on the side's vector (384 numbers), learnt from the sentence (which counts as half an example), the examples,
what was said not to count, and the project's own events with some ordinary messages as weak non-matches: most events are not
what is looked for. What of these looks like a match at first is taken out, and it learns again. The score is shifted so that 0.5 is
the threshold that the examples suggest: with three or more, from what each scores when held out; with fewer, some way up from
the ordinary events to the examples, in log-odds.

A text that holds an example word for word is a match, whatever it says beside it: the vector is of the whole text, and one sentence of
many may move it little.

Measured on BANKING77 (25 intents against the rest in 1,500 test texts, the intent's name as the sentence, 500 unlabelled texts as events):
average precision and F1 with 1 example 0.65 and 0.56, with 3 0.76 and 0.68, with 5 0.81 and 0.70, with 10 0.83 and 0.72.

The embedding model reads English; in other languages a signal works as far as its examples are in that language.
"""

import re
from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from signals.detectors.batch import SIDES, Batch, Detect, Evidence, Finding, Side, Turn, raw_words
from signals.detectors.phrases import piece
from signals.detectors.text import READ_CHARACTERS, Text
from signals.models.embeddings import DIMENSIONS

VERSION = 1
MAX_SENTENCE = 500
MAX_EXAMPLES = 50
MAX_EXAMPLE = 2000

THRESHOLD = 0.5
STRENGTH = 10.0  # LogisticRegression's C
SENTENCE = 0.5  # the sentence, counted in examples
BACKGROUND = 50.0  # all ordinary events together, counted in examples
MOST = 0.2  # and one of them at most: where a project has few events, some of them may well be what is looked for
FIRST_STEP = 0.35
CAUTIOUS, OF_MEDIAN = 0.6, 0.8
HOLD_OUT = 3  # examples from which on each is held out once
MOST_HELD_OUT = 25  # examples, evenly spread: each costs a training
QUOTED = 12  # sentences of a text among which the evidence is looked for
VERBATIM = (
    4  # words of an example from which on a text that holds them is a match: fewer may stand in anything
)
LEAST = 0.02  # below it a score is not worth reporting, not even as a near miss

Floats = npt.NDArray[np.float32]
Embed = Callable[[list[str]], Floats]
_MARKS = " \t\r\n.!?,;:…\"'()"
_SENTENCES = re.compile(r"[^.!?\n]+[.!?]*")

# Told apart from whatever is looked for even where a project has few events.
ORDINARY = [
    "Hello!", "Thanks, that helps.", "What can you do?", "How do I change my password?", "Please write a short e-mail to my landlord.",
    "What is the weather like tomorrow?", "Book a table for four on Friday evening.", "Summarise this article for me.",
    "How much does it cost?", "Translate this into Spanish.", "Here is a list of five ideas.", "Your order has been placed.",
    "I have updated the record as you asked.", "Where is my order?", "Yes, please go on.", "No, the second one.",
    "Can you explain how interest rates work?", "Write a Python function that sorts a list.", "Which restaurants are near the station?",
    "The meeting is on Tuesday at ten o'clock.", "Is there anything else that I can help you with?", "The total comes to 42 euros.",
    "What are your opening hours?", "Play some music.", "Remind me to call my mother.", "Tell me a joke.",
    "I would like to open an account.", "Fix the grammar of this paragraph.", "Sure, here is the code.", "My name is Anna.",
]  # fmt: skip


def check(config: dict[str, object]) -> str | None:
    """What is wrong with the config, as a message for the person who wrote it; None when it is right."""
    if not set(config) <= {"sentence", "examples", "counterexamples"}:
        return 'Give {"sentence": "...", "examples": ["...", ...], "counterexamples": ["...", ...]}.'
    sentence = config["sentence"]
    if not isinstance(sentence, str) or not sentence.strip() or len(sentence) > MAX_SENTENCE:
        return f"The sentence must have 1 to {MAX_SENTENCE} characters."
    for name, least in (("examples", 1), ("counterexamples", 0)):
        texts = config.get(name, [])
        if not isinstance(texts, list) or not all(isinstance(text, str) and text.strip() for text in texts):
            return f"{name} must be a list of texts."
        if not least <= len(texts) <= MAX_EXAMPLES or any(len(text) > MAX_EXAMPLE for text in texts):
            return f"Give {least} to {MAX_EXAMPLES} {name}, of {MAX_EXAMPLE} characters at most."
    return None


def fit(*, sentence: Floats, examples: Floats, counterexamples: Floats, background: Floats) -> Floats:
    """Weights and intercept (385,). `sentence`: (384,) unit; the others (n, 384) unit rows, at least one example and some background."""
    weights, kept = _train(sentence, examples, counterexamples, background)
    if len(examples) >= HOLD_OUT:
        held_out = []
        for i in np.linspace(0, len(examples) - 1, min(len(examples), MOST_HELD_OUT)).astype(int):
            part, _ = _train(sentence, np.delete(examples, i, axis=0), counterexamples, background)
            held_out.append(float(score(examples[i : i + 1], part)[0]))
        threshold = (CAUTIOUS + OF_MEDIAN * float(np.median(held_out))) / 2
        odds = float(np.log(threshold / (1 - threshold)))
    else:
        low = float(np.quantile(score(kept, weights), 0.9))
        high = float(np.median(score(examples, weights)))
        odds = FIRST_STEP * _odds(high) + (1 - FIRST_STEP) * _odds(low)
    shifted = weights.copy()
    shifted[-1] -= odds
    return shifted


def score(vectors: Floats, weights: Floats) -> npt.NDArray[np.float64]:
    """(n,) probabilities; 0 for a row of zeros, which has no text."""
    logits = np.clip((vectors @ weights[:-1] + weights[-1]).astype(np.float64), -60, 60)
    found: npt.NDArray[np.float64] = np.where(vectors.any(axis=1), 1 / (1 + np.exp(-logits)), 0.0)
    return found


def to_bytes(weights: Floats) -> bytes:
    return np.ascontiguousarray(weights, dtype="<f4").tobytes()


def from_bytes(stored: bytes | memoryview) -> Floats:
    """Raises ValueError when these are not a sentence's weights."""
    if len(stored) != 4 * (DIMENSIONS + 1):
        raise ValueError(f"{len(stored)} bytes are not the weights of a sentence's model")
    weights: Floats = np.frombuffer(bytes(stored), dtype="<f4")
    return weights


def make_detector(
    weights: Floats,
    reads: str,
    *,
    embed: Embed,
    examples: Sequence[str] = (),
    counterexamples: Sequence[str] = (),
    quote_from: float = THRESHOLD,
) -> Detect:
    """Scores the sides that `reads` names; the better one counts. From `quote_from` on it says which sentence it was. A side that holds one of
    the `examples` word for word, and none of the `counterexamples`, scores 1."""
    sides = SIDES[reads]
    wanted, unwanted = _verbatim(examples), _verbatim(counterexamples)

    def held(turn: Turn) -> list[Evidence]:
        if wanted is None:
            return []
        for side in sides:
            text = turn.text(side)
            match = wanted.search(text.normal)
            if match and not (unwanted and unwanted.search(text.normal)):
                return [piece(side, text, *match.span())]
        return []

    def detect(batch: Batch) -> list[Finding]:
        vectors = {"user": batch.user_vectors, "assistant": batch.agent_vectors}
        scores = np.stack([score(vectors[side], weights) for side in sides])
        best, which = scores.max(axis=0), scores.argmax(axis=0)
        verbatim = {index: quote for index, turn in enumerate(batch.turns) if (quote := held(turn))}
        found = [Finding(index, 1.0, quote) for index, quote in verbatim.items()]
        for index in np.flatnonzero(best >= LEAST).tolist():
            if index in verbatim:
                continue
            reached = float(best[index])
            quote = (
                _quote(batch.turns[index], sides[which[index]], weights, embed)
                if reached >= quote_from
                else []
            )
            found.append(Finding(index, reached, quote))
        return sorted(found, key=lambda finding: finding.index)

    return detect


# -- inside


def _train(
    sentence: Floats, examples: Floats, counterexamples: Floats, background: Floats
) -> tuple[Floats, Floats]:
    weights = _regress(sentence, examples, counterexamples, background)
    unlike = score(background, weights) < 0.5
    if not unlike.all() and unlike.sum() >= 20:
        background = background[unlike]
        weights = _regress(sentence, examples, counterexamples, background)
    return weights, background


def _regress(sentence: Floats, examples: Floats, counterexamples: Floats, background: Floats) -> Floats:
    from sklearn.linear_model import LogisticRegression  # 1.5 s and 60 MB: only where something is trained

    rows = np.vstack([sentence[None], examples, counterexamples, background])
    target = np.zeros(len(rows), bool)
    target[: 1 + len(examples)] = True
    share = np.ones(len(rows))
    share[0] = SENTENCE
    share[len(rows) - len(background) :] = min(BACKGROUND / len(background), MOST)
    share[target] *= share[~target].sum() / share[target].sum()
    model = LogisticRegression(C=STRENGTH, max_iter=500)
    model.fit(rows, target, sample_weight=share)
    weights: Floats = np.concatenate([model.coef_[0], model.intercept_]).astype(np.float32)
    return weights


def _odds(probability: float) -> float:
    bounded = min(max(probability, 1e-6), 1 - 1e-6)
    return float(np.log(bounded / (1 - bounded)))


def _quote(turn: Turn, side: Side, weights: Floats, embed: Embed) -> list[Evidence]:
    """The sentence of the text that speaks for it most."""
    raw = turn.text(side).raw
    places = [match.span() for match in _SENTENCES.finditer(raw[:READ_CHARACTERS])]
    places = [place for place in places if raw[slice(*place)].strip()][:QUOTED]
    if not places:
        return []
    best = 0
    if len(places) > 1:
        best = int(np.argmax(embed([raw[start:end] for start, end in places]) @ weights[:-1]))
    start, end = places[best]
    text = raw[start:end]
    start, end = start + len(text) - len(text.lstrip()), end - (len(text) - len(text.rstrip()))
    return [raw_words(side, raw, start, end)]


def _verbatim(texts: Sequence[str]) -> re.Pattern[str] | None:
    """Finds any of them in a text's normal form, however its words are spaced and whatever mark ends it."""
    phrases = [Text(text).normal.strip(_MARKS).split() for text in texts]
    found = [r"\s+".join(map(re.escape, words)) for words in phrases if len(words) >= VERBATIM]
    return re.compile(rf"(?<!\w)(?:{'|'.join(found)})(?!\w)") if found else None
