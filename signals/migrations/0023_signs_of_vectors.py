"""The signs of the vectors, by which many are searched (signals/vectors/nearest.py), and an index that a search reads in place of the table.

The columns rewrite the table once: about 2 GB a million events, half a minute in which nobody reads or writes it. The index is built while others do both."""

import pgvector.django.bit
from django.contrib.postgres.operations import AddIndexConcurrently, RemoveIndexConcurrently
from django.db import migrations, models
from django.db.models.functions import Cast

ADD = """ALTER TABLE signals_eventembedding
  ADD COLUMN user_signs bit(384) GENERATED ALWAYS AS (binary_quantize(user_vector)::bit(384)) STORED,
  ADD COLUMN agent_signs bit(384) GENERATED ALWAYS AS (binary_quantize(agent_vector)::bit(384)) STORED"""
DROP = "ALTER TABLE signals_eventembedding DROP COLUMN user_signs, DROP COLUMN agent_signs"


def _signs_of(column: str) -> models.GeneratedField:
    bits = models.Func(models.F(column), function="binary_quantize")
    return models.GeneratedField(
        db_persist=True,
        expression=Cast(bits, pgvector.django.bit.BitField(length=384)),
        output_field=pgvector.django.bit.BitField(length=384, null=True),
    )


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("signals", "0022_tones_of_turns")]

    operations = [
        migrations.RunSQL(
            ADD,
            DROP,
            state_operations=[
                migrations.AddField("eventembedding", f"{side}_signs", _signs_of(f"{side}_vector"))
                for side in ("user", "agent")
            ],
        ),
        AddIndexConcurrently(
            model_name="eventembedding",
            index=models.Index(
                fields=["project", "event"],
                include=("user_signs", "agent_signs"),
                name="event_embedding_signs",
            ),
        ),
        RemoveIndexConcurrently(model_name="eventembedding", name="event_embedding_of_project"),
    ]
