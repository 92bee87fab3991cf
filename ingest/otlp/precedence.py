"""Who is believed: for each of our fields the attributes that may hold it, the first that is not empty wins.

Where Langfuse has a rule, the order is Langfuse's. Raindrop's own
names, which its SDKs write beside others, come first. Input and output have readers of their own: see `mapping.py`.
"""

import re

AI_METADATA = "ai.telemetry.metadata."
AI_CONTEXT = "ai.settings.context."
TRACELOOP = "traceloop.association.properties."
LAMINAR = "lmnr.association.properties."

EVENT_ID = (f"{AI_METADATA}raindrop.eventId", f"{TRACELOOP}event_id")
EVENT_NAME = (
    f"{AI_METADATA}raindrop.eventName",
    f"{TRACELOOP}event_name",
    f"{TRACELOOP}event",
    "langfuse.trace.name",
    "ai.telemetry.functionId",
    "gen_ai.agent.name",
    "agent.name",
    "gen_ai.workflow.name",
    "traceloop.workflow.name",
)
PROJECT = ("raindrop.project_id",)

MASTRA_KINDS = {
    "agent_run": "agent", "workflow_run": "agent", "model_generation": "llm", "llm_generation": "llm", "tool_call": "tool",
    "mcp_tool_call": "tool", "generic": "other", "workflow_step": "other", "model_step": "other", "processor_run": "other",
}  # fmt: skip
# Attribute -> {its value in lower case: our kind}. A value that is not listed says nothing, and the next attribute is asked.
KIND: tuple[tuple[str, dict[str, str]], ...] = (
    (
        "raindrop.span.kind",
        {"agent_root": "agent", "llm_call": "llm", "tool_call": "tool", "trace": "other"},
    ),
    (
        "langfuse.observation.type",
        {
            "generation": "llm",
            "agent": "agent",
            "tool": "tool",
            "retriever": "retriever",
            "chain": "other",
            "embedding": "other",
            "guardrail": "other",
            "evaluator": "other",
        },
    ),
    (
        "openinference.span.kind",
        {
            "llm": "llm",
            "agent": "agent",
            "tool": "tool",
            "retriever": "retriever",
            "reranker": "retriever",
            "chain": "other",
            "embedding": "other",
            "guardrail": "other",
            "evaluator": "other",
            "prompt": "other",
        },
    ),
    (
        "gen_ai.operation.name",
        {
            "chat": "llm",
            "generate_content": "llm",
            "text_completion": "llm",
            "completion": "llm",
            "generate_text": "llm",
            "responses": "llm",
            "execute_tool": "tool",
            "invoke_agent": "agent",
            "invoke_workflow": "agent",
            "invoke_swarm": "agent",
            "invoke_graph": "agent",
            "run_agent": "agent",
            "agent_step": "agent",
            "plan": "agent",
            "create_agent": "other",
            "embeddings": "other",
            "retrieval": "retriever",
            "rerank": "retriever",
            "search_memory": "retriever",
        },
    ),
    (
        "traceloop.span.kind",
        {"llm": "llm", "agent": "agent", "workflow": "agent", "tool": "tool", "task": "other"},
    ),
    (
        "ai.operationId",
        {
            "ai.toolcall": "tool",
            "ai.generatetext": "agent",
            "ai.streamtext": "agent",
            "ai.generateobject": "agent",
            "ai.streamobject": "agent",
            "ai.generatetext.dogenerate": "llm",
            "ai.streamtext.dostream": "llm",
            "ai.generateobject.dogenerate": "llm",
            "ai.streamobject.dostream": "llm",
            "ai.embed": "other",
            "ai.embed.doembed": "other",
            "ai.embedmany": "other",
            "ai.embedmany.doembed": "other",
        },
    ),
    (
        "llm.request.type",
        {"chat": "llm", "completion": "llm", "embedding": "other", "rerank": "retriever"},
    ),
    ("lmnr.span.type", {"llm": "llm", "tool": "tool"}),
    (
        "langsmith.span.kind",
        {
            "llm": "llm",
            "tool": "tool",
            "retriever": "retriever",
            "chain": "other",
            "prompt": "other",
            "parser": "other",
            "embedding": "other",
        },
    ),
    *((name, MASTRA_KINDS) for name in ("mastra.span.type", "mastra.spanType")),
    ("genkit:metadata:subtype", {"model": "llm", "tool": "tool", "flow": "agent", "retriever": "retriever"}),
    (
        "mlflow.spanType",
        {"chat_model": "llm", "llm": "llm", "agent": "agent", "tool": "tool", "retriever": "retriever"},
    ),
)
# Steps whose words are nobody's answer: guardrails, evaluators, embeddings.
ASIDE: dict[str, frozenset[str]] = {
    "langfuse.observation.type": frozenset(("guardrail", "evaluator", "embedding")),
    "openinference.span.kind": frozenset(("guardrail", "evaluator", "embedding", "reranker", "prompt")),
    "gen_ai.operation.name": frozenset(
        ("embeddings", "embedding", "rerank", "guardrail", "apply_guardrail", "evaluate", "evaluation", "create_agent")
    ),
    "langsmith.span.kind": frozenset(("embedding", "prompt", "parser")),
    "llm.request.type": frozenset(("embedding", "rerank")),
    "traceloop.span.kind": frozenset(("guardrail", "evaluator")),
    "mlflow.spanType": frozenset(('"embedding"', '"guardrail"', '"evaluator"', '"parser"', "embedding", "guardrail", "evaluator", "parser")),
    "lmnr.span.type": frozenset(("evaluator", "human_evaluator")),
}  # fmt: skip
ASIDE_NAME = re.compile(r"guard_?-?rail|llama-?guard|\bmoderation", re.I)
# When no attribute names the kind: whichever of these is there.
KIND_BY_PRESENCE: tuple[tuple[str, str], ...] = (
    ("gen_ai.tool.name", "tool"),
    ("ai.toolCall.name", "tool"),
    ("tool.name", "tool"),
    ("lk.function_tool.output", "tool"),
    ("gcp.vertex.agent.tool_call_args", "tool"),
    ("lk.function_tool.name", "tool"),
    ("langfuse.observation.model.name", "llm"),
    ("gcp.vertex.agent.llm_request", "llm"),
    ("lk.response.text", "llm"),
    ("gen_ai.response.model", "llm"),
    ("gen_ai.request.model", "llm"),
    ("ai.model.id", "llm"),
    ("llm.model_name", "llm"),
    ("gen_ai.prompt.0.content", "llm"),
    ("gen_ai.completion.0.content", "llm"),
)

MODEL = (
    "langfuse.observation.model.name",
    "gen_ai.response.model",
    "ai.response.model",
    "llm.response.model_name",
    "ai.model.id",
    "gen_ai.request.model",
    "llm.request.model_name",
    "llm.model_name",
)
PROVIDER = ("gen_ai.provider.name", "gen_ai.system", "ai.model.provider", "llm.provider", "llm.system")
RESPONSE_ID = ("gen_ai.response.id", "ai.response.id")

TOOL_NAME = (
    "gen_ai.tool.name", "ai.toolCall.name", "tool.name", "lk.function_tool.name", "traceloop.entity.name", "mastra.tool_call.toolId",
)  # fmt: skip
TOOL_ARGUMENTS = (
    "gen_ai.tool.call.arguments",
    "ai.toolCall.args",
    "langfuse.observation.input",
    "tool_arguments",
    "gcp.vertex.agent.tool_call_args",
    "input.value",
    "traceloop.entity.input",
    "mlflow.spanInputs",
    "genkit:input",
    "lk.function_tool.arguments",
    "tool.parameters",
    "input",
)
TOOL_RESULT = (
    "gen_ai.tool.call.result",
    "ai.toolCall.result",
    "langfuse.observation.output",
    "tool_response",
    "gcp.vertex.agent.tool_response",
    "output.value",
    "traceloop.entity.output",
    "mlflow.spanOutputs",
    "genkit:output",
    "lk.function_tool.output",
    "output",
)

# Attributes that say how the call went, and those that say whether it failed.
TOOL_STATUS = (
    "gen_ai.tool.status",
    "gen_ai.tool.call.status",
    "tool.status",
    "mcp.tool.status",
    "tool.call.status",
)
FAILURES = frozenset(
    ("error", "errored", "failed", "failure", "timeout", "denied", "exception", "is_error", "iserror")
)
TOOL_FAILED = (
    "lk.function_tool.is_error", "mcp.tool.is_error", "mcp.tool.isError", "mcp.result.is_error", "mcp.is_error", "tool.is_error",
    "gen_ai.tool.is_error", "gen_ai.tool.call.is_error", "tool.error", "is_error", "isError", "mcp.tool.result.is_error",
)  # fmt: skip

TOKENS: dict[str, tuple[str, ...]] = {
    "input": (
        "gen_ai.usage.input_tokens",
        "gen_ai.usage.prompt_tokens",
        "ai.usage.inputTokens",
        "ai.usage.promptTokens",
        "ai.usage.tokens",
        "llm.token_count.prompt",
        "llm.usage.prompt_tokens",
    ),
    "output": (
        "gen_ai.usage.output_tokens",
        "gen_ai.usage.completion_tokens",
        "ai.usage.outputTokens",
        "ai.usage.completionTokens",
        "llm.token_count.completion",
        "llm.usage.completion_tokens",
    ),
    "cache_read": (
        "gen_ai.usage.cache_read.input_tokens",
        "gen_ai.usage.cache_read_input_tokens",
        "gen_ai.usage.details.cache_read_tokens",
        "ai.usage.inputTokenDetails.cacheReadTokens",
        "ai.usage.cachedInputTokens",
        "llm.token_count.prompt_details.cache_read",
        "raindrop.usage.input_tokens.cache_read",
    ),
    "cache_write": (
        "gen_ai.usage.cache_write.input_tokens",
        "gen_ai.usage.cache_creation.input_tokens",
        "gen_ai.usage.cache_write_input_tokens",
        "gen_ai.usage.cache_creation_input_tokens",
        "gen_ai.usage.details.cache_write_tokens",
        "ai.usage.inputTokenDetails.cacheWriteTokens",
        "llm.token_count.prompt_details.cache_write",
        "raindrop.usage.input_tokens.cache_write",
    ),
    "reasoning": (
        "gen_ai.usage.reasoning.output_tokens",
        "gen_ai.usage.reasoning_tokens",
        "ai.usage.outputTokenDetails.reasoningTokens",
        "ai.usage.reasoningTokens",
        "llm.token_count.completion_details.reasoning",
        "raindrop.usage.output_tokens.reasoning",
    ),
}
TOTALS = (
    "gen_ai.usage.total_tokens",
    "llm.usage.total_tokens",
    "llm.token_count.total",
    "ai.usage.totalTokens",
)
# Keys of a usage object: Langfuse's usage_details, and what the providers answer.
USAGE_KEYS: dict[str, tuple[str, ...]] = {
    "input": (
        "input", "prompt_tokens", "input_tokens", "promptTokens", "inputTokens", "prompt_token_count", "promptTokenCount",
    ),
    "output": (
        "output", "completion_tokens", "output_tokens", "completionTokens", "outputTokens", "candidates_token_count",
        "candidatesTokenCount",
    ),
    "cache_read": (
        "cache_read_input_tokens", "input_cached_tokens", "cache_read", "cacheReadInputTokens", "cached_content_token_count",
        "cachedContentTokenCount", "cachedInputTokens",
    ),
    "cache_write": (
        "cache_creation_input_tokens", "input_cache_creation", "cache_write", "cacheWriteInputTokens", "cache_write_input_tokens",
    ),
    "reasoning": (
        "output_reasoning_tokens", "reasoning_tokens", "reasoning", "reasoningTokens", "thoughts_token_count", "thoughtsTokenCount",
    ),
}  # fmt: skip
USAGE_TOTAL = ("total", "total_tokens", "totalTokens", "total_token_count", "totalTokenCount")
# Of these, the names of dialects in which the input is what was not cached (Anthropic, Bedrock, Langfuse), and the output what
# was not thought (Gemini, Langfuse).
BESIDE_INPUT = (
    "cache_read_input_tokens", "cache_creation_input_tokens", "input_cached_tokens", "input_cache_creation", "cacheReadInputTokens",
    "cacheWriteInputTokens",
)  # fmt: skip
BESIDE_OUTPUT = ("output_reasoning_tokens", "thoughts_token_count", "thoughtsTokenCount")
COST = (
    "gen_ai.usage.cost",
    "gen_ai.usage.provider_reported_cost",
    "gen_ai.usage.total_cost",
    "ai.cost",
    "llm.cost.total",
    "mlflow.llm.cost",
    "cost_usd",
    "operation.cost",
)
COST_PARTS = (
    ("gen_ai.usage.input_cost", "gen_ai.usage.output_cost"),
    ("llm.cost.prompt", "llm.cost.completion"),
)

# Prefixes whose rest is the name of a property of the event.
PROPERTIES = (
    AI_METADATA,
    TRACELOOP,
    LAMINAR,
    AI_CONTEXT,
    "langfuse.trace.metadata.",
    "langsmith.metadata.",
    "metadata.",
)
TAGS = ("langfuse.trace.tags", "tag.tags")
# Of the span, else of its resource: dimensions of the event.
DIMENSIONS: tuple[tuple[str, tuple[str, ...]], ...] = (
    (
        "environment",
        ("langfuse.environment", "environment", "deployment.environment.name", "deployment.environment"),
    ),
    ("release", ("langfuse.release", "release", "langfuse.version", "service.version")),
    ("service", ("service.name",)),
    ("agent", ("gen_ai.agent.name", "agent.name")),
    ("prompt", ("gen_ai.prompt.name", "langfuse.observation.prompt.name")),
)

# A span is about GenAI when it has an attribute that begins like this (or an event: see semconv.is_genai_event).
GENAI_PREFIXES = (
    "gen_ai.", "llm.", "ai.", "openinference.", "traceloop.", "langfuse.", "lmnr.", "raindrop.", "tool.",
    "input.value", "output.value", "retrieval.", "reranker.", "embedding.", "mcp.", "annotations.", "evaluations.",
    "pydantic_ai.", "mlflow.", "gcp.vertex.agent.", "lk.", "genkit:", "all_messages_events", "final_result",
    "tool_arguments", "tool_response", "request_data", "response_data", "langsmith.", "mastra.", "haystack.",
)  # fmt: skip

# Not kept among the unmapped attributes, because a column or a message holds them. Prefixes of names.
MAPPED_PREFIXES = (
    "gen_ai.input.messages", "gen_ai.output.messages", "gen_ai.system_instructions", "gen_ai.prompt.",
    "gen_ai.completion.", "llm.input_messages.", "llm.output_messages.", "llm.prompts.", "llm.choices.",
    "ai.prompt.messages", "ai.response.text", "ai.response.object", "ai.response.toolCalls", "ai.response.reasoning",
    "ai.result.", "annotations.", "evaluations.", "trace.annotations.", "session.annotations.", "trace.evaluations.",
    "session.evaluations.", *PROPERTIES,
)  # fmt: skip
MAPPED = frozenset(
    (
        "ai.prompt", "input.value", "output.value", "traceloop.entity.input", "traceloop.entity.output",
        "traceloop.entity.name", "langfuse.observation.input", "langfuse.observation.output", "langfuse.trace.input",
        "langfuse.trace.output", "langfuse.observation.usage_details", "langfuse.observation.cost_details",
        "langfuse.trace.metadata", "metadata", "pydantic_ai.all_messages", "all_messages_events", "events",
        "final_result", "gcp.vertex.agent.llm_request", "gcp.vertex.agent.llm_response", "lk.user_transcript",
        "lk.chat_ctx", "lk.response.text", "lk.user_input", "request_data", "response_data", "mlflow.chat.tokenUsage",
        "haystack.component.input", "haystack.component.output", "haystack.pipeline.input_data", "haystack.pipeline.output_data", "prompt", "completion", "gen_ai.task.input", "gen_ai.task.output",
        "gen_ai.retrieval.query.text", "gen_ai.memory.query.text", "gen_ai.prompt", "gen_ai.completion", "langfuse.observation.status_message",
        *EVENT_ID, *PROJECT, *PROVIDER, *MODEL, *TOOL_NAME, *TOOL_ARGUMENTS, *TOOL_RESULT,
        *COST, *TAGS, *TOOL_STATUS, *TOOL_FAILED, *(name for names in TOKENS.values() for name in names), "raindrop.span.kind", "release", "environment",
        "langfuse.release", "langfuse.environment", "langfuse.version",
        "openinference.span.kind", "langfuse.observation.type", "traceloop.span.kind",
    )
)  # fmt: skip
# Never kept: request headers may hold credentials.
SECRET_PREFIXES = (
    "ai.request.headers.",
    "http.request.header.",
    "http.response.header.",
    "rpc.grpc.request.metadata.",
)
SECRETS = frozenset(
    (
        "raindrop.auth_hint",
        "http.request.headers",
        "http.response.headers",
        "ai.request.headers",
        "gen_ai.headers",
        "llm.headers",
    )
)
