"""`/api/issues/{id}/questions/`: what the system asks about an issue's definition, answering it, and accepting what the answer proposes."""

import uuid
from collections.abc import Sequence
from typing import Any

from django.http import Http404
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from ingest.models import Event
from issues.api.lookup import actor, find_issue, read_choice
from labeling.api.definitions import DefinitionItem, definition_item
from labeling.api.refinement_schema import STATES, NewAnswer, QuestionItem
from labeling.models import ClarifyingQuestion
from labeling.refinement.answering import NotNow, accept_proposal, answer_question, dismiss_question
from labeling.refinement.reading import diff_of, questions_of
from labeling.refinement.versions import versions_of
from raindrop.api.pagination import page_of
from raindrop.api.shapes import PAGE, answers, listed, refuse_unknown
from raindrop.errors import ApiError

TAGS = ["Teaching"]
LIST = [OpenApiParameter("state", {"type": "string", "enum": STATES, "default": "all"}), *PAGE]
KEY = OpenApiParameter("key", OpenApiTypes.STR, OpenApiParameter.PATH)


@extend_schema(
    operation_id="issues_questions_list",
    tags=TAGS,
    summary="Clarifying questions, newest first",
    parameters=LIST,
    responses=answers(listed(QuestionItem)),
)
@api_view(["GET"])
def questions(request: Request, key: str) -> Response:
    """At most one is open. They are asked once labels are stored: where people disagree, a label flips, the classifier is confident against a
    person, "definition unclear" comes three times, the matches fall into two groups, or two issues overlap."""
    issue = find_issue(request, key)
    refuse_unknown(request, LIST)
    state = read_choice(request, "state", STATES, "all")
    found = questions_of(issue)
    if state != "all":
        found = found.filter(state=state)
    page = page_of(found, request=request, order=("-created_at", "-id"))
    return Response(page.body(_items(page.rows)))


@extend_schema(
    operation_id="issues_questions_answer",
    tags=TAGS,
    summary="Answer a question, or dismiss it",
    parameters=[KEY],
    request=NewAnswer,
    responses=answers(QuestionItem, conflict=True),
)
@api_view(["POST"])
def question(request: Request, key: str, question_id: uuid.UUID) -> Response:
    """The answer proposes a version of the definition, with what it would change. Nothing changes until it is accepted; until then another
    answer replaces it."""
    found = _find(request, key, question_id)
    form = NewAnswer(data=request.data)
    form.is_valid(raise_exception=True)
    given, user = form.validated_data, actor(request)
    try:
        if given.get("dismiss"):
            dismiss_question(question=found, user=user)
        else:
            answer_question(question=found, answer=given["answer"], text=given["text"], user=user)
    except NotNow as error:
        raise ApiError(409, str(error)) from error
    except ValueError as error:
        raise ApiError(400, str(error), details={"field": "text"}) from error
    [item] = _items([_find(request, key, question_id)])
    return Response(item)


@extend_schema(
    operation_id="issues_questions_accept",
    tags=TAGS,
    summary="Accept what the answer proposes",
    parameters=[KEY],
    request=None,
    responses=answers(DefinitionItem, status=201, conflict=True),
)
@api_view(["POST"])
def accept(request: Request, key: str, question_id: uuid.UUID) -> Response:
    """Makes the proposed version of the definition. The labels of the region that the answer is about come back as candidates (reason
    `redefined`), and the classifier is trained and goes over all events in the background."""
    found = _find(request, key, question_id)
    try:
        accepted = accept_proposal(question=found, user=actor(request))
    except NotNow as error:
        raise ApiError(409, str(error)) from error
    assert accepted.definition is not None  # what accepting makes
    [version] = versions_of(accepted.issue, [accepted.definition])
    return Response(definition_item(version), status=201)


def _find(request: Request, key: str, question_id: uuid.UUID) -> ClarifyingQuestion:
    """Raises Http404."""
    found = questions_of(find_issue(request, key)).filter(pk=question_id).first()
    if found is None:
        raise Http404("This issue has no such question.")
    return found


def _items(rows: Sequence[ClarifyingQuestion]) -> list[dict[str, Any]]:
    pairs = {event for row in rows for event in (row.first_id, row.second_id)}
    names = dict(Event.objects.filter(pk__in=pairs).values_list("pk", "event_id"))
    return [
        {
            "id": str(row.pk),
            "state": row.state,
            "kind": row.kind,
            "question": row.text,
            "pair": [
                {"event_id": names.get(row.first_id), "quote": row.first_quote},
                {"event_id": names.get(row.second_id), "quote": row.second_quote},
            ],
            "distinguishing_words": row.words,
            "other_issue": row.other_issue.number if row.other_issue else None,
            "settles": row.settles,
            "written_by": row.written_by,
            "answer": row.answer or None,
            "text": row.answer_text or None,
            "answered_by": row.answered_by.username if row.answered_by else None,
            "answered_at": row.answered_at,
            "proposal": {**row.proposal, "diff": diff_of(row), "effect": row.effect}
            if row.proposal
            else None,
            "accepted_version": row.definition.version if row.definition else None,
            "created_at": row.created_at,
        }
        for row in rows
    ]
