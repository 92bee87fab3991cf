"""raindrop-google-adk: a Runner of the Agent Development Kit on a model of its own interface."""

import asyncio
from collections.abc import AsyncGenerator
from typing import Any

from google.adk.agents import LlmAgent
from google.adk.models import BaseLlm, LlmRequest, LlmResponse
from google.adk.runners import Runner
from google.adk.sessions import InMemorySessionService
from google.genai import types
from raindrop_google_adk import setup_google_adk
from story import ANSWERS, CITIES, look_up, question_of, tell


def weather(city: str) -> dict[str, str]:
    """The weather in a city."""
    return {"weather": look_up(city)}


class FakeModel(BaseLlm):
    async def generate_content_async(
        self, llm_request: LlmRequest, stream: bool = False
    ) -> AsyncGenerator[LlmResponse, None]:
        parts: list[Any] = [part for content in llm_request.contents for part in content.parts or []]
        question = question_of([part.text for part in parts if part.text])
        if parts[-1].function_response:
            part = types.Part(text=ANSWERS[question])
        else:
            part = types.Part(
                function_call=types.FunctionCall(id="call_1", name="weather", args={"city": CITIES[question]})
            )
        usage = types.GenerateContentResponseUsageMetadata(
            prompt_token_count=30, candidates_token_count=7, total_token_count=37
        )
        yield LlmResponse(
            content=types.Content(role="model", parts=[part]),
            usage_metadata=usage,
            finish_reason=types.FinishReason.STOP,
        )


raindrop = setup_google_adk(convo_id="talk-1")


def turn(question: str) -> str:
    sessions = InMemorySessionService()
    session = asyncio.run(sessions.create_session(app_name="weather", user_id="ada"))
    agent = LlmAgent(
        name="weather_agent", model=FakeModel(model="fake-1"), tools=[weather], instruction="Be brief."
    )
    runner = Runner(app_name="weather", agent=agent, session_service=sessions)
    content = types.Content(role="user", parts=[types.Part(text=question)])
    *_, last = runner.run(user_id="ada", session_id=session.id, new_message=content)
    return str(last.content)


tell(turn)
raindrop.shutdown()
