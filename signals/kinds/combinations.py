"""A signal made of others: `{"all": [conditions]}`, each a signal that holds or does not, a property, a model, or a metric's limit."""

from collections.abc import Callable, Iterable
from typing import Any

from ingest.models import Event
from signals.detectors.batch import Batch, Detect, Evidence, Found
from signals.detectors.metric import parse
from signals.detectors.phrases import MAX_EVIDENCE
from signals.explicit import sent as explicit
from signals.kinds.measuring import numbers_of
from signals.matching.batches import EventBatch
from signals.models import SignalDefinition
from signals.models.definitions import Kind

VERSION = 1
MAX_CONDITIONS = 10
MAX_LENGTH = 500
SHAPES = (
    {"signal"},
    {"signal", "not"},
    {"property", "equals"},
    {"model"},
    {"metric"},
)

Condition = dict[str, Any]
Findings = Callable[[SignalDefinition, Batch], list[Found]]
# Index of an event in the batch -> the evidence that it holds there.
Holds = dict[int, list[Evidence]]


def check(conditions: object, *, known: Callable[[Iterable[str]], dict[str, SignalDefinition]]) -> str | None:
    """What is wrong with the conditions, as a message; None when they are right. `known`: the project's signals of these keys."""
    if wrong := check_shape(conditions):
        return wrong
    assert isinstance(conditions, list)
    asked = [condition["signal"] for condition in conditions if "signal" in condition]
    found = known(asked)
    for key in asked:
        if key not in found:
            return f"There is no signal with the key {key!r}."
        if is_combination(found[key]):
            return f"“{found[key].name}” is a combination itself: combine the signals that it is made of."
    if len(set(asked)) < len(asked):
        return "The same signal stands in two conditions."
    return None


def check_shape(conditions: object) -> str | None:
    """As `check`, but for whether the signals exist."""
    if not isinstance(conditions, list) or not 1 <= len(conditions) <= MAX_CONDITIONS:
        return f"Give 1 to {MAX_CONDITIONS} conditions."
    for condition in conditions:
        if wrong := _check_condition(condition):
            return wrong
    if all(condition.get("not") for condition in conditions):
        return "At least one condition must say what holds, not only what does not."
    return None


def is_combination(signal: SignalDefinition) -> bool:
    return not signal.builtin and isinstance(signal.config, dict) and "all" in signal.config


def _check_condition(condition: object) -> str | None:
    if not isinstance(condition, dict) or set(condition) not in SHAPES:
        return (
            'A condition is {"signal": KEY}, {"signal": KEY, "not": true}, {"property": NAME, "equals": VALUE}, '
            '{"model": NAME} or {"metric": "tool_errors >= 3"}.'
        )
    if "not" in condition and not isinstance(condition["not"], bool):
        return '"not" is true or false.'
    for name, value in condition.items():
        if name != "not" and (not isinstance(value, str) or not value.strip() or len(value) > MAX_LENGTH):
            return f"{name} must be a text of 1 to {MAX_LENGTH} characters."
    if "metric" in condition:
        try:
            parse(condition["metric"])
        except ValueError as error:
            return str(error)
    return None


def make_detector(definition: SignalDefinition, findings: Findings) -> Detect:
    """`findings` says where another signal holds in a batch by its own detector, whether it is enabled or not."""
    conditions: list[Condition] = definition.config["all"]

    def detect(batch: Batch) -> list[Found]:
        assert isinstance(batch, EventBatch), "a combination is read off stored events"
        taxonomy: dict[str, SignalDefinition] = {}
        if any("signal" in condition for condition in conditions):
            mine = SignalDefinition.objects.filter(project=definition.project_id).select_related("project")
            taxonomy = {signal.key: signal for signal in mine}
        standing: Holds = {index: [] for index in range(len(batch.events))}
        for condition in sorted(conditions, key=lambda condition: "signal" in condition):
            if not standing:
                return []
            held = _holds(condition, batch, taxonomy, findings)
            if condition.get("not"):
                standing = {index: pieces for index, pieces in standing.items() if index not in held}
            else:
                standing = {
                    index: [*pieces, *held[index]] for index, pieces in standing.items() if index in held
                }
        return [Found(index, 1.0, pieces[:MAX_EVIDENCE]) for index, pieces in standing.items()]

    return detect


def _holds(
    condition: Condition, batch: EventBatch, taxonomy: dict[str, SignalDefinition], findings: Findings
) -> Holds:
    if "metric" in condition:
        limit = parse(condition["metric"])
        numbers = numbers_of(limit.metric, batch.events)
        return {index: [] for index, number in enumerate(numbers) if limit.holds(number)}
    if "signal" not in condition:
        return {index: [] for index, event in enumerate(batch.events) if _equals(event, condition)}
    signal = taxonomy.get(condition["signal"])
    if signal is None or is_combination(signal):
        return {}
    if signal.kind == Kind.EXPLICIT:
        return _sent(signal, batch.events, taxonomy)
    return {found.index: found.evidence for found in findings(signal, batch)}


def _equals(event: Event, condition: Condition) -> bool:
    if "model" in condition:
        return bool(event.model == condition["model"])
    properties = event.properties if isinstance(event.properties, dict) else {}
    value = properties.get(condition["property"])
    if isinstance(value, bool):
        return str(value).lower() == str(condition["equals"]).lower()
    return isinstance(value, str | int | float) and str(value) == str(condition["equals"])


def _sent(signal: SignalDefinition, events: list[Event], taxonomy: dict[str, SignalDefinition]) -> Holds:
    """Where the app sent it."""
    sent = explicit.explicit_signals_of(events)
    held: Holds = {}
    for index, event in enumerate(events):
        if not (mine := sent.get(event.id)):
            continue
        definitions = explicit.definitions_for(signal.project, mine, taxonomy)
        same = [one for one in mine if definitions[one.id].id == signal.id]
        if same:
            held[index] = explicit.evidence_of(same, event)
    return held
