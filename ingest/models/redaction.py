"""What a project hides before anything is stored."""

from django.db import models

from ingest.models.projects import Project


class RedactionSettings(models.Model):
    """One row a project, at most; without one the defaults hold (ingest/redaction/kinds.py)."""

    project = models.OneToOneField(
        Project, on_delete=models.CASCADE, primary_key=True, related_name="redaction_settings"
    )
    switches = models.JSONField(
        default=dict,
        blank=True,
        help_text="Kind -> on or off, for the kinds that a person switched; so a new kind comes with its own default.",
    )
    patterns = models.JSONField(default=list, blank=True, help_text="Own patterns, in RE2's syntax.")
    regions = models.JSONField(
        default=list,
        blank=True,
        help_text="Countries (ISO 3166) whose national phone numbers are known; empty: US.",
    )
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name_plural = "redaction settings"

    def __str__(self) -> str:
        return f"Redaction of {self.project_id}"
