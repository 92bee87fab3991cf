"""Agents that took part in an event are found by their names (signals/search/fields/agents.py). Only spans of agents are in the index."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Coalesce, Left, NullIf


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("ingest", "0025_invitations")]

    operations = [
        AddIndexConcurrently(
            model_name="span",
            index=models.Index(
                models.F("project"),
                Left(
                    Coalesce(
                        NullIf(KeyTextTransform("gen_ai.agent.name", "attributes"), models.Value("")),
                        NullIf(KeyTextTransform("agent.name", "attributes"), models.Value("")),
                        "name",
                    ),
                    200,
                ),
                models.F("event"),
                condition=models.Q(("kind", "agent")),
                name="span_of_agent",
            ),
        ),
    ]
