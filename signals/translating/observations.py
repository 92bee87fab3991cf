"""What a sentence says of how it went: signals by their names and by what people call them, sentiment, state, what is missing."""

import re
from collections.abc import Sequence

from signals.translating.names import place_names
from signals.translating.sentence import EMPTY, Part, Sentence, stem, words_of
from signals.translating.vocabulary import Vocabulary

# What people call the built-in signals, beside their names: a pattern of stems that stand in a row.
SAID = {
    "user_frustration": "frustrat|annoy|angr|irritat|upset|furious|anger|unhapp",
    "refusal": "refus|declin|reject",
    "task_failure": "could not do|couldn't do|unable|gave up|failed to help|fail task",
    "win": "happ|delight|thank|pleas|satisfi|prais",
    "human_request": "human|real person|talk to person|ask for person|escalat",
    "hand_over": "hand over|handed over|handoff|transferr",
    "laziness": "laz",
    "forgetting": "forg|forgot|forgett|forgotten",
    "abuse": "abus|insult|swear|threaten",
    "jailbreak": "jailbreak|prompt injection",
    "abandonment": "abandon|left after failure",
    "correction": "correct the agent|corrected|correct",
    "user_repetition": "repeat themselv|user repeat|repeat itself user",
    "agent_repetition": "agent repeat|repeat itself|repeats itself",
    "contradiction": "contradict",
    "false_success": "false success|claim success|claimed it was done|pretend",
    "tool_loop": "tool loop|loop",
    "high_cost": "expensiv|high cost|costly",
    "slow_response": "slow",
    "unsafe_content": "unsaf|danger",
    "language_mismatch": "wrong languag|other languag|language mismatch",
    "lost_information": "lost information|already gave",
    "wrong_date": "wrong dat",
    "wrong_arithmetic": "wrong arithmetic|wrong sum|miscalculat",
    "unsupported_value": "made up|invent|hallucinat",
    "distress": "distress|suicid|self harm",
    "model_error": "model error|rate limit",
    "missing_capability": "lack capabilit|no access|missing capabilit",
}  # fmt: skip


def read_signals(sentence: Sentence, vocabulary: Vocabulary) -> list[Part]:
    """Signals by their keys, by all words of their names, or by what people call the built-in ones."""
    parts: list[Part] = []
    for signal in sorted(vocabulary.signals, key=lambda one: -len(one.name)):
        parts += place_names(sentence, "signal", signal.key) if "_" in signal.key else []
    for signal in sorted(vocabulary.signals, key=lambda one: -len(one.name)):
        stems = [stem(word) for word in words_of(signal.name) if word not in EMPTY]
        phrases = [stems] if stems else []
        phrases += [phrase.split() for phrase in SAID.get(signal.key, "").split("|") if phrase]
        for phrase in phrases:
            if (place := _in_a_row(sentence, phrase)) is not None:
                parts.append(Part("signal", "", (signal.key,), place, sentence.is_negated(place[0])))
                sentence.blank(place)
                break
    return parts


def _in_a_row(sentence: Sentence, stems: Sequence[str]) -> tuple[int, int] | None:
    """Where words of these stems follow each other, with at most two empty words between."""
    words = [(found[0], found.span()) for found in re.finditer(r"[^\W_]+(?:'[^\W_]+)?", sentence.text)]
    for at, (word, place) in enumerate(words):
        if not _same(word, stems[0]):
            continue
        end, following = place[1], at + 1
        for wanted in stems[1:]:
            skipped = 0
            while (
                following < len(words)
                and not _same(words[following][0], wanted)
                and skipped < 2
                and words[following][0] in EMPTY
            ):
                following, skipped = following + 1, skipped + 1
            if following >= len(words) or not _same(words[following][0], wanted):
                break
            end, following = words[following][1][1], following + 1
        else:
            return place[0], end
    return None


def _same(word: str, wanted: str) -> bool:
    """Whether a word of the sentence is of the family of a stem."""
    return stem(word) in (wanted, stem(wanted)) or (len(wanted) >= 5 and word.startswith(wanted))


def read_kinds(sentence: Sentence) -> list[Part]:
    """Sentiment, states, conversations without a user, and the like."""
    parts: list[Part] = []
    for found in list(
        sentence.take(r"\b(negative|positive|neutral)\b(?:\s+(?:sentiment|signals?|feedback))?")
    ):
        parts.append(Part("sentiment", "", (found[1],), found.span(), sentence.is_negated(found.start())))
    # Anything that does: the signals that say so are the negative ones.
    for found in list(
        sentence.take(r"\b(?:(?:something|anything|things?|it|all)\s+)?(?:went|goes|going|gone)\s+wrong\b")
    ):
        parts.append(Part("sentiment", "", ("negative",), found.span(), sentence.is_negated(found.start())))
    for found in list(sentence.take(r"\b(?:still\s+)?(pending|unfinished|partial|queued)\b")):
        value = "queued" if found[1] == "queued" else "pending"
        parts.append(Part("state", "", (value,), found.span(), sentence.is_negated(found.start())))
    for found in list(
        sentence.take(
            r"\b(?:without|with no|no)\s+(?:an?\s+|any\s+)?(user|model|conversation|tool|tools|signal|signals|cost|output|input)\b(?:\s+id)?"
        )
    ):
        parts.append(Part("has", "", (found[1].removesuffix("s"),), found.span(), negated=True))
    for found in list(
        sentence.take(r"\b(?:(?:that|which)\s+)?(?:called|used|using|with)\s+(?:a|any|some)\s+tools?\b")
    ):
        parts.append(Part("has", "", ("tool",), found.span()))
    return parts
