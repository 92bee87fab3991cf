"""raindrop-agno: an agent of Agno on OpenAI's API, of which a stub is the fake.

Usage: agno_agent.py OPENAI_URL
"""

import sys

from agno.agent import Agent
from agno.models.openai import OpenAIChat
from raindrop_agno import RaindropAgno
from story import look_up, tell


def weather(city: str) -> str:
    """The weather in a city."""
    return look_up(city)


raindrop = RaindropAgno(user_id="ada", convo_id="talk-1")
model = OpenAIChat(id="fake-1", base_url=sys.argv[1], api_key="none", max_retries=0)
agent = raindrop.wrap(Agent(name="weather agent", model=model, tools=[weather], telemetry=False))
tell(lambda question: agent.run(question).content)
raindrop.shutdown()
