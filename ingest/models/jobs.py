"""Long work that a person waits for: a backfill, a training run."""

from django.conf import settings
from django.db import models

from ingest.models.projects import Project
from raindrop.ids import new_id


class JobState(models.TextChoices):
    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    STOPPED = "stopped"  # by a person


class Job(models.Model):
    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="jobs")
    kind = models.CharField(max_length=40, help_text="The name that ingest/jobs/kinds.py knows it by.")
    subject = models.UUIDField(null=True, blank=True, help_text="What it works on, such as an issue.")
    argument = models.CharField(
        max_length=40,
        default="",
        blank=True,
        help_text="What the kind is told besides, such as a number of days.",
    )
    state = models.CharField(max_length=10, choices=JobState.choices, default=JobState.QUEUED)
    done = models.PositiveBigIntegerField(default=0)
    total = models.PositiveBigIntegerField(default=0)
    message = models.TextField(default="", blank=True)
    position = models.TextField(
        default="", blank=True, help_text="Where it goes on when it is taken up again."
    )
    silences = models.PositiveSmallIntegerField(
        default=0, help_text="How often it was handed to the workers again since it last moved."
    )
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            # A second request while one waits adds nothing: the waiting one will see the newest data.
            models.UniqueConstraint(
                fields=["project", "kind", "subject", "argument"],
                condition=models.Q(state="queued"),
                name="one_queued_job",
            )
        ]
        indexes = [
            models.Index(
                fields=["updated_at"],
                condition=models.Q(state__in=["queued", "running"]),
                name="job_unfinished",
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.state}"
