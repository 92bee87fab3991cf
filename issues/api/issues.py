"""`/api/issues/`: listing, making and changing issues, their matches and their series."""

from typing import Any

from django.db import transaction
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from ingest.api.rates import SERIES, SeriesPoint, answer_series
from ingest.models import User
from ingest.projects.authentication import project_of
from issues.actions import NotAMember, assign_issue, edit_definition, set_priority
from issues.api.following import read_follows
from issues.api.lookup import actor, find_issue, issue_items, issue_page, read_choice, read_whole, reason
from issues.api.schema import LIST, IssueChange, IssueItem, MatchItem, NewIssue
from issues.following.history import create_following, follow_source
from issues.following.searching import begin_search
from issues.models import Issue, IssueMatch
from issues.models.issues import DEFAULT_SORT, SORTS, Priority, State, Substate
from issues.states.doors import apply_action
from issues.states.transitions import Action, IllegalTransition
from raindrop.api.pagination import page_of
from raindrop.api.shapes import PAGE, answers, listed, refuse_unknown, results
from raindrop.errors import ApiError
from signals.search.language.errors import QueryError

TAGS = ["Issues"]
# The substates that an open issue can be given.
BY_HAND: dict[str | None, Action] = {
    Substate.ONGOING.value: Action.SETTLE,
    Substate.ESCALATING.value: Action.ESCALATE,
}


@extend_schema(
    methods=["GET"],
    operation_id="issues_list",
    tags=TAGS,
    summary="Issues",
    parameters=LIST,
    responses=answers(listed(IssueItem), missing=False),
)
@extend_schema(
    methods=["POST"],
    operation_id="issues_create",
    tags=TAGS,
    summary="Make an issue",
    request=NewIssue,
    responses=answers(IssueItem, status=201, missing=False),
)
@api_view(["GET", "POST"])
def issues(request: Request) -> Response:
    """The project's issues, by default those seen last first; or a new one from a title and a description."""
    if request.method == "POST":
        form = NewIssue(data=request.data)
        form.is_valid(raise_exception=True)
        project, fields = project_of(request), dict(form.validated_data)
        source = read_follows(project, fields.pop("follows", None))
        start = read_follows(project, fields.pop("start", None), field="start")
        if source.kind:
            made, _ = create_following(project=project, source=source, user=actor(request), **fields)
        else:
            made = begin_search(project=project, source=start, user=actor(request), **fields)
        return Response(issue_items([find_issue(request, str(made.pk))])[0], status=201)
    refuse_unknown(request, LIST)
    state = read_choice(request, "state", ["all", *State.values, *Substate.values], "all")
    sort = read_choice(request, "sort", list(SORTS), DEFAULT_SORT)
    found = read_whole(Issue.objects.in_project(project_of(request)).with_state(state))
    try:
        found = found.matching(request.GET.get("q", "")).sorted_by(sort)
    except QueryError as error:
        raise error.as_api_error(field="q") from error
    rows, cursor = issue_page(request, found)
    return Response({"results": issue_items(rows), "next": cursor})


@extend_schema(
    methods=["GET"], operation_id="issues_get", tags=TAGS, summary="One issue", responses=answers(IssueItem)
)
@extend_schema(
    methods=["PATCH"],
    operation_id="issues_change",
    tags=TAGS,
    summary="Change an issue",
    request=IssueChange,
    responses=answers(IssueItem, conflict=True),
)
@api_view(["GET", "PATCH"])
def issue(request: Request, key: str) -> Response:
    """One issue, by its id or its number. A change is made as a whole or not at all."""
    found = find_issue(request, key)
    if request.method == "PATCH":
        form = IssueChange(data=request.data)
        form.is_valid(raise_exception=True)
        source = None
        if "follows" in form.validated_data:
            source = read_follows(found.project, form.validated_data["follows"], issue=found)
        try:
            with transaction.atomic():
                _change(found, form.validated_data, request)
        except NotAMember as error:
            raise ApiError(400, str(error), details={"field": "assignee"}) from error
        except IllegalTransition as error:
            raise ApiError(409, str(error)) from error
        if source is not None:
            follow_source(issue=found, source=source, user=actor(request))
        found = find_issue(request, str(found.pk))
    return Response(issue_items([found])[0])


def _change(issue: Issue, changes: dict[str, Any], request: Request) -> None:
    user = actor(request)
    if "title" in changes or "description" in changes:
        edit_definition(
            issue=issue,
            title=changes.get("title"),
            description=changes.get("description"),
            user=user,
        )
    if "priority" in changes:
        set_priority(issue=issue, priority=Priority(changes["priority"]), user=user)
    if "assignee" in changes:
        name = changes["assignee"]
        assignee = User.objects.filter(username=name).first() if name is not None else None
        if name is not None and assignee is None:
            raise NotAMember(f"There is no member {name!r} in this project.")
        assign_issue(issue=issue, assignee=assignee, user=user)
    action, substate = _action(issue, changes.get("state", issue.state), changes.get("substate"))
    if action is not None:
        apply_action(issue=issue, action=action, user=user, substate=substate, reason=reason(request))


def _action(issue: Issue, state: str, substate: str | None) -> tuple[Action | None, Substate | None]:
    """What leads there; None where it is so already. Raises IllegalTransition."""
    if substate is not None and state != State.OPEN:
        raise IllegalTransition(f"Only an open issue has a substate, and this one is or would be {state}.")
    if state != issue.state:
        if state != State.OPEN:
            return (Action.RESOLVE if state == State.RESOLVED else Action.MUTE), None
        return Action.REOPEN, Substate(substate or Substate.ONGOING)
    if substate in {None, issue.substate}:
        return None, None
    if substate not in BY_HAND:
        raise IllegalTransition("By hand an open issue can only be set to ongoing or escalating.")
    return BY_HAND[substate], None


@extend_schema(
    operation_id="issues_matches",
    tags=TAGS,
    summary="Events that match, newest first",
    parameters=PAGE,
    responses=answers(listed(MatchItem)),
)
@api_view(["GET"])
def matches(request: Request, key: str) -> Response:
    """What the current classifier says. After a training it takes a job (`/api/jobs/{id}/`) until all are scored anew."""
    found = IssueMatch.objects.filter(issue=find_issue(request, key))
    page = page_of(found.select_related("event", "event__conversation", "end_user"), request=request)
    return Response(
        page.body(
            [
                {
                    "event_id": match.event.event_id,
                    "timestamp": match.timestamp,
                    "user_id": match.end_user.user_id if match.end_user else None,
                    "convo_id": match.event.conversation.convo_id if match.event.conversation else None,
                    "score": match.score,
                    "classifier_version": match.classifier_version or None,
                }
                for match in page.rows
            ]
        )
    )


@extend_schema(
    operation_id="issues_series",
    tags=TAGS,
    summary="Counts, users and rate over time",
    parameters=SERIES,
    responses=answers(results(SeriesPoint)),
)
@api_view(["GET"])
def series(request: Request, key: str) -> Response:
    """A point for each day or hour (UTC) that the time from `start` to `end` touches, zeros filled in."""
    found = find_issue(request, key)
    return answer_series(request, subject=found.pk, project=found.project_id)
