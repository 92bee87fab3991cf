"""A person's own e-mail of a project: where it goes, and what it tells."""

from typing import Any, cast

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect

from ingest.models import Project
from ingest.projects.access import ProjectRequest, project_page
from issues.alerts.personal import EACH, choices_of, choose
from issues.alerts.registry import find_trigger
from issues.digest.due import KINDS
from issues.models import AlertDelivery
from raindrop.web.regions import render_page

NONE = ""
SHOWN = 10  # mails


class MailForm(forms.Form):
    """`each`: told as it happens; `digest`: each day or each week, or none."""

    email = forms.EmailField(
        required=False, label="Your address", widget=forms.EmailInput(attrs={"class": "form-control", "autocomplete": "email"})
    )  # fmt: skip
    each = forms.MultipleChoiceField(
        required=False, label="At once, when", widget=forms.CheckboxSelectMultiple(attrs={"class": "form-check-input"})
    )  # fmt: skip
    digest = forms.ChoiceField(
        required=False, label="Digest", widget=forms.Select(attrs={"class": "form-select"})
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        each, digest = (cast(forms.ChoiceField, self.fields[name]) for name in ("each", "digest"))
        each.choices = [(name, _title(name)) for name in EACH]
        digest.choices = [(NONE, "None"), *((name, _title(name)) for name in KINDS)]

    def clean(self) -> dict[str, Any]:
        found = self.cleaned_data
        if (
            (found.get("each") or found.get("digest"))
            and not found.get("email")
            and "email" not in self.errors
        ):
            self.add_error("email", "Say where the e-mail goes.")
        return found


def _title(name: str) -> str:
    trigger = find_trigger(name)
    return trigger.title if trigger else name


@project_page()
def my_mail(request: ProjectRequest, project: Project) -> HttpResponse:
    """Everybody's own: a viewer's too."""
    user = request.user
    chosen = choices_of(project=project, user=user)
    initial = {
        "email": user.email,
        "each": [name for name in EACH if name in chosen],
        "digest": next((name for name in KINDS if name in chosen), NONE),
    }
    form = MailForm(request.POST if request.method == "POST" else None, initial=initial)
    if request.method == "POST" and form.is_valid():
        fields = form.cleaned_data
        if fields["email"] != user.email:
            user.email = fields["email"]
            user.save(update_fields=["email"])
        choose(project=project, user=user, triggers={*fields["each"], fields["digest"]} - {NONE})
        messages.success(request, "Saved.")
        return redirect("my-mail", project.slug)
    sent = AlertDelivery.objects.filter(rule__owner=user, rule__project=project).order_by("-id")
    context = {"form": form, "deliveries": list(sent[:SHOWN]), "sends": bool(settings.MAIL_URL)}
    return render_page(request, "issues/my_mail.html", context, status=400 if form.errors else 200)
