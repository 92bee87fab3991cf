"""The words, never the JSON around them; and who said them, where: in every dialect's own dress."""

import json
from typing import Any

import pytest

from ingest.otlp.traces.assembly import TraceEvent
from tests.ingest.fixtures.otlp.builders import request, span
from tests.ingest.otlp.test_assembly import events_of, spans_of

CHAT = {"gen_ai.operation.name": "chat"}
NO = "I can't help with that."


def one(attributes: dict[str, Any], **more: Any) -> TraceEvent:
    [event] = events_of(span(1, a=attributes, **more))
    return event


@pytest.mark.parametrize(
    "attributes",
    [
        CHAT | {"gen_ai.output.messages": [{"role": "assistant", "parts": [{"type": "refusal", "content": NO}]}]},
        CHAT | {"gen_ai.output.messages": json.dumps([{"role": "assistant", "parts": [{"type": "refusal", "refusal": NO}]}])},
        CHAT | {"gen_ai.output.messages": json.dumps([{"role": "assistant", "content": None, "refusal": NO}])},
        CHAT | {"gen_ai.completion.0.role": "assistant", "gen_ai.completion.0.refusal": NO},
        CHAT | {"gen_ai.completion.0.role": "assistant", "gen_ai.completion.0.content": json.dumps([{"type": "refusal", "refusal": NO}], indent=1)},
        {"openinference.span.kind": "LLM", "llm.output_messages.0.message.role": "assistant",
         "llm.output_messages.0.message.contents.0.message_content.type": "refusal",
         "llm.output_messages.0.message.contents.0.message_content.text": NO},
        {"openinference.span.kind": "LLM", "output.value": json.dumps({"choices": [{"message": {"role": "assistant", "content": None, "refusal": NO}}]})},
        {"openinference.span.kind": "LLM", "output.value": json.dumps({"output": [{"type": "message", "role": "assistant", "content": [{"type": "refusal", "refusal": NO}]}]})},
        {"openinference.span.kind": "CHAIN", "output.value": json.dumps({"generations": [[{"text": "", "message": {
            "lc": 1, "type": "constructor", "id": ["langchain", "AIMessage"], "kwargs": {"content": "", "additional_kwargs": {"refusal": NO}}}}]]})},
        {"langfuse.observation.type": "generation", "langfuse.observation.output": json.dumps({"role": "assistant", "content": None, "refusal": NO})},
        {"response_data": json.dumps({"message": {"role": "assistant", "content": None, "refusal": NO}})},
        {"mlflow.spanType": '"LLM"', "mlflow.spanOutputs": json.dumps({"choices": [{"message": {"content": None, "refusal": NO, "role": "assistant"}}]})},
        {"pydantic_ai.all_messages": json.dumps([{"role": "user", "parts": [{"type": "text", "content": "x"}]}, {"role": "assistant", "parts": [{"type": "refusal", "content": NO}]}])},
    ],
)  # fmt: skip
def test_a_refusal_is_what_was_answered(attributes: dict[str, Any]) -> None:
    assert one(attributes).output == NO


@pytest.mark.parametrize(
    ("name", "payload"),
    [
        ("gen_ai.choice", {"gen_ai.event.content": json.dumps({"message": {"content": None, "refusal": NO}, "index": 0})}),
        ("gen_ai.choice", {"message": json.dumps([{"text": NO}]), "finish_reason": "end_turn"}),
        ("gen_ai.choice", {"message": json.dumps({"role": "assistant", "content": [{"type": "text", "text": NO}]})}),
        ("gen_ai.choice", {"gen_ai.event.content": NO}),
        ("gen_ai.choice", {"content": NO}),
        ("gen_ai.choice", {"gen_ai.event.content": json.dumps({"message": {"content": NO}})[:-3]}),
        ("gen_ai.content.completion", {"gen_ai.completion": json.dumps([{"role": "assistant", "content": NO}])}),
        ("gen_ai.client.inference.operation.details", {"gen_ai.output.messages": [{"role": "assistant", "parts": [{"type": "text", "content": NO}]}]}),
    ],
)  # fmt: skip
def test_a_span_events_payload(name: str, payload: dict[str, Any]) -> None:
    conversation = [
        (
            "gen_ai.user.message",
            {"gen_ai.event.content": '\n {"role": "user", "content": [{"type": "text", "text": "Where?"}]}'},
        )
    ]
    details = name.endswith("details")
    extra = (
        {"gen_ai.input.messages": [{"role": "user", "parts": [{"type": "text", "content": "Where?"}]}]}
        if details
        else {}
    )
    event = one(CHAT, events=[*([] if details else conversation), (name, payload | extra)])
    assert (event.input, event.output) == ("Where?", NO)


def test_json_that_a_person_typed_stays_as_it_was_typed() -> None:
    typed = '{"city":  "Oslo",\n "days": [1, 2]}'
    for attributes in (
        CHAT
        | {
            "gen_ai.input.messages": json.dumps(
                [{"role": "user", "parts": [{"type": "text", "content": typed}]}]
            )
        },
        CHAT | {"gen_ai.prompt.0.role": "user", "gen_ai.prompt.0.content": typed},
        {"openinference.span.kind": "AGENT", "input.value": typed, "input.mime_type": "text/plain"},
        {"openinference.span.kind": "AGENT", "input.value": typed},
        {"ai.operationId": "ai.streamText", "ai.prompt": json.dumps({"prompt": typed})},
        {
            "langfuse.observation.type": "generation",
            "langfuse.observation.input": json.dumps([{"role": "user", "content": typed}]),
        },
    ):
        assert one(attributes).input == typed
    event = one(CHAT, events=[("gen_ai.user.message", {"content": typed})])
    assert event.input == typed


LONG = "How do I reset it? " + "x" * 5_000
PARTS = [
    {"role": "system", "parts": [{"type": "text", "content": "Be kind."}]},
    {"role": "user", "parts": [{"type": "text", "content": LONG}]},
]
MESSAGES = [{"role": "system", "content": "Be kind."}, {"role": "user", "content": LONG}]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("gen_ai.input.messages", PARTS),
        ("langfuse.observation.input", MESSAGES),
        ("ai.prompt.messages", MESSAGES),
        ("ai.prompt", {"messages": MESSAGES}),
        ("ai.prompt", {"system": "Be kind.", "prompt": LONG}),
        ("input.value", {"messages": MESSAGES}),
        ("gen_ai.prompt", {"messages": MESSAGES}),
        ("traceloop.entity.input", {"inputs": {"messages": [{"lc": 1, "type": "constructor", "id": ["HumanMessage"], "kwargs": {"content": LONG}}]}}),
        ("mlflow.spanInputs", {"messages": MESSAGES}),
        ("gcp.vertex.agent.llm_request", {"model": "g", "contents": [{"role": "user", "parts": [{"text": LONG}]}]}),
        ("request_data", {"messages": MESSAGES}),
        ("pydantic_ai.all_messages", PARTS),
        ("lk.chat_ctx", {"items": [{"type": "message", "role": "user", "content": [LONG]}]}),
        ("genkit:input", {"messages": [{"role": "user", "content": [{"text": LONG}]}]}),
        ("gen_ai.prompt.0.content", [{"type": "text", "text": LONG}]),
    ],
)  # fmt: skip
@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize("twice", [False, True])
def test_json_that_a_limit_cut(name: str, value: Any, indent: int | None, twice: bool) -> None:
    text = json.dumps(value, indent=indent)
    if twice:
        text = json.dumps(text)
    for cut in (text[:2_500], text[:2_500] + "...", text[:2_500] + "…[truncated]"):
        event = one(CHAT | {name: cut})
        assert event.input.startswith("How do I reset it? xxx")
        assert '"' not in event.input and "{" not in event.input


@pytest.mark.parametrize(
    "content",
    [
        [
            {"type": "text", "text": "What is this?"},
            {"type": "image_url", "image_url": {"url": "data:," + "A" * 1_200_000}},
        ],
        [
            {"type": "image_url", "image_url": {"url": "data:," + "A" * 1_200_000}},
            {"type": "text", "text": "What is this?"},
        ],
    ],
)
@pytest.mark.parametrize(
    "name", ["gen_ai.input.messages", "input.value", "langfuse.observation.input", "ai.prompt.messages"]
)
def test_a_picture_is_longer_than_a_text_may_be(name: str, content: Any) -> None:
    value = [{"role": "user", "content": content}]
    assert (
        one(CHAT | {name: json.dumps({"messages": value} if name == "input.value" else value)}).input
        == "What is this?"
    )


@pytest.mark.parametrize(
    "state",
    [
        {"inputs": {"messages": [["human", "Where is it?"]]}},
        {"inputs": {"input": "Where is it?", "chat_history": []}, "tags": [], "kwargs": {}},
        {"inputs": {"question": "Where is it?"}},
        {"input": {"messages": [{"type": "human", "content": "Where is it?"}]}},
        {"args": [{"messages": [{"role": "user", "content": "Where is it?"}]}], "kwargs": {"config": {"tags": []}}},
        {"inputs": {"state": {"messages": [{"role": "human", "content": "Where is it?"}]}}},
        {"customer_question": "Where is it?", "order": 12},
        {"kwargs": {"query": "Where is it?"}},
        [[{"lc": 1, "type": "constructor", "id": ["langchain", "schema", "HumanMessage"], "kwargs": {"content": "Where is it?", "type": "human"}}]],
    ],
)  # fmt: skip
@pytest.mark.parametrize(
    "name", ["traceloop.entity.input", "input.value", "mlflow.spanInputs", "langfuse.observation.input"]
)
def test_a_state_is_taken_out_of_its_wrapper(name: str, state: Any) -> None:
    kind = {"openinference.span.kind": "CHAIN"}
    [event] = events_of(
        span(1, "LangGraph", a=kind | {name: json.dumps(state), "output.value": json.dumps({"outputs": {"answer": "On its way."}})}),
        span(2, parent=1, a=CHAT | {"gen_ai.prompt.0.role": "user", "gen_ai.prompt.0.content": "Context: ...\nQ: Where is it?", "gen_ai.completion.0.content": "draft"}),
    )  # fmt: skip
    assert (event.input, event.output) == ("Where is it?", "On its way.")


@pytest.mark.parametrize(
    "attributes",
    [
        {f"{prefix}{key}": "th-1"}
        for prefix in ("traceloop.association.properties.", "ai.telemetry.metadata.", "langfuse.trace.metadata.", "langsmith.metadata.", "metadata.", "lmnr.association.properties.", "ai.settings.context.", "mastra.metadata.")
        for key in ("thread_id", "threadId", "session_id", "sessionId", "conversation_id", "chatId")
    ]
    + [
        {name: "th-1"}
        for name in ("gcp.vertex.agent.session_id", "gen_ai.conversation.id", "session.id", "mlflow.trace.session", "gen_ai.thread.id", "lk.room_name", "wandb.thread_id", "thread_id")
    ]
    + [{name: '{"thread_id": "th-1"}'} for name in ("metadata", "langfuse.trace.metadata", "langsmith.metadata", "ai.telemetry.metadata", "traceloop.association.properties")],
)  # fmt: skip
def test_every_frameworks_name_of_a_thread(attributes: dict[str, Any]) -> None:
    assert one(CHAT | attributes).convo_id == "th-1"


@pytest.mark.parametrize(
    "attributes",
    [{f"{prefix}{key}": "ada"} for prefix in ("traceloop.association.properties.", "ai.telemetry.metadata.", "langsmith.metadata.", "metadata.") for key in ("user_id", "userId", "customer_id")]
    + [{name: "ada"} for name in ("user.id", "enduser.id", "gen_ai.user.id", "llm.user", "mlflow.trace.user", "user_id")]
    + [{"metadata": '{"user_id": "ada"}'}],
)  # fmt: skip
def test_every_frameworks_name_of_a_user(attributes: dict[str, Any]) -> None:
    event = one(CHAT | attributes)
    assert event.user_id == "ada" and ("metadata" in attributes or "ada" not in event.properties.values())


def test_a_resource_may_tell_too() -> None:
    [mapped] = spans_of(request(span(1, a=CHAT), resource={"session.id": "s", "user.id": "u"}))
    assert (mapped.convo_id, mapped.user_id) == ("s", "u")
    [mapped] = spans_of(request(span(1, a=CHAT | {"thread.id": 140, "thread.name": "MainThread"})))
    assert mapped.convo_id == ""  # the operating system's


def test_logfire_streams_an_answer_in_a_span_of_its_own() -> None:
    request = {
        "gen_ai.request.model": "gpt-4o",
        "request_data": json.dumps({"messages": [{"role": "user", "content": "Is it snowing?"}]}),
    }
    told = [
        {"combined_chunk_content": "Yes, a lot.", "chunk_count": 4},
        {"message": {"role": "assistant", "content": "Yes, a lot."}},
    ]
    for parent in (1, 9):
        for data in told:
            [event] = events_of(
                span(9, "agent run", end=3, a={"logfire.span_type": "span"}),
                span(1, parent=9, end=1, a=request),
                span(
                    2,
                    "streaming response",
                    parent,
                    start=1.1,
                    end=1.1,
                    a=request | {"response_data": json.dumps(data)},
                ),
            )
            assert (event.input, event.output) == ("Is it snowing?", "Yes, a lot.")


def test_parts_that_are_texts_of_json() -> None:
    for content in (
        [
            json.dumps({"type": "text", "text": "What is this?"}),
            json.dumps({"type": "image_url", "image_url": {"url": "x"}}),
        ],
        "  " + json.dumps([{"type": "text", "text": "What is this?"}]),
        json.dumps(json.dumps([{"type": "text", "text": "What is this?"}])),
        json.dumps({"type": "text", "text": "What is this?"}),
    ):
        assert (
            one(CHAT | {"gen_ai.input.messages": [{"role": "user", "content": content}]}).input
            == "What is this?"
        )
    texts = [json.dumps({"role": "user", "parts": [{"type": "text", "content": "What is this?"}]})]
    assert one(CHAT | {"gen_ai.input.messages": texts}).input == "What is this?"
