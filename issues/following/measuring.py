"""What people's answers say of an issue that follows something: the precision and recall of what it follows."""

import uuid
from collections.abc import Collection
from typing import Any

from django.db import transaction

from ingest.models import Event
from issues.classifier.audit import RANDOM_LEAST
from issues.classifier.model import MEASURABLE
from issues.classifier.scoring import score_again
from issues.following.deciding import decide, follow_dependents, follow_events, light_events
from issues.models import Issue
from issues.models.answers import Answered, answers
from raindrop.statistics import wilson
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
    issue.quality = quality(given, hits)
    Issue.objects.filter(pk=issue.pk).update(quality=issue.quality)


def quality(given: list[Answered], hits: list[bool]) -> dict[str, Any]:
    """As Classifier.quality. `hits`: which of the answered events the source holds on. The precision is over all that it holds on, from
    MEASURABLE of these on, the recall over the events drawn at random, from RANDOM_LEAST of these on; each with Wilson's interval, 95 %."""
    pairs = list(zip(given, hits, strict=True))
    measured: dict[str, Any] = dict.fromkeys(
        ("precision", "recall", "low", "high", "recall_low", "recall_high")
    )
    measured |= {"labels": len(given), "random_labels": sum(one.is_random for one in given)}
    claimed = [one.is_match for one, hit in pairs if hit]
    if len(claimed) >= MEASURABLE and (interval := wilson(sum(claimed), len(claimed))):
        measured["precision"] = sum(claimed) / len(claimed)
        measured["low"], measured["high"] = interval
    drawn = [(hit, one.is_match) for one, hit in pairs if one.is_random]
    measured["strata"] = [drawn.count((hit, held)) for hit in (True, False) for held in (True, False)]
    held = [hit for one, hit in pairs if one.is_random and one.is_match]
    if measured["random_labels"] >= RANDOM_LEAST and (interval := wilson(sum(held), len(held))):
        measured["recall"] = sum(held) / len(held)
        measured["recall_low"], measured["recall_high"] = interval
    return measured
