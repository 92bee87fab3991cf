"""What pages of events read after themselves, as fragments: what the list may be narrowed by, how many events have come in since,
and an event's further steps."""

import datetime as dt
import uuid

from django.core.exceptions import BadRequest
from django.db.models import Q
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render

from ingest.models import Event, Project
from ingest.projects.access import ProjectRequest, project_page
from raindrop.errors import ApiError
from signals.models import SignalDefinition
from signals.pages.events.filters import EventFilters
from signals.pages.events.steps import next_steps
from signals.pages.events.suggestions import suggest
from signals.read_api.page import HINTS, TakesTooLong, time_limit

MOST_NEW = 99  # counted, and no further
TIME = dt.timedelta(seconds=1)  # for either fragment


@project_page()
def steps(request: ProjectRequest, project: Project, event_pk: uuid.UUID) -> HttpResponse:
    """One page of an event's steps: a fragment for htmx, else a page of its own."""
    event = get_object_or_404(
        Event.objects.defer("input", "output", "properties", "feature_flags"), project=project, id=event_pk
    )
    try:
        found, more = next_steps(request, project, event)
    except ApiError as error:
        raise BadRequest(error.message) from error
    context = {"section": "events", "event": event, "steps": found, "more": more}
    template = "signals/_steps.html" if request.headers.get("HX-Request") == "true" else "signals/steps.html"
    return render(request, template, context)


@project_page()
def suggestions(request: ProjectRequest, project: Project) -> HttpResponse:
    filters = _filters(request, project)
    try:
        with HINTS.enter(project.id), time_limit(TIME):
            found = suggest(filters)
    except TakesTooLong:
        return HttpResponse('<p class="text-secondary small mb-0">Counting takes too long here.</p>')
    except ApiError:  # a crowd
        return HttpResponse(
            '<p class="text-secondary small mb-0">Too many count at once: load the page again.</p>'
        )
    return render(request, "signals/_suggestions.html", {"suggestions": found})


@project_page()
def new_events(request: ProjectRequest, project: Project) -> HttpResponse:
    """How many events that pass the filters lie above the row that `newer` names (see `place_of`)."""
    filters = _filters(request, project)
    moment, row_id = _read_place(request.GET.get("newer", ""))
    above = Q(timestamp__gt=moment) | Q(timestamp=moment, id__gt=row_id)
    found = filters.matching().filter(above, timestamp__gte=moment)
    try:
        with HINTS.enter(project.id), time_limit(TIME):
            count = found.order_by()[: MOST_NEW + 1].count()
    except TakesTooLong:
        count = 0  # the search is too slow to be repeated for a hint; the list itself says so when it is read
    shown = f"{MOST_NEW}+" if count > MOST_NEW else str(count) if count else ""
    return render(request, "signals/_new_events.html", {"new_events": shown, "newest": request.GET["newer"]})


def place_of(row: Event | None, *, now: dt.datetime) -> str:
    """Where the list's newest row stands, as `new_events` reads it; without a row, now."""
    return f"{row.timestamp.isoformat()}~{row.id}" if row else f"{now.isoformat()}~{uuid.UUID(int=0)}"


def _read_place(text: str) -> tuple[dt.datetime, uuid.UUID]:
    moment, _, row_id = text.partition("~")
    try:
        parsed = dt.datetime.fromisoformat(moment)
        if parsed.tzinfo is None:
            raise ValueError("a time without a zone")
        return parsed.astimezone(dt.UTC), uuid.UUID(row_id)
    except (ValueError, OverflowError) as error:
        raise BadRequest("newer is a time and an event's id, with ~ between them.") from error


def _filters(request: ProjectRequest, project: Project) -> EventFilters:
    """Raises BadRequest, with what is wrong, for filters that the list would refuse."""
    signals = list(SignalDefinition.objects.filter(project=project, enabled=True))
    filters = EventFilters(request.GET, project=project, signals=signals)
    if not filters.is_valid():
        raise BadRequest(" ".join(str(error) for errors in filters.errors.values() for error in errors))
    return filters
