"""When each release, model, version of a prompt and value of a flag was first seen, and last. Written by ingest/counts/appearances.py."""

from django.db import models

from ingest.models.projects import Project

VALUE_LENGTH = 200


class AppearanceKind(models.TextChoices):
    RELEASE = "release"
    MODEL = "model"
    PROMPT = "prompt"
    FLAG = "flag"


class Appearance(models.Model):
    """One value. It outlives the events that had it: it is part of the project's history."""

    pk = models.CompositePrimaryKey("project_id", "kind", "value")
    project = models.ForeignKey(Project, on_delete=models.CASCADE, db_index=False, related_name="+")
    kind = models.CharField(max_length=7, choices=AppearanceKind.choices)
    value = models.CharField(max_length=VALUE_LENGTH, help_text="Of a flag: its name, = and its value.")
    first_seen = models.DateTimeField(help_text="The first event's own time.")
    last_seen = models.DateTimeField(help_text="When the hour of the last event began.")

    class Meta:
        indexes = [models.Index(fields=["project", "-first_seen"], name="appearance_recent")]

    def __str__(self) -> str:
        return f"{self.kind} {self.value}"
