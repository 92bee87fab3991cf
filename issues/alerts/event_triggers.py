"""Alerts by what a query finds in a window that ends now: how many events, users, what share, how much more than before."""

import datetime as dt
from collections.abc import Iterable
from typing import Any
from urllib.parse import urlencode

from django.db.models import QuerySet

from ingest.models import Event, Project
from issues.alerts.registry import Check, Found, Number, Over, Trigger, register_trigger
from issues.following.sources import ISSUE
from issues.models import AlertRule, Issue
from raindrop.web.plurals import counted
from signals.search.finding import find_events
from signals.search.language.nodes import Comparison, Text, leaves
from signals.search.language.parsing import parse
from signals.search.scope import Scope

HOUR, DAY = 3600, 86400
# Fewer events than this say nothing of a share or a change.
LEAST_EVENTS = 10
# By chance alone the two windows would differ so much in one of a hundred.
CHANCE = 0.01
EXAMPLES = 3
MOST_NAMED = 5  # issues of a query


def check_event_query(project: Project, query: str) -> None:
    """Raises QueryError."""
    if query:
        find_events(parse(query), Scope(project))


def found_between(
    rule: AlertRule, start: dt.datetime, end: dt.datetime, *, now: dt.datetime
) -> QuerySet[Event]:
    """The events of that time that the rule's query finds. Raises QueryError."""
    among = Event.objects.filter(timestamp__gte=start, timestamp__lt=end, is_pending=False)
    if not rule.query:
        return among.filter(project=rule.project)
    return find_events(parse(rule.query), Scope(rule.project, now=now), among=among)


def span(seconds: int) -> str:
    """ "5 minutes", "an hour"."""
    for length, one, many in ((DAY, "day", "days"), (HOUR, "hour", "hours"), (60, "minute", "minutes")):
        if seconds % length == 0:
            n = seconds // length
            return one if n == 1 else f"{n} {many}"
    return f"{seconds} seconds"


def _window(rule: AlertRule) -> int:
    if rule.window is None:
        raise ValueError("The rule has no window.")
    return rule.window


def _threshold(rule: AlertRule) -> float:
    if rule.threshold is None:
        raise ValueError("The rule has no threshold.")
    return rule.threshold


def _events(rule: AlertRule, now: dt.datetime) -> Iterable[Found]:
    found = found_between(rule, now - dt.timedelta(seconds=_window(rule)), now, now=now)
    events = found.count()
    if events and events >= _threshold(rule):
        yield _found(
            rule, found,
            f"{counted(events, 'event')} in the last {span(_window(rule))}. The limit is {_threshold(rule):g}.",
            {"events": events},
        )  # fmt: skip


def _users(rule: AlertRule, now: dt.datetime) -> Iterable[Found]:
    found = found_between(rule, now - dt.timedelta(seconds=_window(rule)), now, now=now)
    users = found.exclude(end_user=None).values("end_user").distinct().count()
    if users and users >= _threshold(rule):
        yield _found(
            rule, found,
            f"{counted(users, 'user')} in the last {span(_window(rule))}. The limit is {_threshold(rule):g}.",
            {"users": users},
        )  # fmt: skip


def _rate(rule: AlertRule, now: dt.datetime) -> Iterable[Found]:
    start = now - dt.timedelta(seconds=_window(rule))
    found = found_between(rule, start, now, now=now)
    everything = Event.objects.filter(
        project=rule.project, timestamp__gte=start, timestamp__lt=now, is_pending=False
    ).count()
    events = found.count()
    if events and everything >= LEAST_EVENTS and events / everything >= _threshold(rule):
        yield _found(
            rule, found,
            f"{events / everything:.1%} of events in the last {span(_window(rule))} ({events} of {everything}). "
            f"The limit is {_threshold(rule):.1%}.",
            {"events": events, "of": everything, "rate": events / everything},
        )  # fmt: skip


def _change(rule: AlertRule, now: dt.datetime) -> Iterable[Found]:
    """More than in the equally long window before, by so many percent, and by more than chance explains."""
    length = dt.timedelta(seconds=_window(rule))
    found = found_between(rule, now - length, now, now=now)
    events = found.count()
    before = found_between(rule, now - 2 * length, now - length, now=now).count()
    if not before or events < LEAST_EVENTS:
        return
    percent = 100 * (events - before) / before
    from scipy.stats import binomtest  # 0.7 s: only where a rule compares

    chance = float(binomtest(events, events + before, 0.5, alternative="greater").pvalue)
    if percent >= _threshold(rule) and chance <= CHANCE:
        yield _found(
            rule, found,
            f"{percent:.0f} % more: {counted(events, 'event')} in the last {span(_window(rule))}, {before} in the "
            f"{span(_window(rule))} before. The limit is {_threshold(rule):g} %.",
            {"events": events, "before": before, "percent": percent},
        )  # fmt: skip


def _found(rule: AlertRule, events: QuerySet[Event], text: str, data: dict[str, Any]) -> Found:
    newest = list(events.order_by("-timestamp", "-id").values_list("event_id", flat=True)[:EXAMPLES])
    parameters = urlencode({"q": rule.query}) if rule.query else ""
    return Found(
        subject="query",
        title=f"[{rule.project.name}] {rule.name}",
        text="\n".join([text, f"Query: {rule.query or 'all events'}", *_issues_named(rule)]),
        path=f"/p/{rule.project.slug}/events/" + (f"?{parameters}" if parameters else ""),
        data={
            **data, "query": rule.query, "threshold": rule.threshold, "window": rule.window, "example_event_ids": newest,
        },
    )  # fmt: skip


def _issues_named(rule: AlertRule) -> list[str]:
    """A line for each issue that the query names by its number."""
    numbers = {
        int(value.text)
        for leaf, _ in leaves(parse(rule.query))
        if isinstance(leaf, Comparison) and leaf.name.lower() == ISSUE
        for value in leaf.values
        if isinstance(value, Text) and value.text.isdecimal() and len(value.text) < 10
    }
    if not numbers:
        return []
    named = Issue.objects.filter(project=rule.project, number__in=numbers).order_by("number")
    return [f"Issue {issue.number}: {issue.title}" for issue in named[:MOST_NAMED]]


def register() -> None:
    rows: tuple[tuple[str, str, Number, Check], ...] = (
        ("event_count", "So many events in a window", Number("events", least=1, whole=True), _events),
        ("user_count", "So many users in a window", Number("users", least=1, whole=True), _users),
        ("rate", "A share of all events", Number("the share, 0 to 1, such as 0.05", most=1), _rate),
        ("percent_change", "More than in the window before", Number("percent, such as 50", least=1), _change),
    )
    for name, title, number, check in rows:
        register_trigger(
            Trigger(
                name=name, title=title, over=Over.EVENTS, check_query=check_event_query, threshold=number,
                window=HOUR, check=check,
            )
        )  # fmt: skip
