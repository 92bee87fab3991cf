"""Where one goes from an event that a search found: to the search's next match and its previous one."""

import datetime as dt
import uuid
from dataclasses import dataclass
from urllib.parse import urlencode

from django.db.models import Q
from django.http import QueryDict
from django.urls import reverse

from ingest.models import Event, Project
from raindrop.errors import ApiError
from signals.models import SignalDefinition
from signals.pages.events.filters import EventFilters
from signals.read_api.page import HINTS, time_limit
from signals.search.near_pages import near_neighbours

TIME = dt.timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Neighbours:
    """URLs of the list, of the match below the event in it (the next older one, of a search by meaning the next in nearness) and of the one
    above; empty at the list's ends, and where looking takes too long."""

    listed: str
    following: str = ""
    previous: str = ""


def neighbours_of(search: str, *, project: Project, event_id: uuid.UUID) -> Neighbours | None:
    """`search`: the parameters of a list, as in its URL. None where they are none, or the event is not the project's."""
    event = Event.objects.filter(project=project, id=event_id).only("id", "timestamp").first()
    signals = list(SignalDefinition.objects.filter(project=project, enabled=True))
    filters = EventFilters(QueryDict(search.replace("\x00", "")), project=project, signals=signals)
    if not search or event is None or not filters.is_valid():
        return None
    listed = f"{reverse('events', args=[project.slug])}?{search}"
    try:
        with HINTS.enter(project.id), time_limit(TIME):
            following, previous = _beside(event, filters)
    except ApiError:  # slow, or a crowd: the way back to the list is enough
        return Neighbours(listed)
    return Neighbours(
        listed, *(event_url(project, one, search) if one else "" for one in (following, previous))
    )


def _beside(event: Event, filters: EventFilters) -> tuple[str, str]:
    """The app's ids of the match below the event in the list and of the one above, "" at an end."""
    if filters.meaning():
        return near_neighbours(
            filters.meaning(), project=filters.project, among=filters.ranked(), event_id=event.id
        )
    found = filters.matching()
    older = Q(timestamp__lt=event.timestamp) | Q(timestamp=event.timestamp, id__lt=event.id)
    newer = Q(timestamp__gt=event.timestamp) | Q(timestamp=event.timestamp, id__gt=event.id)
    below = found.filter(older, timestamp__lte=event.timestamp).order_by("-timestamp", "-id")
    above = found.filter(newer, timestamp__gte=event.timestamp).order_by("timestamp", "id")
    following, previous = (rows.values_list("event_id", flat=True).first() for rows in (below, above))
    return following or "", previous or ""


def event_url(project: Project, event_id: str, search: str) -> str:
    """An event's page, which knows the search that it was found by."""
    return f"{reverse('event', args=[project.slug, event_id])}?{urlencode({'search': search})}"
