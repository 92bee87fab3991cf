"""What Raindrop's own SDKs write on spans, and the noise that comes with it."""

from typing import Any
from urllib.parse import urlsplit

from ingest.otlp.attributes import as_object, first_text
from ingest.otlp.json_text import dump, load
from ingest.otlp.precedence import AI_CONTEXT, AI_METADATA
from ingest.otlp.raw import RawSpan

FLAGS = f"{AI_METADATA}raindrop.featureFlags"
HANDOFF = "raindrop.handoff."
PARENT_EVENT = f"{HANDOFF}parentEventId"
CHILD_EVENT = f"{HANDOFF}childEventId"
PARENT_SPAN = f"{HANDOFF}parentSpanId"
NAME = f"{HANDOFF}name"
ROLE = "raindrop.agent.role"
# Of the event that the span belongs to. The Python SDK writes them bare, the AI SDK's under what it does with metadata.
EVENT_PROPERTIES = (
    PARENT_EVENT,
    PARENT_SPAN,
    f"{HANDOFF}terminal",
    NAME,
    ROLE,
)
PREFIXES = ("", AI_METADATA, AI_CONTEXT)
PROPERTIES = f"{AI_METADATA}raindrop.properties"

OWN_PATHS = (
    "/events/track", "/events/track_partial", "/signals/track", "/users/identify", "/traces", "/v1/traces", "/v1/logs",
    "/v1/metrics", "/v1/events/track", "/v1/events/track_partial", "/v1/signals/track", "/v1/users/identify", "/v1/live",
)  # fmt: skip
URLS = ("url.full", "http.url", "url.path", "http.target")


def feature_flags(attributes: dict[str, Any]) -> dict[str, str]:
    value = load(attributes.get(FLAGS))
    if isinstance(value, list):
        return {dump(flag): "true" for flag in value[:64]}
    return {key[:200]: dump(flag)[:200] for key, flag in list(as_object(value).items())[:64]}


def handoff(attributes: dict[str, Any]) -> dict[str, str]:
    """What the span says of detached sub-agents, under the bare names."""
    found = {}
    for name in (f"{HANDOFF}mode", CHILD_EVENT, *EVENT_PROPERTIES):
        if value := first_text(attributes, tuple(prefix + name for prefix in PREFIXES)):
            found[name] = value
    return found


def event_properties(attributes: dict[str, Any]) -> dict[str, Any]:
    """Properties of the event: those its maker gave, and its place among sub-agents."""
    properties: dict[str, Any] = as_object(attributes.get(PROPERTIES)).copy()
    told = handoff(attributes)
    for name in EVENT_PROPERTIES:
        # On the span that launches a sub-agent, the name is the sub-agent's.
        if name in told and not (name == NAME and CHILD_EVENT in told):
            properties[name] = told[name]
    return properties


def is_noise(span: RawSpan) -> bool:
    """The SDK's own POSTs to us, seen by an HTTP instrumentation and sent to us as spans."""
    if span.kind not in {"client", "unspecified"}:
        return False
    url = first_text(span.attributes, URLS, limit=2000)
    if not url:
        return False
    try:
        path = urlsplit(url).path.rstrip("/")
    except ValueError:
        return False
    return path.endswith(OWN_PATHS)
