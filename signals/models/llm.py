"""What a project may spend on the LLM, for all its uses together, and has spent. Written by signals/llm/."""

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models

from ingest.models import Project
from ingest.models.events import BigForeignKey


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
