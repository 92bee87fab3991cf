"""What the pipeline reads off an event's text, for search and for the small models. One row per event."""

from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.db import models
from django.db.models.functions import Cast
from pgvector.django import BitField, HalfVectorField

from ingest.models import Event, Project
from ingest.models.events import BigForeignKey
from raindrop.embedder import AGENT_TONES, TONES

DIMENSIONS = 384


def _signs_of(column: str) -> models.GeneratedField:
    """A bit for each of the vector's numbers: whether it is above zero. Null where the vector is."""
    bits = models.Func(models.F(column), function="binary_quantize")
    return models.GeneratedField(
        expression=Cast(bits, BitField(length=DIMENSIONS)),
        output_field=BitField(length=DIMENSIONS, null=True),
        db_persist=True,
    )


class EventEmbedding(models.Model):
    """Two unit vectors: the user's side and the agent's; and tones. Null where that side has no text."""

    event = models.OneToOneField(
        Event, primary_key=True, on_delete=models.DO_NOTHING, db_constraint=False, related_name="embedding"
    )
    project = BigForeignKey(Project, db_index=False, related_name="+")
    user_vector = HalfVectorField(dimensions=DIMENSIONS, null=True)
    agent_vector = HalfVectorField(dimensions=DIMENSIONS, null=True)
    # Of the user's side (raindrop/embedder/tone.py). Also null for what was embedded before there were tones.
    user_tones = HalfVectorField(dimensions=len(TONES), null=True)
    # Of the agent's side, likewise.
    agent_tones = HalfVectorField(dimensions=len(AGENT_TONES), null=True)
    # The vectors' signs, by which those that may be near are told from most others (signals/vectors/nearest.py).
    user_signs = _signs_of("user_vector")
    agent_signs = _signs_of("agent_vector")
    # The hash of the texts that the vectors were made from: an event that comes again unchanged is not embedded again.
    text_hash = models.BinaryField(max_length=16)

    class Meta:
        indexes = [
            models.Index(
                fields=["project", "event"],
                include=["user_signs", "agent_signs"],
                name="event_embedding_signs",
            )
        ]

    def __str__(self) -> str:
        return str(self.event_id)


class EventText(models.Model):
    """The text-search document of an event (input and output), and the language of what is said."""

    event = models.OneToOneField(
        Event, primary_key=True, on_delete=models.DO_NOTHING, db_constraint=False, related_name="search_text"
    )
    project = BigForeignKey(Project, related_name="+")
    document = SearchVectorField()
    language = models.CharField(
        max_length=8,
        null=True,
        help_text="A code such as de; empty where it cannot be told. Null: indexed before there was one, and with accents.",
    )

    class Meta:
        indexes = [
            GinIndex(fields=["document"], name="event_text_document"),
            # What signals/vectors/reindexing.py has before it.
            models.Index(
                fields=["project", "event"], name="event_text_before", condition=models.Q(language=None)
            ),
        ]

    def __str__(self) -> str:
        return str(self.event_id)
