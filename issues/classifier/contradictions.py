"""Answers that the classifier contradicts, although it has not seen them: slips, and what the definition leaves open."""

from collections.abc import Hashable, Sequence
from typing import TypeVar

import numpy as np

from issues.classifier.model import Bools, Fit

EventId = TypeVar("EventId", bound=Hashable)

# A classifier is confident when the score lies in the outer third of the way from the threshold to 0 or 1. With held-out scores this finds 32 of the 74
# errors of a person who errs on a tenth of 80 answers about each of eight public intents, and 6 answers that are right. With scores of a classifier
# that learnt from the answers it finds 7 errors.
CONFIDENT = 2 / 3


def contradicted_answers(
    fitted: Fit, *, events: Sequence[EventId], answers: Bools, of_people: Bools
) -> dict[EventId, bool]:
    """Event -> people's answer, where a classifier that has not seen the answer is confident of the opposite. Row i of `answers` and `of_people` (n,)
    and events[i] are of the labelled event that `fitted` learnt from in place i."""
    if fitted.held_out is None:
        return {}
    low, high = sure_beyond(fitted.threshold)
    opposite = np.where(answers, fitted.held_out <= low, fitted.held_out >= high)
    return {events[row]: bool(answers[row]) for row in np.flatnonzero(opposite & of_people).tolist()}


def sure_beyond(threshold: float) -> tuple[float, float]:
    """At most, and at least: the scores at which a classifier is confident that an event is no match, and that it is one."""
    return threshold * (1 - CONFIDENT), threshold + (1 - threshold) * CONFIDENT
