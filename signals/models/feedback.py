from django.conf import settings
from django.db import models

from ingest.models import Event, Project
from ingest.models.events import BigForeignKey
from raindrop.ids import new_id
from signals.models.definitions import SignalDefinition


class SignalFeedback(models.Model):
    """A person's word on one match: whether the signal does hold on the event. The last word stands."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="+")
    signal = models.ForeignKey(SignalDefinition, on_delete=models.CASCADE, related_name="feedback")
    event = BigForeignKey(Event, db_index=False, related_name="+")
    right = models.BooleanField()
    user = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["signal", "event"], name="signal_feedback_once")]

    def __str__(self) -> str:
        return f"{self.signal_id} on {self.event_id}: {'right' if self.right else 'wrong'}"
