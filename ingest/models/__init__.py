"""The tables of facts: projects, keys, events, conversations, end users, spans, jobs, roll-ups, the pipeline's queue.

Uses `raindrop/` alone.
"""

from ingest.models.appearances import Appearance, AppearanceKind
from ingest.models.events import (
    Attachment,
    Conversation,
    EndUser,
    Event,
    EventKey,
    ExplicitSignal,
    MergedEvent,
    Span,
)
from ingest.models.health import IngestCount
from ingest.models.jobs import Job
from ingest.models.limits import MonthlyUsage
from ingest.models.projects import ApiKey, Invitation, Membership, Project, User
from ingest.models.queue import Lane, ProcessingFailure, QueuedEvent
from ingest.models.redaction import RedactionSettings
from ingest.models.rollups import Day, DayUser, Hour, SubjectConversation, SubjectUser, Total
from ingest.models.traces import EarlierTurns, OpenTrace, PlainSpan, WaitingEvaluation

__all__ = [
    "ApiKey", "Appearance", "AppearanceKind", "Attachment", "Conversation", "Day", "DayUser", "EarlierTurns", "EndUser", "Event", "EventKey", "ExplicitSignal", "Hour",
    "IngestCount", "Invitation", "Job", "Lane", "Membership", "MergedEvent", "MonthlyUsage", "OpenTrace", "PlainSpan", "ProcessingFailure", "Project", "QueuedEvent", "RedactionSettings", "Span", "SubjectConversation", "SubjectUser", "Total", "User", "WaitingEvaluation",
]  # fmt: skip
