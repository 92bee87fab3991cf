"""Projects, the people who work in them, and their keys."""

from django.conf import settings
from django.contrib.auth.models import AbstractUser
from django.core.validators import MinValueValidator, RegexValidator
from django.db import models

from raindrop.ids import new_id

# What the published SDKs take for a project slug.
SLUG = r"^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$"


class User(AbstractUser):
    """A member of the team who logs in here. The people who talk to the agent are `EndUser`s."""


class Role(models.TextChoices):
    VIEWER = "viewer"  # reads
    MEMBER = "member"  # triages, labels, edits signals and issues
    ADMIN = "admin"  # also keys, members and settings


class Project(models.Model):
    """An isolated space: its keys, events, signals, issues."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    slug = models.CharField(
        max_length=63,
        unique=True,
        validators=[RegexValidator(SLUG, "Lower-case letters, digits and inner hyphens, at most 63.")],
    )
    name = models.CharField(max_length=120)
    created_at = models.DateTimeField(auto_now_add=True)
    members = models.ManyToManyField(settings.AUTH_USER_MODEL, through="Membership", related_name="projects")
    monthly_quota = models.PositiveBigIntegerField(
        null=True, blank=True, help_text="Events a calendar month (UTC) that are taken; empty: no limit."
    )
    retention_days = models.PositiveIntegerField(
        null=True, blank=True, help_text="For how long events are kept; empty: for ever."
    )
    retention_relevant_days = models.PositiveIntegerField(
        null=True,
        blank=True,
        help_text="The same of events that are labelled or in an issue's history; empty: for ever.",
    )

    class Meta:
        ordering = ["slug"]

    def __str__(self) -> str:
        return self.name or self.slug


class Membership(models.Model):
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="memberships")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=10, choices=Role.choices, default=Role.MEMBER)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["project", "user"], name="one_membership_per_project")]

    def __str__(self) -> str:
        return f"{self.user} in {self.project}: {self.role}"


class Invitation(models.Model):
    """An address that makes whoever opens it a member, once. Only its SHA-256 is stored; the address is shown once, when it is made."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="invitations")
    role = models.CharField(max_length=10, choices=Role.choices)
    digest = models.CharField(max_length=64, unique=True, editable=False)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()

    class Meta:
        ordering = ["created_at"]

    def __str__(self) -> str:
        return f"{self.project}: {self.role}"


class KeyKind(models.TextChoices):
    WRITE = "write"  # may only write events
    QUERY = "query"  # may only read
    ADMIN = "admin"  # the management API


class ApiKey(models.Model):
    """A key. Only its SHA-256 is stored; the key itself is shown once, when it is made."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="keys")
    kind = models.CharField(max_length=10, choices=KeyKind.choices)
    name = models.CharField(max_length=120, blank=True)
    prefix = models.CharField(max_length=20, help_text="The first characters, to tell keys apart.")
    digest = models.CharField(max_length=64, unique=True, editable=False)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL)
    created_at = models.DateTimeField(auto_now_add=True)
    last_used_at = models.DateTimeField(null=True, blank=True, editable=False)
    revoked_at = models.DateTimeField(null=True, blank=True)
    # A write key's own limits; empty: the defaults in ingest/limits/quotas.py.
    rate = models.PositiveIntegerField(
        null=True, blank=True, validators=[MinValueValidator(1)], help_text="Items a second, on average."
    )
    burst = models.PositiveIntegerField(
        null=True, blank=True, validators=[MinValueValidator(1)], help_text="Items at once after a pause."
    )

    class Meta:
        verbose_name = "API key"
        verbose_name_plural = "API keys"
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return f"{self.prefix}… ({self.kind})"
