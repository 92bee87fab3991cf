"""Words to a query without an LLM: rules for times, numbers and names, the project's own values, and nearness of meaning for the rest.

Each rule takes what it understands out of the sentence. What is left and means something is looked for by its meaning.
"""

import datetime as dt
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from signals.search.fields.registry import find_field
from signals.search.language.errors import QueryError
from signals.search.language.nodes import (
    Ago,
    Comparison,
    Glob,
    Meaning,
    Node,
    Not,
    Phrase,
    Text,
    Value,
    all_of,
    any_of,
    leaves,
)
from signals.search.language.parsing import parse
from signals.translating.names import read_names, read_tools, read_values
from signals.translating.numbers import read_numbers
from signals.translating.observations import read_kinds, read_signals
from signals.translating.sentence import (
    EMPTY,
    FAILED,
    GENERIC,
    JOINING,
    LIGHT,
    PARTICLES,
    TELLING,
    WHOM,
    Part,
    Place,
    Sentence,
    stem,
    words_of,
)
from signals.translating.times import read_times
from signals.translating.vocabulary import Vocabulary

# How near each of the texts is to the first argument, as cosines.
Nearness = Callable[[str, Sequence[str]], Sequence[float]]
# A signal whose name and description are so near to what is left of the sentence is what it means. Chosen on `manage.py evaluate translate`.
NEAR_SIGNAL = 0.5
MEANING, WORDS = "~", "words"  # parts that are no comparison
# Of these a value's name is written with words, which people repeat: "insurance checks" for check_insurance.
_NAMED = ("agent", "tool", "tool.failed", "model", "release", "event")

# Before what is not meant. A mere "not" belongs to what is said: "could not log in".
_LEFT_OUT = r"\b(?:without|except(?: for)?|excluding|not about|nothing about|other than)\s+$"
_ABOUT = r"\b(?:about|regarding|concerning|related to|asking for|ask for|asked for|asks for|wanting|want|wants|wanted|complaining about|talk(?:ing|ed|s)? about|discuss(?:ing|ed)?)\s+"
_SAYS = r"\b(?:mention(?:s|ed|ing)?|contain(?:s|ed|ing)?|say(?:s|ing)?|said|with)\s+(?:the\s+)?(?:words?|phrase|text|term)\s+([^\s,.]+)|\b(?:mention(?:s|ed|ing)?|contain(?:s|ed|ing)?)\s+([\w'-]+)\b"

_WORD = re.compile(r"[^\W_]+(?:['-][^\W_]+)*")
# A name with a digit or a mark within, such as a version: no signal means it.
_MARKED = re.compile(r"(?<![\w.-])(?=[\w.-]*\d)[\w.-]*[^\W_](?![\w-])")
_BUT_NOT = re.compile(r"\s+(?:but|and)\s+not\s+([\w'-]+)")
_COMPLAINING = r"\bcomplain(?:s|ed|ing)?\s+(?:that|because)\b"
# What a number of the field says better.
ADJECTIVES = (
    ("duration", r"\bslow\w*"), ("cost", r"\bexpensive|\bcostly"), ("turns", r"\b(?:long|short)\b"), ("tokens", r"\b(?:long|short)\b"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Reading:
    """`query` is And() where the sentence names nothing. `by_meaning`: words that no rule knows, looked for by their meaning;
    `left_out`: words that say nothing beside what was understood; `notes`: what was read loosely, in sentences."""

    query: Node
    by_meaning: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def translate_by_rules(text: str, vocabulary: Vocabulary, *, today: dt.date, near: Nearness) -> Reading:
    """A query for the sentence. What already is a query stays it."""
    written = _already_a_query(text)
    if written is not None:
        return Reading(written)
    sentence = Sentence(text)
    parts = _quoted(sentence)
    parts += _written(sentence)
    parts += read_times(sentence, today)
    parts += read_names(sentence, vocabulary)
    parts += read_values(sentence, vocabulary)
    parts += read_tools(sentence, vocabulary)
    parts += read_numbers(sentence)
    for field, adjectives in ADJECTIVES:
        if any(part.field == field for part in parts):  # the number says what they mean
            list(sentence.take(adjectives))
    parts += read_signals(sentence, vocabulary)
    if any(part.field == "signal" for part in parts):  # it says what they complain of
        list(sentence.take(_COMPLAINING))
    parts += read_kinds(sentence)
    leftover, left_out = _left(sentence, parts, vocabulary, near)
    by_meaning = tuple(part.values[0] for part in leftover if part.field == MEANING)
    return Reading(_join(parts + leftover, sentence), by_meaning, left_out, tuple(sentence.notes))


def _already_a_query(text: str) -> Node | None:
    """The query that the text is, where at least half of its conditions say what they mean: more than words does."""
    try:
        node = parse(text)
    except QueryError:
        return None
    words = [isinstance(leaf, Phrase) for leaf, _ in leaves(node)]
    return node if words and 2 * sum(words) <= len(words) else None


def _quoted(sentence: Sentence) -> list[Part]:
    parts = []
    for found in list(sentence.take(r"[\"“]([^\"”]*\w[^\"”]*)[\"”]")):
        negated = sentence.is_negated(found.start())
        parts.append(Part(WORDS, "", (sentence.written(found, 1),), found.span(), negated))
    return parts


def _written(sentence: Sentence) -> list[Part]:
    """What is written as the language has it: model:gpt-4o."""
    parts = []
    for found in sentence.take(r"(?<![\w:])(-?)([a-z_][\w.]*):([^\s\"()<>=,]+)"):
        if find_field(found[2]):
            parts.append(Part(found[2], "", (sentence.written(found, 3),), found.span(), bool(found[1])))
    return parts


def _left(
    sentence: Sentence, understood: list[Part], vocabulary: Vocabulary, near: Nearness
) -> tuple[list[Part], tuple[str, ...]]:
    """What no rule has taken: words that are to stand there, else a signal that means it, else its meaning. And the words left out."""
    parts: list[Part] = []
    for found in list(sentence.take(_SAYS)):
        group = 1 if found[1] else 2
        if sentence.text and found[group] not in EMPTY:
            parts.append(Part(WORDS, "", (found[group],), found.span(), sentence.is_negated(found.start())))
            if (other := _BUT_NOT.match(sentence.text, found.end())) and other[1] not in EMPTY:
                parts.append(Part(WORDS, "", (other[1],), other.span(), negated=not parts[-1].negated))
                sentence.blank(other.span())
    before: list[str] = []
    if about := re.search(_ABOUT, sentence.text):
        before = _WORD.findall(sentence.text[: about.start()])
        if any(_means(word) and word not in GENERIC for word in before):  # "lies about prices"
            about, before = None, []
        else:
            sentence.blank((0, about.end()))
    words = [(found[0], found.span()) for found in _WORD.finditer(sentence.text)]
    meant = [(word, place) for word, place in words if _means(word)]
    failed = [place for word, place in words if re.fullmatch(FAILED, word)]
    left_out: tuple[str, ...] = ()
    if about is None and (understood or failed):
        meant, left_out = _less_generic(meant, _pieces(understood))
    generic = set(left_out)

    def passed_over(place: Place = (0, 0)) -> tuple[str, ...]:
        """Of the words outside of the place those that no part of the query says."""
        outside = [word for word, (start, end) in words if not place[0] <= start < end <= place[1]]
        unsaid = [word for word in before if _means(word)]
        if meant:
            unsaid += [word for word in outside if re.fullmatch(FAILED, word)]
        telling = (TELLING - LIGHT) | generic | set(unsaid)
        pieces = _pieces(understood)
        return tuple(
            word
            for word in [*before, *outside]
            if word in telling and (word in unsaid or stem(word) not in pieces)
        )

    if not meant:
        known = any(signal.key == "task_failure" for signal in vocabulary.signals)
        unsaid = failed and known and not any(part.field == "sentiment" for part in understood)
        return parts + ([Part("signal", "", ("task_failure",), failed[0])] if unsaid else []), passed_over()
    place = (meant[0][1][0], meant[-1][1][1])
    if about is None and vocabulary.signals:
        texts = [f"{one.name}. {one.description[:200]}" for one in vocabulary.signals]
        # All words from the first that means something to the last, less what was taken.
        cosines = near(sentence.left(place), texts)
        best = max(range(len(texts)), key=lambda at: cosines[at])
        if cosines[best] >= NEAR_SIGNAL:
            near_one = vocabulary.signals[best]
            sentence.notes.append(f"“{sentence.left(place)}” is read as the signal {near_one.name}.")
            signal = Part("signal", "", (near_one.key,), place, sentence.is_negated(place[0]))
            named = [
                found for found in _MARKED.finditer(sentence.text) if place[0] <= found.start() < place[1]
            ]
            return [*parts, signal, *(Part(WORDS, "", (one[0],), one.span()) for one in named)], passed_over(
                place
            )
    place = _widened(words, place, sentence)
    excluded = re.search(_LEFT_OUT, sentence.whole[: place[0]]) is not None
    return [*parts, Part(MEANING, "", (sentence.left(place),), place, excluded)], passed_over(place)


def _means(word: str) -> bool:
    return word not in EMPTY and not re.fullmatch(FAILED, word)


def _widened(words: list[tuple[str, Place]], place: Place, sentence: Sentence) -> Place:
    """The place with the words of TELLING, and of failing, on both sides of it, as far as nothing that was taken stands between."""
    inside = [at for at, (_, (start, end)) in enumerate(words) if place[0] <= start and end <= place[1]]
    start, end = place
    for way, beyond in ((-1, range(inside[0] - 1, -1, -1)), (1, range(inside[-1] + 1, len(words)))):
        for at in beyond:
            word, here = words[at]
            earlier, later = sorted((here, words[at - way][1]))
            ends = word in PARTICLES and at == len(words) - 1 and not _WORD.search(sentence.whole, here[1])
            telling = word in TELLING or word == "never" or ends or re.fullmatch(FAILED, word) is not None
            if not sentence.whole[earlier[1] : later[0]].isspace() or not (telling or word in JOINING):
                break
            if way < 0 and word in WHOM:  # "users could not log in"
                break
            if telling:
                start, end = min(start, here[0]), max(end, here[1])
    return start, end


def _pieces(understood: list[Part]) -> frozenset[str]:
    """The stems of the words in the names that were understood: check and insurance of check_insurance."""
    named = [part for part in understood if part.field in _NAMED or part.field.startswith("flag.")]
    return frozenset(stem(word) for part in named for value in part.values for word in words_of(value))


def _less_generic(
    words: list[tuple[str, Place]], pieces: frozenset[str]
) -> tuple[list[tuple[str, Place]], tuple[str, ...]]:
    """The words without such as say nothing beside what was understood: pieces of its names and "tool" around the rest, and all of them
    where nothing but such words is left. Second, those left out that are no piece of a name."""

    def is_said(word: str) -> bool:
        return stem(word) in pieces or word in ("tool", "tools")

    if all(is_said(word) or word in GENERIC for word, _ in words):
        return [], tuple(word for word, _ in words if stem(word) not in pieces)
    kept = [at for at, (word, _) in enumerate(words) if not is_said(word)]
    return words[kept[0] : kept[-1] + 1], ()


# -- parts to a query


def _join(parts: list[Part], sentence: Sentence) -> Node:
    """All parts together, in the sentence's order; values of one field that an event has once, or with "or" between, mean either."""
    ordered = sorted(parts, key=lambda part: part.place)
    merged: list[Part] = []
    for part in ordered:
        before = next((one for one in merged if _may_merge(one, part, sentence)), None)
        if before is None:
            merged.append(part)
        elif not set(part.values) <= set(before.values):
            at = merged.index(before)
            merged[at] = replace(
                before, values=(*before.values, *part.values), place=(before.place[0], part.place[1])
            )
    return all_of(_alternatives(merged, sentence))


def _may_merge(one: Part, other: Part, sentence: Sentence) -> bool:
    same = (one.field, one.operator, one.negated) == (other.field, other.operator, other.negated)
    if (
        not same
        or one.field in (MEANING, WORDS, "has")
        or one.operator
        or one.field in ("since", "until", "time")
    ):
        return False
    single = one.field in (
        "model",
        "release",
        "user",
        "conversation",
        "id",
        "event",
        "language",
        "issue",
        "state",
    )
    return single or one.field.startswith(("prop.", "trait.")) or sentence.says_or(one.place, other.place)


def _alternatives(parts: Iterable[Part], sentence: Sentence) -> list[Node]:
    found: list[tuple[Part, Node]] = []
    for part in parts:
        if found and sentence.says_or(found[-1][0].place, part.place):
            found[-1] = (part, any_of([found[-1][1], _node(part)]))
        else:
            found.append((part, _node(part)))
    return [node for _, node in found]


def _node(part: Part) -> Node:
    node: Node
    if part.field == MEANING:
        node = Meaning(part.values[0])
    elif part.field == WORDS:
        node = Phrase(part.values[0])
    elif part.field == "since" and (ago := re.fullmatch(r"(\d{1,5})([mhdw])", part.values[0])):
        node = Ago(int(ago[1]), ago[2])
    elif part.operator == "glob":
        node = Comparison(part.field, "", (Glob(part.values),))
    else:
        values: tuple[Value, ...] = tuple(map(Text, part.values))
        node = Comparison(part.field, part.operator, values)
    return Not(node) if part.negated else node
