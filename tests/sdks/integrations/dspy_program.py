"""raindrop-dspy: a program on a language model of DSPy's interface. Tools are none of the integration's."""

from typing import Any

import dspy
from litellm.types.utils import ModelResponse
from raindrop_dspy import RaindropDSPy
from story import ANSWERS, question_of, tell


class FakeLM(dspy.LM):
    def forward(self, prompt: Any = None, messages: Any = None, **options: Any) -> Any:
        question = question_of([str(message["content"]) for message in messages or [{"content": prompt}]])
        return ModelResponse(
            model="fake-1",
            choices=[
                {
                    "message": {
                        "role": "assistant",
                        "content": f"[[ ## answer ## ]]\n{ANSWERS[question]}\n\n[[ ## completed ## ]]",
                    },
                    "finish_reason": "stop",
                }
            ],
            usage={"prompt_tokens": 30, "completion_tokens": 7, "total_tokens": 37},
        )


dspy.configure(lm=FakeLM("openai/fake-1", cache=False, num_retries=0))
raindrop = RaindropDSPy(user_id="ada", convo_id="talk-1")
program = raindrop.wrap(dspy.Predict("question -> answer"))
tell(lambda question: program(question=question).answer)
raindrop.shutdown()
