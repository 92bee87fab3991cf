"""Redaction at ingest: what must not be stored is replaced by a token before anything is written. No database here."""

from ingest.redaction.findings import Finding
from ingest.redaction.incoming import (
    NotClear,
    OnlyClear,
    redact_event,
    redact_signal,
    redact_span,
    redact_user,
)
from ingest.redaction.kinds import DEFAULT_KINDS, KINDS, token_of
from ingest.redaction.patterns import MAX_PATTERNS, PatternError, check_patterns
from ingest.redaction.redactor import Redactor, Survey

__all__ = [
    "DEFAULT_KINDS", "KINDS", "MAX_PATTERNS", "Finding", "NotClear", "OnlyClear", "PatternError", "Redactor", "Survey", "check_patterns", "redact_event",
    "redact_signal", "redact_span", "redact_user", "token_of",
]  # fmt: skip
