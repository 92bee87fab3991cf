"""The shapes of the API of clarifying questions and definition versions."""

from typing import Any

from rest_framework import serializers

from labeling.models import QuestionState
from labeling.refinement.picking import Kind
from labeling.refinement.wording import HEADINGS
from raindrop.api.fields import hiding
from raindrop.api.shapes import Strict

TEXT_LENGTH = 1000


class EffectItem(serializers.Serializer[Any]):
    labels_flipped = serializers.IntegerField(
        help_text="Labelled events that the classifier decides as they are answered now, and would not decide so any more."
    )
    labels_reasked = serializers.IntegerField(help_text="Events whose labels are asked about again.")
    labels = serializers.IntegerField(help_text="Labelled events in all.")
    rate_before = serializers.FloatField()
    rate_after = serializers.FloatField()
    events_gained = serializers.IntegerField()
    events_lost = serializers.IntegerField()
    events = serializers.IntegerField(help_text="All events of the project.")
    sampled = serializers.IntegerField(help_text="Of these, those that were looked at.")
    gained = serializers.ListField(
        child=serializers.CharField(), help_text="The ids of a few events that are gained."
    )
    lost = serializers.ListField(child=serializers.CharField(), help_text="The same of events that are lost.")


class PairItem(serializers.Serializer[Any]):
    event_id = serializers.CharField(
        allow_null=True, help_text="The app's own id; null when the event is gone."
    )
    quote = serializers.CharField()


class ProposalItem(serializers.Serializer[Any]):
    base_version = serializers.IntegerField(help_text="The version that it changes.")
    heading = serializers.CharField(help_text="Counts, Does not count or It depends.")
    rule = serializers.CharField(help_text="The line that is added under the heading.")
    title = serializers.CharField()
    description = serializers.CharField()
    diff = serializers.CharField(help_text="To the version that it changes, as in `definitions`.")
    effect = EffectItem()
    written_by = serializers.CharField(help_text="template or llm.")


class QuestionItem(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    state = hiding(serializers.CharField(help_text="open, answered or dismissed."))
    kind = serializers.CharField(help_text=f"Why it is asked: {', '.join(Kind)}.")
    question = serializers.CharField()
    pair = PairItem(
        many=True, help_text="The event of which it is not clear whether it counts, and one that is settled."
    )
    words = serializers.ListField(
        child=serializers.CharField(), help_text="What sets the first apart from the second."
    )
    other_issue = serializers.IntegerField(allow_null=True, help_text="Of a merge, the other issue's number.")
    settles = serializers.IntegerField(help_text="How many events the answer is about, when it was asked.")
    written_by = serializers.CharField(help_text="template or llm.")
    answer = serializers.CharField(allow_null=True, help_text="include, exclude or depends.")
    text = serializers.CharField(allow_null=True, help_text="What was said with the answer.")
    answered_by = serializers.CharField(allow_null=True)
    answered_at = serializers.DateTimeField(allow_null=True)
    proposal = ProposalItem(allow_null=True, help_text="What the answer proposes.")
    accepted_version = serializers.IntegerField(
        allow_null=True, help_text="The version of the definition that the accepted proposal made."
    )
    created_at = serializers.DateTimeField()


class NewAnswer(Strict):
    answer = hiding(serializers.ChoiceField(list(HEADINGS), required=False))
    text = serializers.CharField(
        max_length=TEXT_LENGTH,
        allow_blank=True,
        default="",
        help_text="The rule in your own words; of depends: on what.",
    )
    dismiss = serializers.BooleanField(required=False, help_text="True: put the question aside for good.")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if attrs.get("dismiss") and ("answer" in attrs or attrs["text"]):
            raise serializers.ValidationError("Send dismiss alone, or an answer.")
        if not attrs.get("dismiss") and "answer" not in attrs:
            raise serializers.ValidationError({"answer": [f"Send one of {', '.join(HEADINGS)}, or dismiss."]})
        return attrs


STATES = ["all", *QuestionState.values]
