"""Who labels a subject: what each person has answered, who is at it now, to whom its queue is assigned, and how many cards are asked twice."""

import uuid
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from django.db import transaction
from django.db.models import Count, Exists, OuterRef, Q
from django.utils import timezone

from ingest.models import Project, User
from labeling.labels.agreement import Kappa, agreement_of_people
from labeling.labels.authors import PERSON, Labelled, author_of, kind_of
from labeling.labels.labels import Standing, majority
from labeling.models import Answer, Assignment, Label, Offer, QueuePlan
from raindrop import live
from raindrop.locks import hold_lock

NAMELESS = "somebody whose account is deleted"
PROGRAMS = "programs"


@dataclass(frozen=True, slots=True)
class Person:
    """Of one subject. `labels`: standing answers. `is_here`: cards of the queue are held for them now."""

    name: str
    labels: int
    is_assigned: bool
    is_here: bool
    is_me: bool


@dataclass(frozen=True, slots=True)
class Work:
    """`mine`: of the user's answers, those that stand; `others`: everybody else's, of `other_authors` (all programs are one). `events`: with an answer;
    `twice`: of them, with answers of two people or more; `disputed`: of these, with as many answers one way as another."""

    mine: int
    others: int
    other_authors: int
    events: int
    twice: int
    disputed: int
    kappa: Kappa


@transaction.atomic
def plan_queue(*, subject: Labelled, overlap: int, users: Collection[User]) -> None:
    """Sets the share of cards that a second person is asked about too (per cent, 0 to 100), and whose queue it is. Raises ValueError for another share,
    and when a user is not a member of the project."""
    if not 0 <= overlap <= 100:
        raise ValueError("The share of cards that two people answer lies between 0 and 100 %.")
    members = set(subject.project.members.values_list("pk", flat=True))
    wanted = {user.pk for user in users}
    if not wanted <= members:
        raise ValueError("A queue is assigned to members of its project.")
    hold_lock(f"plan:{subject.pk}")
    QueuePlan.objects.update_or_create(
        subject_id=subject.pk, defaults={"project_id": subject.project_id, "overlap": overlap}
    )
    assigned = Assignment.objects.filter(subject_id=subject.pk)
    assigned.exclude(user__in=wanted).delete()
    before = set(assigned.values_list("user_id", flat=True))
    Assignment.objects.bulk_create(
        Assignment(
            project_id=subject.project_id, subject_kind=kind_of(subject), subject_id=subject.pk, user_id=user
        )
        for user in sorted(wanted - before)
    )
    live.changed([subject.project_id])


def overlap_of(subject: Labelled) -> int:
    """Per cent."""
    plan = QueuePlan.objects.filter(subject_id=subject.pk).first() or QueuePlan()
    return int(plan.overlap)


def assigned_users(subject: Labelled) -> set[int]:
    """The ids of those who are members still."""
    rows = Assignment.objects.filter(subject_id=subject.pk, user__in=subject.project.members.all())
    return set(rows.values_list("user_id", flat=True))


def work_of(rows: Sequence[Standing], *, user: User) -> Work:
    """`rows`: of one subject, by time (`standing_rows`)."""
    counts = Counter(row.author for row in rows)
    mine = counts.pop(author_of(user), 0)
    by_people = Counter(row.event for row in rows if row.author.startswith(PERSON))
    return Work(
        mine=mine,
        others=counts.total(),
        other_authors=len(counts),
        events=len({row.event for row in rows}),
        twice=sum(number > 1 for number in by_people.values()),
        disputed=len(disputed_events(rows)),
        kappa=agreement_of_people(rows),
    )


def disputed_events(rows: Sequence[Standing]) -> set[uuid.UUID]:
    """Those that two people or more answered, with no answer ahead of the others, and not all unsure. `rows`: as of `work_of`."""
    by_people: dict[uuid.UUID, list[str]] = defaultdict(list)
    for row in rows:
        if row.author.startswith(PERSON):
            by_people[row.event].append(row.answer)
    settled = majority((event, answer) for event, given in by_people.items() for answer in given)
    return {
        event
        for event, given in by_people.items()
        if len(given) > 1 and event not in settled and set(given) != {Answer.UNSURE}
    }


def people_of(subject: Labelled, rows: Sequence[Standing], *, user: User) -> list[Person]:
    """Those with the most answers first; then those to whom it is assigned, and those who are at it now. `rows`: as of `work_of`."""
    counts = Counter(row.author for row in rows)
    of_subject = {"subject_id": subject.pk, "user": OuterRef("pk")}
    held = Offer.objects.filter(held_until__gt=timezone.now(), **of_subject)
    members = Q(pk__in=subject.project.members.values("pk"))
    found = User.objects.annotate(
        is_here=Exists(held), is_assigned=Q(Exists(Assignment.objects.filter(**of_subject))) & members
    ).filter(Q(pk__in=_user_ids(counts)) | Q(is_here=True) | Q(is_assigned=True))
    users = {author_of(one): one for one in found}
    people = []
    for author in sorted(counts.keys() | users.keys(), key=lambda author: (-counts[author], author)):
        one = users.get(author)
        name = one.username if one else NAMELESS if author.startswith(PERSON) else PROGRAMS
        is_assigned, is_here = bool(one and one.is_assigned), bool(one and one.is_here)
        people.append(Person(name, counts[author], is_assigned, is_here, author == author_of(user)))
    return people


def answered_by(project: Project) -> Mapping[uuid.UUID, Mapping[str, int]]:
    """Of each subject that has labels: how many answers of each author stand."""
    rows = Label.objects.filter(project=project).of_people().standing().order_by()
    found: dict[uuid.UUID, dict[str, int]] = defaultdict(dict)
    for subject, author, number in rows.values_list("subject_id", "author").annotate(n=Count("id")):
        found[subject][author] = number
    return found


def assignments(project: Project) -> Mapping[uuid.UUID, list[User]]:
    """By subject, those who are members still, by name."""
    found: dict[uuid.UUID, list[User]] = defaultdict(list)
    rows = Assignment.objects.filter(project=project, user__in=project.members.all())
    for row in rows.select_related("user").order_by("user__username"):
        found[row.subject_id].append(row.user)
    return found


def _user_ids(authors: Iterable[str]) -> list[int]:
    return [int(author.removeprefix(PERSON)) for author in authors if author.startswith(PERSON)]
