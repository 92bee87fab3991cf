"""A yes/no question to an LLM, about the events that a small model finds plausible. Its config: signals/questions/config.py.

{"question": "Does the agent promise a refund?", "examples": ["You will get your money back."], "counterexamples": [],
 "plausible": 0.1, "sample": 0.0}
"""

from typing import Any

from django import forms

from signals.detectors import sentence
from signals.detectors.batch import Detector
from signals.kinds.base import TEXT_SIDES, Findings, SignalKind
from signals.kinds.form import KindForm, lines_of, number_input, side_field, text_area
from signals.kinds.small_model import Judgements, small_detector, train_small_model
from signals.models import SignalDefinition
from signals.models.definitions import DetectorType
from signals.questions import detector as verdicts
from signals.questions.config import MAX_QUESTION, PLAUSIBLE, SAMPLE, check


class QuestionForm(KindForm):
    rule_field = "question"
    reads = side_field("The model reads")
    question = forms.CharField(
        max_length=MAX_QUESTION,
        widget=text_area(4, placeholder="Does the agent promise a refund that it cannot give?"),
        help_text="One that is answered by yes or no. Say what counts, and what does not.",
    )
    examples = forms.CharField(
        max_length=100_000,
        widget=text_area(4, placeholder="You will get all of your money back tomorrow."),
        help_text="What is said when the answer is yes, one a line. The small model learns from them, the LLM is shown them.",
    )
    counterexamples = forms.CharField(
        max_length=100_000,
        required=False,
        widget=text_area(2),
        label="Not these",
        help_text="What looks alike and does not count, one a line.",
    )
    plausible = forms.FloatField(
        min_value=0,
        max_value=1,
        initial=PLAUSIBLE,
        widget=number_input(0.01),
        label="The LLM is asked from",
        help_text="The small model's score, 0 to 1. Lower finds more, and costs more.",
    )
    sample = forms.FloatField(
        min_value=0,
        max_value=1,
        initial=SAMPLE,
        widget=number_input(0.001),
        label="And on a share of the rest",
        help_text="0 to 1. What the small model misses is only found there.",
    )
    threshold = forms.FloatField(
        min_value=0.02,
        max_value=0.99,
        required=False,
        widget=number_input(0.01, placeholder="0.5"),
        label="Where the LLM is not asked",
        help_text="The small model's score that counts as yes. Empty: 0.5.",
    )

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> dict[str, Any]:
        lines = {name: "\n".join(config.get(name, [])) for name in ("examples", "counterexamples")}
        numbers = {"plausible": config.get("plausible", PLAUSIBLE), "sample": config.get("sample", SAMPLE)}
        return {"question": config["question"], **lines, **numbers}

    @classmethod
    def to_config(cls, cleaned: dict[str, Any]) -> dict[str, Any]:
        config: dict[str, Any] = {
            "question": cleaned["question"].strip(),
            "examples": lines_of(cleaned["examples"]),
        }
        if lines := lines_of(cleaned["counterexamples"]):
            config["counterexamples"] = lines
        return {**config, "plausible": cleaned["plausible"], "sample": cleaned["sample"]}


class QuestionKind(SignalKind):
    name, title, place = "question", "Question (LLM)", 40
    about = (
        "A yes/no question. A small model, which runs here and costs nothing, picks out the events that may be meant; an LLM judges those, "
        "and must quote the words."
    )
    config_names = frozenset({"question"})
    shapes = (
        '{"question": "Does the agent promise a refund?", "examples": ["You will get your money back."]}',
    )
    note = "A question is put to an LLM, about events that a small model finds plausible; without a key the small model answers alone."
    form = QuestionForm
    template = "signals/kinds/_question.html"
    detector_type = DetectorType.LLM
    sides = TEXT_SIDES
    is_scored = asks_llm = True

    def wrong_with(self, config: dict[str, Any]) -> str | None:
        return check(config)

    def make_detector(
        self, signal: SignalDefinition, *, findings: Findings, quoting: bool = True
    ) -> Detector | None:
        detect = small_detector(signal, quoting=quoting)
        if detect is None:
            return None
        answer = verdicts.make_detector(signal, detect)
        return Detector(self.name, verdicts.VERSION, answer, sentence.THRESHOLD)

    def describe(self, config: dict[str, Any]) -> str:
        return "\n".join([config["question"], *(f"· {text}" for text in config.get("examples", []))])

    def train(self, signal: SignalDefinition, *, judged: Judgements | None = None) -> bytes:
        return train_small_model(signal.config["question"], signal, judged=judged)


KIND = QuestionKind()
