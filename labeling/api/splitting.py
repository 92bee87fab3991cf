"""`/api/issues/{id}/split/`: a part of an issue's matches becomes an issue of its own."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from ingest.models import Project
from issues.actions import TITLE_LENGTH
from issues.api.lookup import actor, find_events, find_issue, issue_items, reason
from issues.api.schema import DESCRIPTION_LENGTH, IssueItem
from issues.following.sources import UnknownSource, find_cluster, find_signal
from labeling.splitting import MOST_LABELS, CannotSplit, Part, part_of_cluster, part_of_signal, split_issue
from raindrop.api.shapes import Strict, answers
from raindrop.errors import ApiError
from signals.search.language.errors import QueryError

PARTS = ("signal", "cluster", "query", "event_ids")


class SplitRequest(Strict):
    """`title`, and one of the four that say what goes into the new issue."""

    title = serializers.CharField(max_length=TITLE_LENGTH)
    description = serializers.CharField(max_length=DESCRIPTION_LENGTH, allow_blank=True, default="")
    signal = serializers.CharField(
        required=False, max_length=200, help_text="Matches with this signal, by its key."
    )
    cluster = serializers.CharField(
        required=False, max_length=100, help_text="Matches in this cluster, by its id."
    )
    query = serializers.CharField(
        required=False, max_length=20_000, trim_whitespace=False, help_text="Matches that this query finds."
    )
    event_ids = serializers.ListField(
        required=False, child=serializers.CharField(max_length=1000), min_length=1, max_length=MOST_LABELS,
        help_text="These matches, by the app's own ids.",
    )  # fmt: skip

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if sum(name in attrs for name in PARTS) != 1:
            raise serializers.ValidationError(f"Name one of {', '.join(PARTS)}.")
        return attrs


@extend_schema(
    operation_id="issues_split",
    tags=["Issues"],
    summary="Split an issue",
    request=SplitRequest,
    responses=answers(IssueItem, status=201, conflict=True),
)
@api_view(["POST"])
def split(request: Request, key: str) -> Response:
    """Answers with the new issue, which has those matches, and which the old one has no more; while `job` runs, not all of them yet. 409 for a
    merged issue."""
    issue = find_issue(request, key)
    form = SplitRequest(data=request.data)
    form.is_valid(raise_exception=True)
    fields = form.validated_data
    field = next(name for name in PARTS if name in fields)
    try:
        made, _ = split_issue(
            issue=issue, part=_part(issue.project, field, fields[field]), title=fields["title"],
            description=fields["description"], user=actor(request), reason=reason(request),
        )  # fmt: skip
    except CannotSplit as error:
        raise ApiError(409 if error.conflicts else 400, str(error), details={"field": field}) from error
    except QueryError as error:
        raise error.as_api_error(field=field) from error
    return Response(issue_items([find_issue(request, str(made.pk))])[0], status=201)


def _part(project: Project, field: str, value: Any) -> Part:
    """Raises ApiError 400 for what the project does not have."""
    if field == "query":
        return Part("the query", query=value)
    if field == "event_ids":
        events = find_events(project, value)
        if unknown := [one for one in value if one not in events]:
            raise ApiError(
                400, f"There are no such events in this project: {', '.join(unknown[:10])}.", details={"field": field}
            )  # fmt: skip
        return Part(
            "events that were chosen", events=list({event.pk: event for event in events.values()}.values())
        )
    try:
        if field == "signal":
            return part_of_signal(find_signal(project, value))
        return part_of_cluster(find_cluster(project, value))
    except UnknownSource as error:
        raise ApiError(400, str(error), details={"field": field}) from error
