"""What a turn model (turn_model.py) is told of a turn: its vectors, its words, and a row of facts.

The facts are what the rules found (their scores), how the turn stands to the ones before it, its lengths and marks, its tools. They
cost little beside the vectors, which the pipeline has stored already.
"""

import math
import re
from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from raindrop.embedder import AGENT_TONES, TONES
from signals.detectors import feelings, keywords
from signals.detectors.batch import NEARNESS, Batch, Finding, Turn
from signals.detectors.text import Text
from signals.detectors.tool_failure import failure
from signals.detectors.user_repetition import words_of

Floats = npt.NDArray[np.float32]
READ = 4000
ASKS = re.compile(r"[?？]")
MARKS = re.compile(r"!{2,}|\?{2,}|\?!|!\?")
NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
CAPITALS = re.compile(r"[A-Z]")
LETTERS = re.compile(r"[A-Za-z]")
SORRY = re.compile(
    r"\b(?:sorry|apolog|entschuldig|tut mir leid|désolé|perdón|disculp|lo siento|desculp|sinto muito)"
)
SAID = re.compile(
    r"\b(?:i (?:already |just |literally )?(?:said|told|asked|meant|gave|wrote|mentioned)|as i said|like i said|you (?:just )?said|again|still|"
    r"(?:hab|habe) (?:ich )?(?:doch |schon )?(?:gesagt|geschrieben)|wie gesagt|schon wieder|immer noch|j'ai (?:déjà )?dit|encore|toujours|"
    r"(?:ya )?(?:te |le )?(?:dije|he dicho)|otra vez|todavía|(?:já |eu )?(?:disse|falei)|de novo|ainda)\b"
)
NO = re.compile(r"^\W{0,3}(?:no|nope|nah|not|nein|nee|non|não|wrong|incorrect|falsch|mais non)\b")

# The commonest words of German, Spanish, French and Portuguese that English does not have, and of English that these do not have.
OTHER = re.compile(
    r"\b(?:der|das|und|ist|nicht|ich|sie|ein|eine|mit|auf|bitte|danke|leider|noch|mir|kein|keine|el|los|las|una|que|por|para|con|lo|es|está|gracias|favor|pero|muy|mi|su|le|les|des|une|est|pas|"
    r"je|vous|pour|dans|merci|mais|avec|mon|sur|não|nao|uma|com|você|voce|obrigad[oa]|mas|meu|minha|isso|os|do|da|de|la|se|eu|um|em)\b"
)
ENGLISH = re.compile(
    r"\b(?:the|and|is|not|i|you|it|of|to|for|with|my|your|that|this|was|are|have|please|thanks|but|can|do)\b"
)
LANGUAGE_READ = 400  # characters

CONTEXT = (
    "first turn", "second turn", "turns before",
    "user words", "user blank", "user up to 2 words", "user up to 5 words", "user up to 12 words", "user over 60 words",
    "agent words", "agent blank", "agent up to 8 words", "agent up to 25 words", "agent over 150 words",
    "user asks", "user marks", "user capitals", "user lower case", "user says no", "user refers back", "user digits",
    "agent asks", "agent sorry", "agent digits", "agent sorry before", "agent asked before", "agent ended with a question before",
    "user like the last", "user like an earlier", "agent like the last", "agent like an earlier", "user like the last answer",
    "agent like the user", "user words in an earlier", "agent words in an earlier", "agent same beginning", "user words in the answer before",
    "new words of the agent in the user's earlier",
    "user other language", "agent other language",
    "tools", "tool failures", "all tools failed", "last tool failed", "tools before", "numbers from nowhere", "ends unfinished",
)  # fmt: skip


def facts_of(batch: Batch, found: Mapping[str, Mapping[int, Finding]], keys: Sequence[str]) -> Floats:
    """(n, len(keys) + len(CONTEXT) + tones + feelings + keyword lists): the rules' scores in the order of `keys`, then the rest."""
    scores = np.zeros((len(batch.turns), len(keys)), dtype=np.float32)
    for column, key in enumerate(keys):
        for index, hit in found.get(key, {}).items():
            scores[index, column] = hit.score
    rows = [_context(batch, index) for index in range(len(batch.turns))]
    context = np.array(rows, dtype=np.float32).reshape(len(batch.turns), len(CONTEXT))
    felt = np.array([feelings.feelings(turn.input) for turn in batch.turns], dtype=np.float32)
    tones = [
        _or_zeros(batch.user_tones, batch, len(TONES)),
        _or_zeros(batch.agent_tones, batch, len(AGENT_TONES)),
    ]
    listed = [
        [float(keywords.hits(name, turn.input)) for name in keywords.USER]
        + [float(keywords.hits(name, turn.output)) for name in keywords.AGENT]
        for turn in batch.turns
    ]
    words = np.array(listed, dtype=np.float32).reshape(len(batch.turns), -1)
    return np.concatenate([scores, context, *tones, felt.reshape(len(batch.turns), -1), words], axis=1)


def _or_zeros(tones: Floats, batch: Batch, count: int) -> Floats:
    """Of events embedded before there were tones they are 0, as of any text."""
    return tones[:, :count] if len(tones) else np.zeros((len(batch.turns), count), dtype=np.float32)


def _context(batch: Batch, index: int) -> list[float]:
    turn = batch.turns[index]
    user, agent, previous = turn.input, turn.output, turn.previous
    near = batch.nearness[index] if len(batch.nearness) else np.zeros(len(NEARNESS), dtype=np.float32)
    letters = len(LETTERS.findall(user.raw[:400])) or 1
    capitals = len(CAPITALS.findall(user.raw[:400]))
    before = previous[-1].output if previous else None
    failures = [failure(span) > 0 for span in turn.spans if span.kind == "tool"]
    mine, theirs = words_of(user), words_of(agent)
    return [
        float(not previous), float(len(previous) == 1), math.log1p(len(previous)),
        math.log1p(user.words) / 3, float(user.is_blank), float(user.words <= 2), float(user.words <= 5), float(user.words <= 12), float(user.words > 60),
        math.log1p(agent.words) / 4, float(agent.is_blank), float(agent.words <= 8), float(agent.words <= 25), float(agent.words > 150),
        _flag(ASKS, user), _flag(MARKS, user), capitals / letters, float(letters > 8 and not capitals), _flag(NO, user), _flag(SAID, user), _flag(NUMBER, user),
        _flag(ASKS, agent), _flag(SORRY, agent), _flag(NUMBER, agent),
        0.0 if before is None else _flag(SORRY, before), 0.0 if before is None else _flag(ASKS, before),
        0.0 if before is None else float(before.normal.rstrip().endswith("?")),
        *near.tolist(),
        max((_share(mine, words_of(old.input)) for old in previous), default=0.0),
        max((_share(theirs, words_of(old.output)) for old in previous), default=0.0),
        max((_beginning(agent.normal, old.output.normal) for old in previous), default=0.0),
        0.0 if before is None else _share(mine, words_of(before)),
        _share(theirs - mine, frozenset().union(*(words_of(old.input) for old in previous))) if previous else 0.0,
        other_language(user), other_language(agent),
        min(len(failures), 5) / 5, min(sum(failures), 3) / 3, float(bool(failures) and all(failures)), float(bool(failures) and failures[-1]),
        float(any(old.tools for old in previous)), _new_numbers(turn), _unfinished(agent),
    ]  # fmt: skip


def _flag(pattern: re.Pattern[str], text: Text) -> float:
    return float(pattern.search(text.normal[:READ]) is not None)


def other_language(text: Text) -> float:
    """Whether it reads as one of the four other languages that the models have learned from."""
    key = "other language"
    known: float | None = text.notes.get(key)
    if known is None:
        read = text.normal[:LANGUAGE_READ]
        known = text.notes[key] = float(len(OTHER.findall(read)) > len(ENGLISH.findall(read)))
    return known


def _share(words: frozenset[str], old: frozenset[str]) -> float:
    """How many of the words are among the old ones, 0 to 1."""
    return len(words & old) / len(words) if words else 0.0


def _beginning(text: str, old: str) -> float:
    """How much of the text, of its first 200 characters, is the beginning of the old one."""
    longest = min(len(text), len(old), 200)
    same = 0
    while same < longest and text[same] == old[same]:
        same += 1
    return same / max(1, min(len(text), 200))


def _new_numbers(turn: Turn) -> float:
    """Of the numbers in the answer, those that stand in no message and no tool result so far: up to five, in fifths."""
    numbers = set(NUMBER.findall(turn.output.normal[:READ]))
    if not numbers or not turn.spans:
        return 0.0
    known = " ".join(
        [turn.input.normal[:READ], *(span.input + " " + span.output[:READ] for span in turn.spans)]
        + [part.normal[:READ] for old in turn.previous for part in (old.input, old.output)]
    )
    return min(5, sum(number not in known for number in numbers if len(number) > 1)) / 5


def _unfinished(text: Text) -> float:
    end = text.normal.rstrip()[-1:]
    return float(bool(end) and (end.isalnum() or end in ",;:-("))
