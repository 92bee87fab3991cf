from django.conf import settings
from django.db import models

from issues.models.issues import Issue
from raindrop.ids import new_id


class ActivityKind(models.TextChoices):
    CREATED = "created"
    STATE = "state"
    ASSIGNED = "assigned"
    PRIORITY = "priority"
    EDITED = "edited"
    TRAINED = "trained"
    NOTE = "note"
    FOLLOWS = "follows"
    MERGED = "merged"
    UNMERGED = "unmerged"
    SPLIT = "split"


class Activity(models.Model):
    """What happened to an issue, and who did it (nobody: the system)."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    issue = models.ForeignKey(Issue, on_delete=models.CASCADE, related_name="activity")
    kind = models.CharField(max_length=12, choices=ActivityKind.choices)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    data = models.JSONField(default=dict, blank=True)
    batch = models.UUIDField(
        null=True, editable=False, help_text="Of the action on many issues that this is part of."
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-created_at"]
        verbose_name_plural = "activity"
        indexes = [
            models.Index(fields=["batch"], name="activity_batch", condition=models.Q(batch__isnull=False))
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.created_at}"


class Mention(models.Model):
    """Somebody is named in a note: it waits in that person's inbox until seen."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    activity = models.ForeignKey(Activity, on_delete=models.CASCADE, related_name="mentions")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    seen_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["activity", "user"], name="mentioned_once")]
        indexes = [
            models.Index(fields=["user"], name="mention_waits", condition=models.Q(seen_at__isnull=True))
        ]

    def __str__(self) -> str:
        return f"{self.user_id} in {self.activity_id}"
