"""Counting what becomes of imported files, as a scope of its own on the page "Ingest health" (ingest/health/counts.py).

Events, spans of traces, logs and signals are counted; a line that cannot be read counts as one.
"""

import re

from ingest.files.imported import LineCounts
from ingest.health.counts import IMPORT, count, reason_of
from ingest.health.samples import sample_of
from ingest.models import Project
from ingest.models.health import Outcome
from raindrop.errors import ApiError

_FIELD = re.compile(r"([a-z_]+(?:[.\[][\w.\[\]]*)?): (.+)", re.DOTALL)  # as a FieldError is told of


def count_imported(project: Project, stored: LineCounts) -> None:
    known = stored.known_events + stored.known_spans + stored.known_signals
    accepted = stored.events + stored.spans + stored.signals - known
    for outcome, n in (
        (Outcome.ACCEPTED, accepted),
        (Outcome.DUPLICATE, known),
        (Outcome.IGNORED, stored.ignored),
    ):
        count(project_id=project.id, key_id=None, scope=IMPORT, outcome=outcome, n=n)


def count_rejected(project: Project, reasons: dict[str, int], line: bytes, *, sampled: set[str]) -> None:
    """`line` is the sample of reasons that are not in `sampled`, which gets them."""
    for text, n in reasons.items():
        field = _FIELD.match(text)
        details = [{"field": field[1], "message": field[2]}] if field else None
        error = ApiError(400, text, details=details)
        reason = reason_of(error).removeprefix("400 ")
        sample = None if reason in sampled else sample_of(error=error, body=line, project=project)
        sampled.add(reason)
        count(
            project_id=project.id,
            key_id=None,
            scope=IMPORT,
            outcome=Outcome.REJECTED,
            reason=reason,
            n=n,
            sample=sample,
        )
