"""The published integrations, unchanged, on fake models of their frameworks: what each event holds of the story that they all play
(integrations/story.py)."""

import json
from typing import Any

import pytest

from tests.sdks.conftest import INTEGRATIONS, World
from tests.sdks.integrations.story import ANSWERS, ASKED, FAILING, HOPELESS, MODEL_ERROR, RESULT, TOOL_ERROR
from tests.sdks.reading import Row

pytestmark = pytest.mark.slow

# LangChain's handlers send an event of each call of the model besides; a step that calls a tool has no words of the agent's.
STEPS = {"langchain", "deep-agents"}
# These tell of tool calls.
WITH_TOOLS = {"deep-agents", "openai-agents", "strands", "agno", "google-adk"}
FAILED_TOOL = TOOL_ERROR, "Error running tool"  # the latter is all that OpenAI's tracer says
# A framework that goes on after a failed tool answers; the others end the run.
ANSWERED = {"strands", "agno", "crewai", "dspy"}


def events_of(world: World, name: str, question: str) -> list[Row]:
    """The events of one question, those of whole runs last."""
    found = world.found(name)["events"].values()
    return sorted(
        (event for event in found if question in event["input"]),
        key=lambda event: (len(event["spans"]), event["output"]),
    )


@pytest.mark.parametrize("name", INTEGRATIONS)
def test_a_turn(world: World, name: str) -> None:
    assert not world.found(name)["loose_spans"]
    *steps, event = events_of(world, name, ASKED)
    assert bool(steps) == (name in STEPS)
    question = json.dumps({"question": ASKED}) if name == "crewai" else ASKED  # the crew's inputs
    assert (event["input"], event["output"]) == (question, ANSWERS[ASKED])
    assert (event["user_id"], event["convo_id"]) == ("ada", "talk-1")
    assert event["model"].endswith("fake-1")
    tools = [span for span in event["spans"] if span["kind"] == "tool"]
    assert (event["tool_calls"], event["tool_errors"]) == (len(tools), 0)
    assert len(tools) == (1 if name in WITH_TOOLS else 0)
    for tool in tools:
        assert (tool["name"], json.loads(tool["input"])) == ("weather", {"city": "Oslo"})
        assert tool["output"] in (RESULT, json.dumps({"weather": RESULT}))


@pytest.mark.parametrize("name", [name for name in INTEGRATIONS if name not in ("langchain", "pydantic-ai")])
def test_a_turn_whose_tool_fails(world: World, name: str) -> None:
    *_, event = events_of(world, name, FAILING)
    if name in ANSWERED:
        assert event["output"] == ANSWERS[FAILING]
    tools = [span for span in event["spans"] if span["kind"] == "tool"]
    assert (event["tool_calls"], event["tool_errors"]) == (len(tools), len(tools))
    assert len(tools) == (1 if name in WITH_TOOLS else 0)
    for tool in tools:
        assert tool["status"] == "error" and any(text in tool["error"] for text in FAILED_TOOL)


# LangChain's handler loses the error of a model inside a graph; Agno answers with it, as if the model had said it.
@pytest.mark.parametrize("name", [name for name in INTEGRATIONS if name not in ("langchain", "agno")])
def test_a_turn_whose_model_fails(world: World, name: str) -> None:
    *_, event = events_of(world, name, HOPELESS)
    told: dict[str, Any] = event["properties"]
    assert told["error.type"] and (MODEL_ERROR in told["error.message"] or name == "openai-agents")
    item = world.read(name, f"/v1/events/{event['event_id']}")
    assert "model_error" in json.dumps(item["signals"]), item["signals"]
