"""The shapes of the issues' API: what it takes in, and what it answers. The views answer plain dicts of these shapes."""

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter
from rest_framework import serializers

from issues.actions import TITLE_LENGTH
from issues.models.issues import DEFAULT_SORT, SORTS, Priority, State, Substate
from raindrop.api.shapes import PAGE, Strict

DESCRIPTION_LENGTH = 20_000


class QualityItem(serializers.Serializer[Any]):
    """Of a classifier, or of what is followed, from the random labels alone (from 10 on), each weighted by 1 / its probability, with 90 % intervals."""

    precision = serializers.FloatField(allow_null=True)
    low = serializers.FloatField(allow_null=True, help_text="Of the precision.")
    high = serializers.FloatField(allow_null=True, help_text="Of the precision.")
    recall = serializers.FloatField(
        allow_null=True, help_text="Null also without a match among the random labels."
    )
    recall_low = serializers.FloatField(allow_null=True, required=False)
    recall_high = serializers.FloatField(allow_null=True, required=False)
    more_random_labels = serializers.IntegerField(
        allow_null=True,
        required=False,
        help_text="About so many more bring the intervals of precision and recall to 5 points on each side.",
    )
    labels = serializers.IntegerField(help_text="Labelled events that it was trained on.")
    random_labels = serializers.IntegerField(
        required=False,
        help_text="Of these, events that were drawn at random: only they say what holds over all events.",
    )
    strata = serializers.ListField(
        child=serializers.IntegerField(),
        allow_null=True,
        required=False,
        help_text="The random labels: of events that count as matches how many are one and how many none, then the same of the others.",
    )
    labelled_precision = serializers.FloatField(
        allow_null=True,
        required=False,
        help_text="Cross-validated on the labelled events, which were mostly picked: it says little of all events. Null where so few labels do not tell it.",
    )
    labelled_recall = serializers.FloatField(
        allow_null=True,
        required=False,
        help_text="Likewise: the share of the labelled matches that the classifier calls one without having seen their labels. The issue's own matches follow the labels.",
    )


class FollowsItem(Strict):
    """What decides the issue's matches: one of the three."""

    signal = serializers.CharField(required=False, max_length=200, help_text="A signal's key.")
    query = serializers.CharField(
        required=False,
        trim_whitespace=False,
        allow_blank=True,
        max_length=20_000,
        help_text="A query (docs/guide/search.md) that does not move with the clock.",
    )
    cluster = serializers.CharField(required=False, max_length=100, help_text="A cluster's id.")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if len(attrs) != 1:
            raise serializers.ValidationError("Name one of signal, query and cluster.")
        return attrs


class FollowedItem(FollowsItem):
    gone = serializers.BooleanField(
        required=False,
        help_text="True when the signal or the cluster is deleted: the issue keeps what matched.",
    )


class CorrectedItem(serializers.Serializer[Any]):
    value = serializers.FloatField()
    low = serializers.FloatField(help_text="90 % interval.")
    high = serializers.FloatField(help_text="90 % interval.")


class TermsItem(serializers.Serializer[Any]):
    """What is set, and nothing else: the first five of a muted issue, the others of a resolved one."""

    until = serializers.DateTimeField(required=False)
    events = serializers.IntegerField(required=False)
    users = serializers.IntegerField(required=False)
    window = serializers.IntegerField(required=False, help_text="Seconds within which so many come.")
    escalating = serializers.BooleanField(required=False)
    in_release = serializers.CharField(required=False, help_text="It has the fix.")
    after_release = serializers.CharField(required=False, help_text="The one after it has the fix.")


class IssueItem(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    number = serializers.IntegerField(help_text="Short id within the project; can be used in place of `id`.")
    title = serializers.CharField()
    description = serializers.CharField()
    state = serializers.CharField(help_text="open, resolved, muted or merged.")
    substate = serializers.CharField(
        allow_null=True, help_text="Of an open issue: new, ongoing, escalating or regressed."
    )
    terms = TermsItem(
        allow_null=True,
        help_text="When a muted or a resolved issue opens again; null: it is open, muted for ever, or resolved now.",
    )
    review = serializers.CharField(
        allow_null=True,
        help_text="What a person is to look at: new, escalating, regressed or unmuted; null once somebody did.",
    )
    priority = serializers.CharField(help_text="high, medium or low.")
    assignee = serializers.CharField(allow_null=True, help_text="A member's user name.")
    follows = FollowedItem(
        allow_null=True, help_text="What decides its matches; null: a classifier from labels."
    )
    merged_into = serializers.IntegerField(
        allow_null=True, help_text="The number of the issue that it is part of, while its state is merged."
    )
    merged = serializers.ListField(
        child=serializers.IntegerField(), help_text="The numbers of the issues that are merged into it."
    )
    events = serializers.IntegerField(help_text="Events that match, of all time.")
    conversations = serializers.IntegerField(help_text="Conversations of these events.")
    users = serializers.IntegerField(help_text="End users of these events.")
    first_seen = serializers.DateTimeField(allow_null=True)
    last_seen = serializers.DateTimeField(allow_null=True)
    rate = serializers.FloatField(allow_null=True, help_text="Share of the project's events, of all time.")
    conversation_rate = serializers.FloatField(
        allow_null=True, help_text="Share of the project's conversations, of all time."
    )
    corrected_rate = CorrectedItem(
        allow_null=True,
        help_text="The rate by people's answers on events drawn at random; null with fewer than 10 of these.",
    )
    corrected_conversation_rate = CorrectedItem(allow_null=True, help_text="The same of conversations.")
    quality = QualityItem()
    classifier_version = serializers.IntegerField(
        allow_null=True, help_text="Null before the first label, and where the issue follows something."
    )
    job = serializers.UUIDField(
        allow_null=True, help_text="While it waits or runs (`/api/jobs/{id}/`), the matches are not complete."
    )
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()


class MatchItem(serializers.Serializer[Any]):
    event_id = serializers.CharField(help_text="The app's own id.")
    timestamp = serializers.DateTimeField()
    user_id = serializers.CharField(allow_null=True)
    convo_id = serializers.CharField(allow_null=True)
    score = serializers.FloatField()
    classifier_version = serializers.IntegerField(
        allow_null=True, help_text="Null where what the issue follows decided."
    )


class NewIssue(Strict):
    title = serializers.CharField(max_length=TITLE_LENGTH)
    description = serializers.CharField(
        max_length=DESCRIPTION_LENGTH, allow_blank=True, default="", help_text="What counts, what does not."
    )
    follows = FollowsItem(required=False, allow_null=True, help_text="Left out: a classifier from labels.")
    start = FollowsItem(
        required=False,
        allow_null=True,
        help_text="From what the search for candidates starts, where labels decide: its events are among the first to be labelled. Not with `follows`.",
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if attrs.get("follows") and attrs.get("start"):
            raise serializers.ValidationError(
                {"start": "What the issue follows decides: there is no search to start."}
            )
        return attrs


class IssueChange(Strict):
    title = serializers.CharField(max_length=TITLE_LENGTH, required=False)
    description = serializers.CharField(max_length=DESCRIPTION_LENGTH, allow_blank=True, required=False)
    state = serializers.ChoiceField([state.value for state in State if state != State.MERGED], required=False)
    substate = serializers.ChoiceField(Substate.choices, required=False)
    priority = serializers.ChoiceField(Priority.choices, required=False)
    assignee = serializers.CharField(max_length=150, allow_null=True, required=False)
    follows = FollowsItem(required=False, allow_null=True, help_text="Null: a classifier from labels again.")


LIST = [
    OpenApiParameter(
        "state",
        OpenApiTypes.STR,
        enum=["all", *State.values, *Substate.values],
        description="A state, or the substate of an open issue. `all`: but for merged ones.",
    ),
    OpenApiParameter(
        "q",
        OpenApiTypes.STR,
        description="A query (docs/guide/search.md) over title, description, state, substate, priority, assignee and number; or an issue's number.",
    ),
    OpenApiParameter("sort", OpenApiTypes.STR, enum=list(SORTS), default=DEFAULT_SORT),
    *PAGE,
]
