from django.db import models

from issues.models.issues import Issue


class IssueCauses(models.Model):
    """What was found to explain an issue (issues/causes/), where a project is too large to look while somebody waits."""

    issue = models.OneToOneField(Issue, primary_key=True, on_delete=models.CASCADE, related_name="causes")
    found = models.JSONField(default=list, help_text="As the API answers, best first.")
    follows_version = models.PositiveIntegerField(help_text="Of the issue, when it was looked at.")
    events = models.PositiveIntegerField(help_text="Of the issue, when it was looked at.")
    found_at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "issue causes"

    def __str__(self) -> str:
        return f"causes of {self.issue_id}"
