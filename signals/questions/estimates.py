"""What asking the model will cost, before anybody asks. Shown as a guess and as what it cannot exceed."""

from dataclasses import dataclass

from ingest.models import Event
from raindrop import llm
from signals.llm import budget
from signals.llm.wrapping import prompt_bytes
from signals.matching.batches import load_texts
from signals.models import SignalDefinition
from signals.questions.config import question_of
from signals.questions.history import MAX_EVENTS, candidates
from signals.questions.prompt import MAX_TOKENS, TYPICAL_OUTPUT_TOKENS, Question, build_request

SAMPLE = 40  # requests that the estimate of a run is made from


@dataclass(frozen=True, slots=True)
class Estimate:
    """Of asking about `events` (`capped`: there are more, for another run): microdollars, as a guess and at most."""

    events: int
    expected: int
    most: int
    capped: bool = False

    @property
    def dollars(self) -> float:
        return self.expected / budget.MICRO

    @property
    def most_dollars(self) -> float:
        return self.most / budget.MICRO


def preview_estimate(question: Question, events: list[Event]) -> Estimate | None:
    """None when there is nothing to ask, or nobody."""
    return _estimate(question, events, count=len(events), batch=False)


def history_estimate(signal: SignalDefinition) -> Estimate | None:
    """As preview_estimate, for a run over what the small model alone has judged so far. From a sample: `most` is no promise, the
    budget is."""
    question = question_of(signal)
    rows = candidates(signal.project_id, question.version).values_list("event_id", flat=True)
    ids = list(rows[: MAX_EVENTS + 1])
    drawn = ids[:: max(1, len(ids) // SAMPLE)][:SAMPLE]
    events = list(Event.objects.filter(id__in=drawn))
    count = min(len(ids), MAX_EVENTS)
    return _estimate(question, events, count=count, batch=True, capped=len(ids) > MAX_EVENTS)


def _estimate(
    question: Question, events: list[Event], *, count: int, batch: bool, capped: bool = False
) -> Estimate | None:
    prices = llm.prices()
    if not events or prices is None or llm.why_not():
        return None
    sizes = [prompt_bytes(build_request(question, turn, model="")) for turn in load_texts(events).turns]
    expected = [
        prices.expected(prompt_bytes=size, output_tokens=TYPICAL_OUTPUT_TOKENS, batch=batch) for size in sizes
    ]
    most = [prices.most(prompt_bytes=size, max_tokens=MAX_TOKENS, batch=batch) for size in sizes]
    return Estimate(count, count * sum(expected) // len(events), count * sum(most) // len(events), capped)
