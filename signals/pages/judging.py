"""Right or wrong, on one match, wherever it is shown."""

import uuid

from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from ingest.models import Event, Project
from ingest.models.projects import Role
from ingest.projects.access import ProjectRequest, project_page
from signals.catalogue.access import find_signal
from signals.learning.feedback import judge, take_back
from signals.learning.tuning import tune_soon
from signals.models import SignalDefinition, SignalFeedback, SignalMatch

ANSWERS = {"right": True, "wrong": False, "": None}


@require_POST
@project_page(Role.MEMBER)
def judge_event(request: ProjectRequest, project: Project, key: str, event_pk: uuid.UUID) -> HttpResponse:
    """`answer`: right, wrong, or empty to take one's own back."""
    signal = find_signal(project, key)
    event = Event.objects.filter(project=project, id=event_pk).only("id", "project_id").first()
    if event is None:
        raise Http404("There is no such match.")
    answer = request.POST.get("answer", "")
    if answer not in ANSWERS:
        return HttpResponse("The answer is right, wrong or empty.", status=400)
    right = ANSWERS[answer]
    if right is None:
        take_back(signal=signal, event=event, user=request.user)
    else:
        _record(signal, event, right, request)
    if request.htmx:
        stands = _standing(signal, event)
        said = stands.right if stands else None
        context = {"event_pk": event.id, "said": said, "signal": signal, "project": project}
        return render(request, "signals/_judge.html", context)
    return redirect("signal", project.slug, key)


def _record(signal: SignalDefinition, event: Event, right: bool, request: ProjectRequest) -> None:
    """An event that the queue asked about keeps the reason for which it was asked."""
    match = SignalMatch.objects.filter(signal=signal, event=event).first()
    before = _standing(signal, event)
    judge(
        signal=signal,
        event=event,
        right=right,
        user=request.user,
        reason=before.reason if before else "",
        score=match.score if match else before.score if before else None,
    )
    tune_soon(signal)


def _standing(signal: SignalDefinition, event: Event) -> SignalFeedback | None:
    return SignalFeedback.objects.standing().filter(signal=signal, event=event).first()
