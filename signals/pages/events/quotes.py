"""What the reader said of a conversation, in place: the words that it quotes are marked where they stand."""

from collections.abc import Iterable, Sequence

from signals.models import Facet
from signals.models.facets import Where
from signals.pages.events.steps import Text
from signals.pages.events.transcripts import Turn


def mark_quotes(turns: Sequence[Turn], facets: Sequence[Facet]) -> None:
    """Adds each facet's quote to the evidence of the text in which it stands, where that is shown."""
    by_event = {turn.event.id: turn for turn in turns}
    for facet in facets:
        turn = by_event.get(facet.event_id)
        if turn is None or not facet.quote:
            continue
        for text in _texts(turn, facet.where):
            if (start := text.body.find(facet.quote)) >= 0:
                end = start + len(facet.quote)
                text.evidence.append({"side": facet.where, "start": start, "end": end, "text": facet.quote})
                break


def _texts(turn: Turn, where: str) -> Iterable[Text]:
    if where == Where.TOOL:
        return [text for step in turn.steps for text in (step.input, step.output)]
    return [turn.input if where == Where.USER else turn.output]
