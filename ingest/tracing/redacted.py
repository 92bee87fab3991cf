"""Redaction of mapped spans, message by message, before they become JSON: a token in place of text cannot break it.

Ids, names, models, times and numbers stay (ingest/redaction/incoming.py).
"""

from ingest.otlp.history import follows
from ingest.otlp.mapped import MappedSpan, Message
from ingest.redaction import Redactor, Survey


def redact(span: MappedSpan, redactor: Redactor) -> MappedSpan:
    """The span, changed in place."""
    survey = Survey()
    _span(span, survey)
    return span if redactor.is_clear(survey) else _span(span, redactor)


def _span(span: MappedSpan, redactor: Redactor | Survey) -> MappedSpan:
    for message in (*span.input_messages, *span.output_messages):
        _message(message, redactor)
    span.turns = [(redactor.text(question), redactor.text(answered)) for question, answered in span.turns]
    span.follows = follows(span.turns)  # as the text of the turn before is stored
    span.tool_arguments = redactor.text(span.tool_arguments)
    span.tool_result = redactor.text(span.tool_result)
    span.error = redactor.text(span.error)
    span.attributes = redactor.value(span.attributes)
    span.properties = redactor.value(span.properties)
    span.feature_flags = redactor.value(span.feature_flags)
    for signal in span.signals:
        signal.properties = redactor.value(signal.properties)
    return span


def _message(message: Message, redactor: Redactor | Survey) -> None:
    message.text = redactor.text(message.text)
    message.reasoning = redactor.text(message.reasoning)
    for call in message.tool_calls:
        call.arguments = redactor.text(call.arguments)
    for result in message.tool_results:
        result.text = redactor.text(result.text)
