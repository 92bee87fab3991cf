"""The forms of the settings pages."""

from typing import Any

from django import forms
from django.contrib.auth.forms import BaseUserCreationForm
from django.core.validators import RegexValidator

from ingest.limits.quotas import save_limits
from ingest.models import ApiKey, Project, User
from ingest.models.projects import SLUG, KeyKind, Role


class NewUserForm(BaseUserCreationForm[User]):
    """A name, and a password twice that the validators of the settings accept."""

    class Meta:
        model = User
        fields = ["username"]


class ProjectForm(forms.ModelForm[Project]):
    """The slug is not here: keys, links and SDK settings carry it, so that it never changes."""

    class Meta:
        model = Project
        fields = ["name"]


class NewProjectForm(forms.Form):
    name = forms.CharField(max_length=120)
    slug = forms.CharField(
        max_length=63, validators=[RegexValidator(SLUG, "Lower-case letters, digits and inner hyphens.")]
    )

    def clean_slug(self) -> str:
        slug: str = self.cleaned_data["slug"]
        if Project.objects.filter(slug=slug).exists():
            raise forms.ValidationError("There is a project of this slug already.")
        return slug


class KeyForm(forms.Form):
    kind = forms.ChoiceField(choices=KeyKind.choices)
    name = forms.CharField(max_length=120, required=False)


class LimitsForm(forms.Form):
    """A project's monthly quota, and the limits of its write keys, each in fields of its own. Empty: the default."""

    def __init__(self, *args: Any, project: Project, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.project = project
        self.keys = list(project.keys.filter(kind=KeyKind.WRITE, revoked_at=None))
        self.fields["monthly_quota"] = forms.IntegerField(
            min_value=0,
            max_value=10**15,
            required=False,
            initial=project.monthly_quota,
            label="Monthly quota",
        )
        for key in self.keys:
            for name in ("rate", "burst"):
                self.fields[f"{name}_{key.id}"] = forms.IntegerField(
                    min_value=1,
                    max_value=10**9,
                    required=False,
                    initial=getattr(key, name),
                    label=f"{name.capitalize()} of {key.prefix}…",
                )

    def rows(self) -> list[tuple[ApiKey, forms.BoundField, forms.BoundField]]:
        return [(key, self[f"rate_{key.id}"], self[f"burst_{key.id}"]) for key in self.keys]

    def save(self) -> None:
        """Keys whose fields were not sent (made since the page was open) stay as they are."""
        limits = [
            (
                key,
                {
                    n: self.cleaned_data[f"{n}_{key.id}"]
                    for n in ("rate", "burst")
                    if f"{n}_{key.id}" in self.data
                },
            )
            for key in self.keys
        ]
        quota = (
            self.cleaned_data["monthly_quota"] if "monthly_quota" in self.data else self.project.monthly_quota
        )
        save_limits(project=self.project, monthly_quota=quota, keys=limits)


class MemberForm(forms.Form):
    username = forms.CharField(max_length=150)
    role = forms.ChoiceField(choices=Role.choices)


class RoleForm(forms.Form):
    role = forms.ChoiceField(choices=Role.choices)
