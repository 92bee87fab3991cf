"""Conditions that hold together, each a signal that holds or does not, a property, a model, or a metric's limit.

{"all": [{"signal": "refusal"}, {"signal": "win", "not": true}, {"property": "plan", "equals": "pro"}, {"model": "gpt-4o"},
         {"metric": "turns >= 5"}]}
"""

import uuid
from typing import Any

from django import forms

from ingest.models import Event, Project
from signals.detectors.batch import Batch, Detect, Detector, Evidence, Finding
from signals.detectors.phrases import MAX_EVIDENCE
from signals.explicit import sent as explicit
from signals.kinds.base import Findings, SignalKind
from signals.kinds.form import MONOSPACE, KindForm, select, text_input
from signals.kinds.metric import parse
from signals.matching.batches import EventBatch
from signals.models import SignalDefinition
from signals.models.definitions import Kind
from signals.search.holding import holds
from signals.search.language.nodes import Comparison, Node, Not, Text, all_of
from signals.search.scope import Facts, Scope

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

# Rows of the form.
SIGNALS, PROPERTIES = 3, 2

Condition = dict[str, Any]
# Index of an event in the batch -> the evidence that it holds there.
Holds = dict[int, list[Evidence]]


def check(config: dict[str, Any]) -> str | None:
    """What is wrong with the config, as a message for the person who wrote it; None when it is right. Whether its signals exist:
    `check_signals`."""
    if set(config) != {"all"}:
        return 'Give {"all": [conditions]} and nothing beside it.'
    conditions = config["all"]
    if not isinstance(conditions, list) or not 1 <= len(conditions) <= MAX_CONDITIONS:
        return f"Give 1 to {MAX_CONDITIONS} conditions."
    for condition in conditions:
        if wrong := _check_condition(condition):
            return wrong
    if all(condition.get("not") for condition in conditions):
        return "At least one condition must say what holds, not only what does not."
    return None


def check_signals(conditions: list[Condition], taxonomy: dict[str, SignalDefinition]) -> str | None:
    """What is wrong with the signals that the conditions name. `taxonomy`: the project's signals of these keys."""
    keys = signals_of(conditions)
    for key in keys:
        if key not in taxonomy:
            return f"There is no signal with the key {key!r}."
        if is_combination(taxonomy[key]):
            return f"“{taxonomy[key].name}” is a combination itself: combine the signals that it is made of."
    if len(set(keys)) < len(keys):
        return "The same signal stands in two conditions."
    return None


def signals_of(conditions: list[Condition]) -> list[str]:
    """The keys that the conditions name."""
    return [condition["signal"] for condition in conditions if "signal" in condition]


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

    def detect(batch: Batch) -> list[Finding]:
        assert isinstance(batch, EventBatch), "a combination is read off stored events"
        events = batch.events
        facts = Facts(events, Scope(definition.project))
        standing = holds(all_of(as_query(one) for one in conditions if "signal" not in one), facts)
        if not signals_of(conditions) or not any(standing):
            return [Finding(index, 1.0, []) for index, held in enumerate(standing) if held]
        mine = list(
            SignalDefinition.objects.filter(project=definition.project_id).select_related("project", "group")
        )
        taxonomy = {signal.key: signal for signal in mine}
        # A signal that is gone holds nowhere.
        named = [one for one in conditions if one.get("signal") in taxonomy]
        if any(one["signal"] not in taxonomy and not one.get("not") for one in conditions if "signal" in one):
            return []
        where = {one["signal"]: _where(taxonomy[one["signal"]], batch, taxonomy, findings) for one in named}
        scores: dict[uuid.UUID, dict[uuid.UUID, float]] = {event.id: {} for event in events}
        for key, held_at in where.items():
            for index in held_at:
                scores[events[index].id][taxonomy[key].id] = 1.0
        whole = holds(
            all_of(map(as_query, named)), Facts(events, Scope(definition.project, given_signals=mine), scores)
        )
        return [
            Finding(index, 1.0, _evidence(named, where, index))
            for index, held in enumerate(whole)
            if held and standing[index]
        ]

    return detect


def as_query(condition: Condition) -> Node:
    """The condition in the query language."""
    if "metric" in condition:
        return parse(condition["metric"]).as_query()
    if "model" in condition:
        return Comparison("model", "", (Text(condition["model"]),))
    if "property" in condition:
        written = condition["equals"]
        either = [written, written.lower()] if written.lower() in ("true", "false") else [written]
        return Comparison(f"prop.{condition['property']}", "", tuple(map(Text, either)))
    node = Comparison("signal", "", (Text(condition["signal"]),))
    return Not(node) if condition.get("not") else node


def _where(
    signal: SignalDefinition, batch: EventBatch, taxonomy: dict[str, SignalDefinition], findings: Findings
) -> Holds:
    """Where a signal holds, by its own detector or because the app sent it: matches need not be stored yet."""
    if is_combination(signal):
        return {}
    if signal.kind == Kind.EXPLICIT:
        return _sent(signal, batch.events, taxonomy)
    return {found.index: found.evidence for found in findings(signal, batch)}


def _evidence(named: list[Condition], where: dict[str, Holds], index: int) -> list[Evidence]:
    pieces = [where[one["signal"]][index] for one in named if not one.get("not")]
    return [piece for some in pieces for piece in some][:MAX_EVIDENCE]


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


class CombinationForm(KindForm):
    """A few rows of conditions, all of which must hold; empty rows are left out."""

    rule_field = "signal_0"

    def __init__(
        self, *args: Any, project: Project, signal: SignalDefinition | None = None, **kwargs: Any
    ) -> None:
        super().__init__(*args, project=project, signal=signal, **kwargs)
        mine = SignalDefinition.objects.filter(project=project).order_by("name")
        signals = [(one.key, one.name) for one in mine if not is_combination(one)]
        for n in range(SIGNALS):
            self.fields[f"is_{n}"] = forms.ChoiceField(
                choices=[("", "holds"), ("not", "does not hold")],
                required=False,
                widget=select(),
                label=f"Signal {n + 1} holds or not",
            )
            self.fields[f"signal_{n}"] = forms.ChoiceField(
                choices=[("", "—"), *signals], required=False, widget=select(), label=f"Signal {n + 1}"
            )
        for n in range(PROPERTIES):
            self.fields[f"property_{n}"] = forms.CharField(
                max_length=200,
                required=False,
                widget=text_input(placeholder="plan"),
                label=f"Property {n + 1}",
            )
            self.fields[f"equals_{n}"] = forms.CharField(
                max_length=500, required=False, widget=text_input(placeholder="pro"), label="equals"
            )
        self.fields["model"] = forms.CharField(
            max_length=200, required=False, widget=text_input(placeholder="any"), label="Model equals"
        )
        self.fields["limit"] = forms.CharField(
            max_length=200,
            required=False,
            label="A number",
            widget=text_input(placeholder="turns >= 5", **MONOSPACE),
        )

    @property
    def signal_rows(self) -> list[tuple[forms.BoundField, forms.BoundField]]:
        return [(self[f"signal_{n}"], self[f"is_{n}"]) for n in range(SIGNALS)]

    @property
    def property_rows(self) -> list[tuple[forms.BoundField, forms.BoundField]]:
        return [(self[f"property_{n}"], self[f"equals_{n}"]) for n in range(PROPERTIES)]

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        for n in range(PROPERTIES):
            if bool(cleaned.get(f"property_{n}")) != bool(cleaned.get(f"equals_{n}")):
                self.add_error(f"property_{n}", "Give both the property's name and its value.")
        if cleaned.get("limit"):
            try:
                cleaned["limit"] = str(parse(cleaned["limit"]))
            except ValueError as error:
                self.add_error("limit", str(error))
        return cleaned

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> dict[str, Any]:
        values: dict[str, Any] = {}
        signals = [one for one in config["all"] if "signal" in one]
        properties = [one for one in config["all"] if "property" in one]
        for n, one in enumerate(signals):
            values |= {f"signal_{n}": one["signal"], f"is_{n}": "not" if one.get("not") else ""}
        for n, one in enumerate(properties):
            values |= {f"property_{n}": one["property"], f"equals_{n}": one["equals"]}
        for one in config["all"]:
            values |= {"model": one["model"]} if "model" in one else {}
            values |= {"limit": one["metric"]} if "metric" in one else {}
        return values

    @classmethod
    def to_config(cls, cleaned: dict[str, Any]) -> dict[str, Any]:
        conditions: list[Condition] = []
        for n in range(SIGNALS):
            if key := cleaned[f"signal_{n}"]:
                conditions.append({"signal": key, **({"not": True} if cleaned[f"is_{n}"] else {})})
        for n in range(PROPERTIES):
            if name := cleaned[f"property_{n}"]:
                conditions.append({"property": name, "equals": cleaned[f"equals_{n}"]})
        if cleaned["model"]:
            conditions.append({"model": cleaned["model"]})
        if cleaned["limit"]:
            conditions.append({"metric": cleaned["limit"]})
        return {"all": conditions}


class CombinationKind(SignalKind):
    name, title, place = "combination", "A combination", 50
    about = "Other signals that hold or do not, a property, a model, a number."
    config_names = frozenset({"all"})
    shapes = (
        '{"all": [{"signal": "refusal"}, {"signal": "win", "not": true}, {"property": "plan", "equals": "pro"}, '
        '{"model": "gpt-4o"}, {"metric": "turns >= 5"}]}',
    )
    form = CombinationForm
    template = "signals/kinds/_combination.html"
    needs_spans = names_signals = True

    def wrong_with(self, config: dict[str, Any]) -> str | None:
        return check(config)

    def wrong_in_project(self, signal: SignalDefinition) -> str | None:
        conditions: list[Condition] = signal.config["all"]
        rows = SignalDefinition.objects.filter(project=signal.project_id, key__in=signals_of(conditions))
        return check_signals(conditions, {row.key: row for row in rows.exclude(pk=signal.pk)})

    def make_detector(
        self, signal: SignalDefinition, *, findings: Findings, quoting: bool = True
    ) -> Detector:
        return Detector(self.name, VERSION, make_detector(signal, findings))

    def describe(self, config: dict[str, Any]) -> str:
        return "\nand ".join(map(_condition_text, config["all"]))

    def fits_form(self, config: dict[str, Any]) -> bool:
        """Whether the form has a row for each condition."""
        most = {"signal": SIGNALS, "property": PROPERTIES, "model": 1, "metric": 1}
        return super().fits_form(config) and all(
            sum(name in one for one in config["all"]) <= count for name, count in most.items()
        )


def _condition_text(condition: Condition) -> str:
    if "signal" in condition:
        return f"not {condition['signal']}" if condition.get("not") else str(condition["signal"])
    if "property" in condition:
        return f"{condition['property']} = {condition['equals']}"
    return f"model = {condition['model']}" if "model" in condition else str(condition["metric"])


KIND = CombinationKind()
