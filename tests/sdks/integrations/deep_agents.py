"""raindrop-deep-agents: a deep agent on a fake chat model."""

from deepagents import create_deep_agent
from fake_chat import FakeChat, weather
from langchain_core.messages import HumanMessage
from raindrop_deep_agents import RaindropDeepAgents
from story import tell


def turn(question: str) -> str:
    raindrop = RaindropDeepAgents(user_id="ada", convo_id="talk-1")
    agent = create_deep_agent(model=FakeChat(), tools=[weather], system_prompt="Be brief.")
    try:
        result = agent.invoke(
            {"messages": [HumanMessage(question)]}, config={"callbacks": [raindrop.handler]}
        )
        return str(result["messages"][-1].content)
    finally:
        raindrop.shutdown()


tell(turn)
