"""What people type on the signal pages, checked."""

import copy
from typing import Any

from django import forms

from signals.catalogue.parameters import parameters_of
from signals.kinds.form import KindForm
from signals.kinds.registry import form_of, is_scored, kind_of
from signals.models import SignalDefinition, SignalGroup
from signals.models.definitions import Kind
from signals.pages.forms.parameters import config_of_fields, parameter_fields


class SignalForm(forms.ModelForm[SignalDefinition]):
    """A signal's words and settings, with those fields of its kind's form that stand on its page (KindForm.on_signal_page)."""

    class Meta:
        model = SignalDefinition
        fields = ["name", "description", "sentiment", "group", "action", "enabled", "muted", "threshold"]
        widgets = {
            "name": forms.TextInput(attrs={"class": "form-control"}),
            "description": forms.Textarea(attrs={"class": "form-control", "rows": 4, "maxlength": 20_000}),
            "sentiment": forms.Select(attrs={"class": "form-select"}),
            "group": forms.Select(attrs={"class": "form-select"}),
            "action": forms.Select(attrs={"class": "form-select"}),
            "enabled": forms.CheckboxInput(attrs={"class": "form-check-input"}),
            "muted": forms.CheckboxInput(attrs={"class": "form-check-input"}),
            "threshold": forms.NumberInput(
                attrs={
                    "class": "form-control",
                    "min": 0,
                    "max": 1,
                    "step": 0.01,
                    "placeholder": "the detector's own",
                }
            ),
        }
        help_texts = {
            "threshold": "0 to 1: how sure the detector must be. A change reads the history again.",
            "enabled": "Looked for in new events.",
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        signal = self.instance
        group = self.fields["group"]
        assert isinstance(group, forms.ModelChoiceField)
        group.queryset = SignalGroup.objects.filter(project=signal.project_id)
        group.empty_label = "No group"
        if not is_scored(signal):
            del self.fields["threshold"]
        if signal.kind != Kind.EXPLICIT:
            del self.fields["action"]
        self.rule_form = _form_on_page(signal)
        if self.rule_form is not None:
            self.fields.update(
                {
                    name: copy.deepcopy(self.rule_form.base_fields[name])
                    for name in self.rule_form.on_signal_page
                }
            )
            self.initial.update(self.rule_form.from_config(signal.config))
        self.fields.update(parameter_fields(signal))

    def clean_description(self) -> str:
        description: str = self.cleaned_data["description"]
        return description[:20_000]

    def clean_threshold(self) -> float | None:
        threshold: float | None = self.cleaned_data["threshold"]
        if threshold is not None and not 0 <= threshold <= 1:
            raise forms.ValidationError("A number from 0 to 1.")
        return threshold

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        kind = kind_of(self.instance)
        if (
            self.rule_form is not None
            and kind is not None
            and cleaned.keys() >= set(self.rule_form.on_signal_page)
        ):
            self.config = self.rule_form.to_config(cleaned)
            if wrong := kind.wrong_with(self.config):
                self.add_error(self.rule_form.rule_field, wrong)
        return cleaned

    def changes(self) -> dict[str, Any]:
        """What `signals.taxonomy.definitions.change_signal` takes. An explicit name that was edited counts as reviewed."""
        cleaned = dict(self.cleaned_data)
        if self.rule_form is not None:
            cleaned = {
                name: value for name, value in cleaned.items() if name not in self.rule_form.on_signal_page
            }
            cleaned["config"] = self.config
        if parameters_of(self.instance):
            cleaned["config"] = config_of_fields(cleaned)
        return {**cleaned, "reviewed": True}


def _form_on_page(signal: SignalDefinition) -> type[KindForm] | None:
    form = form_of(signal)
    return form if form is not None and form.on_signal_page else None
