"""raindrop-dspy: a ReAct program on a language model of DSPy's interface."""

from typing import Any

import dspy
from raindrop_dspy import RaindropDSPy
from story import ANSWERS, CITIES, look_up, question_of, tell


def weather(city: str) -> str:
    """The weather in a city."""
    return look_up(city)


class FakeLM(dspy.LM):  # type: ignore[misc]
    def forward(self, prompt: Any = None, messages: Any = None, **options: Any) -> Any:
        from litellm.types.utils import ModelResponse

        said = [str(message["content"]) for message in messages or [{"content": prompt}]]
        question = question_of(said[-1:])
        if "next_tool_name" not in said[-1]:
            text = f"[[ ## reasoning ## ]]\nSo it is.\n\n[[ ## answer ## ]]\n{ANSWERS[question]}\n\n[[ ## completed ## ]]"
        elif "observation_0" in said[-1]:
            text = "[[ ## next_thought ## ]]\nDone.\n\n[[ ## next_tool_name ## ]]\nfinish\n\n[[ ## next_tool_args ## ]]\n{}\n\n[[ ## completed ## ]]"
        else:
            text = (
                "[[ ## next_thought ## ]]\nLook.\n\n[[ ## next_tool_name ## ]]\nweather\n\n[[ ## next_tool_args ## ]]\n"
                f'{{"city": "{CITIES[question]}"}}\n\n[[ ## completed ## ]]'
            )
        return ModelResponse(
            model="fake-1",
            choices=[{"message": {"role": "assistant", "content": text}, "finish_reason": "stop"}],
            usage={"prompt_tokens": 30, "completion_tokens": 7, "total_tokens": 37},
        )


dspy.configure(lm=FakeLM("openai/fake-1", cache=False, num_retries=0))
raindrop = RaindropDSPy(user_id="ada", convo_id="talk-1")
program = raindrop.wrap(dspy.ReAct("question -> answer", tools=[weather]))
tell(lambda question: program(question=question).answer)
raindrop.shutdown()
