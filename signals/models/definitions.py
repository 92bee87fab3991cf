"""The taxonomy: which signals a project has. Rows that the admin edits; built-ins are copied in when a project is made."""

from django.db import models

from ingest.models import Project
from raindrop.ids import new_id


class Sentiment(models.TextChoices):
    POSITIVE = "positive"
    NEGATIVE = "negative"
    NEUTRAL = "neutral"


class Kind(models.TextChoices):
    EXPLICIT = "explicit"  # sent by the app
    IMPLICIT = "implicit"  # read from the text or the spans


class Detector(models.TextChoices):
    RULE = "rule"
    MODEL = "model"
    LLM = "llm"
    SDK = "sdk"  # sent by the app


class Reads(models.TextChoices):
    USER = "user"
    ASSISTANT = "assistant"
    CONVERSATION = "conversation"
    SPANS = "spans"


class SignalGroup(models.Model):
    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="signal_groups")
    name = models.CharField(max_length=80)
    description = models.TextField(blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["project", "name"], name="signal_group_name")]

    def __str__(self) -> str:
        return self.name


class SignalDefinition(models.Model):
    """A yes/no question about an event."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="signal_definitions")
    key = models.SlugField(
        max_length=120, help_text="Names it in code, URLs and the API, such as user_frustration."
    )
    name = models.CharField(max_length=120)
    description = models.TextField(blank=True, help_text="What counts, and what does not.")
    kind = models.CharField(max_length=10, choices=Kind.choices, default=Kind.IMPLICIT)
    detector = models.CharField(max_length=10, choices=Detector.choices, default=Detector.RULE)
    reads = models.CharField(max_length=12, choices=Reads.choices, default=Reads.USER)
    sentiment = models.CharField(max_length=10, choices=Sentiment.choices, default=Sentiment.NEUTRAL)
    group = models.ForeignKey(
        SignalGroup, null=True, blank=True, on_delete=models.SET_NULL, related_name="signals"
    )
    enabled = models.BooleanField(default=True)
    muted = models.BooleanField(default=False, help_text="Counted, but kept out of the overview.")
    reviewed = models.BooleanField(
        default=True, help_text="Off for names that the app sent and nobody looked at yet."
    )
    builtin = models.BooleanField(
        default=False, editable=False, help_text="Read by the detector of the same key."
    )
    threshold = models.FloatField(null=True, blank=True, help_text="0 to 1. Empty: the detector's own.")
    config = models.JSONField(
        default=dict, blank=True, help_text="What the detector needs, such as words or a pattern."
    )
    trained = models.BinaryField(
        null=True, editable=False, help_text="The weights of a sentence's model, learnt from config."
    )
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["project", "key"], name="signal_key_per_project")]

    def __str__(self) -> str:
        return self.name
