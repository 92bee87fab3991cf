"""`/api/facets/`, `/api/reader/` and `/api/llm/`: what an LLM said of conversations, how far it is, and what it may cost."""

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from ingest.models import Conversation, Event, EventKey, Project
from ingest.projects.authentication import project_of
from ingest.store.people import conversation_id
from raindrop.api.pagination import page_of
from raindrop.api.shapes import PAGE, answers, listed
from signals.models import Facet
from signals.models.facets import FacetSource, Sampled, Where
from signals.reader.facets import facets_of

TAGS = ["Reader"]


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
    source = serializers.ChoiceField(FacetSource.choices)  # type: ignore[assignment]  # the name hides an attribute of Field, as DRF allows
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
