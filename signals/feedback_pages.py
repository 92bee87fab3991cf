"""Right or wrong, on one match."""

import uuid

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from ingest.access import project_page
from ingest.models import Project
from ingest.models.projects import Role
from signals.feedback import judge_match
from signals.models import SignalMatch

ANSWERS = {"right": True, "wrong": False, "": None}


@require_POST
@project_page(Role.MEMBER)
def judge(request: HttpRequest, project: Project, key: str, event_pk: uuid.UUID) -> HttpResponse:
    """`answer`: right, wrong, or empty to take it back."""
    found = SignalMatch.objects.filter(
        project=project, signal__key=key, signal__project=project, event=event_pk
    )
    match = found.select_related("signal").first()
    if match is None:
        raise Http404("There is no such match.")
    answer = request.POST.get("answer", "")
    if answer not in ANSWERS:
        return HttpResponse("The answer is right, wrong or empty.", status=400)
    right = ANSWERS[answer]
    judge_match(match=match, right=right, user=request.user)  # type: ignore[arg-type]
    if request.htmx:  # type: ignore[attr-defined]
        return render(
            request,
            "signals/_judge.html",
            {"match": match, "right": right, "signal": match.signal, "project": project},
        )
    return redirect("signal", project.slug, key)
