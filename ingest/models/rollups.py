"""Counts, kept as events and matches are stored, so that no page counts at read time. Written by ingest/counts/rollups.py.

A *subject* is whatever is counted: a project (all its events), a signal definition (its matches) or an issue
(its matches). Its id is the subject's own UUID.
"""

from django.db import models

from ingest.models.events import BigForeignKey, Conversation, EndUser
from ingest.models.projects import Project


class Total(models.Model):
    """Of all time."""

    subject = models.UUIDField(primary_key=True)
    project = BigForeignKey(Project, related_name="+")
    events = models.BigIntegerField(default=0)
    users = models.BigIntegerField(default=0)
    conversations = models.BigIntegerField(
        default=0, db_default=0, help_text="Of a project, a signal or an issue; 0 of a cluster."
    )
    first_seen = models.DateTimeField(null=True)
    last_seen = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.subject}: {self.events}"


class Hour(models.Model):
    pk = models.CompositePrimaryKey("subject", "start")
    subject = models.UUIDField()
    start = models.DateTimeField()
    project = BigForeignKey(Project, db_index=False, related_name="+")
    events = models.IntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.subject} {self.start}: {self.events}"


class Day(models.Model):
    pk = models.CompositePrimaryKey("subject", "start")
    subject = models.UUIDField()
    start = models.DateField()
    project = BigForeignKey(Project, db_index=False, related_name="+")
    events = models.IntegerField(default=0)
    users = models.IntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.subject} {self.start}: {self.events}"


class DayUser(models.Model):
    """Which end users a day's count comes from, and with how many events: makes Day.users exact. A retraction leaves `last_hour` as
    it is while the user has other events of that day."""

    pk = models.CompositePrimaryKey("subject", "start", "end_user_id")
    subject = models.UUIDField()
    start = models.DateField()
    end_user = BigForeignKey(EndUser, db_index=False, related_name="+")
    project = BigForeignKey(Project, db_index=False, related_name="+")
    events = models.IntegerField(default=0)
    last_hour = models.PositiveSmallIntegerField(help_text="0 to 23, UTC.")

    def __str__(self) -> str:
        return f"{self.subject} {self.start} {self.end_user_id}"


class SubjectUser(models.Model):
    """Which end users a subject has met: makes Total.users exact, and answers "users in the last N days"."""

    pk = models.CompositePrimaryKey("subject", "end_user_id")
    subject = models.UUIDField()
    end_user = BigForeignKey(EndUser, db_index=False, related_name="+")
    project = BigForeignKey(Project, db_index=False, related_name="+")
    events = models.IntegerField(default=0)
    last_hour = models.DateTimeField(help_text="When the last hour began in which it was met.")

    class Meta:
        indexes = [models.Index(fields=["subject", "-last_hour"], name="subject_user_recent")]

    def __str__(self) -> str:
        return f"{self.subject} {self.end_user_id}"


class SubjectConversation(models.Model):
    """Which conversations a project, a signal or an issue has met, and with how many events: makes Total.conversations exact."""

    pk = models.CompositePrimaryKey("subject", "conversation_id")
    subject = models.UUIDField()
    conversation = BigForeignKey(Conversation, db_index=False, related_name="+")
    project = BigForeignKey(Project, db_index=False, related_name="+")
    events = models.IntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.subject} {self.conversation_id}"
