"""An issue's cards: first the events whose labels were taken back because the definition has changed, then what the classifier learns from."""

import uuid
from collections.abc import Collection

from ingest.models import Event, User
from issues.models import Issue, IssueMatch
from labeling.labels.labels import standing_labels
from labeling.models import Label, Reason
from labeling.queue.cards import Card
from labeling.queue.of_issues import next_cards

REDEFINED = "redefined"  # the source of rows that take such labels back


def cards_of_issue(
    *,
    issue: Issue,
    limit: int,
    user: User | None = None,
    exclude: Collection[uuid.UUID] = (),
    audit: bool = False,
) -> list[Card]:
    """As `next_cards`, with the events to be asked about again before them."""
    again = asked_again(issue=issue, limit=limit, exclude=exclude, audit=audit)
    if len(again) == limit:
        return again
    seen = {*exclude, *(card.event.pk for card in again)}
    return again + next_cards(issue=issue, limit=limit - len(again), user=user, exclude=seen, audit=audit)


def asked_again(
    *, issue: Issue, limit: int, exclude: Collection[uuid.UUID] = (), audit: bool = False
) -> list[Card]:
    """The events whose labels were taken back for a new definition and that nobody has labelled since, the first taken back first. One that was
    drawn at random stays a random card, with its probability. `audit`: only these random cards."""
    rows = Label.objects.of_people().filter(subject_id=issue.pk, source=REDEFINED, retracts__isnull=False)
    taken: dict[uuid.UUID, Label] = {}
    for row in rows.exclude(event__in=list(exclude)).select_related("retracts").order_by("created_at", "id"):
        kept = taken.get(row.event_id)
        if kept is None or kept.retracts is None or kept.retracts.reason != Reason.RANDOM:
            taken[row.event_id] = row
    if not taken:
        return []
    standing = standing_labels(issue).filter(event__in=taken).values_list("event_id", flat=True)
    answered = set(standing)
    waiting = [event for event in taken if event not in answered]
    events = Event.objects.select_related("conversation", "end_user").in_bulk(waiting)
    scores = dict(IssueMatch.objects.filter(issue=issue, event__in=waiting).values_list("event_id", "score"))
    cards = []
    for event in waiting:
        before = taken[event].retracts
        if event not in events or before is None:
            continue
        if before.reason == Reason.RANDOM:
            cards.append(Card(events[event], before.score, Reason.RANDOM, before.probability))
        elif not audit:
            cards.append(Card(events[event], scores.get(event), Reason.REDEFINED))
    return cards[:limit]
