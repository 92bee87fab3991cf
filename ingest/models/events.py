"""Facts: what the app sent. Text is stored once, here.

These tables are made to grow to a billion rows: each row carries its project, ids are UUIDv7 (an event's id is
made from the event's own time), and rows refer to each other without database constraints, so that the tables can be
range-partitioned by id (what that costs: docs/benchmarks.md, "Partitions") or moved to other machines. What belongs
together is kept together by `ingest/store/events.py`.
"""

from django.db import models
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Coalesce, Left, NullIf
from django.utils import timezone

from ingest.models.projects import Project
from raindrop.ids import new_id


class BigForeignKey(models.ForeignKey):  # type: ignore[type-arg]  # django-stubs gives each field its types
    """A reference inside the big tables: no constraint, no cascade (see the module's text)."""

    def __init__(self, to: object, **kwargs: object) -> None:
        kwargs.setdefault("on_delete", models.DO_NOTHING)
        kwargs["db_constraint"] = False
        super().__init__(to, **kwargs)  # type: ignore[arg-type]  # on_delete is among kwargs


class EndUser(models.Model):
    """The person who talks to the agent. `id` is derived from (project, user_id): ingest.store.events.end_user_id."""

    id = models.UUIDField(primary_key=True, editable=False)
    project = BigForeignKey(Project, db_index=False, related_name="end_users")
    user_id = models.TextField()
    traits = models.JSONField(default=dict, blank=True)
    first_seen = models.DateTimeField(default=timezone.now)
    last_seen = models.DateTimeField(default=timezone.now)
    events_count = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["project", "user_id"], name="end_user_per_project")]
        indexes = [models.Index(fields=["project", "-last_seen"], name="end_user_recent")]

    def __str__(self) -> str:
        return self.user_id


class Conversation(models.Model):
    """The events that share a `convo_id`. `id` is derived from (project, convo_id): ingest.store.events.conversation_id."""

    id = models.UUIDField(primary_key=True, editable=False)
    project = BigForeignKey(Project, db_index=False, related_name="conversations")
    convo_id = models.TextField()
    end_user = BigForeignKey(EndUser, null=True, related_name="conversations")
    started_at = models.DateTimeField(default=timezone.now)
    last_message_at = models.DateTimeField(default=timezone.now)
    events_count = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["project", "convo_id"], name="conversation_per_project")
        ]
        indexes = [
            # With all that a count of those that have events reads (ingest/counts/period.py).
            models.Index(
                fields=["project", "-last_message_at"], include=["events_count"], name="conversation_counted"
            )
        ]

    def __str__(self) -> str:
        return self.convo_id


class EventKey(models.Model):
    """The app's own event id -> our id: unique per project, in a narrow place of its own."""

    pk = models.CompositePrimaryKey("project_id", "event_id")
    project = BigForeignKey(Project, db_index=False, related_name="+")
    event_id = models.TextField()
    event_uuid = models.UUIDField()
    merged_into = models.TextField(
        null=True,
        help_text="The event id that the event has: this one's was merged into it (ingest/store/merged_events.py).",
    )

    def __str__(self) -> str:
        return self.event_id


class MergedEvent(models.Model):
    """An event that is no more: late spans showed that it was part of another (ingest/store/merged_events.py)."""

    id = models.UUIDField(primary_key=True, editable=False, help_text="The one that the event had.")
    project = BigForeignKey(Project, db_index=False, related_name="+")
    event_id = models.TextField(help_text="As the app knows it.")
    into = BigForeignKey("Event", related_name="+")
    merged_at = models.DateTimeField(default=timezone.now)

    class Meta:
        indexes = [models.Index(fields=["merged_at"], name="merged_event_recent")]

    def __str__(self) -> str:
        return self.event_id


class Event(models.Model):
    """One interaction: a user's input and the agent's output."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    project = BigForeignKey(Project, db_index=False, related_name="events")
    event_id = models.TextField(help_text="The app's own id. Unique per project (EventKey).")
    name = models.TextField(default="", help_text="The wire's `event`, such as chat_message.")
    end_user = BigForeignKey(EndUser, null=True, db_index=False, related_name="events")
    conversation = BigForeignKey(Conversation, null=True, db_index=False, related_name="events")
    timestamp = models.DateTimeField()
    received_at = models.DateTimeField(default=timezone.now)
    model = models.TextField(default="", blank=True)
    input = models.TextField(default="", blank=True)
    output = models.TextField(default="", blank=True)
    properties = models.JSONField(default=dict, blank=True)
    feature_flags = models.JSONField(default=dict, blank=True)
    trace_id = models.TextField(
        default="", blank=True, help_text="32 hex digits, when the event has a trace."
    )
    is_pending = models.BooleanField(default=False, help_text="Partial: more is to come.")
    revision = models.PositiveIntegerField(
        default=0, help_text="How often the event was merged into after its first arrival."
    )
    # What the spans say, kept here so that lists and filters need no join.
    tool_calls = models.PositiveIntegerField(default=0)
    tool_errors = models.PositiveIntegerField(default=0)
    input_tokens = models.PositiveIntegerField(null=True, blank=True)
    output_tokens = models.PositiveIntegerField(null=True, blank=True)
    cost_usd = models.FloatField(null=True, blank=True)
    latency_ms = models.FloatField(null=True, blank=True)
    counted = models.BooleanField(default=False, help_text="In the roll-ups already.")

    class Meta:
        indexes = [
            models.Index(fields=["project", "-timestamp", "-id"], name="event_recent"),
            models.Index(fields=["conversation", "timestamp"], name="event_of_conversation"),
            models.Index(fields=["end_user", "-timestamp"], name="event_of_end_user"),
            models.Index(
                fields=["project", "trace_id"], name="event_of_trace", condition=~models.Q(trace_id="")
            ),
            models.Index(fields=["received_at"], name="event_pending", condition=models.Q(is_pending=True)),
        ]

    def __str__(self) -> str:
        return self.event_id


class SpanKind(models.TextChoices):
    LLM = "llm"
    TOOL = "tool"
    AGENT = "agent"
    RETRIEVER = "retriever"
    OTHER = "other"


class SpanStatus(models.TextChoices):
    UNSET = "unset"
    OK = "ok"
    ERROR = "error"


AGENT_NAMES = ("gen_ai.agent.name", "agent.name")  # attributes
AGENT_NAME_LENGTH = 200
# Of a span of the kind "agent": what its attributes call it ("refunds"), else its own name ("invoke_agent refunds").
AGENT_NAME = Left(
    Coalesce(
        *(NullIf(KeyTextTransform(name, "attributes"), models.Value("")) for name in AGENT_NAMES), "name"
    ),
    AGENT_NAME_LENGTH,
)


class Span(models.Model):
    """One step inside an event: an LLM call or a tool call. May arrive before its event (`event` is then null)."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    project = BigForeignKey(Project, db_index=False, related_name="+")
    event = BigForeignKey(Event, null=True, db_index=False, related_name="spans")
    trace_id = models.TextField(help_text="32 hex digits.")
    span_id = models.TextField(help_text="16 hex digits.")
    parent_span_id = models.TextField(default="", blank=True)
    kind = models.CharField(max_length=10, choices=SpanKind.choices, default=SpanKind.OTHER)
    name = models.TextField(help_text="For a tool call the tool's name.")
    status = models.CharField(max_length=5, choices=SpanStatus.choices, default=SpanStatus.UNSET)
    error = models.TextField(default="", blank=True)
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField()
    input = models.TextField(default="", blank=True)
    output = models.TextField(default="", blank=True)
    model = models.TextField(default="", blank=True)
    provider = models.TextField(default="", blank=True)
    input_tokens = models.PositiveIntegerField(null=True, blank=True)
    output_tokens = models.PositiveIntegerField(null=True, blank=True)
    cost_usd = models.FloatField(null=True, blank=True)
    attributes = models.JSONField(default=dict, blank=True)
    counts = models.SmallIntegerField(
        null=True,
        blank=True,
        help_text="What of it counts in its event's sums (ingest/otlp/traces/counting.py): 1 its tokens, 2 its cost, 4 its time. Null: its time, "
        "and the rest of an LLM call.",
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["project", "trace_id", "span_id"], name="span_per_trace")
        ]
        indexes = [
            models.Index(fields=["event", "started_at"], name="span_of_event"),
            # The newest tool calls (signals/tools/calls.py).
            models.Index(
                fields=["project", "-started_at", "-id"],
                name="span_tool_recent",
                condition=models.Q(kind="tool"),
            ),
            # The agents that took part (signals/search/fields/agents.py).
            models.Index(
                models.F("project"),
                AGENT_NAME,
                models.F("event"),
                name="span_of_agent",
                condition=models.Q(kind="agent"),
            ),
            # By which an evaluation that names no span finds the one it judges (ingest/tracing/traces.py).
            models.Index(
                models.F("project"),
                Left(KeyTextTransform("gen_ai.response.id", "attributes"), 200),
                name="span_of_response",
                condition=models.Q(attributes__has_key="gen_ai.response.id"),
            ),
            # By which a sub-agent's event finds the span that launched it (ingest/tracing/handoffs.py).
            models.Index(
                models.F("project"),
                Left(KeyTextTransform("raindrop.handoff.childEventId", "attributes"), 200),
                name="span_of_launch",
                condition=models.Q(attributes__has_key="raindrop.handoff.childEventId"),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def duration_ms(self) -> float:
        return (self.ended_at - self.started_at).total_seconds() * 1000


class Attachment(models.Model):
    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    project = BigForeignKey(Project, db_index=False, related_name="+")
    event = BigForeignKey(Event, db_index=False, related_name="attachments")
    key = models.TextField(
        help_text="attachment_id, or a hash of the content: the same attachment is stored once per event."
    )
    attachment_id = models.TextField(default="", blank=True)
    type = models.TextField(help_text="code, text, image or iframe.")
    role = models.TextField(default="", blank=True, help_text="input, output or context.")
    name = models.TextField(default="", blank=True)
    language = models.TextField(default="", blank=True)
    value = models.TextField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["event", "key"], name="attachment_per_event")]

    def __str__(self) -> str:
        return self.name or self.type


class ExplicitSignal(models.Model):
    """A signal as the app sent it (`/v1/signals/track`). May arrive before its event."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    project = BigForeignKey(Project, db_index=False, related_name="+")
    app_event_id = models.TextField(help_text="The app's own event id.")
    event = BigForeignKey(Event, null=True, db_index=False, related_name="explicit_signals")
    name = models.TextField()
    signal_type = models.TextField(default="default")
    sentiment = models.TextField(default="", blank=True, help_text="POSITIVE, NEGATIVE or empty.")
    attachment_id = models.TextField(default="", blank=True)
    properties = models.JSONField(default=dict, blank=True)
    timestamp = models.DateTimeField()
    received_at = models.DateTimeField(default=timezone.now)
    fingerprint = models.TextField(help_text="A hash of what was sent: a repeated delivery is stored once.")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["project", "fingerprint"], name="explicit_signal_once")
        ]
        indexes = [
            models.Index(fields=["project", "app_event_id"], name="explicit_signal_of_event"),
        ]

    def __str__(self) -> str:
        return self.name
