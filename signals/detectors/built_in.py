"""The catalogue entry of a built-in signal. It stands in its detector's module as `SIGNAL`, or as one of `SIGNALS`."""

from dataclasses import dataclass

from signals.models.definitions import Reads, Sentiment

USER_SIDE, AGENT_SIDE, TOOLS, MODEL = "User side", "Agent side", "Tools", "Model and cost"
GROUPS = {
    USER_SIDE: "What the person who talks to the agent shows: annoyance, praise, corrections, abuse.",
    AGENT_SIDE: "What the agent does wrong in its words: declines, gives up, forgets, does half.",
    TOOLS: "What happens in the tool calls of an event.",
    MODEL: "Whether the model answered, how long it took and what it cost.",
}
ANY: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class BuiltIn:
    """`key` is its detector's. The rest is copied into each project's taxonomy, where people change it."""

    key: str
    name: str
    description: str
    reads: Reads
    sentiment: Sentiment
    group: str
    # Codes of the languages that its detector reads; ANY: it reads no words, or words of any language.
    languages: tuple[str, ...] = ("en",)
    # False: it ships switched off: a check of what nobody complains of, whose audited precision is below .7.
    enabled: bool = True
    # True for a comparison of numbers or a failed model call: a reader's judgement would add nothing.
    measured: bool = False
