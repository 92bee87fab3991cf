"""Alerts of what is known beside a query: a signal's rate, a tool that keeps failing, a cluster that emerges, silence, a budget."""

import datetime as dt
import fnmatch
import re
from collections import defaultdict
from collections.abc import Iterable

from django.db.models import Q, Sum
from django.urls import reverse

from ingest.models import Hour, Project, Total
from issues.alerts.event_triggers import (
    HOUR,
    LEAST_EVENTS,
    check_event_query,
    found_between,
    span,
)
from issues.alerts.registry import Found, Number, Over, Trigger, register_trigger
from issues.following.sources import UnknownSource, find_signal
from issues.models import AlertRule
from signals.llm.budget import meter
from signals.models import Cluster, ClusterStatus
from signals.tools.calls import Call, read_calls

SIGNAL_PREFIX = re.compile(r"^signal:", re.IGNORECASE)
CALLS_READ = 2000
MOST_FOUND = 20  # subjects of one check


def check_signal_key(project: Project, query: str) -> None:
    """Raises UnknownSource."""
    if not query:
        raise UnknownSource("query names the signal: its key, as frustration or signal:frustration.")
    find_signal(project, SIGNAL_PREFIX.sub("", query).strip('"'))


def check_words(project: Project, query: str) -> None:
    """Any words do."""


def check_nothing(project: Project, query: str) -> None:
    if query:
        raise ValueError("This trigger takes no query.")


def _signal_rate(rule: AlertRule, now: dt.datetime) -> Iterable[Found]:
    """From the roll-ups, in whole hours: those that the window touches."""
    signal = find_signal(rule.project, SIGNAL_PREFIX.sub("", rule.query).strip('"'))
    window, threshold = rule.window or HOUR, rule.threshold or 0.0
    start = (now - dt.timedelta(seconds=window)).astimezone(dt.UTC).replace(minute=0, second=0, microsecond=0)
    rows = Hour.objects.filter(
        subject__in=[signal.pk, rule.project_id], start__gte=start, start__lte=now
    ).values_list("subject")
    found = dict(rows.annotate(n=Sum("events")))
    matches, events = found.get(signal.pk, 0), found.get(rule.project_id, 0)
    if matches and events >= LEAST_EVENTS and matches / events >= threshold:
        rate = min(1.0, matches / events)
        yield Found(
            subject=f"signal:{signal.key}"[:200],
            title=f"[{rule.project.name}] {rule.name}",
            text=f"{signal.name} holds on {rate:.1%} of events since {start:%H:%M} UTC ({matches} of {events}). The limit is {threshold:.1%}.",
            path=reverse("signal", args=[rule.project.slug, signal.key]),
            data={"signal": signal.key, "events": matches, "of": events, "rate": rate, "threshold": threshold, "window": window},
        )  # fmt: skip


def _streaks(rule: AlertRule, now: dt.datetime) -> Iterable[Found]:
    """Tools whose last calls failed, so many in a row."""
    threshold = int(rule.threshold or 1)
    start = now - dt.timedelta(seconds=rule.window or HOUR)
    by_name: dict[str, list[Call]] = defaultdict(list)
    for call in read_calls(rule.project_id, start=start, limit=CALLS_READ):
        if not rule.query or fnmatch.fnmatchcase(call.name.lower(), rule.query.lower()):
            by_name[call.name].append(call)
    running = {name: _running(calls) for name, calls in by_name.items()}
    for name, streak in sorted(running.items(), key=lambda item: -len(item[1]))[:MOST_FOUND]:
        if len(streak) >= threshold:
            talks = len({call.talk for call in streak})
            yield Found(
                subject=f"tool:{name}"[:200],
                title=f"[{rule.project.name}] The tool {name[:100]} keeps failing",
                text=f"The last {len(streak)} calls of {name[:200]} failed, in {talks} conversations, since {streak[0].at:%d %b %H:%M} UTC. "
                f"The limit is {threshold} in a row.",
                path=reverse("tool", args=[rule.project.slug, name]),
                data={"tool": name, "streak": len(streak), "conversations": talks, "since": streak[0].at.isoformat(), "threshold": threshold},
            )  # fmt: skip


def _running(calls: list[Call]) -> list[Call]:
    """The failed calls after the last one that went well. `calls`: oldest first."""
    good = max((place for place, call in enumerate(calls) if not call.failed), default=-1)
    return calls[good + 1 :]


def _emerging(rule: AlertRule, now: dt.datetime) -> Iterable[Found]:
    words = Q()
    for word in rule.query.split():
        words &= Q(label__icontains=word) | Q(description__icontains=word)
    clusters = Cluster.objects.filter(words, project=rule.project, is_emerging=True, is_gone=False)
    for cluster in clusters.exclude(status=ClusterStatus.IGNORED).order_by("-conversations", "id")[
        :MOST_FOUND
    ]:
        total = Total.objects.filter(subject=cluster.pk).first() or Total()
        yield Found(
            subject=str(cluster.pk),
            title=f"[{rule.project.name}] Emerging {cluster.kind}: {cluster.plain_label}",
            text=f"{cluster.emerging_reason or 'It is met by more users than before.'}",
            path=reverse("cluster", args=[rule.project.slug, cluster.pk]),
            data={"cluster": str(cluster.pk), "label": cluster.plain_label, "kind": cluster.kind, "events": total.events, "users": total.users},
        )  # fmt: skip


def _silence(rule: AlertRule, now: dt.datetime) -> Iterable[Found]:
    """Nothing came in the window, of what came before."""
    window = rule.window or HOUR
    if found_between(rule, now - dt.timedelta(seconds=window), now, now=now).exists():
        return
    earlier = found_between(rule, now - dt.timedelta(days=90), now, now=now)
    last = earlier.order_by("-timestamp", "-id").values_list("timestamp", flat=True).first()
    if last is None:
        return  # it never began
    what = f"No event that {rule.query} finds" if rule.query else "No event"
    yield Found(
        subject="ingest",
        title=f"[{rule.project.name}] {rule.name}",
        text=f"{what} came in the last {span(window)}. The last one is of {last:%d %b %H:%M} UTC.",
        path=f"/p/{rule.project.slug}/settings/ingest/",
        data={"last_event_at": last.isoformat(), "window": window, "query": rule.query},
    )


def _budget(rule: AlertRule, now: dt.datetime) -> Iterable[Found]:
    spent = meter(rule.project_id)
    # Of the money a little is always left: the next call does not fit into it.
    share = 1.0 if spent.spent else max(spent.calls_share, spent.money_share)
    threshold = rule.threshold or 1.0
    if spent.off or share < threshold:
        return
    yield Found(
        subject=f"budget:{spent.day.isoformat()}",
        title=f"[{rule.project.name}] The LLM's budget of {spent.day:%d %b}",
        text=f"{share:.0%} is spent: {spent.calls} of {spent.daily_calls} calls, ${spent.money / 1e6:.2f} of ${spent.daily_money / 1e6:.2f}.",
        path=f"/p/{rule.project.slug}/settings/",
        data={"share": share, "calls": spent.calls, "daily_calls": spent.daily_calls, "dollars": spent.money / 1e6,
              "daily_dollars": spent.daily_money / 1e6, "threshold": threshold},
    )  # fmt: skip


def register() -> None:
    for trigger in (
        Trigger("signal_rate", "A signal holds on a share of events", Over.SIGNAL, check_signal_key,
                threshold=Number("the share, 0 to 1, such as 0.05", most=1), window=HOUR, check=_signal_rate),
        Trigger("tool_error_streak", "A tool fails so often in a row", Over.TOOLS, check_words,
                threshold=Number("failed calls in a row", default=5, least=2, most=1000, whole=True), window=HOUR, check=_streaks),
        Trigger("cluster_emerging", "A problem or an intent emerges", Over.CLUSTERS, check_words, check=_emerging, seconds=60),
        Trigger("ingest_stopped", "Nothing comes in any more", Over.EVENTS, check_event_query, window=HOUR, check=_silence),
        Trigger("budget_spent", "The LLM's budget of the day is spent", Over.NOTHING, check_nothing,
                threshold=Number("the share, 0 to 1", default=1.0, least=0.01, most=1), check=_budget, seconds=60),
    ):  # fmt: skip
        register_trigger(trigger)
