"""What each program has its agent do: a question with a tool call, one whose tool fails, one whose model fails."""

from collections.abc import Callable
from typing import Any

ASKED, FAILING, HOPELESS = (
    "How warm is it in Oslo?",
    "How warm is it in Atlantis?",
    "Tell me the end of time.",
)
CITIES = {ASKED: "Oslo", FAILING: "Atlantis"}
ANSWERS = {ASKED: "It is 4 degrees in Oslo.", FAILING: "I could not find Atlantis."}
RESULT, TOOL_ERROR, MODEL_ERROR = "4 degrees", "no such place: Atlantis", "the model is overloaded"


class ModelOverloaded(RuntimeError):
    pass


def look_up(city: str) -> str:
    """The tool's work."""
    if city != "Oslo":
        raise ValueError(TOOL_ERROR)
    return RESULT


def question_of(texts: list[str]) -> str:
    """The question that stands in a model's prompt. Raises ModelOverloaded for the hopeless one."""
    text = "\n".join(texts)
    if HOPELESS in text:
        raise ModelOverloaded(MODEL_ERROR)
    return next(question for question in (FAILING, ASKED) if question in text)


def tell(turn: Callable[[str], Any]) -> None:
    """Asks the three questions. Some frameworks raise what a tool or a model raised, some do not."""
    for question in (ASKED, FAILING, HOPELESS):
        try:
            print("the agent said:", turn(question))
        except Exception as error:
            print("the agent failed:", repr(error))
