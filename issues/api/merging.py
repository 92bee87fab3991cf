"""`/api/issues/{id}/merge/` and `/unmerge/`: an issue that is part of another one."""

from django.http import Http404
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from issues.api.lookup import actor, find_issue, issue_items, reason
from issues.api.schema import IssueItem
from issues.merging.doors import CannotMerge, merge_issue, unmerge_issue
from issues.models import Issue
from raindrop.api.shapes import Strict, answers
from raindrop.errors import ApiError

TAGS = ["Issues"]


class MergeRequest(Strict):
    into = serializers.CharField(
        max_length=60, help_text="The id or the number of the issue that it becomes a part of."
    )


class NothingMore(Strict):
    """An empty object."""


@extend_schema(
    operation_id="issues_merge",
    tags=TAGS,
    summary="Merge an issue into another",
    request=MergeRequest,
    responses=answers(IssueItem, conflict=True),
)
@api_view(["POST"])
def merge(request: Request, key: str) -> Response:
    """Answers with the other one, which has the matches of both from then on, each event once; while `job` runs, not all of them yet. The merged
    one keeps its number, labels, history and matches. 409 where one of the two is merged already."""
    issue = find_issue(request, key)
    form = MergeRequest(data=request.data)
    form.is_valid(raise_exception=True)
    try:
        into = find_issue(request, form.validated_data["into"])
    except Http404 as error:
        raise ApiError(400, str(error), details={"field": "into"}) from error
    try:
        merge_issue(issue=issue, into=into, user=actor(request), reason=reason(request))
    except CannotMerge as error:
        raise _refused(error) from error
    return _answer(request, into)


@extend_schema(
    operation_id="issues_unmerge",
    tags=TAGS,
    summary="Take a merged issue out again",
    request=NothingMore,
    responses=answers(IssueItem, conflict=True),
)
@api_view(["POST"])
def unmerge(request: Request, key: str) -> Response:
    """Answers with the issue, which is in the state in which it was, with what has matched it since. 409 where it is not merged."""
    issue = find_issue(request, key)
    NothingMore(data=request.data).is_valid(raise_exception=True)
    try:
        unmerge_issue(issue=issue, user=actor(request), reason=reason(request))
    except CannotMerge as error:
        raise _refused(error) from error
    return _answer(request, issue)


def _refused(error: CannotMerge) -> ApiError:
    if error.conflicts:
        return ApiError(409, str(error))
    return ApiError(400, str(error), details={"field": "into"})


def _answer(request: Request, issue: Issue) -> Response:
    return Response(issue_items([find_issue(request, str(issue.pk))])[0])
