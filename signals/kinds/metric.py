"""A number of the event held against a limit. Any language.

{"metric": "tool_errors >= 3"}
"""

import math
import re
from dataclasses import dataclass
from typing import Any

from django import forms

from ingest.models import Project
from signals.detectors.batch import Batch, Detect, Detector, Finding, measured
from signals.kinds.base import Findings, SignalKind
from signals.kinds.form import MONOSPACE, KindForm, select, text_input
from signals.matching.batches import EventBatch
from signals.models import SignalDefinition
from signals.search.fields.registry import find_field
from signals.search.holding import holds
from signals.search.language.nodes import Comparison, Text
from signals.search.scope import Facts, Scope

VERSION = 1
MAX_VALUE = 1e12


# Fields of the query language (signals/search/fields) by the names that metrics have, and what a form calls them.
METRICS = {
    "tool_errors": "Tool errors",
    "tool_calls": "Tool calls",
    "latency_ms": "Latency (ms)",
    "cost_usd": "Cost (USD)",
    "total_tokens": "Tokens, in and out",
    "input_tokens": "Input tokens",
    "output_tokens": "Output tokens",
    "input_length": "Length of the input (characters)",
    "output_length": "Length of the output (characters)",
    "turns": "Turns of the conversation so far",
}
OPERATORS = (">=", "<=")
_FORM = re.compile(r"\s*([^\s<>=≥≤]+)\s*(>=|<=|≥|≤|==|=|<|>)\s*(\S+)\s*")
_SAME = {"≥": ">=", "≤": "<="}


@dataclass(frozen=True, slots=True)
class Limit:
    metric: str
    operator: str
    value: float

    def __str__(self) -> str:
        return f"{self.metric} {self.operator} {number_text(self.value)}"

    def as_query(self) -> Comparison:
        """The limit as a condition of the query language. Where the app did not send the number, no limit is met."""
        return Comparison(self.metric, self.operator, (Text(repr(self.value)),))


def parse(text: object) -> Limit:
    """The limit that the text states. Raises ValueError with a message for the person who wrote it."""
    if not isinstance(text, str) or not text.strip():
        raise ValueError("Write a metric, >= or <=, and a number, such as: tool_errors >= 3")
    form = _FORM.fullmatch(text[:200])
    if form is None:
        raise ValueError("Write it as a metric, >= or <=, and a number, such as: tool_errors >= 3")
    name, operator, written = form.groups()
    if name not in METRICS:
        raise ValueError(f"There is no metric {name!r}. The metrics are: {', '.join(METRICS)}.")
    operator = _SAME.get(operator, operator)
    if operator not in OPERATORS:
        raise ValueError(f"{operator} is not known here: use >= or <=.")
    try:
        value = float(written.replace("_", ""))
    except ValueError as error:
        raise ValueError(f"{written!r} is not a number.") from error
    if not math.isfinite(value) or not 0 <= value <= MAX_VALUE:
        raise ValueError("The number must lie between 0 and 1,000,000,000,000.")
    return Limit(name, operator, value)


def number_text(number: float) -> str:
    return f"{number:.10g}" if number < 1e10 else f"{number:.0f}"


def numbers_of(metric: str, facts: Facts) -> list[float | None]:
    """One number an event; None where the app did not send it. Only `turns` costs a query."""
    field = find_field(metric)
    assert field is not None, "a metric is a field"
    return [next(iter(numbers), None) for numbers in field[0].values(facts, key=field[1])]


def make_detector(limit: Limit, *, project: Project) -> Detect:
    """The evidence is the number itself (side "signal")."""

    def detect(batch: Batch) -> list[Finding]:
        assert isinstance(batch, EventBatch), "a metric is read off stored events"
        facts = Facts(batch.events, Scope(project))
        numbers = numbers_of(limit.metric, facts)
        found = []
        for index, held in enumerate(holds(limit.as_query(), facts)):
            if held:
                text = f"{limit.metric} {number_text(numbers[index] or 0)}"
                found.append(Finding(index, 1.0, [measured(text)]))
        return found

    return detect


def check(config: dict[str, Any]) -> str | None:
    """What is wrong with a metric signal's config, as a message for the person who wrote it; None when it is right."""
    if set(config) != {"metric"}:
        return 'Give {"metric": "tool_errors >= 3"} and nothing beside it.'
    try:
        parse(config["metric"])
    except ValueError as error:
        return str(error)
    return None


class MetricForm(KindForm):
    rule_field = "limit"
    metric = forms.ChoiceField(
        choices=list(METRICS.items()),
        required=False,
        widget=select(),
        label="Number",
    )
    operator = forms.ChoiceField(
        choices=[(">=", "at least (>=)"), ("<=", "at most (<=)")],
        required=False,
        widget=select(),
        label="Is",
    )
    value = forms.CharField(
        max_length=40, required=False, widget=text_input(inputmode="decimal", placeholder="3")
    )
    limit = forms.CharField(
        max_length=200,
        required=False,
        widget=text_input(placeholder="tool_errors >= 3", **MONOSPACE),
        label="Or as text",
        help_text=f"Counts when it is filled in. The metrics: {', '.join(METRICS)}.",
    )

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        typed = cleaned.get("limit", "").strip()
        place = "limit" if typed else "value"
        try:
            if not typed and not cleaned.get("value", "").strip():
                raise ValueError("Give a number.")
            text = typed or f"{cleaned.get('metric')} {cleaned.get('operator')} {cleaned['value'].strip()}"
            cleaned["parsed"] = str(parse(text))
        except ValueError as error:
            self.add_error(place, str(error))
        return cleaned

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> dict[str, Any]:
        limit = parse(config["metric"])
        return {"metric": limit.metric, "operator": limit.operator, "value": number_text(limit.value)}

    @classmethod
    def to_config(cls, cleaned: dict[str, Any]) -> dict[str, Any]:
        return {"metric": cleaned["parsed"]}


class MetricKind(SignalKind):
    name, title, place = "metric", "A number", 20
    about = "Tokens, latency, cost, tool calls and errors, length or turns, against a limit."
    config_names = frozenset({"metric"})
    shapes = ('{"metric": "tool_errors >= 3"}',)
    note = f"A metric has >= or <=; the metrics: {', '.join(METRICS)}."
    form = MetricForm
    template = "signals/kinds/_metric.html"

    def wrong_with(self, config: dict[str, Any]) -> str | None:
        return check(config)

    def make_detector(
        self, signal: SignalDefinition, *, findings: Findings, quoting: bool = True
    ) -> Detector:
        return Detector(
            self.name, VERSION, make_detector(parse(signal.config["metric"]), project=signal.project)
        )

    def describe(self, config: dict[str, Any]) -> str:
        return str(config["metric"])


KIND = MetricKind()
