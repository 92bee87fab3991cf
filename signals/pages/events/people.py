"""The page of one end user: traits, signals over time, conversations."""

import datetime as dt
import uuid
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Exists, OuterRef
from django.db.models.functions import Left, TruncDate
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render

from ingest.counts.period import DAYS, DEFAULT, Period
from ingest.models import Conversation, EndUser, Event, Project
from ingest.projects.access import ProjectRequest, project_page
from ingest.store.people import end_user_id
from raindrop.api.pagination import paginate
from raindrop.errors import ApiError
from signals.clusters.plan import first_messages
from signals.models import SignalDefinition, SignalMatch
from signals.models.definitions import Sentiment
from signals.read_api.page import TakesTooLong, time_limit

CONVERSATIONS = 30  # of a page
WORDS = 200  # characters of a conversation's first message
COLOURS = {
    Sentiment.NEGATIVE: "--signal-negative",
    Sentiment.POSITIVE: "--signal-positive",
    Sentiment.NEUTRAL: "--signal-neutral",
}


@dataclass(frozen=True, slots=True)
class Talk:
    """A line of the list. `words`: of the first message that says something, "" where none does. `signals`: those that hold on its events,
    the most frequent first."""

    conversation: Conversation
    words: str
    signals: list[SignalDefinition]


@project_page()
def end_user(request: ProjectRequest, project: Project, user_id: str) -> HttpResponse:
    """By the app's own id. The chart and the signals are of the period DEFAULT, the conversations of all time."""
    found = get_object_or_404(EndUser, project=project, id=end_user_id(project, user_id))
    here = Event.objects.filter(project=project, conversation=OuterRef("pk"))
    conversations = Conversation.objects.filter(Exists(here), project=project, end_user=found)
    try:
        page, cursor = paginate(
            conversations, request=request, order=("-last_message_at", "-id"), default=CONVERSATIONS
        )
    except ApiError as error:
        return error.response()
    period = Period.named(DEFAULT)
    try:
        with time_limit():
            numbers = _numbers(found, period)
    except TakesTooLong:
        numbers = {"signals": [], "is_slow": True}
    context = {
        "section": "events", "end_user": found, "talks": _talks(project, page), "next_cursor": cursor, "range": DEFAULT, **numbers,
    }  # fmt: skip
    return render(request, "signals/end_user.html", context)


def _talks(project: Project, conversations: Sequence[Conversation]) -> list[Talk]:
    ids = [one.pk for one in conversations]
    first = first_messages(ids)
    first |= first_messages(set(ids) - first.keys(), longer_than=0)
    words = dict(
        Event.objects.filter(project=project, id__in=first.values()).values_list("id", Left("input", WORDS))
    )
    matches = SignalMatch.objects.filter(
        project=project, event__conversation__in=ids, event__project=project, signal__enabled=True
    )
    held: dict[uuid.UUID, Counter[uuid.UUID]] = defaultdict(Counter)
    for talk, signal, events in (
        matches.order_by().values_list("event__conversation", "signal").annotate(n=Count("pk"))
    ):
        held[talk][signal] = events
    named = SignalDefinition.objects.in_bulk({signal for counts in held.values() for signal in counts})
    return [
        Talk(
            one,
            " ".join(words.get(first[one.pk], "").split()) if one.pk in first else "",
            [named[signal] for signal, _ in sorted(held[one.pk].items(), key=lambda pair: (-pair[1], named[pair[0]].name))],
        )
        for one in conversations
    ]  # fmt: skip


def _numbers(found: EndUser, period: Period) -> dict[str, Any]:
    """The chart of events and of signals by sentiment, a day each, and (signal, events) of each signal that holds."""
    events = Event.objects.filter(
        project=found.project_id, end_user=found, timestamp__gte=period.start, timestamp__lt=period.until
    )
    matches = SignalMatch.objects.filter(
        project=found.project_id, event__in=events.values("pk"), signal__enabled=True
    )
    days = [period.start.date() + dt.timedelta(days=day) for day in range(DAYS[DEFAULT])]
    per_day: Counter[dt.date] = Counter(
        events.annotate(day=TruncDate("timestamp", tzinfo=dt.UTC)).values_list("day", flat=True)
    )
    held: Counter[tuple[dt.date, str]] = Counter(
        matches.annotate(day=TruncDate("timestamp", tzinfo=dt.UTC)).values_list("day", "signal__sentiment")
    )
    series: list[dict[str, Any]] = [
        {"name": "Events", "values": [per_day[day] for day in days], "color": "--tblr-primary"}
    ]
    for sentiment, colour in COLOURS.items():
        values = [held[day, sentiment.value] for day in days]
        if any(values):
            series.append({"name": f"{sentiment.label} signals", "values": values, "color": colour})
    counts = dict(matches.order_by().values_list("signal").annotate(n=Count("pk")))
    signals = SignalDefinition.objects.filter(project=found.project_id, pk__in=counts)
    return {
        "chart": {"labels": period.labels(), "unfinished": True, "series": series},
        "signals": sorted(
            ((one, counts[one.pk]) for one in signals), key=lambda pair: (-pair[1], pair[0].name)
        ),
    }
