"""Events of issues that people answered differently, so that nobody has decided: as they wait in the inbox.

Such an event is no match and no non-match by answer: the classifier's verdict stands (labels.majority).
"""

import datetime as dt
import uuid
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.db.models import Count
from django.urls import reverse
from django.utils import timezone

from ingest.models import Project, User
from issues.inbox.items import MOST_OF_KIND, Item, Kind, register_kind
from issues.models import Issue
from issues.models.issues import State
from labeling.labels.authors import ISSUE, PERSON
from labeling.labels.labels import Standing
from labeling.labels.people import disputed_events
from labeling.models import Label, QueuePlan
from raindrop.web.plurals import counted

DISAGREEMENT = "disagreement"
SPLIT = (
    "split"  # on the list of labels, in place of an answer: those on events that people answered differently
)


@dataclass(frozen=True, slots=True)
class Disputed:
    """Of an issue. `at`: when the newest answer on these events was given."""

    events: int
    at: dt.datetime


def disputed_in(project: Project) -> Mapping[uuid.UUID, Disputed]:
    """By issue; without those on which people agree."""
    answers = Label.objects.filter(project=project, subject_kind=ISSUE, author__startswith=PERSON).live()
    several = (
        answers.order_by()
        .values("subject_id", "event_id")
        .annotate(authors=Count("author", distinct=True), answers=Count("answer", distinct=True))
        .filter(authors__gt=1, answers__gt=1)
    )
    pairs = set(several.values_list("subject_id", "event_id"))
    rows = Label.objects.filter(
        project=project, subject_id__in={subject for subject, _ in pairs}, event__in={event for _, event in pairs}
    ).of_people().standing()  # fmt: skip
    given: dict[uuid.UUID, list[tuple[Standing, dt.datetime]]] = defaultdict(list)
    columns = rows.values_list("subject_id", "created_at", "event_id", "answer", "author", "reason")
    for subject, at, event, answer, author, reason in columns:
        given[subject].append((Standing(event, answer, author, reason), at))
    found = {}
    for subject, mine in given.items():
        if disputed := disputed_events([row for row, _ in mine]):
            found[subject] = Disputed(len(disputed), max(at for row, at in mine if row.event in disputed))
    return found


def waiting_disagreements(project: Project, user: User | None) -> list[Item]:
    """Of open issues, those with an answer since the last review of them."""
    found = disputed_in(project)
    plans = QueuePlan.objects.filter(subject_id__in=found)
    reviewed = {plan.subject_id: plan.disputes_reviewed_at for plan in plans if plan.disputes_reviewed_at}
    waiting = [key for key, one in found.items() if key not in reviewed or one.at > reviewed[key]]
    issues = Issue.objects.in_project(project).filter(pk__in=waiting, state=State.OPEN)
    items = [_item(project, issue, found[issue.pk]) for issue in issues]
    return sorted(items, key=lambda item: item.at, reverse=True)[:MOST_OF_KIND]


def _item(project: Project, issue: Issue, one: Disputed) -> Item:
    path = f"{reverse('issue-labels', args=[project.slug, issue.number])}?answer={SPLIT}"
    decides = "what the issue follows" if issue.follows else "the classifier"
    why = f"People answered {counted(one.events, 'event')} differently, and nobody has decided. Until then {decides} does."
    return Item(DISAGREEMENT, str(issue.number), issue.title, path, DISAGREEMENT, why, one.at, issue.pk)


def review_disagreements(
    project: Project, keys: Sequence[str], user: User | None
) -> tuple[int, uuid.UUID | None]:
    """They leave the inbox until somebody answers such an event anew, and stay on the list of labels."""
    waiting = [item for item in waiting_disagreements(project, user) if item.key in keys]
    for item in waiting:
        QueuePlan.objects.update_or_create(
            subject_id=item.subject, defaults={"project": project, "disputes_reviewed_at": timezone.now()}
        )
    return len(waiting), None


def register() -> None:
    register_kind(Kind(DISAGREEMENT, waiting_disagreements, review_disagreements))
