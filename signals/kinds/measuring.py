"""The numbers that metric signals hold against their limits, read off stored events."""

from ingest.models import Event
from signals.detectors.batch import Batch, Detect, Found
from signals.detectors.metric import METRICS, TURNS, Limit, number_text
from signals.matching.batches import EventBatch, turns_so_far


def numbers_of(metric: str, events: list[Event]) -> list[float | None]:
    """One number an event; None where the app did not send it. Only `turns` costs a query."""
    if metric == TURNS:
        turns = turns_so_far(events)
        return [turns.get(event.id, 1) for event in events]
    return [METRICS[metric].read(event) for event in events]


def make_detector(limit: Limit) -> Detect:
    """The evidence is the number itself (side "signal")."""

    def detect(batch: Batch) -> list[Found]:
        assert isinstance(batch, EventBatch), "a metric is read off stored events"
        found = []
        for index, number in enumerate(numbers_of(limit.metric, batch.events)):
            if number is not None and limit.holds(number):
                text = f"{limit.metric} {number_text(number)}"
                found.append(
                    Found(index, 1.0, [{"side": "signal", "start": 0, "end": len(text), "text": text}])
                )
        return found

    return detect
