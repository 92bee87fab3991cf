"""The shapes of `/api/events/`: what a query may be asked, and what it answers."""

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter
from rest_framework import serializers

from raindrop.api.shapes import PAGE, Strict
from signals.search.language.parsing import MAX_LENGTH
from signals.translating.service import MAX_WORDS

MAX_FACETS = 200
DEFAULT_FACETS = 20

Q = OpenApiParameter(
    "q", {"type": "string", "maxLength": MAX_LENGTH},
    description="A query (docs/guide/search.md). Left out or empty: all events.",
)  # fmt: skip
EVENTS = [Q, *PAGE]
COUNT = [Q]
FACETS = [
    Q,
    OpenApiParameter("by", OpenApiTypes.STR, required=True, description="A field of the query language."),
    OpenApiParameter(
        "limit", {"type": "integer", "minimum": 1, "maximum": MAX_FACETS, "default": DEFAULT_FACETS}
    ),
]


class FoundSignal(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    key = serializers.CharField()
    name = serializers.CharField()
    score = serializers.FloatField()


class FoundEventItem(serializers.Serializer[Any]):
    event_id = serializers.CharField(help_text="The app's own id.")
    name = serializers.CharField()
    timestamp = serializers.DateTimeField()
    received_at = serializers.DateTimeField()
    is_pending = serializers.BooleanField()
    user_id = serializers.CharField(allow_null=True)
    convo_id = serializers.CharField(allow_null=True)
    model = serializers.CharField(allow_null=True)
    input = serializers.CharField()
    output = serializers.CharField()
    properties = serializers.DictField()
    feature_flags = serializers.DictField()
    tool_calls = serializers.IntegerField()
    tool_errors = serializers.IntegerField()
    input_tokens = serializers.IntegerField(allow_null=True)
    output_tokens = serializers.IntegerField(allow_null=True)
    cost_usd = serializers.FloatField(allow_null=True)
    latency_ms = serializers.FloatField(allow_null=True)
    signals = FoundSignal(many=True)
    nearness = serializers.FloatField(
        required=False, help_text='The cosine to what the query means, where it says ~"words".'
    )


class EventCount(serializers.Serializer[Any]):
    count = serializers.IntegerField(help_text="Events.")
    users = serializers.IntegerField(help_text="Different end users among them.")
    conversations = serializers.IntegerField()
    at_least = serializers.BooleanField(
        required=False, help_text="True where more events pass than were counted; else it is not there."
    )


class FacetItem(serializers.Serializer[Any]):
    value = serializers.CharField()
    events = serializers.IntegerField()
    users = serializers.IntegerField()
    query = serializers.CharField(help_text="The condition that selects them, to be added to the query.")


class Facets(serializers.Serializer[Any]):
    results = FacetItem(many=True)
    since = serializers.DateTimeField(
        required=False, help_text="The events from then on were counted; all of them where it is not there."
    )


class Words(Strict):
    text = serializers.CharField(max_length=MAX_WORDS, help_text="What is looked for, in words.")


class Translation(serializers.Serializer[Any]):
    query = serializers.CharField(help_text="A query that the search takes.")
    by = serializers.CharField(help_text="llm or rules: who translated.")
    notes = serializers.ListField(
        child=serializers.CharField(), help_text="What of the words the query leaves out, and why."
    )
