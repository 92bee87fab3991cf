"""Which conversations an LLM is to read, and what came of it. Written by signals/reader/. (What it said: signals/models/facets.py.)"""

from django.db import models
from django.utils import timezone

from ingest.models import Conversation, Event, Project
from ingest.models.events import BigForeignKey
from raindrop.ids import new_id
from signals.models.facets import Sampled
from signals.models.llm import LlmBatch


class ReadingState(models.TextChoices):
    WAITING = "waiting"  # for the conversation to be quiet, until available_at; then to be drawn, and read
    READING = "reading"  # with a worker, until available_at; money is held for it
    PAST = "past"  # of the past: a run sends it in a batch when it is drawn and the budget holds it
    BATCHED = "batched"  # in a ReadingBatch; money is held for it
    POSTPONED = "postponed"  # drawn at random, and the day's budget was spent: it waits for the next day's
    READ = "read"  # there is a Facet of the text
    VOID = "void"  # answered, but not to be used; `problem` says why
    FAILED = "failed"  # given up; `problem` says why
    LEFT = "left"  # not drawn, or no key, or no budget; `problem` says which


# Of these a worker or the service has the text, and money is held for it.
IN_HAND = (ReadingState.READING, ReadingState.BATCHED)


class Reading(models.Model):
    """One conversation, or one event that has none, on its way to be read. One row each, which every new event wakes again."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    project = BigForeignKey(Project, on_delete=models.CASCADE, db_index=False, related_name="+")
    conversation = BigForeignKey(Conversation, null=True, db_index=False, related_name="+")
    event = BigForeignKey(
        Event, db_index=False, related_name="+", help_text="The one that woke it; the only one, where there is no conversation."
    )  # fmt: skip
    state = models.CharField(max_length=9, choices=ReadingState.choices, default=ReadingState.WAITING)
    problem = models.TextField(default="", blank=True, help_text="Why it was not read.")
    available_at = models.DateTimeField(default=timezone.now)
    woken_at = models.DateTimeField(default=timezone.now, help_text="When its last event was processed.")
    wake_at = models.DateTimeField(null=True, help_text="It grew while it was read: when to look again.")
    sampled = models.CharField(
        max_length=8, choices=Sampled.choices, default="", blank=True, help_text="Empty: not drawn (yet)."
    )
    draw_rate = models.FloatField(
        default=0.0, help_text="The highest rate at which it took part in the random draw: its probability."
    )
    why = models.TextField(default="", blank=True, help_text="What points at it, where it is targeted.")
    text_hash = models.BinaryField(max_length=16, default=bytes, help_text="Of what was answered last.")
    prompt_version = models.CharField(max_length=32, default="", blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    model = models.TextField(default="", blank=True)
    input_tokens = models.PositiveIntegerField(default=0)
    cache_write_tokens = models.PositiveIntegerField(default=0)
    cache_read_tokens = models.PositiveIntegerField(default=0)
    output_tokens = models.PositiveIntegerField(default=0)
    cost = models.BigIntegerField(default=0, help_text="Microdollars, of all attempts at all its texts.")
    held = models.BigIntegerField(default=0, help_text="Microdollars that are reserved for it now.")
    day = models.DateField(null=True, help_text="Of whose budget they are held.")
    answered_at = models.DateTimeField(null=True)
    batch = models.ForeignKey(
        "ReadingBatch", null=True, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="readings"
    )  # fmt: skip
    sent_hash = models.BinaryField(
        max_length=16, default=bytes, help_text="Of the text that is in the batch."
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["conversation"],
                condition=models.Q(conversation__isnull=False),
                name="reading_of_conversation_once",
            ),
            models.UniqueConstraint(
                fields=["event"], condition=models.Q(conversation__isnull=True), name="reading_of_event_once"
            ),
        ]
        indexes = [
            models.Index(
                fields=["project", "available_at"],
                name="reading_open",
                condition=models.Q(state__in=[ReadingState.WAITING, ReadingState.READING, ReadingState.POSTPONED]),
            ),
            models.Index(fields=["project", "-woken_at"], name="reading_recent"),
            models.Index(fields=["project", "id"], name="reading_past", condition=models.Q(state=ReadingState.PAST)),
            models.Index(fields=["batch", "id"], name="reading_batched", condition=models.Q(state=ReadingState.BATCHED)),
            models.Index(fields=["event"], name="reading_of_event"),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.conversation_id or self.event_id}: {self.state}"


class ReadingBatch(LlmBatch):
    """Conversations of the past that were sent together. `prompt_version` and `model`: with which they were asked about."""

    prompt_version = models.CharField(max_length=32)
    model = models.TextField()

    class Meta:
        verbose_name_plural = "reading batches"
