"""One tool call: its name, arguments and result, and whether it failed, wherever that is told."""

import re
from typing import Any

from ingest.otlp import precedence as order
from ingest.otlp.attributes import first, first_text
from ingest.otlp.dialects import openllmetry
from ingest.otlp.dialects.semconv import details_input, details_output, event_input, event_output
from ingest.otlp.json_text import dump, load, unquote
from ingest.otlp.mapped import MappedSpan, Message
from ingest.otlp.message_parts import result_text
from ingest.otlp.messages import is_callback, open_callback
from ingest.otlp.raw import RawSpan

MAX_ERROR = 8192
MAX_LEVELS = 4  # of wrappers around a result
# Keys under which a wrapper keeps a tool's result.
WRAPPERS = (
    "result",
    "output",
    "response",
    "kwargs",
    "tool_result",
    "toolResult",
    "update",
    "outputs",
    "messages",
    "structuredContent",
)
ERROR_TYPES = frozenset(("tool-error", "error-text", "error-json", "tool_error", "error"))
# A result that holds nothing but these is an error's.
ONLY_ERROR = frozenset(
    (
        "error",
        "errors",
        "message",
        "code",
        "details",
        "detail",
        "success",
        "ok",
        "status",
        "error_code",
        "error_type",
    )
)
TOOL_CALL_ID = (
    "gen_ai.tool.call.id",
    "ai.toolCall.id",
    "tool.id",
    "lk.function_tool.id",
    "gcp.vertex.agent.tool_call_id",
)
BEDROCK_RESULT = frozenset(("toolUseId", "status", "content", "type"))
# `str()` of Agno's FunctionExecutionResult, which OpenInference writes as the result.
_QUOTED = r"""(?:'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|None)"""
AGNO_RESULT = re.compile(
    rf"status='(?P<status>\w+)' result=(?P<result>{_QUOTED}) error=(?P<error>{_QUOTED}) \w+=", re.S
)
# `str()` of LangChain's ToolMessage, which Raindrop's handlers send as the result.
LANGCHAIN_RESULT = re.compile(
    rf"content=(?P<content>{_QUOTED}) (?:name|additional_kwargs|id|tool_call_id)=", re.S
)
NO_ID = "<not specified>"  # what Google ADK writes for a call that failed


def read_tool_call(mapped: MappedSpan, span: RawSpan) -> None:
    """Fills in the tool's name, arguments, result, status and error."""
    attributes = span.attributes
    mapped.name = _name(span) or mapped.name
    result = first(attributes, order.TOOL_RESULT)
    mapped.tool_arguments = _payload(first(attributes, order.TOOL_ARGUMENTS))
    mapped.tool_result = told = _payload(result)
    if span.events and not (mapped.tool_arguments and mapped.tool_result):
        _read_events(mapped, span)
    mapped.tool_call_id = first_text(attributes, TOOL_CALL_ID)
    if mapped.tool_call_id == NO_ID:
        mapped.tool_call_id = ""
    _open(mapped)
    failed = (
        first_text(attributes, order.TOOL_STATUS).lower() in order.FAILURES
        or any(
            str(attributes[name]).lower() in ("true", "1") for name in order.TOOL_FAILED if name in attributes
        )
        or (_may_tell_failure(told) and has_failed(load(told)))
        or any(
            first_text(event.attributes, order.TOOL_STATUS).lower() in order.FAILURES for event in span.events
        )
    )
    if failed:
        mapped.status = "error"
        mapped.error = mapped.error or mapped.tool_result[:MAX_ERROR] or "error"


def _open(mapped: MappedSpan) -> None:
    """Takes off what frameworks put around arguments and results: LangChain's callback, Bedrock's toolResult, the text of Agno's object."""
    arguments, result = mapped.tool_arguments, mapped.tool_result
    if arguments.startswith("{") and is_callback(value := load(arguments)):
        mapped.tool_arguments = dump(open_callback(value))
        mapped.tool_call_id = mapped.tool_call_id or dump(value["kwargs"].get("tool_call_id"))
    if result.startswith("{") and isinstance(value := load(result), dict):
        if is_callback(value):
            mapped.tool_result = result_text(open_callback(value))
        elif isinstance(value.get("toolResult"), dict) and len(value) == 1:
            value = value["toolResult"]
        if isinstance(value.get("content"), list) and BEDROCK_RESULT.issuperset(value):
            mapped.tool_result = result_text(value["content"])
            mapped.tool_call_id = mapped.tool_call_id or dump(value.get("toolUseId"))
    elif told := LANGCHAIN_RESULT.match(result):
        mapped.tool_result = _unquoted(told["content"])
    elif told := AGNO_RESULT.match(result):
        failed = told["status"] != "success"
        quoted = told["error" if failed else "result"]
        mapped.tool_result = "" if failed else _unquoted(quoted)
        if failed:
            mapped.status, mapped.error = "error", mapped.error or _unquoted(quoted)[:MAX_ERROR]


def _unquoted(text: str) -> str:
    """What Python's `repr` wrote of a text, or of None."""
    if text == "None":
        return ""
    return re.sub(r"\\(['\"\\n])", lambda found: "\n" if found[1] == "n" else found[1], text[1:-1])


def has_failed(result: Any, levels: int = MAX_LEVELS) -> bool:
    """Whether a result says of itself that the call failed: MCP's isError, Anthropic's is_error, LangChain's and Strands' status."""
    if levels <= 0:
        return False
    if isinstance(result, list):
        return any(has_failed(load(item), levels - 1) for item in result[:16] if isinstance(item, dict | str))
    if not isinstance(result, dict):
        return False
    if result.get("isError") is True or result.get("is_error") is True:
        return True
    kind = result.get("type")
    if isinstance(kind, str) and kind.replace("_", "-") in ERROR_TYPES:
        return True
    # A status is the call's own only where the rest is a tool's message too: an order may have failed as well.
    if str(result.get("status")).lower() == "error" and not {
        "content", "toolUseId", "tool_call_id", "error", "error_message",
    }.isdisjoint(result):  # fmt: skip
        return True
    if result.get("error") and ONLY_ERROR.issuperset(result):
        return True
    return any(has_failed(load(result[key]), levels - 1) for key in WRAPPERS if key in result)


def _may_tell_failure(result: str) -> bool:
    """Whether it is worth parsing."""
    return result.lstrip()[:1] in ("{", "[", '"') and ("rror" in result)


def _name(span: RawSpan) -> str:
    name = first_text(span.attributes, order.TOOL_NAME)
    return name or span.name.removeprefix("execute_tool ").removesuffix(".tool")


def _payload(value: Any) -> str:
    """A tool's arguments or result as text; a traced function's wrapping is taken off."""
    if isinstance(value, str) and not value.startswith('{"args"'):
        return dump(unquote(value))
    return dump(openllmetry.unwrap_arguments(load(value)))


def _read_events(mapped: MappedSpan, span: RawSpan) -> None:
    """Strands tells arguments and result in events: as messages with a call and its result, or as their bare content."""
    inputs = details_input(span) or event_input(span)
    outputs = details_output(span) or event_output(span)
    mapped.tool_arguments = mapped.tool_arguments or _told(inputs, calls=True)
    mapped.tool_result = mapped.tool_result or _told(outputs, calls=False)
    if any(result.failed for message in outputs for result in message.tool_results):
        mapped.status = "error"
        mapped.error = mapped.error or mapped.tool_result[:MAX_ERROR] or "error"


def _told(messages: list[Message], *, calls: bool) -> str:
    for message in messages:
        if calls and message.tool_calls:
            return message.tool_calls[0].arguments
        if message.tool_results:
            return message.tool_results[0].text
        if message.text:
            return message.text
    return ""
