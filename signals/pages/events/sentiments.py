"""Which signals the filter by a sentiment counts, and which it leaves out because they are tentative."""

from collections.abc import Sequence
from dataclasses import dataclass

from signals.learning.standing import standings
from signals.models import SignalDefinition
from signals.models.definitions import Sentiment
from signals.search.language.nodes import Comparison, Text


@dataclass(frozen=True, slots=True)
class Counting:
    """`included`: the signals of the sentiment that count; `tentative`: those that do not, with why; `with_tentative`: the query of all of them."""

    sentiment: str
    included: list[SignalDefinition]
    tentative: list[tuple[SignalDefinition, str]]
    with_tentative: str


def counting_signals(sentiment: str, signals: Sequence[SignalDefinition]) -> Counting | None:
    """Of `signals`, those that are on. None where the list is filtered by no sentiment."""
    if sentiment not in Sentiment.values:
        return None
    mine = sorted(
        (one for one in signals if one.enabled and not one.muted and one.sentiment == sentiment),
        key=lambda one: one.name.lower(),
    )
    found = standings(mine)
    return Counting(
        sentiment,
        [one for one in mine if not found[one.pk].tentative],
        [(one, found[one.pk].why) for one in mine if found[one.pk].tentative],
        str(Comparison("signal", "", tuple(Text(one.key) for one in mine))) if mine else "",
    )
