"""How far the teacher and people agree on the events that both have answered."""

from collections.abc import Sequence
from dataclasses import dataclass

from issues.models import Issue
from labeling.labels.agreement import kappa_of
from labeling.labels.labels import measured_answers, taught_answers


@dataclass(frozen=True, slots=True)
class Agreement:
    """`labels`, `matches`: the teacher's; `compared`: events that people settled too. The rest: as of `Kappa`."""

    labels: int
    matches: int
    compared: int
    agreed: float | None = None
    kappa: float | None = None
    low: float | None = None
    high: float | None = None


def agreement(issue: Issue) -> Agreement:
    taught, people = taught_answers(issue), measured_answers(issue)
    pairs = [(taught[event], people[event]) for event in sorted(taught.keys() & people.keys())]
    return measured(pairs, labels=len(taught), matches=sum(taught.values()))


def measured(pairs: Sequence[tuple[bool, bool]], *, labels: int, matches: int) -> Agreement:
    """Deterministic. `pairs`: the two answers on each event."""
    found = kappa_of(pairs)
    return Agreement(labels, matches, found.compared, found.agreed, found.kappa, found.low, found.high)
