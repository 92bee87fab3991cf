"""A question's config:

{"question": "Does the agent promise a refund?", "examples": ["You will get your money back."], "counterexamples": [],
 "plausible": 0.1, "sample": 0.01}

The small model (signals/detectors/sentence.py) learns from the question and the examples, and gives the local answer. The LLM is asked
about the events that it scores `plausible` or higher, and about the share `sample` of the others.
"""

import uuid
from typing import Any

from signals.detectors import sentence
from signals.models import SignalDefinition
from signals.questions.prompt import Question, is_too_long

PLAUSIBLE, SAMPLE = 0.1, 0.0  # where the config says nothing
MAX_QUESTION = 2000
NAMES = {"question", "examples", "counterexamples", "plausible", "sample"}


def check(config: Any) -> str | None:
    """What is wrong with the config, as a message for the person who wrote it; None when it is right."""
    if not isinstance(config, dict) or "question" not in config or not set(config) <= NAMES:
        return 'Give {"question": "...", "examples": ["...", ...], "counterexamples": [...], "plausible": 0.1, "sample": 0.0}.'
    text = config["question"]
    if not isinstance(text, str) or not text.strip() or len(text) > MAX_QUESTION:
        return f"The question must have 1 to {MAX_QUESTION} characters."
    lists: dict[str, object] = {
        name: config[name] for name in ("examples", "counterexamples") if name in config
    }
    if wrong := sentence.check({"sentence": "?", **lists}):
        return wrong
    for name in ("plausible", "sample"):
        number = config.get(name, 0)
        if isinstance(number, bool) or not isinstance(number, int | float) or not 0 <= number <= 1:
            return f"{name} must be a number from 0 to 1."
    if is_too_long(_question(config, "conversation")):
        return "Question and examples are too long together: leave out some examples."
    return None


def question_of(signal: SignalDefinition) -> Question:
    """For a signal whose config was checked."""
    return _question(signal.config, signal.reads)


def is_asked_for(config: dict[str, Any], *, score: float, event_id: uuid.UUID) -> bool:
    """Whether the LLM is to be asked about an event that the small model gives this score. The same answer each time."""
    if score >= config.get("plausible", PLAUSIBLE):
        return True
    # The end of a UUIDv7 is random.
    return bool(event_id.int % 1_000_000 < config.get("sample", SAMPLE) * 1_000_000)


def _question(config: dict[str, Any], reads: str) -> Question:
    return Question(
        text=config["question"].strip(),
        examples=tuple(config.get("examples", [])),
        counterexamples=tuple(config.get("counterexamples", [])),
        reads=reads,
    )
