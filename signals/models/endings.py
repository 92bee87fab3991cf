from django.db import models

from ingest.models import Conversation, Event, Project
from ingest.models.events import BigForeignKey


class FailedEnding(models.Model):
    """A conversation whose last event, so far, failed. Gone when the conversation goes on, or when it was no abandonment after all.

    `due_at`: when it counts as left; null once that was decided. `matched`: `event` has a match of the signal abandonment.
    """

    conversation = models.OneToOneField(
        Conversation, primary_key=True, on_delete=models.DO_NOTHING, db_constraint=False, related_name="+"
    )
    project = BigForeignKey(Project, db_index=False, related_name="+")
    event = BigForeignKey(Event, db_index=False, related_name="+")
    due_at = models.DateTimeField(null=True)
    matched = models.BooleanField(default=False)

    class Meta:
        indexes = [
            models.Index(
                fields=["due_at"], name="failed_ending_due", condition=models.Q(due_at__isnull=False)
            )
        ]

    def __str__(self) -> str:
        return str(self.conversation_id)
