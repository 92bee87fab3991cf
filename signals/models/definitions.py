"""The taxonomy: which signals a project has. Rows that the admin edits; built-ins are copied in when a project is made."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from simple_history.models import HistoricalRecords

from ingest.models import Project
from raindrop.ids import new_id


class Sentiment(models.TextChoices):
    POSITIVE = "positive"
    NEGATIVE = "negative"
    NEUTRAL = "neutral"


class Kind(models.TextChoices):
    EXPLICIT = "explicit"  # sent by the app
    IMPLICIT = "implicit"  # read from the text or the spans


class DetectorType(models.TextChoices):
    """What reads the signal off an event."""

    RULE = "rule"
    MODEL = "model"
    LLM = "llm"
    SDK = "sdk"  # sent by the app


class Reads(models.TextChoices):
    USER = "user"
    ASSISTANT = "assistant"
    CONVERSATION = "conversation"
    SPANS = "spans"


class Action(models.TextChoices):
    """What the person did, for a signal that the app sends."""

    THUMBS_UP = "thumbs_up", "Thumbs up"
    THUMBS_DOWN = "thumbs_down", "Thumbs down"
    REGENERATE = "regenerate", "Regenerate"
    REGENERATE_AGAIN = "regenerate_again", "Regenerate more than once"
    COPY = "copy", "Copy"
    EDIT = "edit", "Edit"
    UPGRADE = "upgrade", "Upgrade"
    COMMENT = "comment", "Comment"
    SHARE = "share", "Share"
    STOP = "stop", "Stop"
    TOOL_DENIED = "tool_denied", "Tool approval denied"


class SignalGroup(models.Model):
    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="signal_groups")
    name = models.CharField(max_length=80)
    description = models.TextField(blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    history = HistoricalRecords(excluded_fields=["created_at"])

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
    detector = models.CharField(max_length=10, choices=DetectorType.choices, default=DetectorType.RULE)
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
    action = models.CharField(
        max_length=20,
        choices=Action.choices,
        blank=True,
        help_text="What the person did, when the app sends the signal. The patterns page goes by it.",
    )
    own_fields = ArrayField(
        models.CharField(max_length=20),
        default=list,
        blank=True,
        editable=False,
        help_text="What this project set itself: a change of the server's defaults leaves it alone.",
    )
    config = models.JSONField(
        default=dict, blank=True, help_text="What the detector needs, such as words or a pattern."
    )
    trained = models.BinaryField(
        null=True, editable=False, help_text="The weights of a sentence's model, learnt from config."
    )
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)
    history = HistoricalRecords(excluded_fields=["trained", "created_at", "updated_at"])

    class Meta:
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["project", "key"], name="signal_key_per_project")]

    def __str__(self) -> str:
        return self.name
