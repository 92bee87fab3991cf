"""The shapes of `/api/signals/`: what it takes in, and what it answers."""

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter
from rest_framework import serializers

from raindrop.api.shapes import PAGE, Strict
from signals.kinds.registry import KINDS, detector_type, shapes
from signals.models.definitions import Action, DetectorType, Kind, Reads, Sentiment
from signals.taxonomy.bulk import MOST

DESCRIPTION_LENGTH = 20_000
CONFIG = " ".join(
    [
        "What it looks for.",
        shapes(),
        *(kind.note for kind in KINDS.values() if kind.note),
        f"`reads` says where to look for: {', '.join(name for name, kind in KINDS.items() if kind.sides)}.",
        'A built-in signal takes its own numbers instead, such as slow_response: {"seconds": 120, "step_seconds": 45}.',
    ]
)


class SignalPrecision(serializers.Serializer[Any]):
    value = serializers.FloatField(help_text="Of its matches, this share is right.")
    low = serializers.FloatField(
        help_text="The interval of `value`: 95 % of the project's own, 90 % of the audit."
    )
    high = serializers.FloatField()
    measured_on = serializers.ListField(
        child=serializers.CharField(), help_text="`this project`, or the traffic on which the audit was read."
    )
    matches = serializers.IntegerField(help_text="Matches that were judged.")


class SignalItem(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    key = serializers.CharField(
        help_text="Names it in URLs and in the read path; can be used in place of `id`."
    )
    name = serializers.CharField()
    description = serializers.CharField()
    kind = serializers.CharField(help_text="explicit (the app sends it) or implicit (read from the event).")
    detector = serializers.CharField(help_text="rule, model, llm or sdk.")
    reads = serializers.CharField(help_text="user, assistant, conversation or spans.")
    sentiment = serializers.CharField(help_text="positive, negative or neutral.")
    group = serializers.CharField(allow_null=True, help_text="The group's name.")
    enabled = serializers.BooleanField()
    muted = serializers.BooleanField(help_text="Counted, but kept out of the overview.")
    reviewed = serializers.BooleanField(
        help_text="False for a name that the app sent and nobody looked at yet."
    )
    builtin = serializers.BooleanField()
    threshold = serializers.FloatField(allow_null=True, help_text="Null: the detector's own.")
    action = serializers.CharField(
        help_text="What the person did, for a signal that the app sends; may be empty."
    )
    config = serializers.JSONField()
    job = serializers.UUIDField(
        allow_null=True, help_text="The run over the history that is under way: `/api/jobs/{id}/`."
    )
    events = serializers.IntegerField(help_text="Events that match, of all time.")
    users = serializers.IntegerField(help_text="End users of these events.")
    precision = SignalPrecision(allow_null=True, help_text="Null: not measured, or it needs no measuring.")
    tentative = serializers.BooleanField(
        help_text="It counts in no headline total: its precision is below .8, or not known."
    )
    first_seen = serializers.DateTimeField(allow_null=True)
    last_seen = serializers.DateTimeField(allow_null=True)
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()


class SignalChange(Strict):
    name = serializers.CharField(max_length=120, required=False)
    description = serializers.CharField(max_length=DESCRIPTION_LENGTH, allow_blank=True, required=False)
    sentiment = serializers.ChoiceField(Sentiment.choices, required=False)
    group = serializers.CharField(
        max_length=80, allow_null=True, required=False, help_text="A group's name; made when it is new."
    )
    enabled = serializers.BooleanField(required=False)
    muted = serializers.BooleanField(required=False)
    reviewed = serializers.BooleanField(required=False)
    threshold = serializers.FloatField(allow_null=True, min_value=0, max_value=1, required=False)
    reads = serializers.ChoiceField(Reads.choices, required=False)
    action = serializers.ChoiceField(
        Action.choices, allow_blank=True, required=False, help_text="Of a signal that the app sends only."
    )
    config = serializers.JSONField(required=False, help_text=CONFIG)


class BulkChange(Strict):
    signals = serializers.ListField(
        child=serializers.CharField(max_length=120), allow_empty=False, max_length=MOST, help_text="Keys."
    )
    enabled = serializers.BooleanField(required=False)
    muted = serializers.BooleanField(required=False)
    reviewed = serializers.BooleanField(required=False)
    sentiment = serializers.ChoiceField(Sentiment.choices, required=False)
    group = serializers.CharField(
        max_length=80,
        allow_null=True,
        required=False,
        help_text="A group's name, made when it is new; null: no group.",
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if not attrs.keys() - {"signals"}:
            raise serializers.ValidationError("Say what to change.")
        return attrs


class BulkResult(serializers.Serializer[Any]):
    changed = serializers.IntegerField(help_text="How many of them came to differ.")


class NewSignal(SignalChange):
    name = serializers.CharField(max_length=120)
    key = serializers.RegexField(
        r"^[-a-zA-Z0-9_]+\Z", max_length=120, required=False, help_text="By default from the name."
    )
    kind = serializers.ChoiceField([Kind.IMPLICIT.value], required=False)
    detector = serializers.ChoiceField(
        [DetectorType.RULE.value, DetectorType.MODEL.value, DetectorType.LLM.value],
        required=False,
        help_text="Follows from `config`.",
    )
    config = serializers.JSONField(help_text=CONFIG)

    def validate_action(self, action: str) -> str:
        if action:
            raise serializers.ValidationError("Only a signal that the app sends has an action.")
        return action

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        follows = detector_type(attrs["config"])
        if attrs.get("detector", follows) != follows:
            raise serializers.ValidationError({"detector": [f"This config is read by: {follows}."]})
        return attrs


LIST = [
    OpenApiParameter("q", OpenApiTypes.STR, description="Words of the name, key or description."),
    OpenApiParameter("kind", OpenApiTypes.STR, enum=Kind.values),
    OpenApiParameter("sentiment", OpenApiTypes.STR, enum=Sentiment.values),
    OpenApiParameter("group", OpenApiTypes.STR, description="A group's name, or `none`."),
    OpenApiParameter("reviewed", OpenApiTypes.STR, enum=["no"]),
    *PAGE,
]
