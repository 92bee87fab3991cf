"""raindrop-langchain: LangChain's agent on a fake chat model, its handler among the callbacks as its README says."""

from fake_chat import FakeChat, weather
from langchain.agents import create_agent
from langchain_core.messages import HumanMessage
from raindrop_langchain import RaindropLangchain
from story import tell


def turn(question: str) -> str:
    raindrop = RaindropLangchain(user_id="ada", convo_id="talk-1")
    agent = create_agent(FakeChat(), tools=[weather])
    try:
        result = agent.invoke(
            {"messages": [HumanMessage(question)]}, config={"callbacks": [raindrop.handler]}
        )
        return str(result["messages"][-1].content)
    finally:
        raindrop.shutdown()


tell(turn)
