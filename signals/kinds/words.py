"""Words and phrases, or a regular expression (re2), on one side of the event.

{"words": ["refund", "money back"]} or {"pattern": "refund(ed)?"}
"""

import json
import re
from typing import Any

import re2
from django import forms

from signals.detectors.batch import SIDES, Batch, Detect, Detector, Evidence, Finding, Side, Turn, raw_words
from signals.detectors.phrases import MAX_EVIDENCE, piece
from signals.detectors.text import Text
from signals.kinds.base import TEXT_SIDES, Findings, SignalKind
from signals.kinds.form import MONOSPACE, KindForm, lines_of, side_field, text_area
from signals.models import SignalDefinition

VERSION = 1
MAX_WORDS = 200
MAX_LENGTH = 500
READ = 100_000


def check(config: object) -> str | None:
    """What is wrong with a words signal's config, as a message for the person who wrote it; None when it is right."""
    if not isinstance(config, dict) or set(config) not in ({"words"}, {"pattern"}):
        return 'Give either {"words": ["refund", "money back"]} or {"pattern": "a regular expression"}.'
    if "pattern" in config:
        return _check_pattern(config["pattern"])
    words = config["words"]
    if not isinstance(words, list) or not words or not all(isinstance(w, str) and w.strip() for w in words):
        return "words must be a list of at least one word or phrase."
    if len(words) > MAX_WORDS or any(len(word) > MAX_LENGTH for word in words):
        return f"At most {MAX_WORDS} words or phrases of {MAX_LENGTH} characters."
    return None


def _check_pattern(pattern: object) -> str | None:
    if not isinstance(pattern, str) or not pattern or len(pattern) > MAX_LENGTH:
        return f"pattern must be a regular expression of 1 to {MAX_LENGTH} characters."
    try:
        compiled = compile_pattern(pattern)
    except (re2.error, UnicodeEncodeError) as error:
        reason = error.args[0] if error.args else error
        reason = reason.decode("utf-8", "replace") if isinstance(reason, bytes) else reason
        return (
            f"This regular expression is not valid (re2 syntax: no look-around, no back-references): {reason}"
        )
    if compiled.search("") is not None:
        return "This regular expression matches an empty text, and so every event."
    return None


def compile_pattern(pattern: str) -> Any:
    """Case-insensitive, linear in the length of the text. Raises re2.error."""
    options = re2.Options()
    options.case_sensitive = False
    options.log_errors = False
    options.max_mem = 4 << 20
    return re2.compile(pattern, options)


def make_detector(config: dict[str, Any], reads: str) -> Detect:
    """The detector that a checked config describes. It reads the sides that `reads` names."""
    sides = SIDES[reads]
    pattern = compile_pattern(config["pattern"]) if "pattern" in config else None
    words = None if pattern else _words_pattern(config["words"])

    def detect(batch: Batch) -> list[Finding]:
        found = []
        for index, turn in enumerate(batch.turns):
            pieces: list[Evidence] = []
            for side in sides:
                pieces += _in_raw(turn, side, pattern) if words is None else _in_normal(turn, side, words)
            if pieces:
                found.append(Finding(index, 1.0, pieces[:MAX_EVIDENCE]))
        return found

    return detect


def _words_pattern(words: list[str]) -> re.Pattern[str]:
    forms = sorted({" ".join(Text(word).normal.split()) for word in words} - {""}, key=len, reverse=True)
    escaped = (re.escape(form).replace(r"\ ", r"\s+") for form in forms)
    return re.compile(r"(?<!\w)(?:" + "|".join(escaped) + r")(?!\w)")


def _in_normal(turn: Turn, side: Side, words: re.Pattern[str]) -> list[Evidence]:
    text = turn.text(side)
    return [piece(side, text, *match.span()) for match in words.finditer(text.normal)][:MAX_EVIDENCE]


def _in_raw(turn: Turn, side: Side, pattern: Any) -> list[Evidence]:
    raw = turn.text(side).raw[:READ]
    pieces: list[Evidence] = []
    for match in pattern.finditer(raw):
        start, end = match.span()
        if end > start:
            pieces.append(raw_words(side, raw, start, end))
        if len(pieces) == MAX_EVIDENCE:
            break
    return pieces


def config_of(text: str) -> dict[str, Any]:
    """The config that the lines stand for."""
    lines = lines_of(text)
    if len(lines) == 1 and len(lines[0]) > 2 and lines[0][0] == lines[0][-1] == "/":
        return {"pattern": lines[0][1:-1]}
    return {"words": lines}


def expressions_of(config: Any) -> str:
    """The lines that stand for the config; the config itself where it is not one of this kind."""
    if isinstance(config, dict) and isinstance(config.get("pattern"), str):
        return f"/{config['pattern']}/"
    if isinstance(config, dict) and isinstance(config.get("words"), list):
        return "\n".join(map(str, config["words"]))
    return json.dumps(config)


class WordsForm(KindForm):
    rule_field = "expressions"
    on_signal_page = ("expressions",)
    reads = side_field("Look in")
    expressions = forms.CharField(
        max_length=100_000,
        widget=text_area(5, **MONOSPACE),
        label="Words",
        help_text="A word or phrase a line; or one regular expression (re2) between slashes: /refund(ed)?/.",
    )

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> dict[str, Any]:
        return {"expressions": expressions_of(config)}

    @classmethod
    def to_config(cls, cleaned: dict[str, Any]) -> dict[str, Any]:
        return config_of(cleaned["expressions"])


class WordsKind(SignalKind):
    name, title, place = "words", "Words", 10
    about = "Words, phrases or a regular expression, on one side of the event."
    config_names = frozenset({"words", "pattern"})
    shapes = ('{"words": ["refund", "money back"]}', '{"pattern": "a regular expression (re2)"}')
    form = WordsForm
    sides = TEXT_SIDES

    def wrong_with(self, config: dict[str, Any]) -> str | None:
        return check(config)

    def make_detector(
        self, signal: SignalDefinition, *, findings: Findings, quoting: bool = True
    ) -> Detector:
        return Detector(self.name, VERSION, make_detector(signal.config, signal.reads))

    def describe(self, config: dict[str, Any]) -> str:
        return expressions_of(config)

    def fits_form(self, config: dict[str, Any]) -> bool:
        return True  # so that words that an older version took can be mended

    def wire_type(self, config: dict[str, Any]) -> str:
        return "regex" if "pattern" in config else "code"


KIND = WordsKind()
