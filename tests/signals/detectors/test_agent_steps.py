"""What another agent declined or failed in a step of its own is a match of the event, with the agent's name."""

import uuid
from typing import Any

import pytest

from signals.detectors import DETECTORS
from signals.detectors.batch import Batch, Finding, SpanFacts, Turn
from signals.detectors.text import Text
from signals.matching.batches import _is_step

DECLINES = "I'm sorry, but I can't help with that request."


def detect(key: str, answer: str, *steps: SpanFacts) -> list[Finding]:
    turn = Turn(uuid.uuid4(), Text("Plan the launch"), Text(answer), spans=list(steps))
    return [one for one in DETECTORS[key].detect(Batch([turn])) if one.score >= DETECTORS[key].threshold]


def step(output: str, *, kind: str = "agent", name: str = "researcher") -> SpanFacts:
    return SpanFacts("s1", kind, name, "ok", "", output, "Find the press list")


def test_a_sub_agents_refusal_is_found_on_its_span() -> None:
    (found,) = detect("refusal", "Here is the plan: we launch on Monday.", step(DECLINES))
    (piece,) = found.evidence[:1]
    assert (piece["side"], piece["span_id"], piece["agent"]) == ("span", "s1", "researcher")
    assert DECLINES[piece["start"] : piece["end"]] == piece["text"]


def test_words_that_the_answer_holds_are_read_once() -> None:
    (found,) = detect("refusal", DECLINES, step(DECLINES))
    assert {piece["side"] for piece in found.evidence} == {"assistant"}


def test_steps_of_tools_models_and_without_words_are_not_read() -> None:
    quiet = "Here is the plan."
    assert not detect("refusal", quiet, step(DECLINES, kind="tool"), step(DECLINES, kind="llm"), step(""))
    assert not detect("laziness", quiet, step(""), step("..."))


def test_the_answers_own_refusal_and_the_steps_stand_together() -> None:
    (found,) = detect("refusal", "I can't help with that.", step(DECLINES))
    assert {piece["side"] for piece in found.evidence} == {"assistant", "span"}


@pytest.mark.parametrize(
    ("properties", "is_step"),
    [
        ({"ai.finish_reason": "tool_calls"}, True),
        ({"ai.finish_reason": "tool-calls"}, True),
        ({"strands.finish_reason": "tool_use"}, True),
        ({"google_adk.finish_reason": "FinishReason.FUNCTION_CALL"}, True),
        ({"langgraph_node": "model", "$context": {}, "ai.finish_reason": "stop"}, True),
        ({"langgraph_node": "model"}, False),
        ({"ai.finish_reason": "stop"}, False),
        ({}, False),
    ],
)
def test_which_events_are_steps(properties: dict[str, Any], is_step: bool) -> None:
    assert _is_step(properties) is is_step
