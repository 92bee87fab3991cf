from typing import Self

from django.db import models
from django.utils import timezone

from ingest.models import Conversation, EndUser, Event, Project
from ingest.models.events import BigForeignKey
from raindrop.ids import new_id
from signals.models.definitions import SignalDefinition
from signals.models.judgements import judgements


class SignalMatchQuerySet(models.QuerySet["SignalMatch"]):
    def with_feedback(self) -> Self:
        """Each with `feedback`: the newest judgement of it. True: right, False: wrong, None: unsure, or nobody judged it."""
        return self.annotate(feedback=judgements().feedback())


class SignalMatch(models.Model):
    """One event on which a signal holds."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    project = BigForeignKey(Project, db_index=False, related_name="+")
    signal = models.ForeignKey(
        SignalDefinition,
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        db_index=False,
        related_name="matches",
    )
    event = BigForeignKey(Event, db_index=False, related_name="signal_matches")
    end_user = BigForeignKey(EndUser, null=True, db_index=False, related_name="+")
    conversation = BigForeignKey(Conversation, null=True, db_index=False, related_name="+")
    timestamp = models.DateTimeField(help_text="The event's.")
    score = models.FloatField(default=1.0)
    source = models.TextField(help_text="What found it: a detector and its version, or sdk.")
    # [{"side": "user"|"assistant"|"span", "start": int, "end": int, "text": str, "span_id"?: str}], offsets in characters
    evidence = models.JSONField(default=list, blank=True)
    created_at = models.DateTimeField(default=timezone.now)

    objects = SignalMatchQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "signal matches"
        constraints = [models.UniqueConstraint(fields=["event", "signal"], name="signal_match_once")]
        indexes = [models.Index(fields=["signal", "-timestamp", "-id"], name="signal_match_recent")]

    def __str__(self) -> str:
        return f"{self.signal_id} on {self.event_id}"
