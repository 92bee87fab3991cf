"""What discovery groups: one thing that went wrong in one event, in a short phrase, with where it was read. Pure."""

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from signals.discovery.templates import mask, message_of

Floats = npt.NDArray[np.float32]
# facet: a reader's `went_wrong`. tool: a failed call's error message. signal: the sentence in which a signal was read. explicit: the reason
# that came with an explicit signal. claim: something that the agent said and that nothing supports.
Source = Literal["facet", "tool", "signal", "explicit", "claim"]


@dataclass(frozen=True, slots=True)
class Observation:
    """`key`: the tool's name, or the signal's key; "" for a facet. `phrase`: what went wrong, or the words it was read from. `quote`: the
    words as they stand in the event, for people."""

    event: uuid.UUID
    conversation: uuid.UUID | None
    user: uuid.UUID | None
    at: dt.datetime
    source: Source
    key: str
    phrase: str
    quote: str = ""

    @property
    def unit(self) -> uuid.UUID:
        """What is counted once: the conversation, or the event that has none."""
        return self.conversation or self.event


def text_of(observation: Observation) -> str:
    """What is embedded and compared: the message of a failed call without its wrapping, any other phrase; what names one case is masked."""
    phrase = observation.phrase
    if observation.source == "tool":
        return mask(message_of(phrase), names=False)
    if phrase.lstrip()[:1] in ("{", "["):  # a result that a signal was read from
        phrase = message_of(phrase)
    return phrase if observation.source == "facet" else mask(phrase)


def texts_of(observations: Sequence[Observation]) -> list[str]:
    """Row i of the `vectors` that the functions of this room take is the embedding of item i."""
    return [text_of(one) for one in observations]
