"""Every count of a project against a recount from its raw rows. The recount is of its own: it shares no code with the roll-ups."""

import datetime as dt
import uuid
from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import Any, NamedTuple

from django.db.models import Model

from ingest.models import Conversation, EndUser, Event, Project, Total
from issues.models import IssueMatch
from signals.models import ClusterMember, SignalMatch
from tests.issues.following.followers import counted


class Met(NamedTuple):
    """One event of a subject."""

    at: dt.datetime
    user: uuid.UUID | None
    talk: uuid.UUID | None = None


def raw(project: Project) -> dict[uuid.UUID, list[Met]]:
    """What each subject (the project, its signals, issues and clusters) met, from the rows themselves."""
    found: dict[uuid.UUID, list[Met]] = defaultdict(list)
    who = ("timestamp", "end_user_id", "conversation_id")
    for row in Event.objects.filter(project=project, counted=True).values_list(*who):
        found[project.pk].append(Met(*row))
    for table, column, told in (
        (SignalMatch, "signal_id", who),
        (IssueMatch, "issue_id", who),
        (ClusterMember, "cluster_id", who[:2]),  # of clusters no conversations are counted
    ):
        rows: Any = table._default_manager.filter(project=project).values_list(column, *told)
        for subject, *row in rows:
            found[subject].append(Met(*row))
    return found


def recounted(met: Sequence[Met]) -> dict[str, Any]:
    """As `counted` has it."""
    users: dict[Any, list[Met]] = defaultdict(list)
    day_users: Counter[Any] = Counter()
    for one in met:
        if one.user is not None:
            users[one.user].append(one)
            day_users[_day(one.at), one.user] += 1
    talks = Counter(one.talk for one in met if one.talk is not None)
    times = [one.at for one in met]
    days = Counter(map(_day, times))
    return {
        "total": [(len(met), len(users), len(talks), min(times), max(times))] if met else [],
        "hours": sorted(Counter(map(_hour, times)).items()),
        "days": sorted((day, n, sum(one == day for one, _ in day_users)) for day, n in days.items()),
        "day_users": sorted((*key, n) for key, n in day_users.items()),
        "users": sorted((user, len(of), max(_hour(one.at) for one in of)) for user, of in users.items()),
        "talks": sorted(talks.items()),
    }


def _hour(at: dt.datetime) -> dt.datetime:
    return at.astimezone(dt.UTC).replace(minute=0, second=0, microsecond=0)


def _day(at: dt.datetime) -> dt.date:
    return at.astimezone(dt.UTC).date()


def assert_recounts(project: Project) -> int:
    """Returns how many subjects have a count."""
    rows = raw(project)
    subjects = {*rows, *Total.objects.filter(project=project).values_list("subject", flat=True)}
    waiting = Event.objects.filter(project=project, counted=False)
    for subject in subjects:
        found, expected = counted(subject), recounted(rows.get(subject, []))
        if (
            subject == project.pk and waiting.exists()
        ):  # one that is not finished may be the first or the last
            found["total"], expected["total"] = ([one[:3] for one in x["total"]] for x in (found, expected))
        assert found == expected, subject
    for matches in (SignalMatch, IssueMatch):
        assert_as_events(matches, project)
    for people, column, first, last in (
        (EndUser, "end_user", "first_seen", "last_seen"),
        (Conversation, "conversation", "started_at", "last_message_at"),
    ):
        for person in people._default_manager.filter(project=project):
            mine = Event.objects.filter(project=project, counted=True, **{column: person.pk})
            times = list(mine.values_list("timestamp", flat=True))
            assert person.events_count == len(times), person
            if times and not waiting.filter(**{column: person.pk}).exists():
                assert (getattr(person, first), getattr(person, last)) == (min(times), max(times)), person
    return sum(bool(rows.get(subject)) for subject in subjects)


def assert_as_events(matches: type[Model], project: Project) -> None:
    """A match says of its event what the event does, and no event matches twice."""
    rows: Any = matches._default_manager.filter(project=project).select_related("event")
    for row in rows:
        event = row.event
        assert (row.timestamp, row.end_user_id, row.conversation_id) == (
            event.timestamp, event.end_user_id, event.conversation_id,
        ), row  # fmt: skip
