"""Whose data is asked for: an end user's, a conversation's or an event's. Finding it, exporting it, deleting it."""

import enum
import uuid
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet

from ingest.jobs.kinds import job_kind
from ingest.jobs.progress import report_job, subject_of
from ingest.jobs.queueing import queue_job
from ingest.models import (
    Appearance,
    AppearanceKind,
    Conversation,
    EndUser,
    Event,
    EventKey,
    Job,
    Project,
    User,
)
from ingest.store.erasing import BATCH, erase_empty_people, erase_events
from ingest.store.people import conversation_id, end_user_id

ERASE = "erase"  # the job's kind
AT_ONCE = 1000  # events that are deleted while the caller waits: a few seconds
WITH = ("end_user", "conversation")


class Of(enum.StrEnum):
    """The name by which the app knows it."""

    USER = "user_id"
    CONVERSATION = "convo_id"
    EVENT = "event_id"


@dataclass(frozen=True, slots=True)
class Subject:
    """`pk`: our id of the end user, the conversation or the event."""

    of: Of
    pk: uuid.UUID


class NotKnown(LookupError):
    """The project has no such end user, conversation or event. The message is meant for people."""


def find_subject(project: Project, of: Of, key: str) -> Subject:
    """By the app's own id. Raises NotKnown."""
    found = None
    if key and "\x00" not in key:
        if of is Of.EVENT:
            rows = EventKey.objects.filter(project=project, event_id=key)
            found = rows.values_list("event_uuid", flat=True).first()
        elif of is Of.USER:
            found = EndUser.objects.filter(pk=end_user_id(project, key)).values_list("pk", flat=True).first()
        else:
            rows_of = Conversation.objects.filter(pk=conversation_id(project, key))
            found = rows_of.values_list("pk", flat=True).first()
    if found is None:
        raise NotKnown(f"This project knows no {of.value} {key[:80]!r}.")
    return Subject(of, found)


def events_of(project: Project, subject: Subject) -> QuerySet[Event]:
    field = {Of.USER: "end_user", Of.CONVERSATION: "conversation", Of.EVENT: "pk"}[subject.of]
    return Event.objects.filter(project=project, **{field: subject.pk})


def request_erasure(*, project: Project, subject: Subject, user: User | None) -> tuple[int, Job | None]:
    """Deletes all of the subject, what was counted of it too: (events, None) when that is done, (0, the job) when it takes longer."""
    few = events_of(project, subject).order_by().values_list("pk", flat=True)[: AT_ONCE + 1]
    if len(few) > AT_ONCE:
        job = queue_job(project=project, kind=ERASE, subject=subject.pk, argument=subject.of.value, user=user)
        return 0, job
    return erase_batches(project, subject), None


def erase_batches(project: Project, subject: Subject, job: Job | None = None) -> int:
    """Until nothing of it is left: what arrives meanwhile goes too."""
    done = job.done if job else 0
    if subject.of is Of.USER:
        _forget_flags_named(project, subject)
    while ids := list(events_of(project, subject).order_by("pk").values_list("pk", flat=True)[:BATCH]):
        talks = Event.objects.filter(pk__in=ids, conversation__isnull=False).values_list(
            "conversation_id", flat=True
        )
        people = Event.objects.filter(pk__in=ids, end_user__isnull=False).values_list(
            "end_user_id", flat=True
        )
        conversations, end_users = set(talks), set(people)
        erased = erase_events(project=project, event_ids=ids)
        erase_empty_people(project=project, conversations=conversations, end_users=end_users)
        done += erased
        if job:
            report_job(job, done=done)
    if subject.of is Of.USER:
        mine = Conversation.objects.filter(project=project, end_user=subject.pk)
        erase_empty_people(
            project=project, conversations=list(mine.values_list("pk", flat=True)), end_users=[subject.pk]
        )
    elif subject.of is Of.CONVERSATION:
        erase_empty_people(project=project, conversations=[subject.pk])
    return done


def _forget_flags_named(project: Project, subject: Subject) -> None:
    """The first sight of a flag outlives its events; not where an app writes the user's id as its value, and nobody else's events have it."""
    for user in EndUser.objects.filter(project=project, pk=subject.pk).values_list("user_id", flat=True):
        flags = Appearance.objects.filter(
            project=project, kind=AppearanceKind.FLAG, value__endswith=f"={user}"
        )
        for flag in flags:
            name, _, value = flag.value.partition("=")
            others = Event.objects.filter(project=project, feature_flags__has_key=name).exclude(
                end_user=subject.pk
            )
            if value == user and not others.filter(**{"feature_flags__contains": {name: user}}).exists():
                flag.delete()


@job_kind(ERASE, cluster="slow", title="Deleting what was asked for")
def erase_in_background(job: Job) -> str:
    subject = Subject(Of(job.argument), subject_of(job))
    remaining = events_of(job.project, subject).count()
    report_job(job, total=job.done + remaining, message="Deleting the events.")
    return f"{erase_batches(job.project, subject, job):,} events deleted."


# -- export


def export_line(event: Event) -> dict[str, Any]:
    """The event (loaded WITH, its spans, attachments and signals prefetched) in the shape that `manage.py import_events` reads."""
    line: dict[str, Any] = {
        "event_id": event.event_id,
        "event": event.name,
        "user_id": event.end_user.user_id if event.end_user else None,
        "timestamp": event.timestamp,
        "properties": event.properties,
        "feature_flags": event.feature_flags,
        "ai_data": {
            "model": event.model or None,
            "input": event.input or None,
            "output": event.output or None,
            "convo_id": event.conversation.convo_id if event.conversation else None,
        },
        "attachments": [
            {
                "attachment_id": one.attachment_id or None, "type": one.type, "role": one.role or None, "name": one.name or None,
                "language": one.language or None, "value": one.value,
            }
            for one in event.attachments.all()
        ],
        "spans": [
            {
                "name": span.name, "kind": span.kind, "status": span.status, "error": span.error or None, "trace_id": span.trace_id,
                "span_id": span.span_id, "parent_span_id": span.parent_span_id or None, "started_at": span.started_at,
                "ended_at": span.ended_at, "input": span.input or None, "output": span.output or None, "model": span.model or None,
                "provider": span.provider or None, "input_tokens": span.input_tokens, "output_tokens": span.output_tokens,
                "cost_usd": span.cost_usd, "attributes": span.attributes,
            }
            for span in event.spans.all()
        ],
        "signals": [
            {
                "signal_name": one.name, "signal_type": one.signal_type, "sentiment": one.sentiment or None, "timestamp": one.timestamp,
                "properties": one.properties, "attachment_id": one.attachment_id or None,
            }
            for one in event.explicit_signals.all()
        ],
    }  # fmt: skip
    return line


def for_export(project: Project, subject: Subject) -> QuerySet[Event]:
    return (
        events_of(project, subject)
        .select_related(*WITH)
        .prefetch_related("spans", "attachments", "explicit_signals")
    )
