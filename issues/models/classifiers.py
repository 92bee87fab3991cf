from typing import Any, Self

from django.db import models
from django.utils import timezone

from ingest.models import Conversation, EndUser, Event, Project
from ingest.models.events import BigForeignKey
from issues.models.issues import Issue
from raindrop.ids import new_id


class ClassifierQuerySet(models.QuerySet["Classifier"]):
    def current(self) -> Self:
        """The newest of each issue, their weights not loaded."""
        return self.order_by("issue_id", "-version").distinct("issue_id").defer("weights")


class Classifier(models.Model):
    """The small trained model that decides an issue's matches over all events. Versioned: the newest is the current."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    issue = models.ForeignKey(Issue, on_delete=models.CASCADE, related_name="classifiers")
    version = models.PositiveIntegerField()
    kind = models.CharField(max_length=30, default="logistic")
    weights = models.BinaryField(
        help_text="float32 coefficients, the intercept last (issues/classifier/model.py)."
    )
    threshold = models.FloatField(help_text="A score at or above it is a match.")
    definition_version = models.PositiveIntegerField()
    labels_count = models.PositiveIntegerField(default=0)
    positives_count = models.PositiveIntegerField(default=0)
    # {"precision", "recall", "low", "high", "labels"}; null where labels are too few to say
    quality = models.JSONField(default=dict)
    # {event id: people's answer}, where a classifier that has not seen the answer is confident of the opposite
    contradicted = models.JSONField(default=dict)
    trained_at = models.DateTimeField(default=timezone.now)

    objects = ClassifierQuerySet.as_manager()

    class Meta:
        ordering = ["-version"]
        constraints = [models.UniqueConstraint(fields=["issue", "version"], name="classifier_version")]

    def __str__(self) -> str:
        return f"{self.issue_id} v{self.version}"


class IssueMatchQuerySet(models.QuerySet["IssueMatch"]):
    def own(self) -> Self:
        """Without those that come from issues that are merged into it."""
        return self.filter(through=None)

    def top_users(self, *, among: int, limit: int) -> list[dict[str, Any]]:
        """Whom the newest `among` of these matches met most: {"user": user_id, "events", "last": datetime}, most events first, then the
        latest. Matches without an end user are left out."""
        newest = self.order_by("-timestamp", "-id").values("pk")[:among]
        people = IssueMatch.objects.filter(pk__in=newest, end_user__isnull=False)
        users = people.values(user=models.F("end_user__user_id"))
        users = users.annotate(events=models.Count("pk"), last=models.Max("timestamp"))
        return [{**row} for row in users.order_by("-events", "-last", "user")[:limit]]


class IssueMatch(models.Model):
    """One event on which the issue holds, by which classifier version, with its score."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    project = BigForeignKey(Project, db_index=False, related_name="+")
    issue = models.ForeignKey(
        Issue, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="matches"
    )
    event = BigForeignKey(Event, db_index=False, related_name="issue_matches")
    end_user = BigForeignKey(EndUser, null=True, db_index=False, related_name="+")
    conversation = BigForeignKey(Conversation, null=True, db_index=False, related_name="+")
    timestamp = models.DateTimeField(help_text="The event's.")
    classifier_version = models.PositiveIntegerField(help_text="0: what the issue follows decided.")
    score = models.FloatField()
    # Which issue that is merged into this one it comes from (issues/classifier/merged_issues.py). Null: the issue's own.
    through = models.ForeignKey(
        Issue, null=True, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+"
    )

    objects = IssueMatchQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "issue matches"
        constraints = [models.UniqueConstraint(fields=["event", "issue"], name="issue_match_once")]
        indexes = [
            models.Index(fields=["issue", "-timestamp", "-id"], name="issue_match_recent"),
            models.Index(
                fields=["issue", "-id"], name="issue_match_through", condition=models.Q(through__isnull=False)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.issue_id} on {self.event_id}"
