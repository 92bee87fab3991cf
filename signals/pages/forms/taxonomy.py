"""What people do to many signals at once, and to a name that the app sent."""

from typing import Any

from django import forms

from ingest.models import Project
from signals.catalogue.installing import ensure_groups
from signals.models import SignalDefinition, SignalGroup
from signals.models.definitions import Action, Kind, Sentiment

# What each button sets; "group" and "sentiment" set what stands in their fields.
CHANGES: dict[str, dict[str, Any]] = {
    "enable": {"enabled": True},
    "disable": {"enabled": False},
    "mute": {"muted": True},
    "unmute": {"muted": False},
    "review": {"reviewed": True},
}
DONE = {
    "enable": "switched on",
    "disable": "switched off",
    "mute": "muted",
    "unmute": "no longer muted",
    "review": "reviewed",
    "group": "grouped",
    "sentiment": "given a sentiment",
    "reset": "reset to the defaults",
}


class BulkForm(forms.Form):
    """`signal`: keys. Those that are not this project's are not found."""

    action = forms.ChoiceField(choices=[(name, name) for name in DONE])
    signal = forms.MultipleChoiceField()
    group = forms.CharField(required=False, max_length=80)
    sentiment = forms.ChoiceField(required=False, choices=[("", ""), *Sentiment.choices])

    def __init__(self, data: Any, *, project: Project) -> None:
        super().__init__(data)
        self.project = project
        keys = SignalDefinition.objects.filter(project=project).values_list("key", flat=True)
        field = self.fields["signal"]
        assert isinstance(field, forms.MultipleChoiceField)
        field.choices = [(key, key) for key in keys]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if cleaned.get("action") == "sentiment" and not cleaned.get("sentiment"):
            self.add_error("sentiment", "Choose a sentiment first.")
        return cleaned

    def changes(self) -> dict[str, Any]:
        """What signals.taxonomy.bulk.change_signals takes."""
        action: str = self.cleaned_data["action"]
        return CHANGES.get(action) or {action: self.cleaned_data[action]}


class NameForm(forms.ModelForm[SignalDefinition]):
    """A name that the app sent: what it is called here, and what it means. `group`: by name, made when it is new."""

    group = forms.CharField(required=False, max_length=80)

    class Meta:
        model = SignalDefinition
        fields = ["name", "sentiment", "action", "muted"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        action = self.fields["action"]
        assert isinstance(action, forms.ChoiceField)
        action.choices = [("", "Something else"), *Action.choices]
        if self.instance.group:
            self.initial["group"] = self.instance.group.name
        classes = {"sentiment": "form-select form-select-sm", "action": "form-select form-select-sm"}
        for name, field in self.fields.items():
            field.widget.attrs["class"] = classes.get(name, "form-control form-control-sm")
            field.widget.attrs["id"] = f"{self.instance.key}-{name}"
            field.widget.attrs["form"] = f"name-{self.instance.key}"
            field.widget.attrs["aria-label"] = f"{field.label} of {self.instance.name}"
        self.fields["group"].widget.attrs |= {"list": "groups", "placeholder": "No group"}

    def changes(self) -> dict[str, Any]:
        """What signals.taxonomy.definitions.change_signal takes."""
        cleaned = dict(self.cleaned_data)
        name = cleaned.pop("group")
        project = self.instance.project
        group: SignalGroup | None = ensure_groups(project, {name: ""})[name] if name else None
        return {**cleaned, "group": group, "reviewed": True}


def unreviewed(project: Project) -> Any:
    """The names that the app sent and nobody looked at yet."""
    return SignalDefinition.objects.filter(project=project, reviewed=False, kind=Kind.EXPLICIT)
