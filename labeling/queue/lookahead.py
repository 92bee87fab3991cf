"""The next few cards of a person's queue, kept in the session.

Choosing cards costs about 170 ms with 8,000 events, whether one or five: so five are chosen at a time, and an answer comes back
in the time it takes to render the next. Reloading the page shows the same card again. What the labels since
then have taught is seen when the next few are chosen.
"""

import uuid
from typing import Any

from django.contrib.sessions.backends.base import SessionBase
from django.db import transaction

from ingest.models import Event, User
from issues.models import Issue
from labeling.labels.labels import standing_labels
from labeling.queue.of_issues import Card, next_cards
from labeling.queue.reservations import reserve, reserved_by_others
from raindrop.locks import hold_lock

AHEAD = 5
KEY = "review"  # one issue at a time: {"issue": id, "cards": [[event id, score, reason], ...]}


def next_card(*, session: SessionBase, issue: Issue, user: User, answers: bool = True) -> Card | None:
    """The first card that is held and not labelled since, else the first of the newly chosen. None: nothing is left.

    The cards of a person who `answers` are reserved: nobody else is asked about them meanwhile.
    """
    held = session.get(KEY, {})
    cards = held["cards"] if held.get("issue") == str(issue.id) else []
    with transaction.atomic():
        hold_lock(f"review:{issue.pk}")
        taken = reserved_by_others(issue=issue, user=user)
        waiting = _open(issue, cards, taken)
        if not waiting:
            waiting = next_cards(issue=issue, limit=AHEAD, user=user, exclude=taken)
            session[KEY] = {
                "issue": str(issue.id),
                "cards": [[str(card.event.id), card.score, card.reason] for card in waiting],
            }
        if answers:
            reserve(issue=issue, user=user, event_ids=[card.event.id for card in waiting])
    return waiting[0] if waiting else None


def _open(issue: Issue, cards: list[list[Any]], taken: set[uuid.UUID]) -> list[Card]:
    """Those of the held cards that nobody has labelled or is being asked."""
    ids = [uuid.UUID(card[0]) for card in cards]
    done = standing_labels(issue).filter(event_id__in=ids).values_list("event_id", flat=True)
    wanted = set(ids).difference(done, taken)
    events = (
        Event.objects.select_related("conversation", "end_user")
        .filter(project_id=issue.project_id)
        .in_bulk(list(wanted))
    )
    return [
        Card(event=events[event_id], score=score, reason=reason)
        for event_id, (_, score, reason) in zip(ids, cards, strict=True)
        if event_id in events
    ]
