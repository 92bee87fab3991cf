"""How the evidence of a signal becomes what discovery groups: the sentence it stands in, and what the built-in signals have to do with
each other. Pure."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from signals.discovery.naming import cut
from signals.discovery.observations import Observation, Source
from signals.discovery.sentences import ends_of

LONGEST = 300  # characters of a sentence
# Signals that are read from something that the agent said or did and that nothing supports.
CLAIMS = frozenset(
    ["false_success", "unsupported_value", "action_without_call", "contradiction", "wrong_arithmetic", "wrong_date"]
)  # fmt: skip
# Signals of one kind of problem, seen from several sides, by their definitions: their evidence is one group.
FAMILIES: Mapping[str, str] = {
    # The agent does not keep what the user said; the user has to say it again, or is answered against it.
    "forgetting": "forgetting",
    "lost_information": "forgetting",
    "user_repetition": "forgetting",
    "contradiction": "forgetting",
    # The agent reports work that was not done.
    "false_success": "false_success",
    "action_without_call": "false_success",
    # A tool in a loop.
    "repeated_tool_failure": "tool_loop",
    "tool_loop": "tool_loop",
}
# What a user does about problems of many kinds: evidence of these families counts only where its conversation has none that is more exact.
SYMPTOMS = frozenset(["forgetting"])
# Signals that say that somebody is unhappy, that a task failed or what a user tries, not what went wrong: only a sentence that several people
# say makes a group of them. Groups of all of `task_failure` are of one kind in 5 of 13 of the corpus's products for training, of `jailbreak` in none of 7.
UNHAPPY = frozenset(["user_frustration", "correction", "abuse", "distress", "human_request", "abandonment"])
TASK_FAILURE = "task_failure"
COMPLAINTS = UNHAPPY | {TASK_FAILURE, "jailbreak"}
_SPACE = re.compile(r"\s")


def source_of(key: str, *, is_explicit: bool) -> Source:
    """Of the observations of the signal with this key."""
    if is_explicit:
        return "explicit"
    return "claim" if key in CLAIMS else "signal"


def without_reports(observations: Sequence[Observation]) -> list[Observation]:
    """Without what only repeats that a tool failed: an agent that says that a task failed, in an event in which a tool failed, tells of that."""
    failed = {one.event for one in observations if one.source == "tool"}
    return [
        one
        for one in observations
        if (one.source, one.key) != ("signal", TASK_FAILURE) or one.event not in failed
    ]


def hint(source: Source, key: str) -> str | None:
    """What an observation says of its whole conversation, for problems.group_problems; None where that is only that somebody is unhappy."""
    if source in ("facet", "explicit") or key in UNHAPPY:
        return None
    return f"tool {key}" if source == "tool" else FAMILIES.get(key, key)


def sentence_of(piece: Mapping[str, Any], *, user: str, assistant: str) -> str:
    """The sentence around a piece of evidence, where it stands in one of the event's two texts; else the piece itself."""
    words = str(piece.get("text", ""))
    text = {"user": user, "assistant": assistant}.get(str(piece.get("side")))
    start, end = piece.get("start"), piece.get("end")
    if text is None or not isinstance(start, int) or not isinstance(end, int) or text[start:end] != words:
        return cut(words, LONGEST)
    first, last = sentence_around(text, start, end)
    sentence = " ".join(text[first:last].split())
    if len(sentence) <= LONGEST:
        return sentence
    # Whole words: a detector may have cut them at a dot.
    start = max((found.end() for found in _SPACE.finditer(text, first, start)), default=first)
    end = min(_end_of_word(text, end), last)
    return cut(" ".join(text[start:end].split()), LONGEST)


def sentence_around(text: str, start: int, end: int, *, longest: int = LONGEST) -> tuple[int, int]:
    """The place of the sentences that hold text[start:end], at most `longest` characters before and behind it, and no part of a word."""
    first = max(0, start - longest)
    if first:
        first = min(_end_of_word(text, first), start)
    # Not by `endpos`: it would make the dot right before `start` the text's last character.
    for _, after in ends_of(text, first):
        if after > start:
            break
        first = after
    last = next((after for _, after in ends_of(text, end)), len(text))
    if last > end + longest:
        last = max(end, text.rfind(" ", end, end + longest))
    return first, last


def _end_of_word(text: str, at: int) -> int:
    found = _SPACE.search(text, at)
    return found.start() if found else len(text)


def sentences_of(text: str) -> list[str]:
    """The different sentences of a text, each on one line and at most LONGEST characters long."""
    found: dict[str, None] = {}
    first = 0
    for end in (*(after for _, after in ends_of(text)), len(text)):
        if sentence := cut(" ".join(text[first:end].split()), LONGEST):
            found[sentence] = None
        first = end
    return list(found)
