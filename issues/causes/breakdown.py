"""The values of one dimension that some events have, against all events."""

import uuid
from collections import Counter, defaultdict
from typing import Any

from django.db.models import QuerySet

from ingest.models import Event, Project
from issues.causes.dimensions import FIELDS, PARTS, facts_of
from issues.causes.finding import INTENT, SIGNAL, Z90
from issues.models import Issue, IssueMatch
from raindrop.statistics import wilson
from signals.models import SignalDefinition, SignalMatch

MATCHES, EVENTS = 2000, 5000  # the newest that are read
VALUES = 100  # that are answered


def is_dimension(name: str) -> bool:
    part, _, key = name.partition(".")
    return name in FIELDS or name == INTENT or bool(key) and (part in PARTS or name.startswith(SIGNAL))


def break_down_issue(issue: Issue, dimension: str) -> list[dict[str, Any]]:
    """Of the issue's newest MATCHES, against the project's newest EVENTS."""
    return _break_down(issue.project, IssueMatch.objects.filter(issue=issue), dimension)


def break_down_signal(signal: SignalDefinition, dimension: str) -> list[dict[str, Any]]:
    """Of the signal's newest MATCHES, against the project's newest EVENTS."""
    matches = SignalMatch.objects.filter(signal=signal, project=signal.project_id)
    return _break_down(signal.project, matches, dimension)


def _break_down(
    project: Project, matches: QuerySet[IssueMatch] | QuerySet[SignalMatch], dimension: str
) -> list[dict[str, Any]]:
    mine = list(matches.order_by("-timestamp", "-id").values_list("event_id", flat=True)[:MATCHES])
    newest = Event.objects.filter(project=project, is_pending=False).order_by("-timestamp", "-id")
    usual = set(newest.values_list("id", flat=True)[:EVENTS])
    facts = facts_of(project, list({*mine, *usual}))
    counts: Counter[str] = Counter()
    everywhere: Counter[str] = Counter()
    users: dict[str, set[uuid.UUID]] = defaultdict(set)
    held = set(mine)
    for event, one in facts.items():
        for name, value in one.values:
            if name != dimension:
                continue
            everywhere[value] += event in usual
            if event in held:
                counts[value] += 1
                users[value] |= {one.user} if one.user else set()
    found = []
    for value, n in sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))[:VALUES]:
        rate = n / len(held)
        share = everywhere[value] / len(usual) if usual else 0.0
        low, high = wilson(n, len(held), z=Z90) or (0.0, 1.0)
        found.append(
            {
                "value": value, "events": n, "users": len(users[value]), "rate": rate,
                "lift": rate / share if share else None, "low": low / share if share else None, "high": high / share if share else None,
            }
        )  # fmt: skip
    return found
