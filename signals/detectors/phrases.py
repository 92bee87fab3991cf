"""Rules as readable lists of phrases.

A phrase is a small pattern in lower case: words, `(a|b)` for alternatives, `(a )?` for what may be missing, `...` for up to five
words in the same sentence. A space stands for any white space (` ?`: or none), an apostrophe may be missing, and a phrase begins and
ends at the edge of a word. What `unless` finds takes away every hit that it overlaps: that is how "no problem" is kept out of
a list that holds "problem", without negative look-behinds that nobody can read.
"""

import re
from collections import Counter
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import re2

from signals.detectors.batch import Batch, Evidence, Finding, Side, raw_words
from signals.detectors.text import Text

MAX_EVIDENCE = 5
# "Dear Ms Ito, ... Kind regards": a letter that the agent drafts. A line of a play begins with a name that speaks again, and so does another.
LETTER = re.compile(r"\bdear [^\n]{1,60}\n")
LETTER_ENDS = re.compile(r"\b(?:sincerely|regards|yours|best wishes|respectfully)\b")
SPOKEN = re.compile(r"^[^\w\n]{0,5}(?P<name>[a-z][\w .'-]{0,24}?)[^\w\n:]{0,5}: [^\n]*", re.MULTILINE)
FEWEST_SPEAKERS = 2
CHOICE = re.compile(r"(?<!\w)[a-e]\) [^\n.!?]*")
FEWEST_CHOICES = 3
# Labels of what a thing says, not a person.
LABELS = frozenset(["error", "status", "note", "result", "reason", "warning", "output", "answer", "message"])
QUOTED = re.compile(r'```.*?(?:```|\Z)|"[^"\n]{3,400}"', re.DOTALL)


@dataclass(frozen=True, slots=True)
class Hit:
    """A phrase at [start:end] of the normal form."""

    start: int
    end: int
    weight: float


def compile_phrases(phrases: list[str]) -> re.Pattern[str]:
    """One pattern for the whole list. Every repetition in it is bounded."""
    return re.compile(r"(?<![\w'])(?:" + "|".join(_pattern(phrase) for phrase in phrases) + r")(?!\w)")


class Gate:
    """Says in one pass over a text which rules can hit at all: few can, and to ask each costs twenty times as much.

    One automaton of all rules' phrases (RE2), without the edges of words, so that it lets through a little more than hits.
    """

    # Of the automaton's states. When they are more, RE2 begins anew with none: slower (with five languages behind one gate fifty times), and no
    # less right. So the other languages have a gate of their own.
    MEMORY = 64 << 20

    def __init__(self) -> None:
        self._patterns: list[str] = []
        self._set: Any = None

    def add(self, phrases: list[str]) -> int:
        """Returns the rule's number."""
        self._patterns.append("|".join(map(_loose_pattern, phrases)))
        self._set = None
        return len(self._patterns) - 1

    def open_for(self, text: Text) -> frozenset[int]:
        """The numbers of the rules that may hit."""
        known: frozenset[int] | None = text.notes.get(self)
        if known is None:
            known = text.notes[self] = frozenset(self._automaton().Match(text.normal) or ())
        return known

    def _automaton(self) -> Any:
        if self._set is None:
            options = re2.Options()
            options.max_mem = self.MEMORY
            automaton = re2.Set.SearchSet(options)
            for pattern in self._patterns:
                automaton.Add(pattern)
            automaton.Compile()
            self._set = automaton
        return self._set


_gate = Gate()


def _pattern(phrase: str) -> str:
    pattern = _alternatives(phrase)
    pattern = pattern.replace(" ... ", r"(?: [^\s.!?]{1,30},?){0,5}? ").replace(
        " ...", r"(?: [^\s.!?]{1,30}){0,5}?"
    )
    pattern = pattern.replace(" ?", r"\s{0,3}")
    return pattern.replace(" ", r"\s{1,3}")


def _loose_pattern(phrase: str) -> str:
    """Finds all that `_pattern` finds and a little more, with fewer states. White space is wider in Python than in RE2."""
    pattern = _alternatives(phrase).replace(" ...", "[^.!?]*")
    return pattern.replace(" ?", "[^!-~]*").replace(" ", "[^!-~]+")


def _alternatives(phrase: str) -> str:
    return re.sub(r"\((?!\?)", "(?:", phrase).replace("'", "'?")


@dataclass(frozen=True, eq=False)
class Rule:
    """Phrases by how sure they are: one strong hit is a match at the usual threshold of 0.5, two different weak ones are."""

    strong: list[str] = field(default_factory=list)
    weak: list[str] = field(default_factory=list)
    unless: list[str] = field(default_factory=list)
    strong_weight: float = 0.85
    weak_weight: float = 0.35
    gate: Gate = _gate
    _number: int = field(init=False, repr=False)  # at the gate

    def __post_init__(self) -> None:
        object.__setattr__(self, "_number", self.gate.add(self.strong + self.weak))

    # Compiled where the gate first opens: all rules together take 0.7 s, at the start of each process, of which few detect anything.
    @cached_property
    def _patterns(self) -> list[tuple[re.Pattern[str], float]]:
        tiers = [(self.strong, self.strong_weight), (self.weak, self.weak_weight)]
        return [(compile_phrases(phrases), weight) for phrases, weight in tiers if phrases]

    @cached_property
    def _unless(self) -> re.Pattern[str] | None:
        return compile_phrases(self.unless) if self.unless else None

    def hits(self, text: Text) -> list[Hit]:
        """Without overlaps, in the order of the text; strong ones win over weak ones."""
        known: list[Hit] | None = text.notes.get(self)
        if known is None:
            may = self._number in self.gate.open_for(text)
            known = text.notes[self] = self._find(text.normal) if may else []
        return known

    def _find(self, normal: str) -> list[Hit]:
        tiers = [
            ([match.span() for match in pattern.finditer(normal)], weight)
            for pattern, weight in self._patterns
        ]
        if not any(spans for spans, _ in tiers):
            return []
        taken: list[tuple[int, int]] = []
        if self._unless is not None:
            taken = [match.span() for match in self._unless.finditer(normal)]
        found: list[Hit] = []
        for spans, weight in tiers:
            for start, end in spans:
                if not any(start < right and left < end for left, right in taken):
                    taken.append((start, end))
                    found.append(Hit(start, end, weight))
        return sorted(found, key=lambda hit: hit.start)


def combined(hits: list[Hit], text: Text) -> float:
    """Each different phrase counts once: 1 - product of (1 - weight)."""
    weights: dict[str, float] = {}
    for hit in hits:
        words = text.normal[hit.start : hit.end]
        weights[words] = max(weights.get(words, 0.0), hit.weight)
    missing = 1.0
    for weight in weights.values():
        missing *= 1 - weight
    return 1 - missing


def surest(hits: list[Hit]) -> list[Hit]:
    """Of hits of several rules those that overlap no surer one."""
    kept: list[Hit] = []
    for hit in sorted(hits, key=lambda hit: -hit.weight):
        if not any(hit.start < other.end and other.start < hit.end for other in kept):
            kept.append(hit)
    return kept


def in_own_words(hits: list[Hit], text: Text) -> list[Hit]:
    """Without those in a quotation, in code, or in what was written for the user (the lines of a play, a letter, the choices of a test),
    which somebody else says; a text that is nothing but a quotation keeps its hits."""
    if not hits:
        return hits
    normal = text.normal
    others = _written_for_others(normal)
    if '"' in normal or "```" in normal:
        quoted = [match.span() for match in QUOTED.finditer(normal)]
        if not (normal.startswith('"') and quoted and quoted[0][1] > 0.9 * len(normal)):
            others += quoted
    return (
        [hit for hit in hits if not any(start <= hit.start < end for start, end in others)]
        if others
        else hits
    )


def _written_for_others(normal: str) -> list[tuple[int, int]]:
    """Where the lines of a play, a letter, and the choices of a test stand."""
    found = _letters(normal) if "dear " in normal else []
    if ": " in normal:
        lines = list(SPOKEN.finditer(normal))
        often = Counter(line["name"] for line in lines)
        speakers = {name for name, times in often.items() if times > 1 and name not in LABELS}
        if len(speakers) >= FEWEST_SPEAKERS:
            found += [line.span() for line in lines if line["name"] in speakers]
    if "b)" in normal:
        choices = [match.span() for match in CHOICE.finditer(normal)]
        found += choices if len(choices) >= FEWEST_CHOICES else []
    return found


def _letters(normal: str) -> list[tuple[int, int]]:
    found: list[tuple[int, int]] = []
    begin = LETTER.search(normal)
    while begin and (end := LETTER_ENDS.search(normal, begin.end())):
        found.append((begin.start(), end.end()))
        begin = LETTER.search(normal, end.end())
    return found


def sentence_start(normal: str, at: int, marks: str = ".!?\n") -> int:
    """Where the sentence begins in which normal[at] stands."""
    return max(normal.rfind(mark, 0, at + 1) for mark in marks) + 1


def is_asked(normal: str, end: int) -> bool:
    """Whether the sentence that goes on at normal[end] is a question."""
    ends = [place for mark in ".!?\n" if (place := normal.find(mark, end)) >= 0]
    return bool(ends) and normal[min(ends)] == "?"


def evidence(side: Side, text: Text, hits: list[Hit]) -> list[Evidence]:
    """Where the surest hits stand in the original text, in its order."""
    best = sorted(sorted(hits, key=lambda hit: -hit.weight)[:MAX_EVIDENCE], key=lambda hit: hit.start)
    return [piece(side, text, hit.start, hit.end) for hit in best]


def piece(side: Side, text: Text, start: int, end: int) -> Evidence:
    """text.normal[start:end], at its place in the original text."""
    return raw_words(side, text.raw, *text.span(start, end))


def detect_rule(batch: Batch, rule: Rule, side: Side) -> list[Finding]:
    """The whole of a detector that is nothing but a rule on one side."""
    found = []
    for index, turn in enumerate(batch.turns):
        text = turn.text(side)
        if hits := rule.hits(text):
            found.append(Finding(index, combined(hits, text), evidence(side, text, hits)))
    return found
