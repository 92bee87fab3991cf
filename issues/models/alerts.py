"""Who is told what, and every message that was to go out. Written by issues/alerts/."""

import secrets
from typing import Self

from django.conf import settings
from django.db import models
from django.utils import timezone

from ingest.models import Project
from raindrop.ids import new_id

SUBJECT_LENGTH = 200
PERSON = "person:"  # in place of a channel's URL: the mailbox of the rule's owner


def new_secret() -> str:
    return secrets.token_urlsafe(32)


class AlertRuleQuerySet(models.QuerySet["AlertRule"]):
    def standing(self) -> Self:
        """Those that are on; a person's own ones while that person may see the project."""
        may_see = models.Q(owner__memberships__project=models.F("project")) | models.Q(
            owner__is_superuser=True
        )
        theirs = models.Q(owner__is_active=True) & may_see
        return self.filter(models.Q(owner=None) | theirs, enabled=True).distinct()


class AlertRule(models.Model):
    """When something happens (the trigger) to what the query names, a message goes to each channel."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="alert_rules")
    name = models.CharField(max_length=200)
    trigger = models.CharField(max_length=40, help_text="A name of issues/alerts/registry.py.")
    query = models.TextField(default="", blank=True)
    threshold = models.FloatField(null=True, blank=True)
    window = models.PositiveIntegerField(null=True, blank=True, help_text="Seconds.")
    throttle = models.PositiveIntegerField(
        default=0, help_text="Seconds between two messages about one subject, at least."
    )
    enabled = models.BooleanField(default=True)
    urgent = models.BooleanField(default=False, help_text="Goes out in the quiet hours too.")
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="own_alert_rules",
        help_text="Whose own e-mail it is; empty: the team's rule.",
    )
    secret = models.CharField(max_length=100, default=new_secret, help_text="Signs what goes to webhooks.")
    problem = models.TextField(default="", blank=True, help_text="Why the last check failed.")
    next_check_at = models.DateTimeField(default=timezone.now)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    created_at = models.DateTimeField(default=timezone.now)
    updated_at = models.DateTimeField(auto_now=True)

    objects = AlertRuleQuerySet.as_manager()

    class Meta:
        ordering = ["name", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["project", "owner", "trigger"],
                name="one_own_alert_rule",
                condition=models.Q(owner__isnull=False),
            )
        ]
        indexes = [
            models.Index(fields=["next_check_at"], name="alert_rule_due", condition=models.Q(enabled=True))
        ]

    def __str__(self) -> str:
        return self.name


class MessageSettings(models.Model):
    """When a project's messages may go out. One row a project, at most; without one the defaults hold."""

    project = models.OneToOneField(
        Project, on_delete=models.CASCADE, primary_key=True, related_name="message_settings"
    )
    time_zone = models.CharField(max_length=60, default="UTC", help_text="Such as Europe/Berlin.")
    quiet_from = models.TimeField(null=True, blank=True, help_text="Both or none.")
    quiet_until = models.TimeField(null=True, blank=True)

    class Meta:
        verbose_name_plural = "message settings"

    def __str__(self) -> str:
        return f"messages of {self.project}"


class AlertChannel(models.Model):
    """Where a rule's messages go: an apprise URL, which holds secrets. Pages, answers and logs have it masked (issues/alerts/channels.py)."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    rule = models.ForeignKey(AlertRule, on_delete=models.CASCADE, related_name="channels")
    place = models.PositiveSmallIntegerField()
    url = models.TextField()

    class Meta:
        ordering = ["place"]

    def __str__(self) -> str:
        return f"channel {self.place} of {self.rule_id}"


class AlertThread(models.Model):
    """What a rule said last of one subject (an issue, a tool, the query as a whole): for the throttle, and so that a condition that goes on
    holding is told once."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    rule = models.ForeignKey(AlertRule, on_delete=models.CASCADE, related_name="threads")
    subject = models.CharField(max_length=SUBJECT_LENGTH)
    holds = models.BooleanField(default=False)
    alerted_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["rule", "subject"], name="alert_thread_once")]

    def __str__(self) -> str:
        return f"{self.rule_id}: {self.subject}"


class DeliveryState(models.TextChoices):
    PENDING = "pending"
    SENT = "sent"
    FAILED = "failed"


class AlertDelivery(models.Model):
    """One message to one channel. It is written in the transaction that found the cause, and sent later (issues/alerts/sending.py)."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    rule = models.ForeignKey(AlertRule, on_delete=models.CASCADE, related_name="deliveries")
    channel = models.ForeignKey(AlertChannel, null=True, on_delete=models.SET_NULL, related_name="deliveries")
    channel_name = models.CharField(max_length=300, help_text="Masked.")
    subject = models.CharField(max_length=SUBJECT_LENGTH)
    occurrence = models.CharField(max_length=100, help_text="Which time it happened to the subject.")
    is_test = models.BooleanField(default=False)
    title = models.CharField(max_length=300)
    text = models.TextField()
    path = models.CharField(max_length=500, default="", help_text="Of the page that shows it.")
    data = models.JSONField(default=dict)
    state = models.CharField(max_length=7, choices=DeliveryState.choices, default=DeliveryState.PENDING)
    attempts = models.PositiveSmallIntegerField(default=0)
    error = models.TextField(default="", help_text="Of the last attempt.")
    next_attempt_at = models.DateTimeField(default=timezone.now)
    created_at = models.DateTimeField(default=timezone.now)
    sent_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name_plural = "alert deliveries"
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["rule", "subject", "occurrence", "channel"], name="alert_delivery_once"
            )
        ]
        indexes = [
            models.Index(
                fields=["next_attempt_at"], name="alert_delivery_due", condition=models.Q(state="pending")
            )
        ]

    def __str__(self) -> str:
        return f"{self.title} to {self.channel_name}"
