from django.conf import settings
from django.db import models

from ingest.models import Project
from raindrop.ids import new_id
from signals.models.definitions import SignalDefinition


class TuningState(models.TextChoices):
    KEPT = "kept"  # the labels speak for no change
    PROPOSED = "proposed"
    APPLIED = "applied"
    REVERTED = "reverted"
    OUTDATED = "outdated"  # a newer one was made, or the signal was changed, before anybody applied it


class TuningKind(models.TextChoices):
    THRESHOLD = "threshold"
    MODEL = "model"


class SignalTuning(models.Model):
    """What a signal's labels taught: another threshold, or another model of a sentence, with what it is measured to change."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="+")
    signal = models.ForeignKey(SignalDefinition, on_delete=models.CASCADE, related_name="tunings")
    kind = models.CharField(max_length=10, choices=TuningKind.choices)
    state = models.CharField(max_length=10, choices=TuningState.choices)
    note = models.TextField(blank=True, help_text="Why nothing is proposed.")
    labels = models.PositiveIntegerField(help_text="How many it learnt from.")
    # FIGURES (signals/learning/thresholds.py)
    before = models.JSONField(default=dict)
    after = models.JSONField(default=dict)
    old_threshold = models.FloatField(null=True)
    new_threshold = models.FloatField(null=True)
    old_trained = models.BinaryField(null=True)
    new_trained = models.BinaryField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)
    decided_at = models.DateTimeField(null=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )

    class Meta:
        ordering = ["-created_at", "-id"]
        indexes = [models.Index(fields=["signal", "-created_at"], name="signal_tuning_newest")]

    def __str__(self) -> str:
        return f"{self.kind} of {self.signal_id}, {self.state}"

    @property
    def figures(self) -> list[dict[str, float | None]]:
        """Before and after, for a table. A figure that the row does not hold as a number, such as one of an older version, is None."""
        return [_numbers(self.before), _numbers(self.after)]


FIGURES = ("labels", "matches", "right", "precision", "low", "high", "recall", "events", "matching", "share")


def _numbers(stored: object) -> dict[str, float | None]:
    """Each of FIGURES, as the row holds it. The share of older rows is counted from their events."""
    values = stored if isinstance(stored, dict) else {}
    found = {name: value if _is_number(value := values.get(name)) else None for name in FIGURES}
    if found["share"] is None and found["events"] and found["matching"] is not None:
        found["share"] = found["matching"] / found["events"]
    return found


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
