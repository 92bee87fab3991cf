"""How likely a whole conversation failed, when nothing in it says so: by how much was done in it.

An agent that quietly does the wrong thing sounds like one that does the right thing: in tau-bench the failed runs hold fewer refusals,
hand-overs and annoyed users than the others. What they hold more of is work: turns, tool calls, words, amounts of money named, and
above all calls that change something. Each is a chance to go wrong. The logarithms are added, changes counting twice; there is nothing to train.
"""

import math
import re
from collections.abc import Sequence

from signals.detectors.batch import Turn

CHANGES = re.compile(
    r"(?:\w*[._-])?(?:add|apply|assign|book|cancel|change|close|create|delete|edit|exchange|insert|modify|move|pay|place|post|put|refund|"
    r"remove|reserve|return|send|set|submit|update|write)(?![a-z])",
    re.IGNORECASE,
)
AMOUNT = re.compile(r"[$€£]\s?\d[\d,.]*")


def risk(turns: Sequence[Turn]) -> float:
    """Higher is riskier; only the order means something."""
    spans = [span for turn in turns for span in turn.spans if span.kind == "tool"]
    changes = sum(CHANGES.match(span.name) is not None for span in spans)
    length = sum(len(turn.output.raw) for turn in turns)
    amounts = {amount for turn in turns for amount in AMOUNT.findall(turn.output.normal)}
    return sum(map(math.log1p, (len(turns), len(spans), changes, changes, length, len(amounts))))
