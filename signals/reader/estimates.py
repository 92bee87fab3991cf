"""What reading the past through the Batches API will cost, before anybody has it read."""

import uuid
from dataclasses import dataclass

from raindrop import llm
from signals.llm import budget
from signals.llm.wrapping import prompt_bytes
from signals.reader.noting import past_of, sample_unread, unread
from signals.reader.prompt import MAX_TOKENS, TYPICAL_OUTPUT_TOKENS, build_request
from signals.reader.transcript import load_transcript, tell

SAMPLE = 12  # conversations that the estimate is made from


@dataclass(frozen=True, slots=True)
class Estimate:
    """Of reading `conversations`, one call each: microdollars, as a guess and at most (of the sample: no promise, the budget is). `a_day`: how many
    the share of a day's budget for the past holds."""

    conversations: int
    expected: int
    most: int
    a_day: int


def estimate_past(project_id: uuid.UUID) -> Estimate | None:
    """Of what `note_unread` would note. None when there is nothing to read, or nobody who reads."""
    prices, since = llm.prices(), past_of(project_id)
    if prices is None or llm.why_not():
        return None
    count = unread(project_id, since=since)
    sizes = []
    for conversation, event in sample_unread(project_id, since=since, count=SAMPLE):
        told = tell(load_transcript(project_id=project_id, conversation_id=conversation, event_id=event))
        sizes.append(prompt_bytes(build_request(told, model="")))
    if not sizes:
        return None
    expected = [
        prices.expected(prompt_bytes=size, output_tokens=TYPICAL_OUTPUT_TOKENS, batch=True) for size in sizes
    ]
    most = [prices.most(prompt_bytes=size, max_tokens=MAX_TOKENS, batch=True) for size in sizes]
    limits = budget.settings_of(project_id)
    each = sum(expected) / len(sizes)
    a_day = min(limits.daily_calls, float(limits.daily_dollars) * budget.MICRO / max(1.0, each))
    return Estimate(
        conversations=count,
        expected=count * sum(expected) // len(sizes),
        most=count * sum(most) // len(sizes),
        a_day=int(a_day * budget.HISTORY_SHARE),
    )
