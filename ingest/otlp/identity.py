"""Who speaks, and in which conversation: the names under which the frameworks keep a thread and a user.

Names of one meaning first, in the order in which they are believed; then the app's own keys, under every prefix where a dialect keeps
what the app told it; then the JSON of a whole metadata attribute; then the resource.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from ingest.otlp.attributes import as_object, first_text
from ingest.otlp.precedence import AI_CONTEXT, AI_METADATA, LAMINAR, TRACELOOP

# Under which an app's own keys stand, each with its prefix.
METADATA_PREFIXES = (
    TRACELOOP, LAMINAR, AI_METADATA, AI_CONTEXT, "langfuse.trace.metadata.", "langfuse.observation.metadata.", "langsmith.metadata.",
    "metadata.", "mastra.metadata.", "gen_ai.metadata.", "gen_ai.request.metadata.", "llm.metadata.", "opik.metadata.",
    "braintrust.metadata.", "traceloop.metadata.", "mlflow.trace.metadata.", "litellm.metadata.", "agent.metadata.",
    "pydantic_ai.metadata.", "haystack.metadata.", "genkit:metadata:",
)  # fmt: skip
# Attributes that hold such keys as JSON.
METADATA = (
    "metadata", "langfuse.trace.metadata", "langfuse.observation.metadata", "langsmith.metadata", "ai.telemetry.metadata",
    "ai.settings.context", "traceloop.association.properties", "lmnr.association.properties", "opik.metadata",
    "braintrust.metadata", "mastra.metadata", "gen_ai.metadata", "llm.metadata", "mlflow.traceMetadata", "logfire.metadata",
)  # fmt: skip
THREAD_KEYS = (
    "convo_id", "session_id", "sessionId", "session.id", "thread_id", "threadId", "conversation_id", "conversationId", "chat_id", "chatId",
    "session", "thread", "mlflow.trace.session",
)  # fmt: skip
USER_KEYS = (
    "user_id", "userId", "user.id", "userID", "end_user_id", "endUserId", "end_user", "enduser.id", "customer_id", "customerId", "user",
    "user_api_key_end_user_id", "mlflow.trace.user",
)  # fmt: skip

CONVO_ID = (
    f"{AI_METADATA}raindrop.convoId",
    f"{TRACELOOP}convo_id",
    "langfuse.session.id",
    "langfuse.sessionId",
    "session.id",
    "gen_ai.conversation.id",
    "gen_ai.session.id",
    "gen_ai.thread.id",
    *(prefix + key for key in THREAD_KEYS for prefix in METADATA_PREFIXES),
    "gcp.vertex.agent.session_id",
    "mlflow.trace.session",
    "wandb.thread_id",
    "opik.thread_id",
    "spring.ai.chat.client.conversation.id",
    "openai.agents.group_id",
    "openai.conversation.id",
    "langgraph.thread_id",
    "conversation.id",
    "conversation_id",
    "conversationId",
    "thread_id",
    "threadId",
    "session_id",
    "sessionId",
    "chat_id",
    "chatId",
    "group_id",
    "lk.room_name",
    "lk.job_id",
)
USER_ID = (
    f"{AI_METADATA}raindrop.userId",
    f"{AI_METADATA}raindrop.ai.userId",
    "langfuse.user.id",
    "langfuse.userId",
    "user.id",
    "enduser.id",
    "gen_ai.user.id",
    "gen_ai.user",
    "llm.user",
    *(prefix + key for key in USER_KEYS for prefix in METADATA_PREFIXES),
    "mastra.metadata.resourceId",
    "gcp.vertex.agent.user_id",
    "mlflow.trace.user",
    "gen_ai.openai.request.user",
    "openai.user",
    "enduser.pseudo.id",
    "lk.participant_identity",
    "user_id",
    "userId",
    "end_user_id",
)
_KNOWN_CONVO_ID, _KNOWN_USER_ID = frozenset(CONVO_ID), frozenset(USER_ID)
_METADATA = frozenset(METADATA)
NAMES = _KNOWN_CONVO_ID | _KNOWN_USER_ID


def convo_and_user(attributes: Mapping[str, Any], resource: Mapping[str, Any]) -> tuple[str, str]:
    """(conversation, user); empty where the span does not tell."""
    convo_id = _named(attributes, CONVO_ID, _KNOWN_CONVO_ID)
    user_id = _named(attributes, USER_ID, _KNOWN_USER_ID)
    if not (convo_id and user_id):
        for name in METADATA if not _METADATA.isdisjoint(attributes) else ():
            if name in attributes and (held := as_object(attributes[name])):
                convo_id = convo_id or first_text(held, THREAD_KEYS)
                user_id = user_id or first_text(held, USER_KEYS)
    return (
        convo_id or _named(resource, CONVO_ID, _KNOWN_CONVO_ID),
        user_id or _named(resource, USER_ID, _KNOWN_USER_ID),
    )


def _named(attributes: Mapping[str, Any], order: Iterable[str], known: frozenset[str]) -> str:
    """The first of the names that has a value. Most spans have none of them, which costs one look at their names."""
    here = [name for name in attributes if name in known]
    if len(here) > 1:
        return first_text(attributes, (name for name in order if name in here))
    return first_text(attributes, here)
