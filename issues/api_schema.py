"""The shapes of the issues' API: what it takes in, and what it answers. The views answer plain dicts of these shapes."""

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, inline_serializer
from rest_framework import serializers

from issues.actions import TITLE_LENGTH
from issues.models.issues import DEFAULT_SORT, SORTS, Priority, State, Substate
from raindrop.openapi import WireError
from raindrop.pagination import DEFAULT_LIMIT, MAX_LIMIT

DESCRIPTION_LENGTH = 20_000
PERIODS = ("day", "hour")


class QualityItem(serializers.Serializer[Any]):
    """Cross-validated on the labelled events; null with fewer than 5 matches or 5 non-matches."""

    precision = serializers.FloatField(allow_null=True)
    recall = serializers.FloatField(allow_null=True)
    low = serializers.FloatField(allow_null=True, help_text="Of the precision: Wilson, 95 %.")
    high = serializers.FloatField(allow_null=True, help_text="Of the precision: Wilson, 95 %.")
    labels = serializers.IntegerField(help_text="Labelled events that it was trained on.")


class IssueItem(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    number = serializers.IntegerField(help_text="Short id within the project; can be used in place of `id`.")
    title = serializers.CharField()
    description = serializers.CharField()
    state = serializers.CharField(help_text="open, resolved or muted.")
    substate = serializers.CharField(
        allow_null=True, help_text="Of an open issue: new, ongoing, escalating or regressed."
    )
    priority = serializers.CharField(help_text="high, medium or low.")
    assignee = serializers.CharField(allow_null=True, help_text="A member's user name.")
    events = serializers.IntegerField(help_text="Events that match, of all time.")
    users = serializers.IntegerField(help_text="End users of these events.")
    first_seen = serializers.DateTimeField(allow_null=True)
    last_seen = serializers.DateTimeField(allow_null=True)
    rate = serializers.FloatField(allow_null=True, help_text="Share of the project's events, of all time.")
    quality = QualityItem()
    classifier_version = serializers.IntegerField(allow_null=True, help_text="Null before the first label.")
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()


class MatchItem(serializers.Serializer[Any]):
    event_id = serializers.CharField(help_text="The app's own id.")
    timestamp = serializers.DateTimeField()
    user_id = serializers.CharField(allow_null=True)
    convo_id = serializers.CharField(allow_null=True)
    score = serializers.FloatField()
    classifier_version = serializers.IntegerField()


class SeriesPoint(serializers.Serializer[Any]):
    start = serializers.DateTimeField()
    events = serializers.IntegerField()
    users = serializers.IntegerField(allow_null=True, help_text="Null for hours.")
    rate = serializers.FloatField(allow_null=True, help_text="Share of the project's events in this time.")
    low = serializers.FloatField(allow_null=True, help_text="Of the rate: Wilson, 95 %.")
    high = serializers.FloatField(allow_null=True, help_text="Of the rate: Wilson, 95 %.")


class Strict(serializers.Serializer[Any]):
    """Refuses what it does not know: a misspelt field is an error, not a change that never happens."""

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, dict) and (
            unknown := sorted(str(name) for name in data if name not in self.fields)
        ):
            raise serializers.ValidationError({name: ["There is no such field."] for name in unknown})
        return super().to_internal_value(data)


class NewIssue(Strict):
    title = serializers.CharField(max_length=TITLE_LENGTH)
    description = serializers.CharField(
        max_length=DESCRIPTION_LENGTH, allow_blank=True, default="", help_text="What counts, what does not."
    )


class IssueChange(Strict):
    title = serializers.CharField(max_length=TITLE_LENGTH, required=False)
    description = serializers.CharField(max_length=DESCRIPTION_LENGTH, allow_blank=True, required=False)
    state = serializers.ChoiceField(State.choices, required=False)
    substate = serializers.ChoiceField(Substate.choices, required=False)
    priority = serializers.ChoiceField(Priority.choices, required=False)
    assignee = serializers.CharField(max_length=150, allow_null=True, required=False)


def listed(item: type[serializers.Serializer[Any]]) -> serializers.Serializer[Any]:
    """{"results": [...], "next": cursor|null}"""
    made: serializers.Serializer[Any] = inline_serializer(
        f"{item.__name__.removesuffix('Item')}List",
        {
            "results": item(many=True),
            "next": serializers.CharField(allow_null=True, help_text="Send it as `cursor`."),
        },
    )
    return made


def results(item: type[serializers.Serializer[Any]]) -> serializers.Serializer[Any]:
    """{"results": [...]}"""
    made: serializers.Serializer[Any] = inline_serializer(
        f"{item.__name__.removesuffix('Item')}Results", {"results": item(many=True)}
    )
    return made


def answers(
    good: type[serializers.Serializer[Any]] | serializers.Serializer[Any],
    *,
    status: int = 200,
    conflict: bool = False,
    missing: bool = True,
) -> dict[int, Any]:
    refused = {
        400: "Something in the request is wrong; the details name it.",
        401: "No key, or an unknown one.",
        403: "This key or role may not do this.",
    }
    if missing:
        refused[404] = "There is no such thing in this project."
    if conflict:
        refused[409] = "The issue's state does not allow this change."
    return {status: good, **{code: OpenApiResponse(WireError, text) for code, text in refused.items()}}


PAGE = [
    OpenApiParameter("cursor", OpenApiTypes.STR),
    OpenApiParameter(
        "limit", {"type": "integer", "minimum": 1, "maximum": MAX_LIMIT, "default": DEFAULT_LIMIT}
    ),
]
LIST = [
    OpenApiParameter(
        "state",
        OpenApiTypes.STR,
        enum=["all", *State.values, *Substate.values],
        description="A state, or the substate of an open issue.",
    ),
    OpenApiParameter("q", OpenApiTypes.STR, description="Words of the title or description, or the number."),
    OpenApiParameter("sort", OpenApiTypes.STR, enum=list(SORTS), default=DEFAULT_SORT),
    *PAGE,
]
SERIES = [
    OpenApiParameter("interval", OpenApiTypes.STR, enum=list(PERIODS), default=PERIODS[0]),
    OpenApiParameter(
        "start", OpenApiTypes.DATETIME, description="By default 14 days (hour: 48 hours) before `end`."
    ),
    OpenApiParameter(
        "end", OpenApiTypes.DATETIME, description="Not included, but for the day or hour it falls into. Now."
    ),
]
