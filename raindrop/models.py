from django.db import models


class Heartbeat(models.Model):
    """When a background worker last ran something: a task of its own each minute (raindrop/workers.py)."""

    cluster = models.CharField(max_length=20, primary_key=True)
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.cluster}: {self.at}"


class Instance(models.Model):
    """A running `manage.py up` (raindrop/instances.py)."""

    name = models.CharField(max_length=80, primary_key=True)
    seen_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.name


class Turn(models.Model):
    """Work that is with a worker (raindrop/turns.py)."""

    name = models.CharField(max_length=40, primary_key=True)
    until = models.DateTimeField(help_text="After that it may be handed out again.")

    def __str__(self) -> str:
        return self.name
