"""A number of the event held against a limit, as somebody wrote it in the app: `tool_errors >= 3`. Any language."""

import math
import re
from collections.abc import Callable
from dataclasses import dataclass

from ingest.models import Event

VERSION = 1
MAX_VALUE = 1e12


@dataclass(frozen=True, slots=True)
class Metric:
    """`read` gives None where the app did not send the number: then no limit is met."""

    label: str
    read: Callable[[Event], float | None]


def _total_tokens(event: Event) -> float | None:
    sent = [count for count in (event.input_tokens, event.output_tokens) if count is not None]
    return sum(sent) if sent else None


METRICS: dict[str, Metric] = {
    "tool_errors": Metric("Tool errors", lambda event: event.tool_errors),
    "tool_calls": Metric("Tool calls", lambda event: event.tool_calls),
    "latency_ms": Metric("Latency (ms)", lambda event: event.latency_ms),
    "cost_usd": Metric("Cost (USD)", lambda event: event.cost_usd),
    "total_tokens": Metric("Tokens, in and out", _total_tokens),
    "input_tokens": Metric("Input tokens", lambda event: event.input_tokens),
    "output_tokens": Metric("Output tokens", lambda event: event.output_tokens),
    "input_length": Metric("Length of the input (characters)", lambda event: len(event.input)),
    "output_length": Metric("Length of the output (characters)", lambda event: len(event.output)),
    # Read from the conversation: signals/matching/batches.py, turns_so_far.
    "turns": Metric("Turns of the conversation so far", lambda event: None),
}
TURNS = "turns"
OPERATORS: dict[str, Callable[[float, float], bool]] = {
    ">=": lambda number, limit: number >= limit,
    "<=": lambda number, limit: number <= limit,
}
_FORM = re.compile(r"\s*([^\s<>=≥≤]+)\s*(>=|<=|≥|≤|==|=|<|>)\s*(\S+)\s*")
_SAME = {"≥": ">=", "≤": "<="}


@dataclass(frozen=True, slots=True)
class Limit:
    metric: str
    operator: str
    value: float

    def __str__(self) -> str:
        return f"{self.metric} {self.operator} {number_text(self.value)}"

    def holds(self, number: float | None) -> bool:
        return number is not None and OPERATORS[self.operator](number, self.value)


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
