"""Findings in a text: settled between kinds, replaced by their tokens, and moved back to where they were."""

import bisect
import re
from dataclasses import dataclass

from ingest.redaction.kinds import CUSTOM, KINDS, ORDER, token_of

TOKEN = re.compile(r"<REDACTED[_ ][A-Z_ ]{1,30}>")
# What numbers may look like and never are, and text that is no text.
UUID = re.compile(
    r"(?i)(?<![0-9a-z])[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}(?![0-9a-z])"
)
_TIMESTAMP = re.compile(
    r"(?<![0-9])(?:19|20)[0-9]{2}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,9})?)?"
)
_BASE64 = re.compile(
    r"data:[A-Za-z0-9.+-]{1,60}/[A-Za-z0-9.+-]{1,60}(?:;[a-z0-9=-]{1,40})?;base64,[A-Za-z0-9+/=_-]*"
)
_IMAGE_BASE64 = re.compile(
    r"(?<![A-Za-z0-9+/])(?:iVBORw0KGgo|/9j/4|R0lGOD[dl]|UklGR|PHN2Zy)[A-Za-z0-9+/\r\n]{40,}={0,2}"
)


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """`text[start:end]` is of the kind."""

    start: int
    end: int
    kind: str


def settled_of(text: str, candidates: list[Finding]) -> list[Finding]:
    """Candidates in order of precedence, each without what is a token, protected or taken."""
    taken = [match.span() for match in TOKEN.finditer(text)] if "<REDACTED" in text else []
    numbers = [match.span() for pattern in (UUID, _TIMESTAMP) for match in pattern.finditer(text)]
    images = [match.span() for pattern in (_BASE64, _IMAGE_BASE64) for match in pattern.finditer(text)]
    blocked = _DisjointSpans(taken)
    images_blocked, numbers_blocked = _DisjointSpans(images), _DisjointSpans(numbers)
    settled: list[Finding] = []
    for finding in sorted(candidates, key=lambda item: (ORDER[item.kind], item.start, -item.end)):
        if finding.kind != CUSTOM and images_blocked.overlaps(finding.start, finding.end):
            continue
        is_credential = finding.kind == CUSTOM or KINDS[finding.kind].is_credential
        if not is_credential and numbers_blocked.overlaps(finding.start, finding.end):
            continue
        # What another kind took part of is looked at again in the next round. Of a credential, no part may stay.
        if not is_credential and blocked.overlaps(finding.start, finding.end):
            continue
        for start, end in blocked.free(finding.start, finding.end):
            if any(char.isalnum() for char in text[start:end]):
                settled.append(Finding(start, end, finding.kind))
                blocked.add(start, end)
    return sorted(settled)


class _DisjointSpans:
    """Disjoint spans, sorted."""

    def __init__(self, spans: list[tuple[int, int]]) -> None:
        self._spans = sorted(spans)

    def overlaps(self, start: int, end: int) -> bool:
        """Whether one of them shares a character with `text[start:end]`. No other than these two can."""
        index = bisect.bisect_left(self._spans, (start, start))
        return (index > 0 and self._spans[index - 1][1] > start) or (
            index < len(self._spans) and self._spans[index][0] < end
        )

    def free(self, start: int, end: int) -> list[tuple[int, int]]:
        """The parts of the span that nothing blocks."""
        parts = []
        for low, high in self._within(start, end):
            if low > start:
                parts.append((start, low))
            start = max(start, high)
        if start < end:
            parts.append((start, end))
        return parts

    def add(self, start: int, end: int) -> None:
        bisect.insort(self._spans, (start, end))

    def _within(self, start: int, end: int) -> list[tuple[int, int]]:
        index = max(0, bisect.bisect_left(self._spans, (start, start)) - 1)
        found = []
        while index < len(self._spans) and self._spans[index][0] < end:
            if self._spans[index][1] > start:
                found.append(self._spans[index])
            index += 1
        return found


def replaced(text: str, findings: list[Finding]) -> str:
    parts = []
    position = 0
    for finding in findings:
        parts += [text[position : finding.start], token_of(finding.kind)]
        position = finding.end
    parts.append(text[position:])
    return "".join(parts)


def moved_back(findings: list[Finding], earlier: list[Finding]) -> list[Finding]:
    """Findings in a text where `earlier` was replaced, with the offsets they have in the text before that."""
    moved = []
    shift = index = 0
    for finding in findings:
        while index < len(earlier) and earlier[index].start - shift < finding.start:
            before = earlier[index]
            shift += (before.end - before.start) - len(token_of(before.kind))
            index += 1
        moved.append(Finding(finding.start + shift, finding.end + shift, finding.kind))
    return moved
