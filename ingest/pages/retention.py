"""The settings' page of retention, and of what is exported or deleted when somebody asks for it."""

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from ingest.models import Project
from ingest.models.projects import Role
from ingest.projects.access import ProjectRequest, project_page
from ingest.retention.expiring import LEAST_DAYS, MOST_DAYS, BadRetention, set_retention
from ingest.retention.subjects import AT_ONCE, NotKnown, Of, find_subject, request_erasure
from raindrop.web.plurals import counted

OF = [(Of.USER.value, "End user"), (Of.CONVERSATION.value, "Conversation"), (Of.EVENT.value, "Event")]


class RetentionForm(forms.Form):
    days = forms.IntegerField(required=False, min_value=LEAST_DAYS, max_value=MOST_DAYS)
    relevant_days = forms.IntegerField(required=False, min_value=LEAST_DAYS, max_value=MOST_DAYS)


class EraseForm(forms.Form):
    """`again`: the id once more, because it cannot be taken back."""

    of = forms.ChoiceField(choices=OF)
    key = forms.CharField(max_length=1000, strip=False)
    again = forms.CharField(max_length=1000, strip=False)


@project_page()
def retention(request: ProjectRequest, project: Project) -> HttpResponse:
    context = {"of": OF, "may_change": request.role == Role.ADMIN, "at_once": AT_ONCE, "most_days": MOST_DAYS}
    return render(request, "ingest/retention.html", context)


@require_POST
@project_page(Role.ADMIN)
def save_retention(request: ProjectRequest, project: Project) -> HttpResponse:
    form = RetentionForm(request.POST)
    if form.is_valid():
        try:
            set_retention(project=project, **form.cleaned_data)
            messages.success(request, "Saved. What is older is deleted within a day.")
        except BadRetention as error:
            messages.error(request, f"Not saved: {error}")
    else:
        messages.error(request, f"Not saved: days are {LEAST_DAYS} to {MOST_DAYS}, or empty.")
    return redirect("retention", project.slug)


@require_POST
@project_page(Role.ADMIN)
def erase(request: ProjectRequest, project: Project) -> HttpResponse:
    form = EraseForm(request.POST)
    if not form.is_valid():
        messages.error(request, "Nothing was deleted: give the id, and the same once more.")
    elif form.cleaned_data["key"] != form.cleaned_data["again"]:
        messages.error(request, "Nothing was deleted: the two ids differ.")
    else:
        try:
            subject = find_subject(project, Of(form.cleaned_data["of"]), form.cleaned_data["key"])
        except NotKnown as error:
            messages.error(request, f"Nothing was deleted: {error}")
        else:
            events, job = request_erasure(project=project, subject=subject, user=request.user)
            message = (
                "There is a lot of it: it is deleted in the background."
                if job
                else f"{counted(events, 'event')} deleted."
            )
            messages.success(request, message)
    return redirect("retention", project.slug)
