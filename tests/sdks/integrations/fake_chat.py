"""A chat model of LangChain's that calls the tool, then answers."""

from typing import Any

from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from langchain_core.tools import tool
from story import ANSWERS, CITIES, look_up, question_of


@tool
def weather(city: str) -> str:
    """The weather in a city."""
    return look_up(city)


class FakeChat(BaseChatModel):
    model_name: str = "fake-1"

    @property
    def _llm_type(self) -> str:
        return "fake"

    def bind_tools(self, tools: Any, **options: Any) -> "FakeChat":
        return self

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **options: Any,
    ) -> ChatResult:
        question = question_of([str(message.content) for message in messages])
        usage: Any = {"input_tokens": 30, "output_tokens": 7, "total_tokens": 37}
        if messages[-1].type == "human":
            call: Any = {"name": "weather", "args": {"city": CITIES[question]}, "id": "call_1"}
            made = AIMessage("", tool_calls=[call], usage_metadata=usage)
        else:
            made = AIMessage(ANSWERS[question], usage_metadata=usage)
        made.response_metadata = {"model_name": self.model_name, "finish_reason": "stop"}
        return ChatResult(generations=[ChatGeneration(message=made)])
