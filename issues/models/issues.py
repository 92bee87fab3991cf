import datetime as dt
import re
from collections.abc import Callable
from typing import Any, Self

from django.conf import settings
from django.contrib.postgres.expressions import ArraySubquery
from django.db import models
from django.db.models.functions import Coalesce
from django.utils import timezone

from ingest.models import Day, Hour, Project, SubjectUser, Total
from issues.models.queries import issues_like
from raindrop.ids import new_id
from signals.models import Cluster, SignalDefinition


class State(models.TextChoices):
    OPEN = "open"
    RESOLVED = "resolved"
    MUTED = "muted"
    MERGED = "merged"


class Substate(models.TextChoices):
    NEW = "new"
    ONGOING = "ongoing"
    ESCALATING = "escalating"
    REGRESSED = "regressed"


class Review(models.TextChoices):
    """What a person is to look at in the inbox."""

    NEW = "new"
    ESCALATING = "escalating"
    REGRESSED = "regressed"
    UNMUTED = "unmuted"


class Priority(models.TextChoices):
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


class Follows(models.TextChoices):
    """What decides an issue's matches."""

    CLASSIFIER = "", "a classifier from labels"
    SIGNAL = "signal"
    QUERY = "query"
    CLUSTER = "cluster"


class IssueQuerySet(models.QuerySet["Issue"]):
    """The vocabulary in which issues are read."""

    def in_project(self, project: Project) -> Self:
        return self.filter(project=project)

    def with_state(self, state: str) -> Self:
        """`open`, `resolved`, `muted` or `merged`; a substate such as `regressed`; empty or `all` for every issue that is not merged into another."""
        if state in State.values:
            return self.filter(state=state)
        if state in Substate.values:
            return self.filter(state=State.OPEN, substate=state)
        return self.unmerged() if state in {"", "all"} else self.none()

    def unmerged(self) -> Self:
        """Without those that are part of another."""
        return self.exclude(state=State.MERGED)

    def followers(self) -> Self:
        """Those whose matches a signal, a query or a cluster decides."""
        return self.exclude(follows=Follows.CLASSIFIER)

    def matching(self, text: str) -> Self:
        """Those that the query finds (words of the title or the description, an issue's fields), or whose number the text is
        (12, #12, DEMO-12). Raises QueryError."""
        if number := re.fullmatch(r"(?:#|[A-Za-z0-9-]+-)?(\d{1,9})", text.strip()):
            return self.filter(models.Q(number=int(number[1])) | models.Q(title__icontains=text.strip()))
        return self.filter(issues_like(text))

    def with_counts(self) -> Self:
        """Adds `events`, `users`, `conversations`, `first_seen`, `last_seen` of all time (ingest.models.Total)."""
        total = Total.objects.filter(subject=models.OuterRef("id"))
        return self.annotate(
            events=Coalesce(models.Subquery(total.values("events")), 0),
            users=Coalesce(models.Subquery(total.values("users")), 0),
            conversations=Coalesce(models.Subquery(total.values("conversations")), 0),
            first_seen=models.Subquery(total.values("first_seen")),
            last_seen=models.Subquery(total.values("last_seen")),
        )

    def with_merged(self) -> Self:
        """Adds `merged_numbers`: those of the issues that are merged into it, sorted."""
        parts = Issue.objects.filter(merged_into=models.OuterRef("pk")).order_by("number")
        return self.annotate(merged_numbers=ArraySubquery(parts.values("number")))

    def sorted_by(self, sort: str, *, since: dt.datetime | None = None) -> Self:
        """One of SORTS, the default for any other word. Adds the counts of all time. `since` (a full hour): events and users are compared by
        those from then on."""
        found = self.with_counts()
        if since is None or sort not in SINCE:
            return found.order_by(*SORTS.get(sort, SORTS[DEFAULT_SORT]), "-number")
        return found.annotate(
            **{f"{name}_since": of(since) for name, of in SINCE.items() if name in SINCE_ORDER[sort]}
        ).order_by(*(models.F(f"{name}_since").desc() for name in SINCE_ORDER[sort]), "-number")


def _events_since(since: dt.datetime) -> Coalesce:
    of_issue: models.QuerySet[Any] = Hour.objects.filter(subject=models.OuterRef("id"), start__gte=since)
    if not since.hour:  # days are 24 times fewer rows
        of_issue = Day.objects.filter(subject=models.OuterRef("id"), start__gte=since.date())
    rows = of_issue.order_by().values("subject")
    return Coalesce(models.Subquery(rows.annotate(n=models.Sum("events")).values("n")), 0)


def _users_since(since: dt.datetime) -> Coalesce:
    rows = SubjectUser.objects.filter(subject=models.OuterRef("id"), last_hour__gte=since).order_by()
    return Coalesce(models.Subquery(rows.values("subject").annotate(n=models.Count("*")).values("n")), 0)


SINCE: dict[str, Callable[[dt.datetime], Coalesce]] = {"events": _events_since, "users": _users_since}
SINCE_ORDER = {"events": ["events"], "users": ["users", "events"]}


_RANK = models.Case(
    *(models.When(priority=priority, then=rank) for rank, priority in enumerate(Priority.values)), default=9
)
DEFAULT_SORT = "last_seen"
SORTS: dict[str, list[models.F | models.expressions.OrderBy]] = {
    "last_seen": [models.F("last_seen").desc(nulls_last=True)],
    "first_seen": [models.F("first_seen").desc(nulls_last=True)],
    "events": [models.F("events").desc()],
    "users": [models.F("users").desc(), models.F("events").desc()],
    "priority": [models.expressions.OrderBy(_RANK), models.F("events").desc()],
    "created": [models.F("created_at").desc()],
    "number": [],
}


class Issue(models.Model):
    """A problem (or a win) that the team follows. Its counts are the roll-ups of its id (ingest.models.Total)."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="issues")
    number = models.PositiveIntegerField(help_text="Short id within the project, as in DEMO-12.")
    title = models.CharField(max_length=200)
    description = models.TextField(
        blank=True, help_text="The current definition's text, kept here for lists."
    )
    state = models.CharField(max_length=10, choices=State.choices, default=State.OPEN)
    substate = models.CharField(max_length=12, choices=Substate.choices, default=Substate.NEW, blank=True)
    terms = models.JSONField(
        default=dict,
        editable=False,
        help_text="When a muted or a resolved issue opens again: issues/states/terms.py. Empty while it is open.",
    )
    review = models.CharField(
        max_length=12,
        choices=Review.choices,
        default=Review.NEW,
        blank=True,
        editable=False,
        help_text="What a person is to look at; empty once somebody did.",
    )
    priority = models.CharField(max_length=6, choices=Priority.choices, default=Priority.MEDIUM)
    priority_locked = models.BooleanField(
        default=False, editable=False, help_text="A person set it: it no longer follows the impact."
    )
    impact_at = models.DateTimeField(
        default=timezone.now,
        editable=False,
        help_text="When its impact was last looked at: issues/impact.py.",
    )
    assignee = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="assigned_issues",
    )
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    # What it follows: written by issues/following/, one of the three below.
    follows = models.CharField(
        max_length=7, choices=Follows.choices, default=Follows.CLASSIFIER, blank=True, editable=False
    )
    signal = models.ForeignKey(
        SignalDefinition, null=True, on_delete=models.SET_NULL, related_name="issues", editable=False
    )
    cluster = models.ForeignKey(
        Cluster, null=True, on_delete=models.SET_NULL, related_name="issues", editable=False
    )
    query = models.TextField(default="", editable=False)
    follows_name = models.CharField(
        max_length=200,
        default="",
        editable=False,
        help_text="The signal's key or the cluster's id, to say it when that is deleted.",
    )
    follows_version = models.PositiveIntegerField(
        default=0, editable=False, help_text="How often that was changed."
    )
    # As Classifier.quality, of what is followed, measured on the labels: issues/following/measuring.py
    quality = models.JSONField(default=dict, editable=False)
    # While its state is `merged`: what matches it matches that one too. Written by issues/merging/.
    merged_into = models.ForeignKey(
        "self", null=True, on_delete=models.RESTRICT, related_name="merged", editable=False, db_index=False
    )
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)
    state_changed_at = models.DateTimeField(auto_now_add=True)
    substate_changed_at = models.DateTimeField(auto_now_add=True, editable=False)
    merged_numbers: list[int]  # only of one that was read `with_merged`

    objects = IssueQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            models.UniqueConstraint(fields=["project", "number"], name="issue_number_per_project"),
            models.CheckConstraint(
                condition=models.Q(state=State.MERGED, merged_into__isnull=False)
                | (~models.Q(state=State.MERGED) & models.Q(merged_into=None)),
                name="issue_merged_into",
            ),
        ]
        indexes = [
            models.Index(fields=["project", "state"], name="issue_state"),
            models.Index(
                fields=["merged_into"], name="issue_merged", condition=models.Q(merged_into__isnull=False)
            ),
        ]

    def __str__(self) -> str:
        return self.title


def standing_of(issue: Issue) -> Issue:
    """The issue, or the one that it is part of."""
    while issue.merged_into is not None:
        issue = issue.merged_into
    return issue


class Definition(models.Model):
    """The issue's text: what counts, what doesn't. Versioned: an edit is a new row."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    issue = models.ForeignKey(Issue, on_delete=models.CASCADE, related_name="definitions")
    version = models.PositiveIntegerField()
    title = models.CharField(max_length=200)
    description = models.TextField(blank=True)
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-version"]
        constraints = [models.UniqueConstraint(fields=["issue", "version"], name="definition_version")]

    def __str__(self) -> str:
        return f"{self.title} v{self.version}"
