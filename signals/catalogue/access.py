"""Finding what an address names, inside one project."""

import uuid

from django.http import Http404

from ingest.models import Project
from signals.catalogue.installing import ensure_signals
from signals.models import SignalDefinition


def find_signal(project: Project, key: str) -> SignalDefinition:
    """The project's signal of that key, or of that id, with its project and group. Raises Http404."""
    mine = SignalDefinition.objects.filter(project=project).select_related("project", "group")
    try:
        found = mine.filter(id=uuid.UUID(key)).first()
    except ValueError:
        named = mine.filter(key=key.replace("\x00", ""))
        found = named.first()
        if found is None:  # a built-in one, perhaps, in a project to which no event has come yet
            ensure_signals(project)
            found = named.first()
    if found is None:
        raise Http404("There is no such signal.")
    return found
