"""What pages of events read after themselves, as fragments: what the list may be narrowed by, what may stand in its search box, its words as
a query, how many events have come in since, and an event's further steps."""

import datetime as dt
import uuid
from urllib.parse import urlencode

from django.contrib import messages
from django.core.exceptions import BadRequest
from django.db.models import Q
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST

from ingest.models import Event, Project
from ingest.projects.access import ProjectRequest, project_page
from raindrop.errors import ApiError
from signals.models import SignalDefinition
from signals.pages.events.completion import complete
from signals.pages.events.filters import EventFilters
from signals.pages.events.steps import next_steps
from signals.pages.events.suggestions import count_suggestions, sample_suggestions
from signals.read_api.page import HINTS, SEARCHES, TakesTooLong, time_limit
from signals.search.language.nodes import Ago, Comparison, leaves
from signals.search.language.parsing import MAX_LENGTH, parse
from signals.search.scope import Scope
from signals.translating.service import MAX_WORDS
from signals.translating.service import translate as translate_words

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
    """Facets: of all events that pass the filters where that is quick, else of the newest."""
    filters = _filters(request, project)
    try:
        with HINTS.enter(project.id):
            try:
                with time_limit(TIME):
                    found = count_suggestions(filters)
            except TakesTooLong:
                with time_limit(TIME):
                    found = sample_suggestions(filters)
    except TakesTooLong:
        return HttpResponse('<p class="text-secondary small mb-0">Counting takes too long here.</p>')
    except ApiError:  # a crowd
        return HttpResponse(
            '<p class="text-secondary small mb-0">Too many count at once: load the page again.</p>'
        )
    return render(request, "signals/_suggestions.html", {"suggestions": found})


@project_page()
def completions(request: ProjectRequest, project: Project) -> HttpResponse:
    """What may stand in the search box `q` behind `at` characters, as options of a list."""
    query, at = request.GET.get("q", "")[:MAX_LENGTH], request.GET.get("at", "")
    place = int(at) if at.isascii() and at.isdigit() and len(at) < 6 else len(query)
    try:
        with HINTS.enter(project.id), time_limit(TIME):
            found = complete(query, place, Scope(project))
    except ApiError:  # slow, or a crowd: the box is a plain field then
        found = []
    return render(request, "signals/_completions.html", {"completions": found})


@require_POST
@project_page()
def translate(request: ProjectRequest, project: Project) -> HttpResponse:
    """The words of the search box as a query, in the list: shown, and to be changed."""
    words = request.POST.get("q", "").replace("\x00", " ").strip()
    if not words or len(words) > MAX_WORDS:
        raise BadRequest(f"Write what you look for, in at most {MAX_WORDS} characters.")
    try:
        with SEARCHES.enter(project.id):
            found = translate_words(words, project=project)
    except ApiError as error:
        return error.response()
    notes = [f"“{words}” was read as the query below ({'by the LLM' if found.by == 'llm' else 'by rules'})."]
    messages.info(request, " ".join(notes + found.notes))
    parameters = {"q": found.query or words}
    if _says_when(found.query):
        parameters["range"] = "all"
    elif chosen := request.POST.get("range"):
        parameters["range"] = chosen
    url = f"{reverse('events', args=[project.slug])}?{urlencode(parameters)}"
    return HttpResponse(status=204, headers={"HX-Redirect": url}) if request.htmx else redirect(url)


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


def _says_when(query: str) -> bool:
    return any(
        isinstance(leaf, Ago) or isinstance(leaf, Comparison) and leaf.name in ("since", "until", "time")
        for leaf, _ in leaves(parse(query))
    )


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
