"""The event cost much: in money where the app or a span says so, and in tokens. Any language.

Against fixed limits, which each project sets for itself, and not against the project's own past: so the answer for an event never
changes with when it is asked.
"""

from signals.detectors.batch import Batch, Detector, Finding, Parameter, measured
from signals.detectors.built_in import ANY, MODEL, BuiltIn
from signals.models.definitions import Reads, Sentiment

COST = Parameter("cost_usd", "Cost (USD)", 0.5, 0.0001, 1e6, "Of one event, all its LLM calls together.")
TOKENS = Parameter("tokens", "Tokens", 100_000, 1, 1e9, "In and out, all LLM calls together.", whole=True)


def detect(batch: Batch, *, cost_usd: float = COST.default, tokens: float = TOKENS.default) -> list[Finding]:
    found = []
    for index, turn in enumerate(batch.turns):
        pieces = []
        if turn.cost_usd is not None and turn.cost_usd >= cost_usd:
            pieces.append(measured(f"It cost ${turn.cost_usd:,.4g}."))
        if turn.tokens is not None and turn.tokens >= tokens:
            pieces.append(measured(f"It took {turn.tokens:,} tokens."))
        if pieces:
            found.append(Finding(index, 1.0, pieces))
    return found


SIGNAL = BuiltIn(
    "high_cost",
    "Expensive",
    "The event cost half a dollar or 100,000 tokens, or more, unless this project sets other numbers.",
    Reads.SPANS,
    Sentiment.NEGATIVE,
    MODEL,
    languages=ANY,
    measured=True,
)
DETECTOR = Detector("high_cost", 1, detect, parameters=(COST, TOKENS))
