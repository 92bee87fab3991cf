"""raindrop-crewai: a crew of one agent on a model of CrewAI's own interface."""

from typing import Any

from crewai import Agent, BaseLLM, Crew, Task
from crewai.tools import tool
from raindrop_crewai import setup_crewai
from story import ANSWERS, CITIES, look_up, question_of, tell


@tool("weather")
def weather(city: str) -> str:
    """The weather in a city."""
    return look_up(city)


class FakeLLM(BaseLLM):
    def call(self, messages: Any, *arguments: Any, **options: Any) -> str:
        texts = (
            [str(message["content"]) for message in messages] if isinstance(messages, list) else [messages]
        )
        question = question_of(texts)
        if any("Observation: " in text for text in texts[1:]):
            return f"Thought: I know it now.\nFinal Answer: {ANSWERS[question]}"
        return f'Thought: I look.\nAction: weather\nAction Input: {{"city": "{CITIES[question]}"}}'

    def supports_function_calling(self) -> bool:
        return False


raindrop = setup_crewai(user_id="ada", convo_id="talk-1")


def turn(question: str) -> str:
    agent = Agent(
        role="weather agent", goal="Tell the weather.", backstory="Be brief.", tools=[weather],
        llm=FakeLLM(model="fake-1"), max_retry_limit=0,
    )  # fmt: skip
    task = Task(description="{question}", expected_output="A sentence.", agent=agent)
    return str(Crew(agents=[agent], tasks=[task]).kickoff(inputs={"question": question}).raw)


tell(turn)
raindrop.shutdown()
