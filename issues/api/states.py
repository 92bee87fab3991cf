"""`/api/issues/{id}/actions/`, and the same of many: changing issues' states, and taking that back."""

import datetime as dt
from collections.abc import Sequence
from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from ingest.models import Project
from ingest.projects.authentication import project_of
from issues.api.alerts import SecondsField
from issues.api.lookup import actor, find_issue, issue_items, read_whole, reason
from issues.api.schema import IssueItem
from issues.models import Issue
from issues.states.arrival import read_resolution
from issues.states.doors import Terms, apply_action, apply_to_many, undo_many
from issues.states.terms import MOST_COUNT, MuteTerms
from issues.states.transitions import PEOPLES, Action, IllegalTransition
from raindrop.api.shapes import Strict, answers
from raindrop.errors import ApiError
from raindrop.web.moments import parse_moment

TAGS = ["Issues"]
MANY = 500  # issues of one request
MUTES = ("until", "for", "events", "users", "window")
ESCALATING = "escalating"
LONGEST_MUTE = 10 * 365 * 86400


class IssueAction(Strict):
    action = serializers.ChoiceField([action.value for action in PEOPLES])
    release = serializers.CharField(
        required=False,
        max_length=200,
        help_text="With resolve: the release that has the fix, or `next`. Only events of that release or a newer one open the issue again.",
    )
    until = serializers.CharField(
        required=False,
        max_length=60,
        help_text="With mute: a moment (ISO 8601), or `escalating`. The first event after it opens the issue.",
    )
    events = serializers.IntegerField(
        required=False,
        min_value=1,
        max_value=MOST_COUNT,
        help_text="With mute: until so many match after now.",
    )
    users = serializers.IntegerField(
        required=False,
        min_value=1,
        max_value=MOST_COUNT,
        help_text="With mute: until it meets so many after now.",
    )
    window = SecondsField(
        required=False,
        help_text="With events or users: so many within this time, such as `1h`; left out: in all.",
    )

    def get_fields(self) -> dict[str, Any]:
        """`for` is no name that Python takes for a field."""
        help_text = "With mute: so long, such as `7d`. The first event after that opens the issue."
        return {**super().get_fields(), "for": SecondsField(required=False, help_text=help_text)}


class ManyAction(IssueAction):
    issues = serializers.ListField(
        child=serializers.CharField(max_length=60),
        min_length=1,
        max_length=MANY,
        help_text="Their ids or numbers.",
    )


class UndoAction(Strict):
    undo = serializers.UUIDField(help_text="What the action on many answered.")


class RefusedItem(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    number = serializers.IntegerField()
    state = serializers.CharField(help_text="Which the action does not apply to.")


class ManyItem(serializers.Serializer[Any]):
    changed = IssueItem(many=True)
    refused = RefusedItem(many=True)
    undo = serializers.UUIDField(allow_null=True, help_text="Takes all of it back, for a day.")


@extend_schema(
    operation_id="issues_act",
    tags=TAGS,
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
    fields = form.validated_data
    try:
        apply_action(
            issue=issue,
            action=Action(fields["action"]),
            user=actor(request),
            terms=_terms(issue.project, fields),
            reason=reason(request),
        )
    except IllegalTransition as error:
        raise ApiError(409, str(error)) from error
    return Response(issue_items([issue])[0])


@extend_schema(
    operation_id="issues_act_on_many",
    tags=TAGS,
    summary="Resolve, mute, reopen or settle many issues",
    request=ManyAction,
    responses=answers(ManyItem),
)
@api_view(["POST"])
def act_on_many(request: Request) -> Response:
    """Exactly the issues that are named. Those to which the action does not apply are `refused`, and stay as they are."""
    form = ManyAction(data=request.data)
    form.is_valid(raise_exception=True)
    fields, project = form.validated_data, project_of(request)
    issues = list(
        {issue.pk: issue for issue in (find_issue(request, key) for key in fields["issues"])}.values()
    )
    terms = _terms(project, fields)
    batch = apply_to_many(issues, fields["action"], actor(request), terms=terms, reason=reason(request))
    return Response(_many(issues, batch.changed, batch.refused, str(batch.undo) if batch.changed else None))


@extend_schema(
    operation_id="issues_undo",
    tags=TAGS,
    summary="Take an action on many issues back",
    request=UndoAction,
    responses=answers(ManyItem),
)
@api_view(["POST"])
def undo(request: Request) -> Response:
    """Issues that changed again since are `refused`. 404 when it is not known, older than a day, or taken back already."""
    form = UndoAction(data=request.data)
    form.is_valid(raise_exception=True)
    project = project_of(request)
    batch = form.validated_data["undo"]
    undone, kept = undo_many(project=project, batch=batch, user=actor(request), reason=reason(request))
    if not undone and not kept:
        raise ApiError(
            404,
            "There is no such action to take back: it is unknown, older than a day, or taken back already.",
        )
    return Response(_many([*undone, *kept], undone, kept, None))


def _many(
    issues: Sequence[Issue], changed: Sequence[Issue], refused: Sequence[Issue], undo: str | None
) -> dict[str, Any]:
    fresh = read_whole(Issue.objects.filter(pk__in=[issue.pk for issue in changed]))
    rows = {issue.pk: issue for issue in fresh}
    return {
        "changed": issue_items([rows[issue.pk] for issue in issues if issue.pk in rows]),
        "refused": [{"id": str(issue.pk), "number": issue.number, "state": issue.state} for issue in refused],
        "undo": undo,
    }


def _terms(project: Project, fields: dict[str, Any]) -> Terms | None:
    """What the action is bound to. Raises ApiError (400)."""
    action = fields["action"]
    for name in ("release", *MUTES):
        if name in fields and action != (Action.RESOLVE if name == "release" else Action.MUTE):
            raise _refused(name, f"{name} goes with {'resolve' if name == 'release' else 'mute'} alone.")
    if "release" in fields:
        try:
            return read_resolution(project.pk, fields["release"].strip())
        except ValueError as error:
            raise _refused("release", str(error)) from error
    if action != Action.MUTE:
        return None
    until, escalating = _until(fields)
    try:
        return MuteTerms(
            until=until,
            escalating=escalating,
            events=fields.get("events"),
            users=fields.get("users"),
            window=fields.get("window"),
        )
    except ValueError as error:
        raise _refused("window" if "window" in str(error) else "until", str(error)) from error


def _until(fields: dict[str, Any]) -> tuple[dt.datetime | None, bool]:
    """(until when, until it escalates)."""
    now = timezone.now()
    if "for" in fields:
        if "until" in fields:
            raise _refused("for", "Say until or for, not both.")
        if not 60 <= fields["for"] <= LONGEST_MUTE:
            raise _refused("for", "for is a minute to ten years.")
        return now + dt.timedelta(seconds=fields["for"]), False
    text = fields.get("until", "").strip()
    if not text:
        return None, False
    if text.lower() == ESCALATING:
        return None, True
    try:
        until = parse_moment(text)
    except ValueError:
        until = None
    if until is None:
        raise _refused("until", f"until is a moment such as 2026-12-01T10:00:00Z, or {ESCALATING!r}.")
    if not now < until < now + dt.timedelta(seconds=LONGEST_MUTE):
        raise _refused("until", "until lies in the future, at most ten years.")
    return until, False


def _refused(field: str, message: str) -> ApiError:
    return ApiError(400, message, details={"field": field})
