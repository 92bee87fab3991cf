"""`/api/facets/`, `/api/reader/` and `/api/llm/`: what an LLM said of conversations, how far it is, and what it may cost."""

import dataclasses
from decimal import Decimal
from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from ingest.models import ApiKey, Conversation, Event, EventKey, Project
from ingest.models.projects import KeyKind, Role
from ingest.projects.access import role_in
from ingest.projects.authentication import project_of
from ingest.store.people import conversation_id
from raindrop.api.fields import hiding
from raindrop.api.pagination import page_of
from raindrop.api.shapes import PAGE, Strict, answers, listed
from raindrop.errors import ApiError
from signals.llm import budget
from signals.models import Facet
from signals.models.facets import FacetSource, Sampled, Where
from signals.reader.facets import facets_of
from signals.reader.noting import wake_postponed
from signals.reader.working import progress_of

TAGS = ["Reader"]
MOST_CALLS = 10_000_000
MOST_DOLLARS = Decimal(1_000_000)


class ReaderFacetItem(serializers.Serializer[Any]):
    event_id = serializers.CharField(
        help_text="The event in which the quote stands; else the last that was read."
    )
    convo_id = serializers.CharField(allow_null=True)
    intent = serializers.CharField(help_text="What the user wants, in 3 to 10 words.")
    went_wrong = serializers.CharField(allow_null=True, help_text="In 5 to 15 words; null: nothing.")
    quote = serializers.CharField(
        allow_null=True, help_text="Verbatim. Null beside `went_wrong`: the quote that was given is not in the conversation."
    )  # fmt: skip
    where = serializers.ChoiceField(Where.choices, allow_null=True, help_text="Whose words the quote is.")
    severity = serializers.IntegerField(min_value=0, max_value=3)
    user_noticed = serializers.BooleanField(allow_null=True)
    resolved = serializers.BooleanField(allow_null=True)
    model = serializers.CharField(allow_null=True, help_text="Null: it came with data (source `shipped`).")
    source = hiding(serializers.ChoiceField(FacetSource.choices))
    sampled = serializers.ChoiceField(
        Sampled.choices, help_text="random: drawn with `probability`, whatever it says; targeted: something pointed at it."
    )  # fmt: skip
    probability = serializers.FloatField(allow_null=True, help_text="Null where targeted.")
    read_at = serializers.DateTimeField()


FACETS = [
    OpenApiParameter("event_id", OpenApiTypes.STR, description="The app's own id: of its conversation."),
    OpenApiParameter("convo_id", OpenApiTypes.STR, description="The app's own id."),
    *PAGE,
]


@extend_schema(
    operation_id="facets_list", tags=TAGS, summary="What an LLM said of conversations, newest first", parameters=FACETS,
    responses=answers(listed(ReaderFacetItem), missing=False),
)  # fmt: skip
@api_view(["GET"])
def facets(request: Request) -> Response:
    """Of an event's conversation, of a conversation, or of all. Empty when it was not read, and where there is no such event."""
    project = project_of(request)
    found = facets_of(project)
    if event_id := request.GET.get("event_id", ""):
        event = _event(project, event_id)
        found = facets_of(project, event=event) if event else found.none()
    if convo_id := request.GET.get("convo_id", ""):
        conversation = Conversation(pk=conversation_id(project, convo_id))
        found = found.filter(conversation=conversation.pk)
    page = page_of(found, request=request, order=("-timestamp", "-id"))
    return Response(page.body([reader_facet_item(facet) for facet in page.rows]))


class ReaderProgress(serializers.Serializer[Any]):
    enabled = serializers.BooleanField(help_text="There is a key, and a budget that is not 0.")
    read = serializers.IntegerField(help_text="Conversations that an LLM has read.")
    waiting = serializers.IntegerField(help_text="Those that are not quiet yet, or will be looked at today.")
    running = serializers.IntegerField(help_text="Those that are with the LLM now.")


@extend_schema(
    operation_id="reader_get", tags=TAGS, summary="How far the reader is", responses=answers(ReaderProgress, missing=False)
)  # fmt: skip
@api_view(["GET"])
def reader(request: Request) -> Response:
    """A conversation is read about a minute after its last event, as far as the day's budget goes."""
    return Response(dataclasses.asdict(progress_of(project_of(request).pk)))


class LlmBudget(serializers.Serializer[Any]):
    calls_per_day = serializers.IntegerField(help_text="Of all uses of the LLM together; 0 switches it off.")
    dollars_per_day = serializers.FloatField(help_text="US dollars; 0 switches it off.")
    spent = serializers.FloatField(
        help_text="US dollars of today (UTC), with what is reserved for calls under way."
    )


class LlmBudgetChange(Strict):
    calls_per_day = serializers.IntegerField(min_value=0, max_value=MOST_CALLS, required=False)
    dollars_per_day = serializers.DecimalField(
        min_value=Decimal(0), max_value=MOST_DOLLARS, max_digits=11, decimal_places=4, required=False
    )


@extend_schema(
    methods=["GET"], operation_id="llm_get", tags=TAGS, summary="What the LLM may cost a day, and has cost",
    responses=answers(LlmBudget, missing=False),
)  # fmt: skip
@extend_schema(
    methods=["PATCH"], operation_id="llm_change", tags=TAGS, summary="Change what the LLM may cost a day",
    request=LlmBudgetChange, responses=answers(LlmBudget, missing=False),
)  # fmt: skip
@api_view(["GET", "PATCH"])
def llm(request: Request) -> Response:
    """One budget for all that asks the LLM: questions, and the reader. With an admin key, or by a member; a change by an admin of the
    project."""
    project = project_of(request)
    _check_may(request, project)
    if request.method == "PATCH":
        body = LlmBudgetChange(data=request.data)
        body.is_valid(raise_exception=True)
        now = budget.settings_of(project.pk)
        budget.save_budget(
            project=project,
            daily_calls=body.validated_data.get("calls_per_day", now.daily_calls),
            daily_dollars=body.validated_data.get("dollars_per_day", now.daily_dollars),
            random_share=now.random_share,
        )
        wake_postponed(project.pk)
    meter = budget.meter(project.pk)
    return Response(
        {
            "calls_per_day": meter.daily_calls,
            "dollars_per_day": meter.daily_money / budget.MICRO,
            "spent": meter.money / budget.MICRO,
        }
    )


def _check_may(request: Request, project: Project) -> None:
    """Raises ApiError 403."""
    if isinstance(request.auth, ApiKey):
        if request.auth.kind != KeyKind.ADMIN:
            raise ApiError(403, "A query key may not see the budget. Use an admin key.")
    elif request.method == "PATCH" and role_in(user=request.user, project=project) != Role.ADMIN:
        raise ApiError(403, "Only an admin of the project changes this.")


def reader_facet_item(facet: Facet) -> dict[str, Any]:
    """A facet (with its event and conversation) as ReaderFacetItem."""
    return {
        "event_id": facet.event.event_id,
        "convo_id": facet.conversation.convo_id if facet.conversation else None,
        **{name: getattr(facet, name) for name in ("intent", "severity", "user_noticed", "resolved", "source", "sampled", "probability", "read_at")},
        **{name: getattr(facet, name) or None for name in ("went_wrong", "quote", "where", "model")},
    }  # fmt: skip


def _event(project: Project, event_id: str) -> Event | None:
    """By the app's own id, that of an event that was merged into another too."""
    key = EventKey.objects.filter(project=project, event_id=event_id.replace("\x00", "")).first()
    return Event.objects.filter(project=project, id=key.event_uuid).first() if key else None
