"""A description and a few examples: a small model finds what means the same.

{"sentence": "The user wants their money back", "examples": ["I want a refund"], "counterexamples": []}
"""

from typing import Any

from django import forms

from signals.detectors import sentence as model
from signals.detectors.batch import Detector
from signals.kinds.base import TEXT_SIDES, Findings, SignalKind
from signals.kinds.form import KindForm, lines_of, number_input, side_field, text_area, text_input
from signals.kinds.small_model import Judgements, small_detector, train_small_model
from signals.models import SignalDefinition
from signals.models.definitions import DetectorType

VERSION = 2


class SentenceForm(KindForm):
    rule_field = "examples"
    reads = side_field("Look in")
    sentence = forms.CharField(
        max_length=model.MAX_SENTENCE,
        widget=text_input(placeholder="The user wants their money back"),
        label="In a sentence",
    )
    examples = forms.CharField(
        max_length=100_000,
        widget=text_area(5, placeholder="I want a refund for this order\nCan I get my money back?"),
        help_text="What people say when it holds, one a line. Three to ten make a good start. One of four words or more that stands in a text word "
        "for word is always a match.",
    )
    counterexamples = forms.CharField(
        max_length=100_000,
        required=False,
        widget=text_area(2),
        label="Not these",
        help_text="What looks alike and does not count, one a line.",
    )
    threshold = forms.FloatField(
        min_value=0.02,
        max_value=0.99,
        required=False,
        widget=number_input(0.01, placeholder="0.5"),
        help_text="0.02 to 0.99: higher is stricter. Empty: 0.5.",
    )

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> dict[str, Any]:
        lines = {name: "\n".join(config.get(name, [])) for name in ("examples", "counterexamples")}
        return {"sentence": config["sentence"], **lines}

    @classmethod
    def to_config(cls, cleaned: dict[str, Any]) -> dict[str, Any]:
        config: dict[str, Any] = {
            "sentence": cleaned["sentence"].strip(),
            "examples": lines_of(cleaned["examples"]),
        }
        if lines := lines_of(cleaned["counterexamples"]):
            config["counterexamples"] = lines
        return config


class SentenceKind(SignalKind):
    name, title, place = "sentence", "A sentence", 30
    about = "A description and a few examples: a small model finds what means the same."
    config_names = frozenset({"sentence"})
    shapes = (
        '{"sentence": "The user wants their money back", "examples": ["I want a refund"], "counterexamples": []}',
    )
    form = SentenceForm
    detector_type = DetectorType.MODEL
    sides = TEXT_SIDES
    is_scored = learns_from_labels = True

    def wrong_with(self, config: dict[str, Any]) -> str | None:
        return model.check(config)

    def make_detector(
        self, signal: SignalDefinition, *, findings: Findings, quoting: bool = True
    ) -> Detector | None:
        detect = small_detector(signal, quoting=quoting, knows_examples=True)
        return None if detect is None else Detector(self.name, VERSION, detect, model.THRESHOLD)

    def describe(self, config: dict[str, Any]) -> str:
        return "\n".join([config["sentence"], *(f"· {text}" for text in config.get("examples", []))])

    def train(self, signal: SignalDefinition, *, judged: Judgements | None = None) -> bytes:
        return train_small_model(signal.config["sentence"], signal, judged=judged)


KIND = SentenceKind()
