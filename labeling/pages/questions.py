"""The clarifying question on an issue's page: the pair, the answers, what an answer proposes; and going back to a version of the definition."""

import uuid

from django.contrib import messages
from django.core.exceptions import BadRequest
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from ingest.models import Event, Project
from ingest.models.projects import Role
from ingest.projects.access import ProjectRequest, project_page
from issues.access import get_issue
from labeling.models import ClarifyingQuestion
from labeling.refinement.answering import NotNow, accept_proposal, answer_question, dismiss_question
from labeling.refinement.picking import Kind
from labeling.refinement.reading import diff_of, question_to_show, questions_of
from labeling.refinement.versions import UnknownVersion, revert_to
from labeling.refinement.wording import HEADINGS

TEXT_LENGTH = 1000
SIDES = ("Unclear", "Settled")  # how the pair is headed
PARTS = ("A match of the smaller group", "A match of the larger group")  # of a split: both are answered


@project_page()
def question(request: ProjectRequest, project: Project, number: int) -> HttpResponse:
    """A fragment: the proposal that waits, else the open question; empty without either."""
    issue = get_issue(project, number)
    shown = question_to_show(issue)
    pair = []
    if shown is not None:
        names = dict(
            Event.objects.filter(pk__in=[shown.first_id, shown.second_id]).values_list("pk", "event_id")
        )
        pair = [
            {"quote": quote, "event_id": names.get(event), "name": name}
            for quote, event, name in zip(
                (shown.first_quote, shown.second_quote),
                (shown.first_id, shown.second_id),
                PARTS if shown.kind == Kind.SPLIT else SIDES,
                strict=True,
            )
        ]
    context = {
        "issue": issue,
        "question": shown,
        "pair": pair,
        "diff": diff_of(shown).splitlines() if shown else [],
        "text_length": TEXT_LENGTH,
    }
    return render(request, "labeling/_question.html", context)


@require_POST
@project_page(Role.MEMBER)
def answer(request: ProjectRequest, project: Project, number: int, question_id: uuid.UUID) -> HttpResponse:
    """`answer` is include, exclude or depends (with `text`), accept or dismiss."""
    issue = get_issue(project, number)
    found: ClarifyingQuestion | None = questions_of(issue).filter(pk=question_id).first()
    if found is None:
        raise Http404("This issue has no such question.")
    given, text = request.POST.get("answer", ""), request.POST.get("text", "")
    if given not in {*HEADINGS, "accept", "dismiss"} or len(text) > TEXT_LENGTH:
        raise BadRequest(f"answer is one of {', '.join(HEADINGS)}, accept and dismiss.")
    try:
        if given == "accept":
            accepted = accept_proposal(question=found, user=request.user)
            again = len(accepted.reasked)
            messages.success(
                request,
                f"This is version {accepted.definition.version if accepted.definition else ''} of the definition. "
                f"{again} event{'' if again == 1 else 's'} to answer again {'is' if again == 1 else 'are'} first in the review queue.",
            )
        elif given == "dismiss":
            dismiss_question(question=found, user=request.user)
        else:
            answer_question(question=found, answer=given, text=text, user=request.user)
    except (NotNow, ValueError) as error:
        messages.error(request, str(error))
    return redirect("issue", project.slug, number)


@require_POST
@project_page(Role.MEMBER)
def revert(request: ProjectRequest, project: Project, number: int) -> HttpResponse:
    """Goes back to `version`."""
    issue = get_issue(project, number)
    given = request.POST.get("version", "")
    if not (given.isascii() and given.isdigit() and len(given) < 9):
        raise BadRequest("version is the number of a version.")
    try:
        written = revert_to(issue=issue, user=request.user, version=int(given))
        messages.success(
            request, f"Version {written.version} of the definition has the text of version {given}."
        )
    except UnknownVersion as error:
        messages.error(request, str(error))
    return redirect("issue", project.slug, number)
