"""How far a signal's matches can be trusted, and what may therefore stand in a headline.

A project's own answers come first, once there are enough of them; until then the audit speaks (signals/catalogue/audit_results.py). What the app sends,
what is counted, and what a rule of the project's own says exactly need no measuring. Everything else is tentative until it is measured.
"""

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from signals.catalogue.audit_results import FEWEST, HEADLINE, MEASURED, audit_results
from signals.kinds.registry import is_scored
from signals.learning.precision import Precision, precisions_of
from signals.models import SignalDefinition
from signals.models.definitions import Kind

OWN = "this project"


@dataclass(frozen=True, slots=True)
class Standing:
    """`value`: the share of the matches that are right, with its interval; None when it was not measured or needs no measuring.
    `measured_on`: what it was read from. `matches`: so many were read. `tentative`: it is in no headline; `why` says so in a sentence."""

    value: float | None
    low: float | None
    high: float | None
    measured_on: tuple[str, ...]
    matches: int
    tentative: bool
    why: str

    @property
    def is_own(self) -> bool:
        return self.measured_on == (OWN,)

    @property
    def is_audit(self) -> bool:
        """Measured elsewhere, by the audit (signals/catalogue/audit_results.py)."""
        return self.value is not None and not self.is_own

    def as_dict(self) -> dict[str, object] | None:
        """As the API has it."""
        if self.value is None:
            return None
        return {
            "value": self.value,
            "low": self.low,
            "high": self.high,
            "measured_on": list(self.measured_on),
            "matches": self.matches,
        }


def standings(signals: Sequence[SignalDefinition]) -> dict[uuid.UUID, Standing]:
    """By the signal's id, of signals of any projects: one query for all of them."""
    measured = precisions_of(signals)
    return {signal.pk: _standing(signal, measured[signal.pk]) for signal in signals}


def headline(signals: Iterable[SignalDefinition]) -> list[SignalDefinition]:
    """Those that may stand in a total: they are not tentative."""
    candidates = list(signals)
    found = standings(candidates)
    return [signal for signal in candidates if not found[signal.pk].tentative]


def _standing(signal: SignalDefinition, own: Precision) -> Standing:
    if own.share is not None and own.judged >= FEWEST and not _is_exact(signal):
        right = f"{own.right} of {own.judged} matches that people here judged are right"
        return Standing(
            own.share,
            own.low,
            own.high,
            (OWN,),
            own.judged,
            own.share < HEADLINE,
            f"{right}{_below(own.share)}",
        )
    if _is_exact(signal):
        return Standing(None, None, None, (), 0, False, "")
    if signal.builtin and (read := audit_results().get(signal.key)):
        why = f"{read.precision:.0%} of {read.matches} matches that two readers judged blind, elsewhere, are right"
        why += _below(read.precision) or (": too few to be sure." if read.tentative else ".")
        return Standing(
            read.precision, read.low, read.high, read.measured_on, read.matches, read.tentative, why
        )
    so_far = (
        f" So far {own.judged} match{'' if own.judged == 1 else 'es'} were judged here." if own.judged else ""
    )
    return Standing(
        None, None, None, (), 0, True,
        f"Its precision is not known: too few of its matches were read.{so_far} Judge {FEWEST} matches to measure it.",
    )  # fmt: skip


def _is_exact(signal: SignalDefinition) -> bool:
    """Nothing is read from a text by a guess: the app sent it, it is counted, or it is words, a pattern or numbers of the project's own."""
    return (
        signal.kind == Kind.EXPLICIT or (signal.builtin and signal.key in MEASURED) or not is_scored(signal)
    )


def _below(share: float) -> str:
    return f": less than {HEADLINE:.0%}." if share < HEADLINE else ""
