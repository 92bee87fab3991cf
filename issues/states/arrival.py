"""What an event that arrives changes: a resolved issue that happens again, and a muted one whose terms have ended.

Called where matches are written (issues/classifier/matching.py), in that transaction. By state and not by what is new, so that a batch
that is run again after a crash still does it.
"""

import datetime as dt
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from django.db.models import Sum

from ingest.models import Event, Hour
from issues.models import Issue, IssueMatch
from issues.models.issues import State
from issues.states.doors import change_by_system, mute_terms, regress_issue, resolve_terms
from issues.states.releases import LONGEST, are_ordered, newest
from issues.states.terms import MuteTerms, ResolveTerms, reached
from issues.states.transitions import Action

RELEASE = "release"  # the property that names it
RELEASES_FROM = 2000  # newest events from which a project's releases are read


def wake(occurred: Mapping[uuid.UUID, Sequence[Event]], *, versions: Mapping[uuid.UUID, int]) -> None:
    """`occurred`: by issue, the events of this batch that match it. `versions`: of the classifiers that said so (0: what it follows)."""
    quiet = Issue.objects.filter(pk__in=occurred, state__in=[State.RESOLVED, State.MUTED])
    for issue in quiet.order_by("pk"):
        later = [event for event in occurred[issue.pk] if event.timestamp > issue.state_changed_at]
        if not later:
            continue
        if issue.state == State.RESOLVED:
            _regress(issue, later, versions[issue.pk])
        else:
            _unmute(issue, later)


def _regress(issue: Issue, later: Sequence[Event], version: int) -> None:
    terms = resolve_terms(issue)
    if terms != ResolveTerms():
        releases = releases_of([event.pk for event in later])
        later = [event for event in later if terms.says_fixed(releases.get(event.pk, ""))]
        if not later:
            return
    first = min(later, key=lambda event: event.timestamp)
    reason: dict[str, Any] = {
        "events": len(later),
        "event": str(first.id),
        "at": first.timestamp.isoformat(),
        "resolved_at": issue.state_changed_at.isoformat(),
        "classifier_version": version,
        **terms.as_json(),
    }
    if terms != ResolveTerms() and releases.get(first.pk):
        reason["release"] = releases[first.pk]
    regress_issue(issue=issue, reason=reason)


def _unmute(issue: Issue, later: Sequence[Event]) -> None:
    terms = mute_terms(issue)
    reason: dict[str, Any] | None = None
    if terms.until is not None:
        over = [event for event in later if event.timestamp >= terms.until]
        reason = {"events": len(over)} if over else None
    elif terms.is_counted:
        reason = _counted(issue, terms, later)
    if reason is not None:
        last = max(event.timestamp for event in later)
        reason |= {"at": last.isoformat(), "muted_at": issue.state_changed_at.isoformat(), "terms_were": terms.as_json()}  # fmt: skip
        change_by_system(issue=issue, action=Action.UNMUTE, reason=reason)


def _counted(issue: Issue, terms: MuteTerms, later: Sequence[Event]) -> dict[str, Any] | None:
    """Any window that one of the events lies in, after the issue was muted."""
    times = [event.timestamp for event in later]
    start, end = issue.state_changed_at, max(times)
    if terms.window is not None:
        reach = dt.timedelta(seconds=terms.window)
        start, end = max(start, min(times) - reach), end + reach
    least = min(count for count in (terms.events, terms.users) if count is not None)
    # The roll-ups have these events already. They say cheaply that there cannot be enough: a user has an event or more.
    hours = Hour.objects.filter(
        subject=issue.pk, start__gte=start.replace(minute=0, second=0, microsecond=0), start__lte=end
    )
    if (hours.aggregate(n=Sum("events"))["n"] or 0) < least:
        return None
    rows = IssueMatch.objects.filter(
        issue=issue, timestamp__gte=start, timestamp__gt=issue.state_changed_at, timestamp__lte=end
    )
    found: dict[str, Any] | None = reached(terms, list(rows.values_list("timestamp", "end_user_id")))
    return found


def releases_of(event_ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, str]:
    """The events' releases; an event that names none is missing."""
    rows = Event.objects.filter(pk__in=event_ids, properties__has_key=RELEASE)
    return {
        pk: name for pk, value in rows.values_list("pk", f"properties__{RELEASE}") if (name := _name(value))
    }


def seen_releases(project: uuid.UUID) -> set[str]:
    """Of the project's newest RELEASES_FROM events."""
    recent = Event.objects.filter(project=project).order_by("-timestamp", "-id")
    values = recent.values_list(f"properties__{RELEASE}", flat=True)[:RELEASES_FROM]
    return {name for value in values if (name := _name(value))}


def read_resolution(project: uuid.UUID, release: str) -> ResolveTerms:
    """How "fixed in `release`" is kept; `next`: in the one after the newest that has sent events. Raises ValueError where the project's
    releases have no order, since the issue could then stay resolved for ever; the message is meant for people."""
    seen = seen_releases(project)
    is_next = release.casefold() == "next"
    if not is_next and len(release) > LONGEST:
        raise ValueError(f"A release has at most {LONGEST} characters.")
    if not are_ordered(seen if is_next else {*seen, release}):
        odd = sorted(seen)[:3] or [release]
        raise ValueError(
            f"The releases of this project ({', '.join(odd)}) have no order that their names tell, as 1.4.2, r3 or 2026-11-03 have. "
            "Resolve it now, without a release."
        )
    if not is_next:
        return ResolveTerms(in_release=release)
    current = newest(seen)
    if current is None:
        raise ValueError(
            f"No event has named its release (the property {RELEASE!r}), so that there is no next one."
        )
    return ResolveTerms(after_release=current)


def _name(value: object) -> str:
    return str(value) if isinstance(value, str | int | float) and not isinstance(value, bool) else ""
