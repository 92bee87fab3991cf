"""What people type on the signal pages, checked."""

import json
from typing import Any

from django import forms

from signals.catalogue.parameters import parameters_of
from signals.detectors import words
from signals.kinds import custom
from signals.models import SignalDefinition, SignalGroup
from signals.models.definitions import Kind
from signals.pages.forms.parameters import config_of_fields, parameter_fields


class SignalForm(forms.ModelForm[SignalDefinition]):
    """A signal's words and settings. `expressions`: a words signal's words, one a line, or one /pattern/."""

    expressions = forms.CharField(
        required=False,
        max_length=100_000,
        widget=forms.Textarea(attrs={"class": "form-control font-monospace", "rows": 4}),
        label="Words",
        help_text="A word or phrase a line; or one regular expression (re2) between slashes: /refund(ed)?/.",
    )

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
        if not custom.is_scored(signal):
            del self.fields["threshold"]
        if signal.kind != Kind.EXPLICIT:
            del self.fields["action"]
        if not custom.is_custom(signal) or custom.kind_of(signal.config) != custom.WORDS:
            del self.fields["expressions"]
        else:
            self.initial["expressions"] = expressions_of(signal.config)
        self.fields.update(parameter_fields(signal))

    def clean_description(self) -> str:
        description: str = self.cleaned_data["description"]
        return description[:20_000]

    def clean_threshold(self) -> float | None:
        threshold: float | None = self.cleaned_data["threshold"]
        if threshold is not None and not 0 <= threshold <= 1:
            raise forms.ValidationError("A number from 0 to 1.")
        return threshold

    def clean_expressions(self) -> str:
        text: str = self.cleaned_data["expressions"]
        if wrong := words.check(config_of(text)):
            raise forms.ValidationError(wrong)
        return text

    def changes(self) -> dict[str, Any]:
        """What `signals.taxonomy.definitions.change_signal` takes. An explicit name that was edited counts as reviewed."""
        cleaned = dict(self.cleaned_data)
        if "expressions" in cleaned:
            cleaned["config"] = config_of(cleaned.pop("expressions"))
        if parameters_of(self.instance):
            cleaned["config"] = config_of_fields(cleaned)
        return {**cleaned, "reviewed": True}


def config_of(text: str) -> dict[str, Any]:
    """The config that the lines stand for."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if len(lines) == 1 and len(lines[0]) > 2 and lines[0][0] == lines[0][-1] == "/":
        return {"pattern": lines[0][1:-1]}
    return {"words": lines}


def expressions_of(config: Any) -> str:
    if isinstance(config, dict) and isinstance(config.get("pattern"), str):
        return f"/{config['pattern']}/"
    if isinstance(config, dict) and isinstance(config.get("words"), list):
        return "\n".join(map(str, config["words"]))
    return json.dumps(config)
