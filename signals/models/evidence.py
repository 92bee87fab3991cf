from django.db import models

from ingest.models import Project
from raindrop.ids import new_id
from signals.models.definitions import SignalDefinition


class EvidenceClusters(models.Model):
    """The groups that a signal's evidence of some days falls into, as they were last worked out."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="+")
    signal = models.ForeignKey(SignalDefinition, on_delete=models.CASCADE, related_name="+")
    days = models.PositiveSmallIntegerField(help_text="The period: today and so many days before, less one.")
    matches = models.PositiveIntegerField(help_text="How many of the newest were read.")
    total = models.PositiveIntegerField(help_text="How many matches the signal had then, of all time.")
    # [{"id", "words", "example", "matches", "users", "events": [event id]}], largest first: signals/discovery/evidence_groups.py
    clusters = models.JSONField(default=list)
    made_at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "evidence clusters"
        constraints = [models.UniqueConstraint(fields=["signal", "days"], name="evidence_clusters_once")]

    def __str__(self) -> str:
        return f"{len(self.clusters)} clusters of {self.signal_id}"
