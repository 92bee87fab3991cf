"""What a reader (an LLM) said of conversations: what the user wanted, and what went wrong. Written by signals/reader/."""

from django.db import models
from django.utils import timezone

from ingest.models import Conversation, EndUser, Event, Project
from ingest.models.events import BigForeignKey
from raindrop.ids import new_id


class Sampled(models.TextChoices):
    RANDOM = "random"  # drawn with `probability`, so that rates can be estimated
    TARGETED = "targeted"  # drawn because something pointed at it: no rate follows from it


class Where(models.TextChoices):
    USER = "user"
    ASSISTANT = "assistant"
    TOOL = "tool"


class FacetSource(models.TextChoices):
    LLM = "llm"
    SHIPPED = "shipped"  # came with the demo's data: no model was asked


class Facet(models.Model):
    """The newest reading of one conversation, or of one event that has none. A later reading replaces it."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    project = BigForeignKey(Project, on_delete=models.CASCADE, db_index=False, related_name="+")
    conversation = BigForeignKey(Conversation, null=True, db_index=False, related_name="facets")
    event = BigForeignKey(
        Event,
        db_index=False,
        related_name="facets",
        help_text="The one in which the quote stands; else the last that was read.",
    )
    end_user = BigForeignKey(EndUser, null=True, db_index=False, related_name="+")
    timestamp = models.DateTimeField(help_text="Of `event`.")
    text_hash = models.BinaryField(max_length=16, help_text="Of the text that was read.")
    prompt_version = models.CharField(max_length=32)
    sampled = models.CharField(max_length=8, choices=Sampled.choices)
    probability = models.FloatField(
        null=True, help_text="With which it was drawn at random; null where targeted."
    )
    source = models.CharField(max_length=8, choices=FacetSource.choices, default=FacetSource.LLM)
    intent = models.TextField(default="", blank=True, help_text="What the user wants, in 3 to 10 words.")
    went_wrong = models.TextField(
        default="", blank=True, help_text="What went wrong, in 5 to 15 words; empty: nothing."
    )
    quote = models.TextField(
        default="", blank=True, help_text="Verbatim, found again in the text; empty where it was not."
    )
    where = models.CharField(max_length=9, choices=Where.choices, default="", blank=True)
    severity = models.PositiveSmallIntegerField(default=0, help_text="0 to 3.")
    user_noticed = models.BooleanField(null=True)
    resolved = models.BooleanField(null=True)
    model = models.TextField(default="", blank=True)
    read_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["conversation"],
                condition=models.Q(conversation__isnull=False),
                name="facet_of_conversation_once",
            ),
            models.UniqueConstraint(
                fields=["event"], condition=models.Q(conversation__isnull=True), name="facet_of_event_once"
            ),
        ]
        indexes = [
            models.Index(fields=["project", "-timestamp", "-id"], name="facet_recent"),
            models.Index(fields=["event"], name="facet_of_event"),
        ]

    def __str__(self) -> str:
        return self.went_wrong or self.intent
