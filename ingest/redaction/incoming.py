"""Redaction of what the write path takes in, before it is stored. Ids, names of events and models, times and numbers stay."""

from typing import Any

import msgspec

from ingest.incoming.values import (
    IncomingAttachment,
    IncomingEvent,
    IncomingSignal,
    IncomingSpan,
    IncomingUser,
)
from ingest.redaction.redactor import Redactor, Survey


class NotClear(Exception):
    """There is something to hide, perhaps."""


class OnlyClear:
    """Stands in for a redactor where there is no time to hide anything: raises NotClear where the redactor would have to look
    closely."""

    __slots__ = ("_redactor",)

    def __init__(self, redactor: Redactor) -> None:
        self._redactor = redactor

    def cleared(self, survey: Survey) -> None:
        if not self._redactor.is_clear(survey):
            raise NotClear


def redact_event(incoming: IncomingEvent, redactor: Redactor | OnlyClear) -> IncomingEvent:
    """The event with its text, properties, flags, attachments and spans redacted; the same object when nothing is hidden."""
    survey = Survey()
    _event(incoming, survey)
    if isinstance(redactor, OnlyClear):
        redactor.cleared(survey)
        return incoming
    return incoming if redactor.is_clear(survey) else _event(incoming, redactor)


def _event(incoming: IncomingEvent, redactor: Redactor | Survey) -> IncomingEvent:
    changes: dict[str, Any] = {}
    _put(changes, incoming, "input", _text(redactor, incoming.input))
    _put(changes, incoming, "output", _text(redactor, incoming.output))
    _put(changes, incoming, "properties", redactor.value(incoming.properties))
    _put(changes, incoming, "feature_flags", redactor.value(incoming.feature_flags))
    if incoming.attachments:
        attachments = [_attachment(attachment, redactor) for attachment in incoming.attachments]
        if any(new is not old for new, old in zip(attachments, incoming.attachments, strict=True)):
            changes["attachments"] = attachments
    if incoming.spans:
        spans = [redact_span(span, redactor) for span in incoming.spans]
        if any(new is not old for new, old in zip(spans, incoming.spans, strict=True)):
            changes["spans"] = spans
    return msgspec.structs.replace(incoming, **changes) if changes else incoming


def redact_span(span: IncomingSpan, redactor: Redactor | Survey) -> IncomingSpan:
    changes: dict[str, Any] = {}
    for field in ("input", "output", "error"):
        _put(changes, span, field, redactor.text(getattr(span, field)))
    _put(changes, span, "attributes", redactor.value(span.attributes))
    return msgspec.structs.replace(span, **changes) if changes else span


def redact_signal(incoming: IncomingSignal, redactor: Redactor | OnlyClear) -> IncomingSignal:
    """A signal's properties hold what the user wrote: `comment`, `after`."""
    if isinstance(redactor, OnlyClear):
        _clear(incoming.properties, redactor)
        return incoming
    properties = redactor.value(incoming.properties)
    if properties is incoming.properties:
        return incoming
    return msgspec.structs.replace(incoming, properties=properties)


def redact_user(incoming: IncomingUser, redactor: Redactor | OnlyClear) -> IncomingUser:
    if isinstance(redactor, OnlyClear):
        _clear(incoming.traits, redactor)
        return incoming
    traits = redactor.value(incoming.traits)
    return incoming if traits is incoming.traits else msgspec.structs.replace(incoming, traits=traits)


def _clear(value: dict[str, Any], redactor: OnlyClear) -> None:
    survey = Survey()
    survey.value(value)
    redactor.cleared(survey)


def _attachment(attachment: IncomingAttachment, redactor: Redactor | Survey) -> IncomingAttachment:
    changes: dict[str, Any] = {}
    _put(changes, attachment, "value", redactor.text(attachment.value))
    _put(changes, attachment, "name", redactor.text(attachment.name))
    return msgspec.structs.replace(attachment, **changes) if changes else attachment


def _text(redactor: Redactor | Survey, text: str | None) -> str | None:
    return redactor.text(text) if text else text


def _put(changes: dict[str, Any], struct: msgspec.Struct, field: str, value: Any) -> None:
    if value is not getattr(struct, field):
        changes[field] = value
