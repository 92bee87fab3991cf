"""What a project has used of its monthly quota."""

from django.db import models

from ingest.models.events import BigForeignKey
from ingest.models.projects import Project


class MonthlyUsage(models.Model):
    """Events that were new, by month in UTC. Written by ingest/limits/usage.py. The quota itself is `Project.monthly_quota`."""

    pk = models.CompositePrimaryKey("project_id", "month")
    project = BigForeignKey(Project, db_index=False, related_name="+")
    month = models.DateField(help_text="Its first day.")
    events = models.BigIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.project_id} {self.month}: {self.events}"
