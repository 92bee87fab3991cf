"""The forms that custom signals are made and changed by, one for each kind. `config()` is what the fields stand for."""

from typing import Any

from django import forms

from ingest.models import Project
from signals.detectors.metric import METRICS, number_text, parse
from signals.detectors.sentence import MAX_SENTENCE
from signals.kinds import custom
from signals.models import SignalDefinition, SignalGroup
from signals.models.definitions import Reads, Sentiment
from signals.pages.forms.signal import config_of, expressions_of
from signals.questions.config import MAX_QUESTION, PLAUSIBLE, SAMPLE

SIDES = [
    (Reads.USER, "The user's words"),
    (Reads.ASSISTANT, "The agent's words"),
    (Reads.CONVERSATION, "Either side"),
]
SIGNALS, PROPERTIES = 3, 2


def _text(**attrs: Any) -> forms.TextInput:
    return forms.TextInput(attrs={"class": "form-control", "autocomplete": "off", **attrs})


def _area(rows: int, **attrs: Any) -> forms.Textarea:
    return forms.Textarea(attrs={"class": "form-control", "rows": rows, **attrs})


def _select(choices: Any = ()) -> forms.Select:
    return forms.Select(attrs={"class": "form-select"}, choices=choices)


class CustomForm(forms.Form):
    """What every kind has. `rule_field` is where an error of the config as a whole is shown."""

    kind = ""
    rule_field = ""
    name = forms.CharField(max_length=120, widget=_text(placeholder="Asks for a refund"))
    description = forms.CharField(
        max_length=20_000, required=False, widget=_area(2), help_text="What counts, and what does not."
    )
    sentiment = forms.ChoiceField(choices=Sentiment.choices, initial=Sentiment.NEUTRAL, widget=_select())
    group = forms.ModelChoiceField(
        SignalGroup.objects.none(), required=False, widget=_select(), empty_label="No group"
    )

    def __init__(
        self, *args: Any, project: Project, signal: SignalDefinition | None = None, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        group = self.fields["group"]
        assert isinstance(group, forms.ModelChoiceField)
        group.queryset = SignalGroup.objects.filter(project=project)
        self.signal, self.project = signal, project
        if signal is not None:
            self.initial.update(
                {
                    name: getattr(signal, name)
                    for name in ("name", "description", "sentiment", "group", "threshold", "reads")
                }
            )
            self.initial.update(self.from_config(signal.config))

    @property
    def settings(self) -> list[forms.BoundField]:
        return [self[name] for name in CustomForm.base_fields]

    @property
    def rules(self) -> list[forms.BoundField]:
        return [self[name] for name in self.fields if name not in CustomForm.base_fields]

    def from_config(self, config: dict[str, Any]) -> dict[str, Any]:
        """The fields' values for a stored config."""
        raise NotImplementedError

    def config(self) -> dict[str, Any]:
        """For a form that is valid."""
        raise NotImplementedError

    def fields_of_signal(self) -> dict[str, Any]:
        """What create_signal and change_signal take."""
        cleaned = self.cleaned_data
        taken = ("name", "description", "sentiment", "group", "threshold", "reads")
        return {name: cleaned[name] for name in taken if name in cleaned} | {"config": self.config()}

    def add_errors(self, errors: dict[str, list[str]]) -> None:
        """Errors by the signal's fields, put beside the form's."""
        places = {"config": self.rule_field, "key": "name"}
        for name, messages in errors.items():
            place = places.get(name, name)
            for message in messages:
                self.add_error(place if place in self.fields else None, message)


class WordsForm(CustomForm):
    kind, rule_field = custom.WORDS, "expressions"
    reads = forms.ChoiceField(choices=SIDES, initial=Reads.USER, widget=_select(), label="Look in")
    expressions = forms.CharField(
        max_length=100_000, widget=_area(5, **{"class": "form-control font-monospace"}), label="Words",
        help_text="A word or phrase a line; or one regular expression (re2) between slashes: /refund(ed)?/.",
    )  # fmt: skip

    def from_config(self, config: dict[str, Any]) -> dict[str, Any]:
        return {"expressions": expressions_of(config)}

    def config(self) -> dict[str, Any]:
        return config_of(self.cleaned_data["expressions"])


class MetricForm(CustomForm):
    kind, rule_field = custom.METRIC, "limit"
    metric = forms.ChoiceField(
        choices=[(name, one.label) for name, one in METRICS.items()],
        required=False,
        widget=_select(),
        label="Number",
    )
    operator = forms.ChoiceField(
        choices=[(">=", "at least (>=)"), ("<=", "at most (<=)")],
        required=False,
        widget=_select(),
        label="Is",
    )
    value = forms.CharField(max_length=40, required=False, widget=_text(inputmode="decimal", placeholder="3"))
    limit = forms.CharField(
        max_length=200, required=False, widget=_text(placeholder="tool_errors >= 3", **{"class": "form-control font-monospace"}), label="Or as text",
        help_text=f"Counts when it is filled in. The metrics: {', '.join(METRICS)}.",
    )  # fmt: skip

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

    def from_config(self, config: dict[str, Any]) -> dict[str, Any]:
        limit = parse(config["metric"])
        return {"metric": limit.metric, "operator": limit.operator, "value": number_text(limit.value)}

    def config(self) -> dict[str, Any]:
        return {"metric": self.cleaned_data["parsed"]}


class SentenceForm(CustomForm):
    kind, rule_field = custom.SENTENCE, "examples"
    reads = forms.ChoiceField(choices=SIDES, initial=Reads.USER, widget=_select(), label="Look in")
    sentence = forms.CharField(
        max_length=MAX_SENTENCE,
        widget=_text(placeholder="The user wants their money back"),
        label="In a sentence",
    )
    examples = forms.CharField(
        max_length=100_000, widget=_area(5, placeholder="I want a refund for this order\nCan I get my money back?"),
        help_text="What people say when it holds, one a line. Three to ten make a good start.",
    )  # fmt: skip
    counterexamples = forms.CharField(
        max_length=100_000, required=False, widget=_area(2), label="Not these",
        help_text="What looks alike and does not count, one a line.",
    )  # fmt: skip
    threshold = forms.FloatField(
        min_value=0.02, max_value=0.99, required=False, help_text="0.02 to 0.99: higher is stricter. Empty: 0.5.",
        widget=forms.NumberInput(attrs={"class": "form-control", "step": 0.01, "placeholder": "0.5"}),
    )  # fmt: skip

    def from_config(self, config: dict[str, Any]) -> dict[str, Any]:
        lines = {name: "\n".join(config.get(name, [])) for name in ("examples", "counterexamples")}
        return {"sentence": config["sentence"], **lines}

    def config(self) -> dict[str, Any]:
        made: dict[str, Any] = {"sentence": self.cleaned_data["sentence"].strip()}
        for name in ("examples", "counterexamples"):
            lines = [line.strip() for line in self.cleaned_data[name].splitlines() if line.strip()]
            if lines or name == "examples":
                made[name] = lines
        return made


class QuestionForm(CustomForm):
    kind, rule_field = custom.QUESTION, "question"
    reads = forms.ChoiceField(choices=SIDES, initial=Reads.USER, widget=_select(), label="The model reads")
    question = forms.CharField(
        max_length=MAX_QUESTION, widget=_area(4, placeholder="Does the agent promise a refund that it cannot give?"),
        help_text="One that is answered by yes or no. Say what counts, and what does not.",
    )  # fmt: skip
    examples = forms.CharField(
        max_length=100_000, widget=_area(4, placeholder="You will get all of your money back tomorrow."),
        help_text="What is said when the answer is yes, one a line. The small model learns from them, the LLM is shown them.",
    )  # fmt: skip
    counterexamples = forms.CharField(
        max_length=100_000, required=False, widget=_area(2), label="Not these",
        help_text="What looks alike and does not count, one a line.",
    )  # fmt: skip
    plausible = forms.FloatField(
        min_value=0, max_value=1, initial=PLAUSIBLE, label="The LLM is asked from",
        widget=forms.NumberInput(attrs={"class": "form-control", "step": 0.01}),
        help_text="The small model's score, 0 to 1. Lower finds more, and costs more.",
    )  # fmt: skip
    sample = forms.FloatField(
        min_value=0, max_value=1, initial=SAMPLE, label="And on a share of the rest",
        widget=forms.NumberInput(attrs={"class": "form-control", "step": 0.001}),
        help_text="0 to 1. What the small model misses is only found there.",
    )  # fmt: skip
    threshold = forms.FloatField(
        min_value=0.02, max_value=0.99, required=False, label="Where the LLM is not asked",
        help_text="The small model's score that counts as yes. Empty: 0.5.",
        widget=forms.NumberInput(attrs={"class": "form-control", "step": 0.01, "placeholder": "0.5"}),
    )  # fmt: skip

    def from_config(self, config: dict[str, Any]) -> dict[str, Any]:
        lines = {name: "\n".join(config.get(name, [])) for name in ("examples", "counterexamples")}
        numbers = {"plausible": config.get("plausible", PLAUSIBLE), "sample": config.get("sample", SAMPLE)}
        return {"question": config["question"], **lines, **numbers}

    def config(self) -> dict[str, Any]:
        cleaned = self.cleaned_data
        made: dict[str, Any] = {
            "question": cleaned["question"].strip(),
            "examples": lines_of(cleaned["examples"]),
        }
        if lines := lines_of(cleaned["counterexamples"]):
            made["counterexamples"] = lines
        return {**made, "plausible": cleaned["plausible"], "sample": cleaned["sample"]}


def lines_of(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]


class CombinationForm(CustomForm):
    """A few rows of conditions, all of which must hold; empty rows are left out."""

    kind, rule_field = custom.COMBINATION, "signal_0"

    def __init__(
        self, *args: Any, project: Project, signal: SignalDefinition | None = None, **kwargs: Any
    ) -> None:
        self.limits: list[dict[str, Any]] = []
        super().__init__(*args, project=project, signal=signal, **kwargs)
        mine = SignalDefinition.objects.filter(project=project).order_by("name")
        signals = [
            (one.key, one.name) for one in mine if not (isinstance(one.config, dict) and "all" in one.config)
        ]
        for n in range(SIGNALS):
            self.fields[f"is_{n}"] = forms.ChoiceField(
                choices=[("", "holds"), ("not", "does not hold")],
                required=False,
                widget=_select(),
                label=f"Signal {n + 1} holds or not",
            )
            self.fields[f"signal_{n}"] = forms.ChoiceField(
                choices=[("", "—"), *signals], required=False, widget=_select(), label=f"Signal {n + 1}"
            )
        for n in range(PROPERTIES):
            self.fields[f"property_{n}"] = forms.CharField(
                max_length=200, required=False, widget=_text(placeholder="plan"), label=f"Property {n + 1}"
            )
            self.fields[f"equals_{n}"] = forms.CharField(
                max_length=500, required=False, widget=_text(placeholder="pro"), label="equals"
            )
        self.fields["model"] = forms.CharField(
            max_length=200, required=False, widget=_text(placeholder="any"), label="Model equals"
        )
        self.fields["limit"] = forms.CharField(
            max_length=200,
            required=False,
            label="A number",
            widget=_text(placeholder="turns >= 5", **{"class": "form-control font-monospace"}),
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

    def from_config(self, config: dict[str, Any]) -> dict[str, Any]:
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

    def config(self) -> dict[str, Any]:
        cleaned, conditions = self.cleaned_data, []
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


def fits(config: dict[str, Any]) -> bool:
    """Whether the form has a row for each condition: one that came by the API may have more."""
    counts = [
        sum(name in one for one in config.get("all", []))
        for name in ("signal", "property", "model", "metric")
    ]
    return all(count <= most for count, most in zip(counts, (SIGNALS, PROPERTIES, 1, 1), strict=True))


FORMS: dict[str, type[CustomForm]] = {
    form.kind: form for form in (WordsForm, MetricForm, SentenceForm, QuestionForm, CombinationForm)
}
