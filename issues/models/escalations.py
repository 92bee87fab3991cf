"""That an issue happened far more often than usual, from when to when. Written by issues/escalation/."""

from django.db import models
from django.utils import timezone

from ingest.models import Project
from issues.models.issues import Issue
from raindrop.ids import new_id


class EscalationEnd(models.TextChoices):
    CALM = "calm", "about as usual again"
    USUAL = "usual", "a week of it: that is usual now"
    CLOSED = "closed", "the issue was resolved or muted"


class Escalation(models.Model):
    """It runs while `ended_at` is null: one rise is told once. It ends when it is over, or when the issue is closed."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    issue = models.ForeignKey(Issue, on_delete=models.CASCADE, related_name="escalations")
    began_at = models.DateTimeField(default=timezone.now)
    ended_at = models.DateTimeField(null=True)
    end = models.CharField(max_length=6, choices=EscalationEnd.choices, default="", blank=True)
    data = models.JSONField(default=dict, help_text="The numbers: as in the issue's activity.")

    class Meta:
        ordering = ["-began_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["issue"], name="one_running_escalation", condition=models.Q(ended_at=None)
            )
        ]

    def __str__(self) -> str:
        return f"{self.issue_id} from {self.began_at:%Y-%m-%d %H:%M}"


class TrackingSettings(models.Model):
    """One row a project, at most; without one the defaults hold."""

    project = models.OneToOneField(
        Project, on_delete=models.CASCADE, primary_key=True, related_name="tracking_settings"
    )
    opens_issues = models.BooleanField(
        default=False,
        help_text="A problem that emerges, and a signal that escalates, opens an issue for review.",
    )
    opened = models.JSONField(
        default=dict, help_text="Which problems and signals opened an issue by themselves: id to day."
    )
    checked_at = models.DateTimeField(null=True, help_text="When the issues were last looked at for a rise.")

    class Meta:
        verbose_name_plural = "tracking settings"

    def __str__(self) -> str:
        return f"tracking in {self.project}"
