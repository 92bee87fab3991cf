"""The kinds of signal that people make in the app, told apart by what their `config` holds:

words        {"words": ["refund", "money back"]} or {"pattern": "re2 expression"}
metric       {"metric": "tool_errors >= 3"}
sentence     {"sentence": "...", "examples": ["..."], "counterexamples": ["..."]}
question     {"question": "...", "examples": ["..."], "counterexamples": ["..."], "plausible": 0.1, "sample": 0.0}
combination  {"all": [{"signal": "refusal"}, {"signal": "win", "not": true}, {"property": "plan", "equals": "pro"},
                      {"model": "gpt-4o"}, {"metric": "turns >= 5"}]}
"""

from collections.abc import Iterable
from typing import Any

from raindrop.embedder import embed_texts
from signals.detectors import metric, sentence, words
from signals.detectors.batch import Detector
from signals.kinds import combinations, measuring
from signals.models import SignalDefinition
from signals.models.definitions import Detector as DetectorKind
from signals.models.definitions import Kind, Reads
from signals.questions import config as questions
from signals.questions import detector as question_detector

WORDS, METRIC, SENTENCE, QUESTION, COMBINATION = "words", "metric", "sentence", "question", "combination"
_BY_NAME = {
    "words": WORDS, "pattern": WORDS, "metric": METRIC, "sentence": SENTENCE, "question": QUESTION, "all": COMBINATION,
}  # fmt: skip
SHAPES = (
    'Give one of {"words": ["refund", "money back"]}, {"pattern": "a regular expression"}, {"metric": "tool_errors >= 3"}, '
    '{"sentence": "...", "examples": ["..."]}, {"question": "...", "examples": ["..."]} and {"all": [{"signal": "refusal"}, {"property": "plan", "equals": "pro"}]}.'
)


def is_custom(signal: SignalDefinition) -> bool:
    """Made by a person, and read off the event by one of the kinds here."""
    made = {DetectorKind.RULE, DetectorKind.MODEL, DetectorKind.LLM}
    return signal.kind == Kind.IMPLICIT and not signal.builtin and signal.detector in made


def is_scored(signal: SignalDefinition) -> bool:
    """Whether a threshold says anything: words, numbers and combinations match or do not, and the app sends or does not."""
    if is_custom(signal):
        return kind_of(signal.config) in {SENTENCE, QUESTION}
    return signal.kind == Kind.IMPLICIT and signal.detector != DetectorKind.SDK


def is_question(signal: SignalDefinition) -> bool:
    """Whether the LLM is asked, and the config can be read."""
    config = signal.config
    return is_custom(signal) and kind_of(config) == QUESTION and questions.check(config) is None


def kind_of(config: object) -> str | None:
    """WORDS, METRIC, SENTENCE, QUESTION or COMBINATION; None when the config is of no kind, or of two."""
    if not isinstance(config, dict):
        return None
    kinds = {_BY_NAME[name] for name in config if name in _BY_NAME}
    return kinds.pop() if len(kinds) == 1 else None


def detector_kind(config: object) -> str:
    """The definition's `detector`: a sentence is a model, a question an LLM, the others are rules."""
    kinds = {SENTENCE: DetectorKind.MODEL, QUESTION: DetectorKind.LLM}
    return kinds.get(kind_of(config) or "", DetectorKind.RULE)


def check(signal: SignalDefinition) -> dict[str, str]:
    """What is wrong with a custom signal's config and side, by field."""
    config: Any = signal.config
    kind = kind_of(config)
    if kind is None:
        return {"config": SHAPES}
    if not _storable(config):
        return {"config": "It holds a NUL character or half of a surrogate pair."}
    errors: dict[str, str] = {}
    wrong = {WORDS: _words, METRIC: _metric, SENTENCE: sentence.check, QUESTION: questions.check}.get(
        kind, lambda _: None
    )(config)
    if kind == COMBINATION:
        wrong = SHAPES if set(config) != {"all"} else None
        wrong = wrong or combinations.check(config["all"], known=lambda keys: _signals(signal, keys))
    if wrong:
        errors["config"] = wrong
    if kind in {WORDS, SENTENCE, QUESTION} and signal.reads not in words.SIDES:
        errors["reads"] = f"{kind.capitalize()} signals read one of: {', '.join(words.SIDES)}."
    return errors


def usual_side(config: object, reads: str) -> str:
    """What a metric or a combination reads is not for a person to choose."""
    return Reads.CONVERSATION if kind_of(config) in {METRIC, COMBINATION} else reads


def detector_of(
    signal: SignalDefinition, *, findings: combinations.Findings, quoting: bool = True
) -> Detector | None:
    """What reads a custom signal off a batch (signals.matching.batches.load_batch); None when its config is not one to be read.

    `quoting`: whether a sentence (or question) signal looks for its evidence, which embeds each match's sentences.
    """
    if not is_custom(signal) or signal.reads not in [*words.SIDES, Reads.SPANS]:
        return None
    config, kind = signal.config, kind_of(signal.config)
    if kind == WORDS and words.check(config) is None and signal.reads in words.SIDES:
        return Detector(WORDS, words.VERSION, words.make_detector(config, signal.reads))
    if kind == METRIC and _metric(config) is None:
        return Detector(METRIC, metric.VERSION, measuring.make_detector(metric.parse(config["metric"])))
    if kind == COMBINATION and combinations.check_shape(config["all"]) is None:
        return Detector(COMBINATION, combinations.VERSION, combinations.make_detector(signal, findings))
    if kind == QUESTION and questions.check(config) is not None:
        return None
    if kind in {SENTENCE, QUESTION} and signal.trained and signal.reads in sentence.SIDES:
        threshold = sentence.THRESHOLD if signal.threshold is None else signal.threshold
        detect = sentence.make_detector(
            sentence.from_bytes(signal.trained),
            signal.reads,
            embed=embed_texts,
            quote_from=threshold if quoting else 2.0,
        )
        if kind == QUESTION:
            answer = question_detector.make_detector(signal, detect)
            return Detector(QUESTION, question_detector.VERSION, answer, sentence.THRESHOLD)
        return Detector(SENTENCE, sentence.VERSION, detect, sentence.THRESHOLD)
    return None


def needs_spans(signal: SignalDefinition) -> bool:
    """Whether its detector looks at spans and earlier turns, which cost two queries a batch."""
    return not is_custom(signal) or kind_of(signal.config) == COMBINATION


def _storable(config: object) -> bool:
    """PostgreSQL takes neither in JSON."""
    if isinstance(config, dict):
        return all(_storable(part) for pair in config.items() for part in pair)
    if isinstance(config, list):
        return all(_storable(part) for part in config)
    return not isinstance(config, str) or (
        "\x00" not in config and not any("\ud800" <= c <= "\udfff" for c in config)
    )


def _words(config: dict[str, object]) -> str | None:
    return words.check(config)


def _metric(config: dict[str, object]) -> str | None:
    if set(config) != {"metric"}:
        return SHAPES
    try:
        metric.parse(config["metric"])
    except ValueError as error:
        return str(error)
    return None


def _signals(signal: SignalDefinition, keys: Iterable[str]) -> dict[str, SignalDefinition]:
    rows = SignalDefinition.objects.filter(project=signal.project_id, key__in=list(keys))
    return {row.key: row for row in rows.exclude(pk=signal.pk)}
