"""Turns as the tests of detectors write them, and what a detector says of one."""

import datetime as dt
import uuid
from typing import Any

from signals.detectors import DETECTORS
from signals.detectors.batch import Batch, Exchange, Finding, SpanFacts, Turn
from signals.detectors.text import Text

GREETING = ("hi", "Hello, how can I help?")
AT = dt.datetime(2026, 11, 23, 12, tzinfo=dt.UTC)  # a Monday


def found(key: str, batch: Batch, **settings: float) -> list[Finding]:
    detector = DETECTORS[key].adjusted(settings)
    return [f for f in detector.detect(batch) if f.score >= detector.threshold]


def turn(*talk: tuple[str, str], **facts: Any) -> Turn:
    *before, (given, answer) = talk
    called = tuple(SpanFacts(name, "tool", name, "ok", "", "{}") for name in facts.pop("tools", ()))
    previous = [Exchange(Text(a), Text(b), called) for a, b in before]
    return Turn(uuid.uuid4(), Text(given), Text(answer), previous=previous, **facts)


def holds(key: str, *talk: tuple[str, str], **facts: Any) -> list[Finding]:
    one = turn(*talk, **facts)
    matches = found(key, Batch([one]))
    for piece in matches[0].evidence if matches else []:
        if piece["side"] in {"user", "assistant"}:
            text = one.input.raw if piece["side"] == "user" else one.output.raw
            assert text[piece["start"] : piece["end"]] == piece["text"]
    return matches


def span(kind: str = "tool", name: str = "search", **facts: Any) -> SpanFacts:
    return SpanFacts("a" * 16, kind, name, **{"status": "ok", "error": "", "output": "", **facts})
