"""Events of two topics, embedded and counted."""

from collections.abc import Callable

from ingest.counts.rollups import count_events
from ingest.models import Event
from signals.vectors.embedding import embed


def refunds_and_hats(make_event: Callable[..., Event], each: int) -> list[Event]:
    """So many about refunds, then as many about hats."""
    texts = [f"My refund number {n} did not arrive on my card" for n in range(each)]
    texts += [f"Do you sell the green hat in size {n}?" for n in range(each)]
    made = [make_event(input=text, output="Let me see.") for text in texts]
    embed(made)
    count_events(made)
    return made
