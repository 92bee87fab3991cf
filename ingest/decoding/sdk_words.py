"""The words in what a published integration sends as an event's input or output, where that is JSON of its framework. Pure.

The OpenAI Agents integration gives a run's output as the list of its messages; LangChain's gives a failed chain's input as the chain's
state. What a person typed as JSON stays as typed: a list is opened only where each item is a message of a known role, and an object only
where the event's properties are LangChain's.
"""

from typing import Any

from ingest.otlp.json_text import load
from ingest.otlp.mapped import Message
from ingest.otlp.messages import ROLES, read_messages

LANGCHAIN = ("lc_versions", "langgraph_", "ls_", "langchain.", "deep_agents.")  # how its properties begin


def answer_in(output: str) -> str:
    """The last words of the assistant's, where the output is a list of messages; empty when it only calls tools. Else the output."""
    if output[:1] != "[" or '"role"' not in output:
        return output
    messages = load(output)
    if not (isinstance(messages, list) and messages and all(map(_is_message, messages))):
        return output
    return _last(read_messages(messages, "assistant"), "assistant")


def question_in(input: str, properties: dict[str, Any]) -> str:
    """The last words of the user's, where the input is a state of LangChain's. Else the input."""
    if input[:1] != "{" or not any(name.startswith(LANGCHAIN) for name in properties):
        return input
    state = load(input)
    if not (isinstance(state, dict) and isinstance(state.get("messages"), list)):
        return input
    return _last(read_messages(state, "user"), "user") or input


def _is_message(item: Any) -> bool:
    return (
        isinstance(item, dict)
        and str(item.get("role")).lower() in ROLES
        and not {"content", "parts", "tool_calls"}.isdisjoint(item)
    )


def _last(messages: list[Message], role: str) -> str:
    return next((message.text for message in reversed(messages) if message.role == role and message.text), "")
