"""Inputs and outputs that integrations send as their framework's JSON are read as words; what a person typed stays."""

import json
from typing import Any

import pytest

from ingest.decoding.sdk_words import answer_in, question_in
from ingest.models import Event

ANSWER = {"content": "It is 4 degrees.", "refusal": None, "role": "assistant", "tool_calls": None}
CALL = {
    "content": None,
    "role": "assistant",
    "tool_calls": [{"id": "c", "function": {"name": "weather", "arguments": "{}"}}],
}
GRAPH = {"langgraph_step": 1}


@pytest.mark.parametrize(
    ("messages", "words"),
    [
        ([ANSWER], "It is 4 degrees."),
        ([CALL], ""),
        ([CALL, {"role": "tool", "tool_call_id": "c", "content": "4"}, ANSWER], "It is 4 degrees."),
        (
            [
                {"role": "user", "content": "Hi"},
                ANSWER | {"content": [{"type": "output_text", "text": "Yo"}]},
            ],
            "Yo",
        ),
        ([ANSWER | {"content": None, "refusal": "I can't help."}], "I can't help."),
    ],
)
def test_a_list_of_messages_is_the_last_answer(messages: list[Any], words: str) -> None:
    assert answer_in(json.dumps(messages)) == words
    assert answer_in(json.dumps(messages, indent=2)) == words


@pytest.mark.parametrize(
    "text",
    [
        '[{"role": "baker", "content": "x"}]',
        '[{"role": "user"}]',
        '["role"]',
        '[1] a "role"',
        "[]",
        '[{"role',
    ],
)
def test_other_lists_stay_as_they_are(text: str) -> None:
    assert answer_in(text) == text


def test_langchains_state_is_the_question() -> None:
    for messages in (
        [["user", "Hi"]],
        [{"type": "human", "content": "Hi"}],
        [{"role": "user", "content": "Hi"}],
    ):
        assert question_in(json.dumps({"messages": messages}), GRAPH) == "Hi"
    typed = '{"messages": [["user", "Hi"]]}'
    assert question_in(typed, {"release": "1"}) == typed
    assert question_in('{"order": 7}', GRAPH) == '{"order": 7}'


@pytest.mark.django_db
def test_on_the_wire(client: Any, write_key: str) -> None:
    body = [
        {
            "event_id": "e1",
            "event": "run",
            "user_id": "ada",
            "ai_data": {"input": "How warm?", "output": json.dumps([ANSWER])},
        }
    ]
    answer = client.post(
        "/v1/events/track_partial", json.dumps(body), content_type="application/json",
        headers={"Authorization": f"Bearer {write_key}"},
    )  # fmt: skip
    assert answer.status_code == 200, answer.content
    assert Event.objects.get().output == "It is 4 degrees."
