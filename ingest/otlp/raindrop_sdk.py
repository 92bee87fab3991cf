"""What Raindrop's own SDKs write on spans (raindrop_wire.md, section 6), and the noise that comes with it."""

from typing import Any
from urllib.parse import urlsplit

from ingest.otlp.attributes import as_object, first_text
from ingest.otlp.messages import dump, load
from ingest.otlp.precedence import AI_METADATA
from ingest.otlp.raw import RawSpan

FLAGS = f"{AI_METADATA}raindrop.featureFlags"
HANDOFF = "raindrop.handoff."
PARENT_EVENT = f"{HANDOFF}parentEventId"
CHILD_EVENT = f"{HANDOFF}childEventId"
# Kept as properties of the event.
EVENT_PROPERTIES = (
    PARENT_EVENT,
    f"{HANDOFF}parentSpanId",
    f"{HANDOFF}terminal",
    f"{HANDOFF}name",
    "raindrop.agent.role",
)

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
