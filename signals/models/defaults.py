from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from simple_history.models import HistoricalRecords

from raindrop.ids import new_id
from signals.models.definitions import Action, Kind, Sentiment


class SignalDefault(models.Model):
    """How a signal of this key starts out in every project. A project that did not set a field itself follows it."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    key = models.SlugField(max_length=120, unique=True)
    kind = models.CharField(max_length=10, choices=Kind.choices, default=Kind.EXPLICIT)
    name = models.CharField(max_length=120, blank=True, help_text="Empty: as the app sends it.")
    description = models.TextField(blank=True, help_text="What counts, and what does not.")
    sentiment = models.CharField(max_length=10, choices=Sentiment.choices, default=Sentiment.NEUTRAL)
    group = models.CharField(
        max_length=80, blank=True, help_text="A group's name; made in a project that has none."
    )
    enabled = models.BooleanField(default=True)
    muted = models.BooleanField(default=False, help_text="Counted, but kept out of the overview.")
    threshold = models.FloatField(
        null=True,
        blank=True,
        validators=[MinValueValidator(0), MaxValueValidator(1)],
        help_text="0 to 1. Empty: the detector's own.",
    )
    action = models.CharField(
        max_length=20,
        choices=Action.choices,
        blank=True,
        help_text="What the person did, when the app sends the signal.",
    )
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)
    history = HistoricalRecords(excluded_fields=["created_at", "updated_at"])

    class Meta:
        ordering = ["kind", "key"]

    def __str__(self) -> str:
        return self.name or self.key
