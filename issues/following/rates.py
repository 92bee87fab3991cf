"""How frequent an issue is, put right by what people answered of events drawn at random."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ingest.models import Total
from issues.classifier.audit import RANDOM_LEAST, AuditedShare, DrawnLabel, estimate
from issues.models.answers import answers
from raindrop.statistics import Z90, wilson


@dataclass(frozen=True, slots=True)
class Rates:
    """Shares of the project's events and conversations, of all time; the corrected ones None below RANDOM_LEAST random answers."""

    rate: float | None
    conversation_rate: float | None
    corrected: AuditedShare | None
    corrected_conversations: AuditedShare | None


def rates_of(
    issues: Sequence[uuid.UUID],
    *,
    totals: Mapping[uuid.UUID, Total],
    qualities: Mapping[uuid.UUID, Mapping[str, Any]],
    project: uuid.UUID,
) -> dict[uuid.UUID, Rates]:
    """Of issues of one project. `totals`: of the issues and of the project; `qualities`: of what decides each issue. One query."""
    given = answers().all_of(issues)
    every = totals[project]
    rates = {}
    for issue in issues:
        total = totals[issue]
        # What holds on an event is counted a moment before the event is.
        all_events = max(every.events, total.events)
        all_talks = max(every.conversations, total.conversations)
        rate = total.events / all_events if all_events else None
        talks = total.conversations / all_talks if all_talks else None
        drawn = [one.is_match for one in given.get(issue, []) if one.is_random]
        quality = qualities.get(issue, {})
        corrected = _corrected(quality.get("audit"), quality.get("strata"), drawn, rate=rate or 0.0)
        if corrected is not None and all_events:
            corrected = _at_least(sum(one.is_match for one in given[issue]) / all_events, corrected)
        rates[issue] = Rates(rate, talks, corrected, _of_talks(corrected, rate, talks, total, every))
    return rates


def _corrected(
    audit: Sequence[DrawnLabel] | None, strata: Sequence[int] | None, drawn: Sequence[bool], *, rate: float
) -> AuditedShare | None:
    """The share of all events on which the issue holds, with its 90 % interval; None with fewer than RANDOM_LEAST random answers (`drawn`).
    Answers that nothing was measured on yet count plainly, with Wilson's interval."""
    if len(drawn) < RANDOM_LEAST:
        return None
    if (
        audit is None and strata is not None
    ):  # uniform draws, of what the issue follows or by an older version
        outcomes = [(hit, yes) for hit in (1, 0) for yes in (1, 0)]
        audit = [(*row, 1) for row, count in zip(outcomes, strata, strict=True) for _ in range(count)]
    if audit is not None and len(audit) == len(drawn):
        return estimate(audit, rate=rate).rate
    low, high = wilson(sum(drawn), len(drawn), z=Z90) or (0.0, 1.0)
    return AuditedShare(sum(drawn) / len(drawn), low, high)


def _at_least(known: float, share: AuditedShare) -> AuditedShare:
    """Where no random card met a match, the estimate is 0: but people found some. `known`: the share of the events on which they did."""
    return AuditedShare(*(min(1.0, max(known, bound)) for bound in (share.value, share.low, share.high)))


def _of_talks(
    corrected: AuditedShare | None, rate: float | None, talks: float | None, total: Total, every: Total
) -> AuditedShare | None:
    """The same of conversations. An event drawn at random says nothing of the rest of its conversation: the conversations are taken to be
    as many more or fewer than those counted as the events are, and where none is counted, each event to be in one of its own."""
    if corrected is None or talks is None or not every.conversations:
        return None
    if rate and total.conversations:
        factor = talks / rate
    else:
        factor = every.events / every.conversations
    return AuditedShare(
        *(min(1.0, factor * share) for share in (corrected.value, corrected.low, corrected.high))
    )
