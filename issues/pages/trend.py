"""An issue's trend on its page: matches or the rate with its interval, and marks where something changed."""

import datetime as dt
from collections import defaultdict
from typing import Any

from django.db.models import DateTimeField, ExpressionWrapper, Subquery, Value

from ingest.counts import rollups
from ingest.counts.period import Period, change
from ingest.counts.waiting import why_not_compared
from ingest.models import Appearance, AppearanceKind, Total
from issues.models import Activity, Issue
from issues.models.activity import ActivityKind
from raindrop.statistics import wilson

AT_ONCE = dt.timedelta(minutes=1)  # what an issue follows from its opening on is no change
MARKED = (ActivityKind.STATE, ActivityKind.TRAINED, ActivityKind.EDITED, ActivityKind.FOLLOWS)
BEGINNING = dt.timedelta(hours=1)  # of a project
MOST_RELEASES = 20
MOST_MARKS = 200  # changes that are read
# A change of state by its action.
WORDS = {
    "resolve": "resolved", "mute": "muted", "reopen": "reopened", "regress": "regressed", "unmute": "un-muted",
    "escalate": "escalates", "subside": "calm again", "undo": "taken back",
}  # fmt: skip


def trend(issue: Issue, period: Period, chart: str) -> dict[str, Any]:
    """The period's numbers, and the chart: matches and users per day, or the share of all events ("rate") with its 95 % interval."""
    days = rollups.daily([issue.id, issue.project_id], start=period.start.date(), end=period.end.date())
    mine, every = days[issue.id], days[issue.project_id]
    if chart == "rate":
        series = _rates([point.events for point in mine], [point.events for point in every])
    else:
        series = [
            {"name": "Matches", "values": [point.events for point in mine], "type": "bar"},
            {"name": "Users", "values": [point.users for point in mine], "type": "line"},
        ]
    matches, events = sum(point.events for point in mine), sum(point.events for point in every)
    before = period.previous_sums([issue.id, issue.project_id])
    everything = events + before.get(issue.project_id, 0)
    not_compared = why_not_compared(issue.project, period.previous[0], period.until, events=everything)
    return {
        "chart": {
            "labels": period.labels(),
            "series": series,
            "fraction": chart == "rate",
            "unfinished": True,
            "marks": marks(issue, period),
        },
        "chart_label": "Share of all events per day" if chart == "rate" else "Matches and users per day",
        "chart_kind": "rate" if chart == "rate" else "matches",
        "matches": matches,
        "matches_change": None if not_compared else change(matches, before.get(issue.id, 0)),
        "not_compared": f"No change is shown: {not_compared}" if not_compared else "",
        "users": period.users([issue.id]).get(issue.id, 0),
        "rate": matches / events if events else None,
    }


def _rates(mine: list[int], every: list[int]) -> list[dict[str, Any]]:
    """The rate, and the ends of its 95 % Wilson interval; none on a day without events. What holds on an event is counted a moment before the
    event is, hence the bound."""
    rows = [(n, max(n, all_)) for n, all_ in zip(mine, every, strict=True)]
    ends = [wilson(n, of) for n, of in rows]
    found: list[tuple[str, list[float | None]]] = [
        ("Share of all events", [n / of if of else None for n, of in rows]),
        ("From (95 %)", [low_high[0] if low_high else None for low_high in ends]),
        ("To (95 %)", [low_high[1] if low_high else None for low_high in ends]),
    ]
    return [
        {
            "name": name,
            "values": [None if value is None else round(value, 5) for value in values],
            **({"edge": True, "color": "--tblr-secondary"} if place else {}),
        }
        for place, (name, values) in enumerate(found)
    ]


def marks(issue: Issue, period: Period) -> list[dict[str, Any]]:
    """What changed on which day of the period: `at` its place among the labels, `day` in words, `text` in a few; `since`: the last release that
    was first seen that day, as the page of releases names it, or ""."""
    rows = Activity.objects.filter(issue=issue, kind__in=MARKED, created_at__gte=period.start)
    by_day: dict[dt.date, list[str]] = defaultdict(list)
    for entry in reversed(list(rows.order_by("-id")[:MOST_MARKS])):
        is_beginning = entry.kind == ActivityKind.FOLLOWS and entry.created_at - issue.created_at < AT_ONCE
        text = "" if is_beginning else _mark(entry)
        day = by_day[entry.created_at.astimezone(dt.UTC).date()]
        if text and text not in day:
            day.append(text)
    since: dict[dt.date, str] = {}
    for one in _releases(issue, period):
        day_seen = one.first_seen.astimezone(dt.UTC).date()
        by_day[day_seen].append(f"{one.kind} {one.value}")
        since[day_seen] = f"{one.kind}:{one.value}"
    first = period.start.date()
    return [
        {
            "at": (day - first).days,
            "day": f"{day:%d %b}",
            "text": ", ".join(texts),
            "since": since.get(day, ""),
        }
        for day, texts in sorted(by_day.items())
        if texts
    ]


def _releases(issue: Issue, period: Period) -> list[Appearance]:
    """Releases and models that were first seen in the period, and after the project's first event: what was there from the start is no
    change."""
    begun = Subquery(Total.objects.filter(subject=issue.project_id).values("first_seen"))
    rows = Appearance.objects.filter(
        project=issue.project_id, kind__in=[AppearanceKind.RELEASE, AppearanceKind.MODEL],
        first_seen__gte=period.start, first_seen__lt=period.until,
        first_seen__gt=ExpressionWrapper(begun + Value(BEGINNING), output_field=DateTimeField()),
    )  # fmt: skip
    return list(rows.order_by("-first_seen", "kind", "value")[:MOST_RELEASES])[::-1]


def _mark(entry: Activity) -> str:
    """ "" of what is no mark. Of several trainings of a day the last version tells enough, hence no number."""
    if entry.kind == ActivityKind.STATE:
        return WORDS.get(entry.data["action"], "")
    if entry.kind == ActivityKind.TRAINED:
        return "classifier trained"
    return "definition changed" if entry.kind == ActivityKind.EDITED else "follows something else"
