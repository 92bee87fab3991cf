"""The agent repeats itself: nearly the same answer as in an earlier turn, or the same sentences over and over within one answer.
Any language with words between spaces."""

import re
from collections import Counter

from signals.detectors.batch import Batch, Detector, Evidence, Finding, Turn
from signals.detectors.built_in import AGENT_SIDE, ANY, BuiltIn
from signals.detectors.phrases import piece
from signals.detectors.text import Text
from signals.detectors.user_repetition import words_of
from signals.models.definitions import Reads, Sentiment

# Shorter answers ("Is there anything else I can help with?") are said again for good reasons.
FEWEST = 12
# But the very same one (of so many characters) for the third time is a bot that is stuck.
STOCK, STOCK_TIMES = 15, 2
SAME = 0.9  # shared words among all the words of both
LONG = 60  # words; a longer text must be the very same: one that was changed as the user asked shares nearly all of its words
LENGTHS = 0.8  # the shorter answer's length in the longer one's, at the least
READ = 4000  # an earlier answer is known this far (signals/matching/batches.py)
AGAIN = re.compile(
    r"\b(?:again|repeat|resend|re-send|once more|one more time|say that|what did you (?:say|write)|didn't (?:get|catch|understand)|pardon|come again|"
    r"wiederhol|nochmal|noch einmal|repite|otra vez|répète|encore une fois)"
)
# Within one answer.
SENTENCE = re.compile(r"[^.!?\n]{20,300}[.!?\n]|[^.!?\n]{20,300}$")
SENTENCE_WORDS = 5
TIMES = 3
SHARE = 0.4  # of the answer's characters that the repeated sentences make up
LONGEST_CYCLE, CYCLES, TAIL = 12, 6, 24  # words: the end of the answer goes round in a circle
FENCE = "```"
# Rows of tables, code and lists of the same fields repeat without going round in circles.
ROWS = re.compile(r"^[ \t]*(?:[|*•\-+#>]|\d+[.)]|[\w ]{1,30}:)", re.MULTILINE)
SHOWN = 200


def detect(batch: Batch) -> list[Finding]:
    found = []
    for index, turn in enumerate(batch.turns):
        text = turn.output
        if len(text.raw) >= STOCK and sum(old.output.raw == text.raw for old in turn.previous) >= STOCK_TIMES:
            found.append(Finding(index, 0.8, [piece("assistant", text, 0, min(len(text.normal), SHOWN))]))
            continue
        if len(text.raw) < 40:
            continue
        pieces = _loop(text)
        if pieces:
            found.append(Finding(index, 0.9, pieces))
        elif turn.previous and (likeness := _likeness(turn)) >= SAME:
            start = len(text.normal) - len(text.normal.lstrip())
            end = min(len(text.normal.rstrip()), start + SHOWN)
            found.append(Finding(index, min(1.0, likeness - 0.2), [piece("assistant", text, start, end)]))
    return found


def _likeness(turn: Turn) -> float:
    """How much of the answer is in an earlier one; below SAME it may say 0."""
    raw = turn.output.raw[:READ]
    near = [
        exchange.output
        for exchange in turn.previous
        if min(len(raw), len(exchange.output.raw)) >= LENGTHS * max(len(raw), len(exchange.output.raw))
    ]
    if not near or turn.output.words < FEWEST or AGAIN.search(turn.input.normal):
        return 0.0
    if any(old.raw == raw for old in near):
        return 1.0
    if turn.output.words > LONG:
        return 0.0
    words = words_of(turn.output)
    return max(_shared(words, words_of(old)) for old in near)


def _shared(words: frozenset[str], old: frozenset[str]) -> float:
    """0 where they differ in a number or an identifier: the same is said of another thing."""
    if any(any(map(str.isdigit, word)) for word in words ^ old):
        return 0.0
    return len(words & old) / len(words | old)


def _loop(text: Text) -> list[Evidence]:
    """Where the answer says the same for the TIMES-th time, or where it begins to go round in a circle at its end."""
    normal = text.normal
    if FENCE in normal:
        return []
    if len(normal) >= 80 and (circle := _circle(normal)):
        return [piece("assistant", text, *circle)]
    if (
        normal.count(".") + normal.count("\n") + normal.count("!") + normal.count("?") < TIMES
        or len(normal) < 150
    ):
        return []
    sentences = [match for match in SENTENCE.finditer(normal) if match[0].count(" ") >= SENTENCE_WORDS - 1]
    if len(sentences) < TIMES:
        return []
    counts = Counter(match[0].strip(" .!?\n") for match in sentences)
    often = {words for words, count in counts.items() if count >= TIMES and not ROWS.match(words)}
    same = [match for match in sentences if match[0].strip(" .!?\n") in often]
    if not same or sum(len(match[0]) for match in same) < SHARE * len(normal):
        return []
    return [_trimmed(text, match.start(), match.end()) for match in same[1:4]]


def _circle(normal: str) -> tuple[int, int] | None:
    """[start:end] of the last round when the text's end repeats the same few words many times."""
    tail = normal[-600:].split()[-(LONGEST_CYCLE * CYCLES) :]
    if len(tail) < TAIL or len(set(tail)) > len(tail) // 2 or "|" in tail:
        return None
    # A text that is cut off ends within a round.
    for period in range(1, LONGEST_CYCLE + 1):
        length = max(TAIL, period * CYCLES)
        part = tail[-length:]
        if len(part) == length and part[period:] == part[:-period] and any(map(str.isalpha, "".join(part))):
            words = part[-period:]
            end = len(normal.rstrip())
            start = normal.rfind(words[0], 0, max(1, end - sum(map(len, words[1:])) - len(words) + 1))
            return (start, end) if 0 <= start < end else (max(0, end - 20), end)
    return None


def _trimmed(text: Text, start: int, end: int) -> Evidence:
    words = text.normal[start:end]
    first = start + len(words) - len(words.lstrip())
    return piece("assistant", text, first, max(first + 1, start + len(words.rstrip())))


SIGNAL = BuiltIn(
    "agent_repetition",
    "Agent repeats itself",
    "The agent gives nearly the same answer as in an earlier turn, or goes round in circles within one answer. Repeating when asked to "
    "does not count.",
    Reads.CONVERSATION,
    Sentiment.NEGATIVE,
    AGENT_SIDE,
    languages=ANY,
)
DETECTOR = Detector("agent_repetition", 2, detect)
