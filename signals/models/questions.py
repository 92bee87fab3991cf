"""What the LLM was asked and answered about events. Written by signals/questions/. (What it may cost: signals/models/llm.py.)

A *question* is a signal definition of that kind (signals/kinds/question.py). Its `version` is a hash of what the model is told of it
(signals/questions/prompt.py), so that a verdict is found again by (version, event): after a restart, in a preview, or when an
old wording comes back.
"""

from django.db import models
from django.utils import timezone

from ingest.models import Event, Project
from ingest.models.events import BigForeignKey
from raindrop.ids import new_id
from signals.models.llm import LlmBatch


class VerdictState(models.TextChoices):
    WAITING = "waiting"  # to be asked, from available_at on
    ASKING = "asking"  # with a worker, until available_at; money is held for it
    BATCHED = "batched"  # in a QuestionBatch; money is held for it
    ANSWERED = "answered"  # `match`, `evidence` and `reason` are the model's
    VOID = "void"  # answered, but not to be used; `problem` says why. The local answer stands
    FAILED = "failed"  # given up; the local answer stands
    LOCAL = "local"  # not asked (no key, no budget, history); the local answer stands


class QuestionVerdict(models.Model):
    """One event that a question finds plausible: the request for the model's verdict, and then the verdict itself."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)  # of the event's time
    project = BigForeignKey(Project, db_index=False, related_name="+")
    event = BigForeignKey(Event, db_index=False, related_name="+")
    version = models.CharField(max_length=32)
    text_hash = models.BinaryField(max_length=16, help_text="Of the event's text that it is about.")
    state = models.CharField(max_length=10, choices=VerdictState.choices)
    problem = models.TextField(default="", blank=True, help_text="Why there is no verdict.")
    local_score = models.FloatField(default=0.0)
    attempts = models.PositiveSmallIntegerField(default=0)
    available_at = models.DateTimeField(default=timezone.now)
    match = models.BooleanField(null=True)
    evidence = models.JSONField(default=list, blank=True)
    reason = models.TextField(default="", blank=True)
    model = models.TextField(default="", blank=True)
    input_tokens = models.PositiveIntegerField(default=0)
    cache_write_tokens = models.PositiveIntegerField(default=0)
    cache_read_tokens = models.PositiveIntegerField(default=0)
    output_tokens = models.PositiveIntegerField(default=0)
    cost = models.BigIntegerField(default=0, help_text="Microdollars, of all attempts.")
    held = models.BigIntegerField(default=0, help_text="Microdollars that are reserved for it now.")
    day = models.DateField(null=True, help_text="Of whose budget they are held.")
    batch = models.ForeignKey(
        "QuestionBatch", null=True, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="verdicts"
    )  # fmt: skip
    answered_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["event", "version"], name="question_verdict_once")]
        indexes = [
            models.Index(fields=["project", "version", "-id"], name="question_verdict_recent"),
            models.Index(
                fields=["project", "version", "-id"],
                name="question_verdict_local",
                condition=models.Q(state=VerdictState.LOCAL),
            ),
            models.Index(
                fields=["project", "available_at"],
                name="question_verdict_open",
                condition=models.Q(state__in=[VerdictState.WAITING, VerdictState.ASKING]),
            ),
            models.Index(
                fields=["batch", "id"],
                name="question_verdict_batched",
                condition=models.Q(state=VerdictState.BATCHED),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.version} on {self.event_id}: {self.state}"


class QuestionBatch(LlmBatch):
    """One request to the Batches API, of a run over the history (a Job)."""

    class Meta:
        verbose_name_plural = "question batches"
