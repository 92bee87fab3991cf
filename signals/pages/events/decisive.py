"""Why an event is in the list: the passage that the chosen signal was read from, or that holds the words that were looked for."""

import re
from typing import Any

from django.db.models.functions import Left

from ingest.models import Event
from signals.models import SignalDefinition, SignalMatch

READ = 20_000  # characters of each text: a passage further on is not shown, the text's beginning is
MOST_PIECES = 20  # marked in one text


def attach_passages(rows: list[Event], *, signal: SignalDefinition | None, words: str) -> None:
    """Gives each row `input_pieces` and `output_pieces`, as evidence is ({"start", "end"}), and in `input_start` and `output_start`
    enough of the text to hold them. Of rows without a passage nothing changes but that the pieces are empty."""
    for row in rows:
        row.input_pieces, row.output_pieces = [], []  # type: ignore[attr-defined]  # read by the template
    if not rows or not (signal or words):
        return
    found = signal_pieces(rows, signal) if signal else {}
    texts = Event.objects.filter(project=rows[0].project_id, id__in=[row.id for row in rows])
    read = texts.annotate(question=Left("input", READ), answer=Left("output", READ))
    by_id = {
        row_id: (question, answer)
        for row_id, question, answer in read.values_list("id", "question", "answer")
    }
    pattern = words_pattern(words)
    for row in rows:
        question, answer = by_id.get(row.id, ("", ""))
        pieces = found.get(row.id, [])
        for side, name, text in (("user", "input", question), ("assistant", "output", answer)):
            mine = [piece for piece in pieces if piece.get("side") == side and piece["end"] <= len(text)]
            mine += (
                [{"start": one.start(), "end": one.end()} for one in pattern.finditer(text)]
                if pattern
                else []
            )
            if mine:
                setattr(row, f"{name}_pieces", mine[:MOST_PIECES])
                setattr(row, f"{name}_start", text)


def signal_pieces(rows: list[Event], signal: SignalDefinition) -> dict[Any, list[dict[str, Any]]]:
    """By event, the evidence of the signal's match."""
    matches = SignalMatch.objects.filter(signal=signal, event__in=[row.id for row in rows])
    return {
        event: [piece for piece in evidence if isinstance(piece, dict)]
        for event, evidence in matches.values_list("event_id", "evidence")
    }


def words_pattern(search: str) -> re.Pattern[str] | None:
    """The words that a search looks for (signals/vectors/text_search.py), as one pattern; those that it excludes are left out."""
    terms = re.findall(r'(-?)(?:"([^"]*)"|(\S+))', search)
    words = [
        word
        for minus, phrase, single in terms
        if not minus and (phrase or single).lower() != "or"
        for word in re.findall(r"\w+", phrase or single)
    ]
    if not words:
        return None
    either = "|".join(re.escape(word) for word in sorted(set(words), key=len, reverse=True))
    return re.compile(rf"\b(?:{either})\b", re.IGNORECASE)
