"""raindrop-pydantic-ai: an agent on Pydantic AI's FunctionModel."""

from typing import Any

from pydantic_ai import Agent
from pydantic_ai.messages import ModelMessage, ModelResponse, TextPart, ToolCallPart, ToolReturnPart
from pydantic_ai.models.function import AgentInfo, FunctionModel
from raindrop_pydantic_ai import RaindropPydanticAI
from story import ANSWERS, CITIES, look_up, question_of, tell


def answer(messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
    parts: list[Any] = [part for message in messages for part in message.parts]
    question = question_of([str(getattr(part, "content", "")) for part in parts])
    if any(isinstance(part, ToolReturnPart) for part in parts):
        return ModelResponse(parts=[TextPart(ANSWERS[question])])
    return ModelResponse(parts=[ToolCallPart("weather", {"city": CITIES[question]}, tool_call_id="call_1")])


raindrop = RaindropPydanticAI(user_id="ada", convo_id="talk-1")
agent = Agent(FunctionModel(answer, model_name="fake-1"), system_prompt="Be brief.")


@agent.tool_plain
def weather(city: str) -> str:
    """The weather in a city."""
    return look_up(city)


raindrop.wrap(agent)
tell(lambda question: agent.run_sync(question).output)
raindrop.flush()
