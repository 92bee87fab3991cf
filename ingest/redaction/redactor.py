"""Finding and replacing, in text and in JSON.

A text is first searched once for the triggers of all rules (an RE2 set: about 4 microseconds per KB); most text holds
none and is returned as it is. Then only the rules whose trigger was found run. Replacing is repeated until nothing
is found, because a token can uncover what stood beside it; so redacting twice is the same as once.

What is spent on one text is bounded, whoever wrote it: MAX_SEARCHED characters, MAX_CANDIDATES places a rule, and a few
rounds. What lies beyond is hidden unread (a `_Rest`).
"""

import functools
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import re2

from ingest.redaction.contact import phone_rule
from ingest.redaction.credentials import looks_random
from ingest.redaction.findings import TOKEN, UUID, Finding, moved_back, replaced, settled_of
from ingest.redaction.keys import KeyClass, key_class
from ingest.redaction.kinds import CUSTOM, DEFAULT_KINDS, KINDS, ORDER, token_of
from ingest.redaction.patterns import compile_pattern
from ingest.redaction.rules import CrowdedText, Rule, Span, bounded, char_spans, report_once

MIN_LENGTH = 4  # nothing shorter is found
MIN_NUMBER = 10**11  # no smaller one is a card's
MAX_ROUNDS = 8
LONG = (
    64 * 1024
)  # characters from which a text is searched LONG_ROUNDS times at most: a round costs up to 1 s a megabyte
LONG_ROUNDS = 3
MAX_SEARCHED = (
    4 * 1024 * 1024
)  # characters of a text that holds a trigger; a search holds Python's lock for 0.1 s
MAX_DEPTH = 100  # of JSON; the ways in allow less

_KIND_OF_KEY = {
    KeyClass.SECRET: "api_key",
    KeyClass.PASSWORD: "password",
    KeyClass.CARD: "card",
    KeyClass.SSN: "ssn",
    KeyClass.NATIONAL_ID: "national_id",
    KeyClass.PHONE: "phone",
    KeyClass.NAME: "name",
    KeyClass.ADDRESS: "address",
}
# A value under such a key is taken whole when it has at least this many digits.
_DIGITS_UNDER = {"card": 12, "ssn": 9, "national_id": 5, "phone": 7}
_JSON_TYPES = {"string", "number", "integer", "boolean", "object", "array", "null"}
# Pairs in JSON that is sent as text, its quotes perhaps escaped: `"first_name": "Mia"`.
_PAIR = re.compile(r'"([A-Za-z0-9_ .-]{2,40})\\{0,3}"\s{0,2}:\s{0,2}\\{0,3}"([^"\\\n]{1,300})')
_PAIR_WORDS = {
    "card": "card|cc.?number",
    "ssn": "ssn|social.?security",
    "national_id": "passport|licen[cs]e|insurance|tax",
    "phone": "phone|mobile|cell|fax",
    "name": "name",
    "address": "address|street|zip|post",
}


@dataclass(frozen=True, slots=True)
class _Rest:
    """The text from `start` on, which is hidden whole: tokens that stand there go, too."""

    start: int
    kind: str


class Redactor:
    """Hides what is of the `kinds` (names in KINDS) or matches one of the `patterns` (RE2). `regions`: the countries
    whose national phone numbers are known. Raises KeyError for an unknown kind, PatternError for a bad pattern. Immutable and
    safe to share between threads."""

    def __init__(
        self,
        kinds: Iterable[str] = DEFAULT_KINDS,
        patterns: Iterable[str] = (),
        *,
        regions: Iterable[str] = ("US",),
    ) -> None:
        self.kinds = frozenset(kinds)
        chosen = [KINDS[name] for name in sorted(self.kinds, key=lambda name: ORDER[name])]
        self._rules: list[tuple[str, Rule]] = []
        for kind in chosen:
            rules = (phone_rule(tuple(regions)),) if kind.name == "phone" else kind.rules
            self._rules += [(kind.name, rule) for rule in rules]
        self._pairs_at = -1
        if words := "|".join(_PAIR_WORDS[name] for name in sorted(self.kinds & _PAIR_WORDS.keys())):
            self._pairs_at = len(self._rules)
            trigger = rf'(?i)(?:{words})[a-z0-9_ .-]*\\*"\s*:\s*\\*"'
            self._rules.append(("", Rule(trigger.encode(), lambda text: iter(()))))
        self._patterns = [compile_pattern(pattern) for pattern in patterns]
        self._triggers = _trigger_set(tuple(rule.trigger for _, rule in self._rules))
        self._credentials: Redactor | None = None
        if strong := frozenset(name for name in self.kinds if KINDS[name].is_credential):
            self._credentials = self if strong == self.kinds and not self._patterns else Redactor(strong)

    @property
    def is_idle(self) -> bool:
        return not self._rules and not self._patterns

    def text(self, text: str) -> str:
        """The text with a token in place of each finding; the same object when there is none."""
        if len(text) < MIN_LENGTH:
            return text
        for remaining in _rounds(text):
            findings, rest = self._round(text, is_last=not remaining)
            if not findings and rest is None:
                return text
            if rest is not None:
                text, findings = text[: rest.start], [*findings, Finding(rest.start, rest.start, rest.kind)]
            text = replaced(text, findings)
        return text

    def find(self, text: str) -> list[Finding]:
        """What `text` would hide, in order, with offsets in the text as given."""
        found: list[Finding] = []
        current = text
        for remaining in _rounds(text) if len(text) >= MIN_LENGTH else ():
            findings, rest = self._round(current, is_last=not remaining)
            moved = moved_back(findings, found)
            if rest is not None:
                [begin] = moved_back([Finding(rest.start, rest.start, rest.kind)], found)
                found = [finding for finding in found if finding.start < begin.start]
                moved.append(Finding(begin.start, len(text), rest.kind))
            if not moved:
                break
            found = sorted(found + moved)
            current = replaced(text, found)
        return found

    def value(self, value: Any, *, key: str = "") -> Any:
        """A JSON value with all its text redacted, keys included; `key` is the key it stands under. Returns new
        containers where something changed, else the same object. Raises RecursionError beyond MAX_DEPTH."""
        return self._value(value, key_class(key) if key else KeyClass.NORMAL, 0)

    def is_clear(self, survey: "Survey") -> bool:
        """Whether nothing would be hidden in what was surveyed. False says nothing: it has to be looked at closely."""
        if not self._rules or self._patterns:
            return self.is_idle
        # No trigger sees the difference between a line's end and a text's (tests/ingest/redaction/test_survey.py).
        joined = "\n".join(survey.texts).encode("utf-8", "surrogatepass")
        return survey.is_plain and self._triggers.Match(joined) is None

    def _value(self, value: Any, about: KeyClass, depth: int) -> Any:
        if isinstance(value, str):
            return self._text_under(value, about)
        if isinstance(value, dict):
            if depth > MAX_DEPTH:
                raise RecursionError("The JSON is nested too deep.")
            return self._dict(value, about, depth)
        if isinstance(value, list | tuple):
            if depth > MAX_DEPTH:
                raise RecursionError("The JSON is nested too deep.")
            items = [self._value(item, about, depth + 1) for item in value]
            return value if all(new is old for new, old in zip(items, value, strict=True)) else items
        if isinstance(value, int | float) and not isinstance(value, bool):
            return self._number_under(value, about)
        return value

    def _dict(self, value: dict[Any, Any], about: KeyClass, depth: int) -> dict[Any, Any]:
        # `{"password": {"type": "string"}}` is a schema that a tool was given, not a password.
        inherited = about in _KIND_OF_KEY and value.get("type") not in _JSON_TYPES
        result: dict[Any, Any] = {}
        changed = False
        for key, item in value.items():
            own = key_class(key) if isinstance(key, str) else KeyClass.NORMAL
            if inherited and own in {KeyClass.NORMAL, KeyClass.MAYBE_SECRET, KeyClass.IDENTIFIER}:
                own = about
            new = self._value(item, own, depth + 1)
            new_key = self.text(key) if isinstance(key, str) else key
            while new_key is not key and new_key in result:
                new_key += "_"
            changed = changed or new is not item or new_key is not key
            result[new_key] = new
        return result if changed else value

    def _text_under(self, text: str, about: KeyClass) -> str:
        if about is KeyClass.NORMAL:
            return self.text(text)
        if about is KeyClass.IDENTIFIER:
            return self._credentials.text(text) if self._credentials else text
        if about is KeyClass.MAYBE_SECRET:
            if (
                "api_key" in self.kinds
                and " " not in text
                and looks_random(text)
                and not UUID.fullmatch(text)
            ):
                return token_of("api_key")
            return self.text(text)
        kind = _KIND_OF_KEY[about]
        if kind in self.kinds and _is_whole(text, kind):
            return token_of(kind)
        return self.text(text)

    def _number_under(self, number: float, about: KeyClass) -> Any:
        if about in {
            KeyClass.SECRET,
            KeyClass.PASSWORD,
            KeyClass.CARD,
            KeyClass.SSN,
            KeyClass.NATIONAL_ID,
            KeyClass.PHONE,
        }:
            kind = _KIND_OF_KEY[about]
            return token_of(kind) if kind in self.kinds and _is_whole(str(number), kind) else number
        if about is KeyClass.NORMAL and isinstance(number, int) and number >= MIN_NUMBER:
            digits = str(number)
            redacted = self.text(digits)
            return redacted if redacted is not digits else number
        return number

    def _round(self, text: str, *, is_last: bool) -> tuple[list[Finding], _Rest | None]:
        """What is found in this text, without what is already a token, without overlaps, in order; and from where on nobody
        looks. After the last round that is the first place where something was found still."""
        encoded = text.encode("utf-8", "surrogatepass")
        triggered = self._triggers.Match(encoded) if self._rules else None
        if triggered is None and not self._patterns:
            return [], None
        rests: list[_Rest] = []
        if len(text) > MAX_SEARCHED:
            kinds = [self._rules[index][0] for index in triggered or ()]
            rests.append(_Rest(MAX_SEARCHED, next(filter(None, kinds), CUSTOM)))
            text = text[:MAX_SEARCHED]
            encoded = text.encode("utf-8", "surrogatepass")
        candidates: list[Finding] = []
        for index in triggered or ():
            kind, rule = self._rules[index]
            finder = self._pairs(text) if index == self._pairs_at else _of_kind(kind, rule.find(text))
            _gather(
                candidates,
                rests,
                finder,
                kind=kind or next(iter(sorted(self.kinds & _PAIR_WORDS.keys())), ""),
            )
        for compiled in self._patterns:
            _gather(candidates, rests, _of_kind(CUSTOM, char_spans(compiled, text, encoded)), kind=CUSTOM)
        settled = settled_of(text, candidates) if candidates else []
        if is_last and settled:
            rests.append(_Rest(settled[0].start, settled[0].kind))
        if not rests:
            return settled, None
        rest = min(rests, key=lambda item: item.start)
        for match in TOKEN.finditer(text) if "<REDACTED" in text else ():
            if match.start() < rest.start < match.end():
                rest = _Rest(match.start(), rest.kind)
        return [_cut(finding, rest.start) for finding in settled if finding.start < rest.start], rest

    def _pairs(self, text: str) -> Iterator[Finding]:
        for match in bounded(_PAIR.finditer(text)):
            kind = _KIND_OF_KEY.get(key_class(match[1]), "")
            if kind in self.kinds and kind in _PAIR_WORDS and _is_whole(match[2], kind):
                yield Finding(*match.span(2), kind)


class Survey:
    """Stands in for a redactor where an event is gone through: it changes nothing, and takes in all text that the redactor
    would be asked about. Most events hold nothing to hide, and one search over all their text tells so: a search costs 0.5
    microseconds before it reads a byte, and most texts are short."""

    __slots__ = ("is_plain", "texts")

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.is_plain = True  # no key says what its value is

    def text(self, text: str) -> str:
        if len(text) >= MIN_LENGTH:
            self.texts.append(text)
        return text

    def value(self, value: Any) -> Any:
        if value and not self._takes(value, 0):
            self.is_plain = False
        return value

    def _takes(self, value: Any, depth: int) -> bool:
        if isinstance(value, str):
            self.text(value)
        elif isinstance(value, dict):
            for key, item in value.items():
                about = key_class(key) if isinstance(key, str) else None
                if about is KeyClass.IDENTIFIER and isinstance(item, int | float):
                    item = None  # stays, whatever it is
                elif about is not KeyClass.NORMAL and about is not KeyClass.IDENTIFIER:
                    return False
                self.text(key)
                if item and not self._takes(item, depth + 1):
                    return False
        elif isinstance(value, list | tuple):
            return depth <= MAX_DEPTH and all(self._takes(item, depth + 1) for item in value if item)
        elif isinstance(value, int) and value >= MIN_NUMBER:
            self.texts.append(str(value))
        return depth <= MAX_DEPTH


@functools.lru_cache(maxsize=256)
def _trigger_set(triggers: tuple[bytes, ...]) -> Any:
    options = re2.Options()
    options.encoding = re2.Options.Encoding.LATIN1  # bytes: no decoding, and lone surrogates do not stop it
    options.max_mem = 64 << 20
    options.log_errors = False
    triggers_set = re2.Set.SearchSet(options)
    for trigger in triggers:
        triggers_set.Add(trigger)
    triggers_set.Compile()
    return triggers_set


def _rounds(text: str) -> range:
    """How many rounds are left after each."""
    rounds = MAX_ROUNDS if len(text) < LONG else LONG_ROUNDS
    return range(rounds - 1, -1, -1)


def _of_kind(kind: str, spans: Iterable[Span]) -> Iterator[Finding]:
    return (Finding(start, end, kind) for start, end in spans)


def _gather(candidates: list[Finding], rests: list[_Rest], found: Iterator[Finding], *, kind: str) -> None:
    """Adds what is found to `candidates`. Where the rule stops looking, the rest is hidden; where it raises, the whole text,
    since nobody knows then what it holds."""
    try:
        candidates.extend(found)
    except CrowdedText as crowded:
        rests.append(_Rest(crowded.position, kind))
    except Exception as error:
        report_once(f"A rule for {kind}", error)
        rests.append(_Rest(0, kind))


def _cut(finding: Finding, end: int) -> Finding:
    return Finding(finding.start, min(finding.end, end), finding.kind)


def _is_whole(text: str, kind: str) -> bool:
    """Whether all of the value is the secret that its key announces. An empty value says more than a token would."""
    if not text.strip() or TOKEN.search(text) or text.lower() in {"true", "false", "none", "null"}:
        return False
    return sum(char.isdigit() for char in text) >= _DIGITS_UNDER.get(kind, 0)
