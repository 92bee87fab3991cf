"""raindrop-openai-agents: an agent of the OpenAI Agents SDK. Its own models call OpenAI's API: a stub of it is the fake.

Usage: openai_agents.py OPENAI_URL
"""

import sys

from agents import Agent, OpenAIChatCompletionsModel, Runner, function_tool
from openai import AsyncOpenAI
from raindrop_openai_agents import RaindropOpenAIAgents
from story import look_up, tell


@function_tool(failure_error_function=None)
def weather(city: str) -> str:
    """The weather in a city."""
    return look_up(city)


raindrop = RaindropOpenAIAgents(user_id="ada", convo_id="talk-1")
client = AsyncOpenAI(base_url=sys.argv[1], api_key="none", max_retries=0)
agent = Agent(
    name="weather agent",
    instructions="Be brief.",
    tools=[weather],
    model=OpenAIChatCompletionsModel(model="fake-1", openai_client=client),
)
tell(lambda question: Runner.run_sync(agent, question).final_output)
raindrop.flush()
