"""What the forms of all kinds share: the signal's name and settings around the fields that stand for its config."""

from typing import Any, ClassVar

from django import forms

from ingest.models import Project
from signals.models import SignalDefinition, SignalGroup
from signals.models.definitions import Reads, Sentiment

SIDES = [
    (Reads.USER, "The user's words"),
    (Reads.ASSISTANT, "The agent's words"),
    (Reads.CONVERSATION, "Either side"),
]
# Fields of the signal itself, where a form has them.
OF_SIGNAL = ("name", "description", "sentiment", "group", "threshold", "reads")
MONOSPACE = {"class": "form-control font-monospace"}


def text_input(**attrs: Any) -> forms.TextInput:
    return forms.TextInput(attrs={"class": "form-control", "autocomplete": "off", **attrs})


def text_area(rows: int, **attrs: Any) -> forms.Textarea:
    return forms.Textarea(attrs={"class": "form-control", "rows": rows, **attrs})


def number_input(step: float, **attrs: Any) -> forms.NumberInput:
    return forms.NumberInput(attrs={"class": "form-control", "step": step, **attrs})


def select(choices: Any = ()) -> forms.Select:
    return forms.Select(attrs={"class": "form-select"}, choices=choices)


def side_field(label: str) -> forms.ChoiceField:
    return forms.ChoiceField(choices=SIDES, initial=Reads.USER, widget=select(), label=label)


def lines_of(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]


class KindForm(forms.Form):
    """A kind's form adds its fields to these, and says in `to_config` and `from_config` what they stand for."""

    rule_field: ClassVar[str] = ""  # where an error of the config as a whole is shown
    # Fields that the signal's own page offers too. They are enough for `to_config`.
    on_signal_page: ClassVar[tuple[str, ...]] = ()
    name = forms.CharField(max_length=120, widget=text_input(placeholder="Asks for a refund"))
    description = forms.CharField(
        max_length=20_000, required=False, widget=text_area(2), help_text="What counts, and what does not."
    )
    sentiment = forms.ChoiceField(choices=Sentiment.choices, initial=Sentiment.NEUTRAL, widget=select())
    group = forms.ModelChoiceField(
        SignalGroup.objects.none(), required=False, widget=select(), empty_label="No group"
    )

    def __init__(
        self, *args: Any, project: Project, signal: SignalDefinition | None = None, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        group = self.fields["group"]
        assert isinstance(group, forms.ModelChoiceField)
        group.queryset = SignalGroup.objects.filter(project=project)
        if signal is not None:
            self.initial.update({name: getattr(signal, name) for name in OF_SIGNAL})
            self.initial.update(self.from_config(signal.config))

    @property
    def rules(self) -> list[forms.BoundField]:
        """The kind's own fields."""
        return [self[name] for name in self.fields if name not in KindForm.base_fields]

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> dict[str, Any]:
        """The fields' values for a stored config."""
        raise NotImplementedError

    @classmethod
    def to_config(cls, cleaned: dict[str, Any]) -> dict[str, Any]:
        """What the fields' cleaned values stand for."""
        raise NotImplementedError

    def fields_of_signal(self) -> dict[str, Any]:
        """What create_signal and change_signal take. The form is valid."""
        cleaned = self.cleaned_data
        taken = {name: cleaned[name] for name in OF_SIGNAL if name in cleaned}
        return taken | {"config": self.to_config(cleaned)}

    def add_errors(self, errors: dict[str, list[str]]) -> None:
        """Errors by the signal's fields, put beside the form's."""
        places = {"config": self.rule_field, "key": "name"}
        for name, messages in errors.items():
            place = places.get(name, name)
            for message in messages:
                self.add_error(place if place in self.fields else None, message)
