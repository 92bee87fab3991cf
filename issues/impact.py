"""An issue's impact, users times severity, and the priority that follows from it until a person sets one."""

import datetime as dt
import logging
from dataclasses import dataclass

from django.db import InterfaceError, OperationalError, transaction
from django.db.models import Avg

from ingest.counts.rollups import users_since
from issues.models import Activity, Issue, IssueMatch
from issues.models.activity import ActivityKind
from issues.models.issues import Priority, State
from signals.models import Facet

logger = logging.getLogger(__name__)

DAYS = 14
EVERY = dt.timedelta(hours=1)
AT_ONCE = 100  # issues of one round
NEWEST = 500  # newest matches of which the severity is read
FEW_USERS = 20  # of a project: shares of fewer say nothing
USUAL_SEVERITY = 1.0  # where nothing was read of its conversations; the reader's scale is 0 to 3
# Shares of the project's users, each times the severity.
HIGH, MEDIUM = 0.05, 0.005


@dataclass(frozen=True, slots=True)
class Impact:
    """`users` of the issue of all `of_users` in DAYS, and the mean severity of its conversations, 0 to 3."""

    users: int
    of_users: int
    severity: float

    @property
    def value(self) -> float:
        return self.users / self.of_users * self.severity if self.of_users else 0.0

    @property
    def priority(self) -> Priority:
        return (
            Priority.HIGH if self.value >= HIGH else Priority.MEDIUM if self.value >= MEDIUM else Priority.LOW
        )


def impact_of(issue: Issue, *, now: dt.datetime) -> Impact:
    since = (now - dt.timedelta(days=DAYS)).astimezone(dt.UTC).replace(minute=0, second=0, microsecond=0)
    users = users_since([issue.pk, issue.project_id], since)
    newest = IssueMatch.objects.filter(issue=issue, timestamp__gte=since, conversation__isnull=False)
    talks = list(newest.order_by("-timestamp", "-id").values_list("conversation_id", flat=True)[:NEWEST])
    read = Facet.objects.filter(project=issue.project_id, conversation__in=talks, went_wrong__isnull=False)
    severity = read.aggregate(mean=Avg("severity"))["mean"]
    return Impact(
        users.get(issue.pk, 0),
        users.get(issue.project_id, 0),
        USUAL_SEVERITY if severity is None else float(severity),
    )


def prioritise_by_impact(*, now: dt.datetime) -> int:
    """Sets the priority of open issues that no person prioritised, each once in EVERY. Returns how many changed. Safe to run twice at once."""
    due = Issue.objects.filter(state=State.OPEN, priority_locked=False, impact_at__lte=now - EVERY)
    changed = 0
    for issue in due.order_by("impact_at")[:AT_ONCE]:
        try:
            changed += _prioritise(issue, now=now)
        except (OperationalError, InterfaceError):  # the database is away: of no issue in particular
            raise
        except Exception:
            logger.exception("The impact of issue %s cannot be measured", issue.pk)
            Issue.objects.filter(pk=issue.pk).update(impact_at=now)  # it keeps no other issue waiting
    return changed


@transaction.atomic
def _prioritise(issue: Issue, *, now: dt.datetime) -> bool:
    """Whether its priority changed."""
    found = impact_of(issue, now=now)
    locked = Issue.objects.select_for_update(no_key=True).filter(pk=issue.pk, priority_locked=False).first()
    if locked is None:
        return False
    Issue.objects.filter(pk=issue.pk).update(impact_at=now)
    if found.of_users < FEW_USERS or found.priority == locked.priority:
        return False
    Issue.objects.filter(pk=issue.pk).update(priority=found.priority, updated_at=now)
    data = {
        "from": locked.priority, "to": found.priority.value, "users": found.users, "of_users": found.of_users,
        "severity": round(found.severity, 2), "days": DAYS,
    }  # fmt: skip
    Activity.objects.create(issue=locked, kind=ActivityKind.PRIORITY, actor=None, data=data)
    return True
