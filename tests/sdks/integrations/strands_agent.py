"""raindrop-strands: an agent on a model of Strands' own interface."""

import json
from collections.abc import AsyncIterator
from typing import Any

from raindrop_strands import RaindropStrands
from story import ANSWERS, CITIES, look_up, question_of, tell
from strands import Agent, tool
from strands.models import Model


@tool
def weather(city: str) -> str:
    """The weather in a city."""
    return look_up(city)


class FakeModel(Model):
    def update_config(self, **options: Any) -> None:
        pass

    def get_config(self) -> Any:
        return {"model_id": "fake-1"}

    async def structured_output(self, *arguments: Any, **options: Any) -> Any:
        raise NotImplementedError
        yield

    async def stream(self, messages: Any, *arguments: Any, **options: Any) -> AsyncIterator[Any]:
        contents = [part for message in messages for part in message["content"]]
        question = question_of([part["text"] for part in contents if "text" in part])
        yield {"messageStart": {"role": "assistant"}}
        if "toolResult" in contents[-1]:
            yield {"contentBlockStart": {"start": {}}}
            yield {"contentBlockDelta": {"delta": {"text": ANSWERS[question]}}}
            reason = "end_turn"
        else:
            yield {"contentBlockStart": {"start": {"toolUse": {"name": "weather", "toolUseId": "call_1"}}}}
            yield {
                "contentBlockDelta": {"delta": {"toolUse": {"input": json.dumps({"city": CITIES[question]})}}}
            }
            reason = "tool_use"
        yield {"contentBlockStop": {}}
        yield {"messageStop": {"stopReason": reason}}
        yield {
            "metadata": {
                "usage": {"inputTokens": 30, "outputTokens": 7, "totalTokens": 37},
                "metrics": {"latencyMs": 1},
            }
        }


raindrop = RaindropStrands(user_id="ada", convo_id="talk-1")


def turn(question: str) -> str:
    agent = Agent(model=FakeModel(), tools=[weather], system_prompt="Be brief.", callback_handler=None)
    raindrop.handler.register_hooks(agent)
    return str(agent(question))


tell(turn)
raindrop.flush()
