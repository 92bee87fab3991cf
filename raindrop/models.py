from django.db import models


class Heartbeat(models.Model):
    """When a background worker last ran something: a task of its own each minute (raindrop/workers.py)."""

    cluster = models.CharField(max_length=20, primary_key=True)
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.cluster}: {self.at}"


class Instance(models.Model):
    """A running `manage.py up` (raindrop/server/instances.py)."""

    name = models.CharField(max_length=80, primary_key=True)
    seen_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.name
