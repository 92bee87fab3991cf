"""The parameters of built-in signals (signals/catalogue/parameters.py) as fields of a form. Empty: the detector's own value."""

from typing import Any

from django import forms

from signals.catalogue.parameters import parameters_of, settings_of, wrong_with_value
from signals.kinds.metric import number_text
from signals.models import SignalDefinition

PREFIX = "parameter_"


class ParameterField(forms.FloatField):
    """Gives None or a number that `parameters.check` takes; a whole one as an int."""

    def __init__(self, parameter: Any) -> None:
        self.parameter = parameter
        widget = forms.NumberInput(
            attrs={
                "class": "form-control",
                "placeholder": number_text(parameter.default),
                "step": 1 if parameter.whole else "any",
            }
        )
        help_text = f"{parameter.help} Empty: {number_text(parameter.default)}. A change reads the history again.".strip()
        super().__init__(required=False, label=parameter.label, widget=widget, help_text=help_text)

    def clean(self, value: Any) -> float | None:
        number = super().clean(value)
        if number is None:
            return None
        if wrong := wrong_with_value(self.parameter, number):
            raise forms.ValidationError(wrong)
        return int(number) if number == int(number) else float(number)


def parameter_fields(signal: SignalDefinition) -> dict[str, ParameterField]:
    """By the field's name; each with what the project set."""
    chosen = settings_of(signal)
    fields = {PREFIX + parameter.name: ParameterField(parameter) for parameter in parameters_of(signal)}
    for field in fields.values():
        if field.parameter.name in chosen:
            field.initial = number_text(chosen[field.parameter.name])
    return fields


def config_of_fields(cleaned: dict[str, Any]) -> dict[str, float]:
    """Takes the parameters' fields out of a form's cleaned data; what they are as `SignalDefinition.config`."""
    names = [name for name in cleaned if name.startswith(PREFIX)]
    values = {name.removeprefix(PREFIX): cleaned.pop(name) for name in names}
    return {name: value for name, value in values.items() if value is not None}


def shown_parameters(signal: SignalDefinition) -> list[tuple[str, str, bool]]:
    """(label, value, whether it is the detector's own), for the signal's page."""
    chosen = settings_of(signal)
    return [
        (p.label, number_text(chosen.get(p.name, p.default)), p.name not in chosen)
        for p in parameters_of(signal)
    ]
