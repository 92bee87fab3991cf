"""The events list, and an event or a conversation as it is read."""

import datetime as dt
import uuid
from contextlib import nullcontext
from dataclasses import dataclass
from urllib.parse import urlencode

from django.core.exceptions import BadRequest
from django.db.models import Prefetch, QuerySet
from django.db.models.functions import Left
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone

from ingest.counts.rollups import totals
from ingest.counts.waiting import count_waiting
from ingest.models import Conversation, Event, EventKey, ProcessingFailure, Project
from ingest.models.projects import Role
from ingest.projects.access import RANK, ProjectRequest, project_page
from raindrop.api.pagination import paginate, read_limit
from raindrop.errors import ApiError
from raindrop.web.regions import RELOAD, render_page
from signals.detectors.language_mismatch import CODES, READ, language_of
from signals.detectors.text import Text
from signals.models import Facet, SignalDefinition, SignalMatch
from signals.models.definitions import Sentiment
from signals.pages.events.decisive import attach_passages
from signals.pages.events.filters import RANGES, EventFilters
from signals.pages.events.fragments import place_of
from signals.pages.events.named import named_so
from signals.pages.events.neighbours import neighbours_of
from signals.pages.events.quotes import mark_quotes
from signals.pages.events.sentiments import counting_signals
from signals.pages.events.trajectory import trajectory_of
from signals.pages.events.transcripts import Turn, build_turns, read_event, read_window, signals_in
from signals.pages.events.views import kept_parameters, views_of
from signals.read_api.page import SEARCHES, TakesTooLong, time_limit
from signals.reader.facets import facets_of
from signals.search.fields.registry import all_fields
from signals.search.fields.related import STATES
from signals.search.meaning import NEAR_ENOUGH
from signals.search.near_pages import near_page
from signals.search.scope import Scope
from signals.taxonomy.languages_read import read_besides_english, readers
from signals.translating.service import MAX_WORDS

ROW_CHARACTERS = 400
COUNTED = 10_000  # matching events, and no further
COUNT_TIME = dt.timedelta(seconds=1)  # for that: the rows themselves are what the page is for


@project_page()
def events(request: ProjectRequest, project: Project) -> HttpResponse:
    signals = list(SignalDefinition.objects.filter(project=project, enabled=True))
    filters = EventFilters(request.GET, project=project, signals=signals)
    valid = filters.is_valid()
    if url := filters.jump():
        return redirect(url)
    chips = filters.chips()
    with SEARCHES.enter(project.id) if valid and filters.is_search() else nullcontext():
        rows, cursor = _read_rows(request, filters) if valid else ([], None)
        matching = _count(request, filters, rows, cursor) if valid else ""
    counts = _counts(filters) if valid and "cursor" not in request.GET else None
    signal = filters.shown_signal() if valid else None
    words = filters.words() if valid else ""
    attach_passages(rows, signal=signal, words=words)
    context = {
        "section": "events",
        "filters": filters,
        "has_passages": bool(signal or words),
        "chips": chips,
        "marked_query": filters.marked_query(),
        "query_fields": all_fields(),
        "views": views_of(project, request.user),
        "parameters": kept_parameters(request.GET),
        "may_share": RANK[request.role] >= RANK[Role.MEMBER],
        "lasting_query": filters.lasting_query() if valid else "",
        "chosen_range": filters.chosen_range(),
        "ranges": RANGES.items(),
        "states": STATES.items(),
        "signals": _by_size(signals, filters) if valid else [(signal, None) for signal in signals],
        "sentiments": Sentiment.choices,
        "counting": counting_signals(filters.chosen_sentiment(), signals) if valid else None,
        "counting_range": filters.chosen_range() if filters.chosen_range() in RANGES else "all",
        "newest": place_of(rows[0] if rows else None, now=timezone.now())
        if _is_live(request, filters)
        else "",
        "rows": rows,
        "by_meaning": valid and bool(filters.meaning()),
        "near_enough": NEAR_ENOUGH,
        "matching": matching,
        "counted": counts,
        "next_cursor": cursor,
        "total": None if counts else totals([project.id])[project.id],
        "most_words": MAX_WORDS,
        "named": named_so(filters.query, Scope(project)) if valid and not rows else [],
        "has_events": bool(rows) or Event.objects.filter(project=project).exists(),
        "track_url": request.build_absolute_uri("/v1/events/track"),
    }
    if context["has_events"] and getattr(request, "regions", None):
        return HttpResponse(status=RELOAD)  # the page that waits for the first event becomes the list
    return render_page(request, "signals/events.html", context, status=400 if filters.errors else 200)


@project_page()
def event(request: ProjectRequest, project: Project, event_id: str) -> HttpResponse:
    """By the app's own id, or by ours. One that belongs to a conversation is shown in it."""
    key = EventKey.objects.filter(project=project, event_id=event_id).first()
    found = get_object_or_404(
        Event.objects.filter(project=project).select_related("conversation").defer("input", "output"),
        id=key.event_uuid if key else _uuid(event_id),
    )
    if found.conversation:
        search = {"search": one} if (one := request.GET.get("search")) else {}
        place = f"?{urlencode({'at': found.id, **search})}#event-{found.id}"
        return redirect(reverse("conversation", args=[project.slug, found.conversation.convo_id]) + place)
    turns = build_turns(project, [read_event(project, found.id, whole="whole" in request.GET)])
    facets = list(facets_of(project, event=found))
    neighbours = neighbours_of(request.GET.get("search", ""), project=project, event_id=found.id)
    trajectory = trajectory_of(turns, mode=request.GET.get("width", ""))
    context = _transcript(turns, facets) | {"neighbours": neighbours, "trajectory": trajectory}
    return render(request, "signals/event.html", context)


@project_page()
def conversation(request: ProjectRequest, project: Project, convo_id: str) -> HttpResponse:
    found = get_object_or_404(
        Conversation.objects.select_related("end_user"), project=project, convo_id=convo_id
    )
    places = {name: _uuid(request.GET.get(name, "")) for name in ("at", "before", "after", "whole")}
    window = read_window(found, **places)
    if not window.events:
        raise Http404("This conversation has no events (any more).")
    facets = list(facets_of(project, conversation=found))
    turns = build_turns(project, window.events)
    context = _transcript(turns, facets) | {
        "trajectory": trajectory_of(turns, mode=request.GET.get("width", "")),
        "conversation": found,
        "window": window,
        "is_part": window.earlier or window.later,
        "neighbours": neighbours_of(request.GET.get("search", ""), project=project, event_id=places["at"])
        if places["at"]
        else None,
    }
    return render(request, "signals/conversation.html", context)


def _transcript(turns: list[Turn], facets: list[Facet]) -> dict[str, object]:
    mark_quotes(turns, facets)
    events = [turn.event for turn in turns]
    return {
        "facets": facets,
        "section": "events",
        "turns": turns,
        "started": events[0].timestamp,
        "last": events[-1].timestamp,
        "last_id": events[-1].id,
        "end_user": next((event.end_user for event in events if event.end_user), None),
        "models": sorted({event.model for event in events if event.model}),
        "signal_counts": signals_in(turns),
        "foreign": _foreign_language(turns),
        "tool_calls": sum(event.tool_calls for event in events),
        "tool_errors": sum(event.tool_errors for event in events),
        "input_tokens": sum(event.input_tokens or 0 for event in events),
        "output_tokens": sum(event.output_tokens or 0 for event in events),
        "cost_usd": sum(event.cost_usd or 0 for event in events),
    }


@dataclass(frozen=True, slots=True)
class ForeignLanguage:
    name: str
    readers: list[str]  # the built-in signals that read words of it
    besides_english: list[tuple[tuple[str, ...], list[str]]]  # other languages, and who reads them


def _foreign_language(turns: list[Turn]) -> ForeignLanguage | None:
    """The language that the user writes here where it is another one than English, which all built-in signals read."""
    name = language_of(Text("\n".join(turn.input.body for turn in turns if turn.input.body)[:READ]))
    return (
        None
        if name is None or name == "English"
        else ForeignLanguage(name, readers(CODES[name]), list(read_besides_english().items()))
    )


def _read_rows(request: ProjectRequest, filters: EventFilters) -> tuple[list[Event], str | None]:
    """One page of the list, newest first, the nearest first when the search is by meaning, and the cursor of the next. Nothing, and
    an error of the filters, when it takes too long."""
    try:
        with time_limit():
            if filters.meaning():
                return _nearest(request, filters)
            page, cursor = paginate(_listed(filters.matching(), filters.project), request=request)
            return _with_failures(page), cursor
    except TakesTooLong:
        filters.narrow()
        return [], None
    except ApiError as error:
        raise BadRequest(error.message) from error


def _is_live(request: ProjectRequest, filters: EventFilters) -> bool:
    """Whether new events come on top of what is shown: on the first page, newest first."""
    return not filters.errors and "cursor" not in request.GET and not filters.meaning()


def _by_size(
    signals: list[SignalDefinition], filters: EventFilters
) -> list[tuple[SignalDefinition, int | None]]:
    """Each with its events in the period, those with most first; by name, without a number, where days were chosen."""
    if filters.chosen_range() == "custom":
        return [(signal, None) for signal in sorted(signals, key=lambda one: one.name.lower())]
    ids, period = [signal.id for signal in signals], filters.period()
    events = period.sums(ids) if period else {key: total.events for key, total in totals(ids).items()}
    ordered = sorted(signals, key=lambda one: (-events.get(one.id, 0), one.name.lower()))
    return [(signal, events.get(signal.id, 0)) for signal in ordered]


@dataclass(frozen=True, slots=True)
class ListCounts:
    """What the roll-ups say of the listed events: the numbers that the overview and the signals' pages show for the same period.
    `conversations` is None for a signal's events, which no roll-up knows by conversation. `waiting`: events that the pipeline has not
    counted yet, of any time, at most COUNT_LIMIT."""

    events: int
    users: int
    conversations: int | None
    waiting: int


def _counts(filters: EventFilters) -> ListCounts | None:
    """None where other filters than a range and a signal are in force."""
    subject = filters.subject()
    if subject is None:
        return None
    project, period = filters.project, filters.period()
    waiting = count_waiting(project)
    if period is None:
        total = totals([subject])[subject]
        return ListCounts(total.events, total.users, None, waiting)
    events, users = period.sums([subject]).get(subject, 0), period.users([subject]).get(subject, 0)
    conversations = period.conversations(project) if subject == project.id else None
    return ListCounts(events, users, conversations, waiting)


def _count(request: ProjectRequest, filters: EventFilters, rows: list[Event], cursor: str | None) -> str:
    """How many events pass the filters, in words: exactly, or the bound that they are above. Empty where nobody asks: on later
    pages, and where the roll-ups have counted them."""
    if "cursor" in request.GET or filters.errors or filters.subject():
        return ""
    if cursor is None:
        return f"{len(rows):,}"
    try:
        with time_limit(COUNT_TIME):
            found = filters.matching().order_by()[: COUNTED + 1].count()
    except TakesTooLong:
        return f"more than {len(rows):,}"
    return f"{found:,}" if found <= COUNTED else f"{COUNTED:,}+"


def _nearest(request: ProjectRequest, filters: EventFilters) -> tuple[list[Event], str | None]:
    """A page of the events that pass the filters and are NEAR_ENOUGH, best first, each with its cosine as `nearness`."""
    ranked, cursor = near_page(
        filters.meaning(), project=filters.project, among=filters.ranked(), limit=read_limit(request),
        cursor=request.GET.get("cursor", ""),
    )  # fmt: skip
    found = _listed(filters.ranked(), filters.project).in_bulk([event_id for event_id, _ in ranked])
    rows = []
    for event_id, cosine in ranked:
        if row := found.get(event_id):
            row.nearness = cosine  # type: ignore[attr-defined]  # read by the template
            rows.append(row)
    return _with_failures(rows), cursor


def _listed(events: QuerySet[Event], project: Project) -> QuerySet[Event]:
    """With what a row shows. The rows carry only the beginnings of their texts: a text may be a megabyte."""
    matches = SignalMatch.objects.filter(project=project, signal__enabled=True)
    matches = matches.with_feedback().select_related("signal")
    return (
        events.select_related("end_user", "conversation")
        .defer("input", "output", "properties", "feature_flags")
        .annotate(input_start=Left("input", ROW_CHARACTERS), output_start=Left("output", ROW_CHARACTERS))
        .prefetch_related(
            Prefetch("signal_matches", matches.order_by("signal__name"), to_attr="shown_matches")
        )
    )


def _with_failures(page: list[Event]) -> list[Event]:
    """The rows, each told whether the pipeline gave it up."""
    failed = set(
        ProcessingFailure.objects.filter(event__in=[row.id for row in page]).values_list(
            "event_id", flat=True
        )
    )
    for row in page:
        row.has_failed = row.id in failed  # type: ignore[attr-defined]  # read by the template
    return page


def _uuid(text: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(text)
    except ValueError:
        return None
