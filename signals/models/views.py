"""Searches that people keep."""

from django.conf import settings
from django.db import models

from ingest.models import Project
from raindrop.ids import new_id

NAME_LENGTH = 80
MOST = 200  # of one person in a project


class SavedView(models.Model):
    """A search of the events list under a name: personal, or shared with the project. A shared one outlives the user who made it."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="saved_views")
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="saved_views"
    )
    name = models.CharField(max_length=NAME_LENGTH)
    parameters = models.TextField(help_text="The list's filters, as in its URL: q=...&range=7d.")
    is_shared = models.BooleanField(default=False)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["project", "owner", "name"], name="saved_view_per_owner")
        ]

    def __str__(self) -> str:
        return self.name
