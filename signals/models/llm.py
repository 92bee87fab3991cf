"""What a project may spend on the LLM, for all its uses together, and has spent. Written by signals/llm/."""

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models

from ingest.models import Job, Project
from ingest.models.events import BigForeignKey
from raindrop.ids import new_id


class LlmSettings(models.Model):
    """One row a project, at most; without one the defaults hold. A limit of 0 switches the model off."""

    project = models.OneToOneField(
        Project, on_delete=models.CASCADE, primary_key=True, related_name="llm_settings"
    )
    daily_calls = models.PositiveIntegerField(
        default=1000,
        validators=[MaxValueValidator(10_000_000)],
        help_text="Calls a day (UTC): events that a question is about, conversations that are read.",
    )
    daily_dollars = models.DecimalField(
        max_digits=11,
        decimal_places=4,
        default="1.00",
        validators=[MinValueValidator(0)],
        help_text="US dollars a day (UTC) that they may cost.",
    )
    random_share = models.FloatField(
        default=0.5,
        validators=[MinValueValidator(0), MaxValueValidator(1)],
        help_text="Of the conversations that the budget holds, so many are drawn at random; the others because something points at them.",
    )
    trouble = models.TextField(
        default="", blank=True, help_text="What is wrong with the service; empty: nothing."
    )
    trouble_at = models.DateTimeField(null=True)
    stopped_until = models.DateTimeField(
        null=True, help_text="The service refused the key: nothing is asked before."
    )
    woken_at = models.DateTimeField(
        null=True, help_text="When a worker was called for questions that has not begun yet."
    )
    reader_woken_at = models.DateTimeField(null=True, help_text="The same, for the reader.")

    class Meta:
        verbose_name_plural = "LLM settings"

    def __str__(self) -> str:
        return f"LLM of {self.project_id}"


class LlmSpend(models.Model):
    """What a project has used of a day's budget, calls that are under way included."""

    pk = models.CompositePrimaryKey("project_id", "day")
    project = BigForeignKey(Project, db_index=False, related_name="+")
    day = models.DateField(help_text="UTC.")
    calls = models.PositiveIntegerField(default=0)
    money = models.BigIntegerField(default=0, help_text="Microdollars, with what is held.")
    held = models.BigIntegerField(
        default=0, help_text="Microdollars, of calls that are under way: at most so much."
    )

    def __str__(self) -> str:
        return f"{self.project_id} {self.day}: {self.calls} calls, {self.money} microdollars"


class BatchState(models.TextChoices):
    PREPARING = "preparing"  # its rows are marked and paid for; the service may or may not have it
    SENT = "sent"
    ENDED = "ended"
    LOST = "lost"


class LlmBatch(models.Model):
    """One request to the Batches API, of a run over the past (a Job). Each use has its own table; signals/llm/batches.py sends and polls."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="+")
    job = models.ForeignKey(Job, null=True, on_delete=models.SET_NULL, related_name="+")  # null: purged
    state = models.CharField(max_length=10, choices=BatchState.choices, default=BatchState.PREPARING)
    remote_id = models.TextField(default="", blank=True)
    requests = models.PositiveIntegerField()
    failures = models.PositiveSmallIntegerField(
        default=0, help_text="How often its results could not be read."
    )
    created_at = models.DateTimeField(auto_now_add=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return f"{self.remote_id or self.pk}: {self.state}"
