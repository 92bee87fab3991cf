"""Attributes that are kept on their span as they came, and are no surprise: the conventions define them, and nothing here is read
out of them. What is neither these nor mapped (precedence.py) is what the page "Ingest health" lists as unknown.

Names of the GenAI dialects are listed one by one, so that a new one that may hold text is noticed; of OpenTelemetry's general
namespaces and of libraries that tell how a call was made, the beginning is enough.
"""

import functools

from ingest.otlp import precedence
from ingest.otlp.identity import METADATA, METADATA_PREFIXES, NAMES

_GEN_AI = (
    "agent.description", "agent.id", "agent.version", "caller.name", "caller.type", "client.token.usage", "data_source.id",
    "embeddings.dimension.count", "evaluation.explanation", "evaluation.name", "evaluation.score.label",
    "evaluation.score.value", "event.name", "execute_tool.duration", "is_streaming", "memory.record.count", "memory.record.id", "memory.records",
    "memory.store.id", "operation.name", "output.type", "prompt.name", "request.choice.count", "request.encoding_formats",
    "request.frequency_penalty", "request.is_stream", "request.max_completion_tokens", "request.max_tokens", "request.n",
    "request.presence_penalty", "request.reasoning_effort", "request.reasoning_summary", "request.repetition_penalty",
    "request.seed", "request.stop_sequences", "request.stream", "request.structured_output_schema", "request.temperature",
    "request.top_k", "request.top_p", "response.finish_reason", "response.finish_reasons", "response.id",
    "response.reasoning_effort", "response.stop_reason", "response.time_to_first_chunk", "retrieval.documents",
    "retrieval.top_k", "task.id", "task.kind", "task.name", "task.parent.id", "task.status", "token.cache", "token.modality",
    "token.phase", "token.type", "tool.call.id", "tool.definitions", "tool.description", "tool.type", "transfer.mode",
    "transfer.target.name", "usage.token_type", "usage.total_tokens", "workflow.edges", "workflow.nodes",
)  # fmt: skip
_OPENINFERENCE = (
    "decision.model_name", "decision.provider", "decision.request.model_name", "decision.response.model_name",
    "decision.system", "decision.token_count.input", "decision.token_count.output", "graph.node.id", "graph.node.name",
    "graph.node.parent_id", "input.documents", "input.images", "input.mime_type", "llm.finish_reason", "llm.function_call",
    "llm.invocation_parameters", "llm.tools", "output.documents", "output.images", "output.mime_type", "prompt.id",
    "prompt.url", "prompt.vendor", "tool.description", "tool.id", "tool.json_schema",
)  # fmt: skip
_OPENLLMETRY = (
    "gen_ai.content.completion.chunk", "llm.chat.stop_sequences", "llm.content.completion.chunk", "llm.frequency_penalty",
    "llm.is_streaming", "llm.presence_penalty", "llm.request.functions", "llm.request.reasoning_effort",
    "llm.request.repetition_penalty", "llm.request.type", "llm.response.finish_reason", "llm.response.stop_reason",
    "llm.top_k", "llm.usage.reasoning_tokens", "llm.usage.token_type", "llm.usage.total_tokens",
    "traceloop.association.properties", "traceloop.correlation.id", "traceloop.entity.duration_ms", "traceloop.entity.path",
    "traceloop.entity.version",
)  # fmt: skip
_VERCEL = (
    "ai.documents", "ai.embedding", "ai.embeddings", "ai.finishReason", "ai.operationId", "ai.prompt.format",
    "ai.prompt.toolChoice", "ai.prompt.tools", "ai.prompt.tools.source", "ai.toolCall.count", "ai.ranking", "ai.ranking.type", "ai.response.avgCompletionTokensPerSecond",
    "ai.response.avgOutputTokensPerSecond", "ai.response.files", "ai.response.finishReason", "ai.response.msToFinish",
    "ai.response.msToFirstChunk", "ai.response.providerMetadata", "ai.response.timestamp", "ai.schema",
    "ai.schema.description", "ai.schema.name", "ai.stream.msToFirstChunk", "ai.stream.msToFinish", "ai.stream.avgOutputTokensPerSecond", "ai.toolCall.id", "ai.usage.totalTokens",
    "ai.usage.inputTokenDetails.noCacheTokens", "ai.usage.outputTokenDetails.textTokens", "ai.value", "ai.values",
    "operation.name", "resource.name",
)  # fmt: skip
_LANGFUSE = (
    "langfuse.observation.completion_start_time", "langfuse.observation.id", "langfuse.observation.level", "langfuse.observation.metadata",
    "langfuse.observation.model.parameters", "langfuse.observation.prompt.name", "langfuse.observation.prompt.version",
    "langfuse.trace.public",
)  # fmt: skip
# What the mapping itself leaves on a span, what is private to the dialects of one attribute, and who a user is besides an id.
_OTHERS = (
    "exception.stacktrace", "raindrop.sent_at", "raindrop.earlier_messages", "raindrop.event.id", "raindrop.usage.input_tokens.non_cached",
    "raindrop.usage.output_tokens.non_reasoning", "lmnr.span.path", "lmnr.span.ids_path",
    "genkit:name", "genkit:type", "genkit:path", "genkit:isRoot", "genkit:state", "genkit:metadata:subtype",
    "logfire.msg", "logfire.msg_template", "logfire.json_schema", "logfire.span_type", "logfire.level_num",
    "mlflow.spanType", "mlflow.traceRequestId", "mlflow.spanFunctionName", "lk.function_tool.id", "lk.function_tool.name",
    "gen_ai.agent.tools", "gen_ai.event.start_time", "gen_ai.event.end_time", "gen_ai.server.request.duration", "gen_ai.server.time_to_first_token",
    "gen_ai.tool.json_schema",
    "event_loop.cycle_id", "event_loop.parent_cycle_id",
    "event.name", "feature_flag.key", "session.previous_id", "user.email", "user.full_name", "user.hash", "user.name",
    "user.roles", "enduser.role", "enduser.scope", "enduser.pseudo.id",
)  # fmt: skip

KEPT = frozenset(
    (
        *(f"gen_ai.{name}" for name in _GEN_AI),
        *_OPENINFERENCE, *_OPENLLMETRY, *_VERCEL, *_LANGFUSE, *_OTHERS, *precedence.EVENT_NAME, *precedence.RESPONSE_ID,
        *(name for name, _ in (*precedence.KIND, *precedence.KIND_BY_PRESENCE)),
        *(name for names in precedence.COST_PARTS for name in names),
    )
)  # fmt: skip
KEPT_PREFIXES = (
    # OpenTelemetry's general conventions
    "aws.", "azure.", "client.", "cloud.", "code.", "container.", "db.", "deployment.", "error.", "exception.", "faas.",
    "gcp.", "host.", "http.", "k8s.", "messaging.", "net.", "network.", "openai.", "os.", "otel.", "peer.", "process.", "rpc.",
    "server.", "service.", "telemetry.", "thread.", "tls.", "url.", "user_agent.", "jsonrpc.", "mcp.", "a2a.",
    # of the GenAI dialects: settings, prices, flattened documents
    "gen_ai.openai.", "gen_ai.usage.", "gen_ai.client.operation.", "ai.settings.", "langfuse.experiment.", "langfuse.internal.",
    "langfuse.observation.metadata.", "llm.cost.", "llm.token_count.", "llm.tools.", "llm.request.functions.",
    "gen_ai.tool.definitions.", "llm.prompt_template.", "llm.watsonx.", "embedding.", "retrieval.", "reranker.",
    "traceloop.prompt.", "raindrop.handoff.", "raindrop.agent.", "raindrop.app.",
    # vector stores and frameworks
    "pinecone.", "qdrant.", "haystack.", "langgraph.", "langsmith.", "mastra.", "mlflow.", "wandb.", "opik.", "braintrust.", "logfire.", "crewai.", "agno.",
)  # fmt: skip
# A list may come whole as well as flattened.
_WHOLE = frozenset(prefix.rstrip(".") for prefix in (*precedence.MAPPED_PREFIXES, *KEPT_PREFIXES))


@functools.lru_cache(maxsize=20_000)
def is_known(name: str) -> bool:
    return (
        name in KEPT
        or name in precedence.MAPPED
        or name in NAMES
        or name in METADATA
        or name in _WHOLE
        or name.startswith((*KEPT_PREFIXES, *METADATA_PREFIXES))
        or name.startswith(precedence.MAPPED_PREFIXES)
        or name in precedence.SECRETS
        or name.startswith(precedence.SECRET_PREFIXES)
    )
