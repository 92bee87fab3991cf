from django.conf import settings
from django.db import models

from ingest.models import Event, Project
from ingest.models.events import BigForeignKey
from issues.models import Issue
from raindrop.ids import new_id


class Answer(models.TextChoices):
    MATCH = "match"
    NOT_MATCH = "not_match"
    UNSURE = "unsure"


class Label(models.Model):
    """A person's answer on one (event, issue). Rows are only added: a changed mind, or an undo, supersedes."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="+")
    issue = models.ForeignKey(Issue, on_delete=models.CASCADE, related_name="labels")
    event = BigForeignKey(Event, related_name="labels")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    answer = models.CharField(max_length=10, choices=Answer.choices)
    note = models.TextField(blank=True)
    source = models.CharField(max_length=20, default="queue", help_text="queue, api, page, admin.")
    reason = models.CharField(
        max_length=20, blank=True, help_text="Why the queue asked: uncertain, likely, random."
    )
    score = models.FloatField(null=True, blank=True, help_text="The classifier's score when it was asked.")
    created_at = models.DateTimeField(auto_now_add=True)
    superseded_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            # Not of labels without a user: what people said whose accounts are gone still stands. `record_label` keeps the
            # API's to one.
            models.UniqueConstraint(
                fields=["issue", "event", "user"],
                condition=models.Q(superseded_at=None),
                name="one_standing_label",
            )
        ]

    def __str__(self) -> str:
        return f"{self.answer} on {self.event_id}"


class Reservation(models.Model):
    """A card on somebody's screen (labeling/queue/reservations.py)."""

    id = models.BigAutoField(primary_key=True)
    issue = models.ForeignKey(Issue, on_delete=models.CASCADE, related_name="reservations")
    event = BigForeignKey(Event, db_index=False, related_name="+")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    until = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["issue", "event"], name="one_reservation")]

    def __str__(self) -> str:
        return f"{self.event_id} until {self.until}"
