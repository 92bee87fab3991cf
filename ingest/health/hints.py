"""What to do about a refusal or an empty event, in plain words, for the page "Ingest health"."""

import re

from ingest.health.counts import IMPORT, OTHER, WIRE

# Reason -> what to do. The first that matches; a reason on the wire begins with its HTTP status.
REASONS: list[tuple[str, str]] = [
    (
        r"429 .*quota",
        "The project has stored what it may store this month. An admin can raise the quota in the settings; until then the "
        "SDKs' retries end in nothing, and what they held is lost.",
    ),
    (
        r"429 ",
        "More came at once than this key may send. SDKs wait and send it again, so that nothing is lost unless it goes on. Send "
        "larger batches less often, or raise the key's rate in the settings.",
    ),
    (r"401 Send a write key", "The request carried no key: send `Authorization: Bearer <write key>`."),
    (r"401 ", "The key is mistyped, was revoked, or belongs to another server."),
    (
        r"403 .*(only read|management)",
        "This key is not a write key. Make one of the kind “write”, and give the SDK that.",
    ),
    (
        r"403 ",
        "The header X-Raindrop-Project-Id names another project than the key's. Leave it out, or use that project's key.",
    ),
    (r"413 .*(body|decompressed)", "Send fewer events at a time, or set the exporter's batch size lower."),
    (
        r"413 ",
        "One item is too large. Put long documents into attachments by URL, or cut them before sending.",
    ),
    (r"415 ", "Set the Content-Type and Content-Encoding to what the body is: JSON or protobuf, plain, gzip or deflate."),
    (r"400 .*(not valid JSON|UTF-8|Content-Encoding|compressed)", "The body cannot be read as what its headers say. The sample shows how it begins."),
    (r"400 timestamp", "Send times in ISO 8601 with their offset, such as 2026-11-23T09:56:38Z, or as Unix seconds."),
    (r"400 event: ", "An event needs a name (`event`), or `ai_data` with an input or an output."),
    (r"400 The (array|body) is empty", "An empty request stores nothing; the sender may leave it out."),
    (r"400 ", "One bad item refuses its whole request, so that nothing is stored by half. The sample shows the item."),
    (r"503 .*disk", "The server's disk is full: whoever runs the server must make room. SDKs send it again."),
    (r"503 ", "The database was not there for a moment. SDKs send it again: nothing is lost unless it goes on."),
    (r"500 ", "A fault of the server. Its log has the reason, with the time."),
    (r"trace_id is missing", "Each span needs a trace id of 16 bytes. Log records belong to /v1/logs."),
    (r"span_id", "Each span needs a span id of 8 bytes."),
    (
        r"names another project",
        "The spans carry `raindrop.project_id` with another project's slug. Export them with that project's key.",
    ),
    (
        r"gen_ai\.response\.id",
        "An evaluation waited seven days for the span that it judges, and none had that gen_ai.response.id. Look whether the "
        "agent's own spans are sent, to this project.",
    ),
    (
        r"evaluations wait already",
        "They name responses that no span has. Look whether the agent's own spans are sent, to this project, and with their "
        "gen_ai.response.id.",
    ),
    (r"belongs to no trace", "Log records about GenAI are stored with their span: emit them inside one."),
    (re.escape(OTHER), "More kinds of reasons than are told apart in an hour."),
]  # fmt: skip

# Instrumentation scope -> how to make it send the text.
NO_TEXT: list[tuple[str, str]] = [
    (r"openinference", "OpenInference hides text when OPENINFERENCE_HIDE_INPUTS or OPENINFERENCE_HIDE_OUTPUTS is true. Unset both."),
    (r"^ai$|vercel", "In the Vercel AI SDK set `recordInputs` and `recordOutputs` to true in `experimental_telemetry` (the default), with `isEnabled`."),
    (r"pydantic", "Pydantic AI sends text unless `include_content=False`: set it to True in InstrumentationSettings."),
    (r"langfuse", "A Langfuse client with a `mask` function, or observations without `input` and `output`, send no text."),
    (r"traceloop|opentelemetry\.instrumentation\.(anthropic|langchain|llamaindex|bedrock|cohere|mistralai|ollama|groq|together|crewai|mcp)\b|instrumentation-(openai|anthropic|langchain)",
     "OpenLLMetry sends text unless TRACELOOP_TRACE_CONTENT is false: unset it."),
    (r"opentelemetry|gen_?ai", "OpenTelemetry's own instrumentations leave text out by default: set "
     "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT=true where the agent runs, and export logs too when they carry the messages."),
]  # fmt: skip
NO_TEXT_WIRE = "These events have neither `ai_data.input` nor `ai_data.output`: only their name and properties can be read."
NO_TEXT_OTHER = (
    "The instrumentation sent spans without messages. Look for its setting that captures content. If it does send them, the "
    "attributes below tell under which name; raindrop reads those of the OpenTelemetry GenAI conventions, OpenInference, "
    "OpenLLMetry, the Vercel AI SDK and Langfuse."
)


IMPORTED = "These lines are kept, each with its number and reason, in a file *.rejects.jsonl beside the source: mend them in the source and import it again, what is there already changes nothing."


def hint_for(reason: str, scope: str = "") -> str:
    if scope == IMPORT:
        return IMPORTED
    return next((hint for pattern, hint in REASONS if re.search(pattern, reason)), "")


def no_text_hint(scope: str) -> str:
    if scope == WIRE:
        return NO_TEXT_WIRE
    return next((hint for pattern, hint in NO_TEXT if re.search(pattern, scope.lower())), NO_TEXT_OTHER)
