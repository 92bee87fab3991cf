"""Steps by other agents are read too: what a sub-agent declined or could not do is a match of the event, on the step's own span.

The rules read them, not the turn model: a step has no vectors of its own. A step whose words are part of the answer is read there.
"""

import uuid
from dataclasses import replace
from functools import partial

from signals.detectors.batch import Batch, Detector, Evidence, Finding, SpanFacts, Turn
from signals.detectors.text import Text

# Of one turn; an agent that loops has thousands.
STEPS = 20


def with_steps(detector: Detector, rule: Detector) -> Detector:
    """`detector` on the turns, `rule` on the steps of other agents within them."""
    return replace(detector, detect=partial(_detect, detector=detector, rule=rule))


def _detect(batch: Batch, *, detector: Detector, rule: Detector) -> list[Finding]:
    found = detector.detect(batch)
    steps = [(index, span) for index, turn in enumerate(batch.turns) for span in steps_of(turn)]
    if not steps:
        return found
    units = Batch([Turn(uuid.UUID(int=0), Text(span.input), Text(span.output)) for _, span in steps])
    best = {one.index: one for one in found}
    for one in rule.detect(units):
        index, span = steps[one.index]
        pieces = [_on_span(piece, span) for piece in one.evidence if piece["side"] == "assistant"]
        known = best.get(index)
        if known is None:
            best[index] = Finding(index, one.score, pieces, one.source)
        else:
            score = max(known.score, one.score)
            best[index] = replace(known, score=score, evidence=[*known.evidence, *pieces])
    return [best[index] for index in sorted(best)]


def steps_of(turn: Turn) -> list[SpanFacts]:
    """The other agents' steps whose words the answer does not hold."""
    answer = turn.output.raw
    return [
        span
        for span in turn.spans
        if span.kind == "agent" and span.output.strip() and span.output.strip() not in answer
    ][:STEPS]


def _on_span(piece: Evidence, span: SpanFacts) -> Evidence:
    return {
        "side": "span",
        "start": piece["start"],
        "end": piece["end"],
        "text": piece["text"],
        "span_id": span.span_id,
        "agent": span.name,
    }
