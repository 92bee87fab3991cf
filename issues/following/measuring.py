"""What people's answers say of an issue that follows something: the precision and recall of what it follows."""

import uuid
from collections.abc import Collection
from typing import Any

from django.db import transaction

from ingest.counts.rollups import totals
from ingest.models import Event
from issues.classifier.audit import audited_names, exact_names
from issues.classifier.model import MEASURABLE
from issues.classifier.scoring import score_again
from issues.following.deciding import decide, follow_dependents, follow_events, light_events
from issues.models import Issue
from issues.models.answers import Answered, answers
from signals.models import SignalDefinition


@transaction.atomic
def answers_changed(*, issue: Issue, event_ids: Collection[uuid.UUID]) -> None:
    """Once people answered about these events, or took an answer back: the matches say so at once, and the measured quality of what is
    followed is measured again."""
    events = light_events(event_ids)
    if issue.follows:
        follow_events(project=issue.project, events=events, issues=Issue.objects.filter(pk=issue.pk))
        measure(issue)
    else:
        score_again(issue=issue, events=events)
    follow_dependents(project=issue.project, events=events, but=issue.pk)


def judgements_changed(*, signal: SignalDefinition, event_ids: Collection[uuid.UUID]) -> None:
    """Once people said of the signal's matches whether they are right: one that is wrong is no match of an issue that follows it."""
    following = Issue.objects.followers().filter(project=signal.project_id, signal=signal)
    if following.exists():
        events = light_events(event_ids)
        follow_events(project=signal.project, events=events, issues=following)


def measure(issue: Issue) -> None:
    """Stores as the issue's quality what the answered events say of its source."""
    given = answers().all_of([issue.pk]).get(issue.pk, [])
    known = set(Event.objects.filter(pk__in=[one.event for one in given]).values_list("pk", flat=True))
    given = [one for one in given if one.event in known]
    hits = (decide(issue.project, [issue], [one.event for one in given]) >= 0)[:, 0].tolist()
    totals_now = totals([issue.pk, issue.project_id])
    every = max(totals_now[issue.project_id].events, totals_now[issue.pk].events)
    rate = totals_now[issue.pk].events / every if every else 0.0
    issue.quality = quality(given, hits, rate=rate, events=every)
    Issue.objects.filter(pk=issue.pk).update(quality=issue.quality)


def quality(given: list[Answered], hits: list[bool], *, rate: float, events: int) -> dict[str, Any]:
    """As Classifier.quality. `hits`: which of the answered events the source holds on; `rate`: the share of all `events` that it holds on. What is
    published comes from the events drawn at random alone (audit.estimate, 90 % intervals); `precision` is that over all answered events, from
    MEASURABLE of these that it holds on."""
    pairs = list(zip(given, hits, strict=True))
    claimed = [one.is_match for one, hit in pairs if hit]
    rows = [[float(hit), float(one.is_match), one.weight] for one, hit in pairs if one.is_random]
    audited = (
        exact_names([(hit, one.is_match) for one, hit in pairs])
        if len(given) == events
        else audited_names(rows, rate=rate, events=events or None, unlabelled=max(0, events - len(given)))
    )
    return {
        "labels": len(given),
        "random_labels": len(rows),
        "precision": sum(claimed) / len(claimed) if len(claimed) >= MEASURABLE else None,
        "recall": None,
        "low": None,
        "high": None,
        "audit": rows,
        "strata": [
            sum((row[0] > 0, row[1] > 0) == (hit, yes) for row in rows)
            for hit in (True, False)
            for yes in (True, False)
        ],
        "claimed": [sum(claimed), len(claimed)],
        **audited,
    }
