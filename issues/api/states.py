"""`/api/issues/{id}/actions/`: changing an issue's state."""

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from issues.api.lookup import actor, find_issue, issue_items
from issues.api.schema import IssueItem
from issues.states import SYSTEMS, Action, IllegalTransition, apply_action
from raindrop.api.shapes import Strict, answers
from raindrop.errors import ApiError

PEOPLES = [action.value for action in Action if action not in SYSTEMS]


class IssueAction(Strict):
    action = serializers.ChoiceField(PEOPLES)


@extend_schema(
    operation_id="issues_act",
    tags=["Issues"],
    summary="Resolve, mute, reopen or settle an issue",
    request=IssueAction,
    responses=answers(IssueItem, conflict=True),
)
@api_view(["POST"])
def act(request: Request, key: str) -> Response:
    """Answers with the issue as it is then; 409 where the action does not apply to its state."""
    issue = find_issue(request, key)
    form = IssueAction(data=request.data)
    form.is_valid(raise_exception=True)
    try:
        apply_action(issue=issue, action=Action(form.validated_data["action"]), user=actor(request))
    except IllegalTransition as error:
        raise ApiError(409, str(error)) from error
    return Response(issue_items([issue])[0])
