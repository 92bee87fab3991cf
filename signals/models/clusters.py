"""Problems and intents that the system found by itself. Written by signals/discovery/.

A cluster's counts are the roll-ups of its id (ingest.models.Total), as a signal's are.
"""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils import timezone

from ingest.models import Conversation, EndUser, Event, Project
from ingest.models.events import BigForeignKey
from raindrop.ids import new_id
from raindrop.web.names import plain_name
from signals.models.definitions import SignalDefinition


class ClusterKind(models.TextChoices):
    PROBLEM = "problem"
    INTENT = "intent"


class ClusterStatus(models.TextChoices):
    NEW = "new"
    KNOWN = "known"
    IGNORED = "ignored"
    PROMOTED = "promoted"  # an issue follows it


class Cluster(models.Model):
    """Events found to be alike. A refresh keeps the row of a cluster that it finds again, so that id, name, status and history stay."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="clusters")
    kind = models.CharField(max_length=7, choices=ClusterKind.choices)
    signal = models.ForeignKey(
        SignalDefinition,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="clusters",
        help_text="The one whose matches it groups, where it is of one signal.",
    )
    parent = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.SET_NULL, related_name="children"
    )
    level = models.PositiveSmallIntegerField(default=0, help_text="0: the broadest.")
    label = models.CharField(max_length=200)
    description = models.TextField(default="", blank=True)
    is_named_by_person = models.BooleanField(default=False, help_text="Then a refresh keeps the label.")
    keywords = models.JSONField(default=list, blank=True)
    status = models.CharField(max_length=8, choices=ClusterStatus.choices, default=ClusterStatus.NEW)
    is_emerging = models.BooleanField(default=False)
    emerging_reason = models.TextField(default="", blank=True, help_text="With its numbers, in words.")
    conversations = models.PositiveIntegerField(default=0)
    centroid = models.BinaryField(
        default=bytes, help_text="A unit vector of float32, of its members' phrases."
    )
    assigner = models.BinaryField(
        default=bytes, help_text="The small model that assigns new events, as plain arrays; empty: none."
    )
    assigner_precision = models.FloatField(null=True, help_text="Measured on members held out, 0 to 1.")
    keys = ArrayField(
        models.TextField(),
        default=list,
        blank=True,
        help_text="Of the evidence that makes an event a member at once (signals/clusters/evidence.py).",
    )
    origin = models.CharField(
        max_length=200,
        default="",
        blank=True,
        help_text="What its evidence is read from, such as `tool bank_sync`; empty: several things.",
    )
    takes_all = models.BooleanField(
        default=False, help_text="All that is read from its origin is of it, whatever the words."
    )
    is_pinned = models.BooleanField(
        default=False, help_text="A person merged or split it: a refresh leaves its keys together."
    )
    examples = ArrayField(
        models.UUIDField(),
        default=list,
        blank=True,
        help_text="Its most typical events, by our ids, best first.",
    )
    is_gone = models.BooleanField(
        default=False, help_text="The last refresh did not find it again. Kept for its history."
    )
    merged_into = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    created_at = models.DateTimeField(default=timezone.now)
    refreshed_at = models.DateTimeField(default=timezone.now)

    class Meta:
        indexes = [models.Index(fields=["project", "kind", "status"], name="cluster_of_project")]

    def __str__(self) -> str:
        return self.label

    @property
    def plain_label(self) -> str:
        """The label where no <code> can stand."""
        return plain_name(self.label)


class ClusterMember(models.Model):
    """One event of a cluster, with what it was read from."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)  # of the event's time
    project = BigForeignKey(Project, db_index=False, related_name="+")
    cluster = models.ForeignKey(
        Cluster, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="members"
    )
    event = BigForeignKey(Event, db_index=False, related_name="cluster_members")
    conversation = BigForeignKey(Conversation, null=True, db_index=False, related_name="+")
    end_user = BigForeignKey(EndUser, null=True, db_index=False, related_name="+")
    timestamp = models.DateTimeField(help_text="The event's.")
    score = models.FloatField(default=1.0)
    source = models.CharField(
        max_length=10, help_text="facet, evidence, or assigner: what the membership was read from."
    )
    phrase = models.TextField(default="", blank=True, help_text="What was grouped: a short text.")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["event", "cluster"], name="cluster_member_once")]
        indexes = [models.Index(fields=["cluster", "-timestamp", "-id"], name="cluster_member_recent")]

    def __str__(self) -> str:
        return f"{self.cluster_id} on {self.event_id}"


class ClusterConversation(models.Model):
    """Which conversations a cluster's events are of, and how many are of each: makes Cluster.conversations exact."""

    pk = models.CompositePrimaryKey("cluster_id", "conversation_id")
    cluster = BigForeignKey(Cluster, db_index=False, related_name="+")
    conversation = BigForeignKey(Conversation, db_index=False, related_name="+")
    project = BigForeignKey(Project, db_index=False, related_name="+")
    events = models.IntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.cluster_id} in {self.conversation_id}"
