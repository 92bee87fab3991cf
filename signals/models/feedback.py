from typing import Self

from django.conf import settings
from django.db import models

from ingest.models import Event, Project
from ingest.models.events import BigForeignKey
from raindrop.ids import new_id
from signals.models.definitions import SignalDefinition


class Asked(models.TextChoices):
    """Why a person was asked about an event. Precision is only measured on what was not picked for its score."""

    SHOWN = "", "seen on a page"
    RANDOM = "random", "random match"
    UNCERTAIN = "uncertain", "uncertain match"
    NEAR = "near", "near miss"


class SignalFeedbackQuerySet(models.QuerySet["SignalFeedback"]):
    def standing(self) -> Self:
        """The last word on each (signal, event)."""
        same = SignalFeedback.objects.filter(signal=models.OuterRef("signal"), event=models.OuterRef("event"))
        moment = models.OuterRef("updated_at")
        newer = same.filter(
            models.Q(updated_at__gt=moment) | models.Q(updated_at=moment, id__gt=models.OuterRef("id"))
        )
        return self.filter(~models.Exists(newer))


class SignalFeedback(models.Model):
    """A person's label on one (signal, event): whether the signal does hold there. The last word of several people stands; who takes
    it back lets the one before stand again."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="+")
    signal = models.ForeignKey(SignalDefinition, on_delete=models.CASCADE, related_name="feedback")
    event = BigForeignKey(Event, db_index=False, related_name="+")
    right = models.BooleanField(null=True, help_text="Null: unsure.")
    reason = models.CharField(max_length=10, choices=Asked.choices, blank=True, default=Asked.SHOWN)
    score = models.FloatField(null=True, blank=True, help_text="The detector's when it was said.")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects = SignalFeedbackQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "signal feedback"
        constraints = [
            models.UniqueConstraint(fields=["signal", "event", "user"], name="signal_feedback_once_each")
        ]

    def __str__(self) -> str:
        said = {True: "holds", False: "does not hold", None: "unsure"}[self.right]
        return f"{self.signal_id} on {self.event_id}: {said}"
