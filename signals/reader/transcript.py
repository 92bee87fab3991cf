"""One conversation as text for the model: who said what, and what the tools were asked and answered.

`load_transcript` reads it from the database, within bounds; `tell` makes of it what stands in the request, at most TOLD_BYTES. Long
conversations are cut by the parts that matter: both ends, errors and short user turns stay, the middles of long answers and results go first.
"""

import hashlib
import json
import uuid
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from django.db.models import F, Func, IntegerField, QuerySet
from django.db.models.functions import Left, Right

from ingest.models import Event, Span
from ingest.models.events import SpanKind, SpanStatus
from signals.llm.wrapping import CUT, as_data, data_bytes

MessageSide = Literal["user", "assistant", "tool"]
Part = Literal["text", "arguments", "result", "error"]

TOLD_BYTES = 24_000  # escaped, of UTF-8: about 8,000 tokens. Longer prompts cost more and are read worse
MAX_EVENTS = 400  # of the first HEAD_EVENTS and the last ones
HEAD_EVENTS = 100
MAX_SPANS = 600
# Read of a text: its beginning and its end.
HEAD, TAIL = 16_000, 4_000
ENDS = (2, 4)  # so many first and last messages are cut by the level above
SHORT = 200  # characters of a user's turn that is never left out before longer ones
# Characters that are shown of a text: user, assistant, arguments, result, error. The first level at which all fits is taken.
LEVELS: tuple[dict[str, int], ...] = tuple(
    dict(zip(("user", "assistant", "arguments", "result", "error"), caps, strict=True))
    for caps in (
        (16_000, 16_000, 8_000, 8_000, 4_000),
        (6_000, 5_000, 2_000, 3_000, 2_000),
        (3_000, 2_000, 1_000, 1_200, 1_000),
        (1_500, 800, 400, 500, 600),
        (700, 400, 200, 250, 400),
        (400, 200, 100, 120, 250),
    )
)


@dataclass(frozen=True, slots=True)
class Message:
    """Something that a user, an agent or a tool said. `texts`: by part, each as its fragments (one, unless its middle was not read)."""

    side: MessageSide
    event: uuid.UUID
    texts: dict[Part, tuple[str, ...]]
    name: str = ""  # the tool's
    agent: str = ""  # whose tool call it is, where the spans name it
    failed: bool = False

    @property
    def is_short_turn(self) -> bool:
        return self.side == "user" and sum(map(len, self.texts.get("text", ()))) <= SHORT


@dataclass(frozen=True, slots=True)
class Transcript:
    """`events`: those that were read, oldest first. `left_out`: events in the middle that were not."""

    messages: list[Message]
    events: list[Event]
    left_out: int = 0
    layout: str = "1"  # changes with how it is told

    @property
    def hash(self) -> bytes:
        """16 bytes that change with what was said."""
        digest = hashlib.blake2b(self.layout.encode(), digest_size=16)
        for message in self.messages:
            for text in (message.side, message.name, message.agent, str(message.failed)):
                digest.update(b"\x00" + text.encode("utf-8", "surrogatepass"))
            for part, fragments in message.texts.items():
                for text in (part, *fragments):
                    digest.update(b"\x01" + text.encode("utf-8", "surrogatepass"))
        return digest.digest()


@dataclass(slots=True)
class Told:
    """What stands in the request: `text`; and what of it may be quoted: (side, event, fragment of what was said)."""

    text: str
    quotable: list[tuple[MessageSide, uuid.UUID, str]] = field(default_factory=list)


def load_transcript(*, project_id: uuid.UUID, conversation_id: uuid.UUID | None, event_id: uuid.UUID) -> Transcript:  # fmt: skip
    """Of the conversation, or of the event where there is none. Without messages when nothing of it is there (any more)."""
    rows = Event.objects.filter(project=project_id, is_pending=False)
    rows = rows.filter(conversation=conversation_id) if conversation_id else rows.filter(pk=event_id)
    events, left_out = _events(rows)
    spans = _steps(project_id, [event.id for event in events])
    messages = []
    for event in events:
        if fragments := _fragments(event, "input"):
            messages.append(Message("user", event.id, {"text": fragments}))
        messages += spans.get(event.id, [])
        if fragments := _fragments(event, "output"):
            messages.append(Message("assistant", event.id, {"text": fragments}))
    return Transcript(messages, events, left_out)


def tell(transcript: Transcript) -> Told:
    """The conversation as a JSON list in which nothing looks like a tag, at most TOLD_BYTES."""
    messages = transcript.messages
    for level in range(len(LEVELS)):
        shown = [_shown(message, LEVELS[_level(place, len(messages), level)]) for place, message in enumerate(messages)]  # fmt: skip
        if sum(size for *_, size in shown) <= TOLD_BYTES:
            return _written(messages, shown, list(range(len(messages))))
    return _written(messages, shown, _those_that_fit(messages, [size for *_, size in shown]))


Shown = tuple[dict[str, Any], list[str], int]  # what is told, what may be quoted, its bytes


def _level(place: int, count: int, level: int) -> int:
    is_end = place < ENDS[0] or place >= count - ENDS[1]
    return max(0, level - 1) if is_end else level


def _shown(message: Message, caps: dict[str, int]) -> Shown:
    told: dict[str, Any] = {"from": "agent" if message.side == "assistant" else message.side}
    if message.name:
        told["tool"] = message.name[:200]
    if message.agent:
        told["agent"] = message.agent[:200]
    if message.failed:
        told["failed"] = True
    quotable: list[str] = []
    for part, fragments in message.texts.items():
        cap = caps[message.side if part == "text" else part]
        kept = _cut(fragments, cap)
        value: Any = CUT.join(kept)
        if part == "arguments" and len(kept) == 1 and isinstance(read := _json(kept[0]), dict | list):
            value = read
            quotable.append(json.dumps(read, ensure_ascii=False))
        told[part] = value
        quotable += kept
    return told, quotable, data_bytes(told) + 2


def _cut(fragments: tuple[str, ...], cap: int) -> list[str]:
    """The fragments, or the first two thirds and the last third of `cap` characters of them."""
    if sum(map(len, fragments)) <= cap:
        return list(fragments)
    first, last = fragments[0], fragments[-1]
    return [first[: cap * 2 // 3], last[len(last) - min(len(last), cap // 3) :]]


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _those_that_fit(messages: Sequence[Message], sizes: Sequence[int]) -> list[int]:
    """The places of the messages that are told, in order: the ends and what failed first, then short user turns, then from the ends
    towards the middle."""
    count = len(messages)

    def rank(place: int) -> tuple[int, int]:
        message, from_end = messages[place], min(place, count - 1 - place)
        if place < ENDS[0] or place >= count - ENDS[1]:
            return 0, from_end
        return (1 if message.failed else 2 if message.is_short_turn else 3), from_end

    room, kept = TOLD_BYTES - 200, []
    for place in sorted(range(count), key=rank):
        if sizes[place] <= room:
            kept.append(place)
            room -= sizes[place]
    return sorted(kept)


def _written(messages: Sequence[Message], shown: Sequence[Shown], kept: list[int]) -> Told:
    told = Told("")
    lines, before = [], -1
    for place in kept:
        if place != before + 1:
            lines.append(as_data({"left out": f"{place - before - 1} messages"}))
        before = place
        value, quotable, _ = shown[place]
        lines.append(as_data(value))
        message = messages[place]
        told.quotable += [(message.side, message.event, text) for text in quotable]
    told.text = "[\n" + ",\n".join(lines) + "\n]"
    return told


def _events(rows: QuerySet[Event]) -> tuple[list[Event], int]:
    """With the ends of their texts, oldest first; of many the first and the last."""
    rows = rows.defer("input", "output", "properties", "feature_flags").annotate(**_ends())
    first = list(rows.order_by("timestamp", "id")[: MAX_EVENTS + 1])
    if len(first) <= MAX_EVENTS:
        return first, 0
    last = list(rows.order_by("-timestamp", "-id")[: MAX_EVENTS - HEAD_EVENTS])[::-1]
    head = [event for event in first[:HEAD_EVENTS] if event.id not in {one.id for one in last}]
    return head + last, rows.count() - len(head) - len(last)


def _ends() -> dict[str, Any]:
    """What a query is annotated with for `_fragments`: beginning, end and length of both texts of a row."""
    ends: dict[str, Any] = {}
    for name in ("input", "output"):
        ends[f"{name}_head"] = Left(name, HEAD)
        ends[f"{name}_tail"] = Right(name, TAIL)
        ends[f"{name}_length"] = Func(F(name), function="char_length", output_field=IntegerField())
    return ends


def _fragments(row: Any, name: str) -> tuple[str, ...]:
    """Of a text that was read as `_events` and `_steps` do; empty where there is none."""
    head, tail, length = (
        getattr(row, f"{name}_head"),
        getattr(row, f"{name}_tail"),
        getattr(row, f"{name}_length"),
    )
    if not head.strip() and length <= HEAD:
        return ()
    if length <= HEAD:
        return (head,)
    return (head + tail[HEAD - length :],) if length <= HEAD + TAIL else (head, tail)


def _steps(project_id: uuid.UUID, event_ids: list[uuid.UUID]) -> dict[uuid.UUID, list[Message]]:
    """By event, in order: its tool calls, and whatever other step failed."""
    rows = Span.objects.filter(project=project_id, event__in=event_ids)
    wanted = rows.filter(kind=SpanKind.TOOL) | rows.filter(status=SpanStatus.ERROR)
    found: dict[uuid.UUID, list[Message]] = defaultdict(list)
    shown = list(wanted.defer("input", "output", "attributes").annotate(**_ends()).order_by("started_at", "id")[:MAX_SPANS])  # fmt: skip
    agents = _agents(project_id, event_ids) if shown else {}
    for span in shown:
        failed = span.status == SpanStatus.ERROR
        parts: dict[Part, tuple[str, ...]] = {}
        if span.kind == SpanKind.TOOL:
            parts = {"arguments": _fragments(span, "input"), "result": _fragments(span, "output")}
        if span.error and span.error != span.output_head:  # type: ignore[attr-defined]  # annotated
            parts["error"] = (span.error[:HEAD],)
        elif span.kind != SpanKind.TOOL:
            continue  # it failed, and says nothing
        assert span.event_id is not None, "it is of one of the events"
        texts_said = {part: fragments for part, fragments in parts.items() if fragments}
        agent = _agent_of(span.parent_span_id, agents)
        found[span.event_id].append(Message("tool", span.event_id, texts_said, span.name, agent, failed))
    return found


def _agents(project_id: uuid.UUID, event_ids: list[uuid.UUID]) -> dict[str, tuple[str, str]]:
    """Each span's parent, and its name where it is an agent's."""
    rows = Span.objects.filter(project=project_id, event__in=event_ids)
    if not rows.filter(kind=SpanKind.AGENT).exists():
        return {}
    facts = rows.order_by("started_at", "id").values_list("span_id", "parent_span_id", "kind", "name")
    return {span: (parent, name if kind == SpanKind.AGENT else "") for span, parent, kind, name in facts[: 5 * MAX_SPANS]}  # fmt: skip


def _agent_of(span_id: str, agents: dict[str, tuple[str, str]]) -> str:
    seen: set[str] = set()
    while span_id in agents and span_id not in seen:
        seen.add(span_id)
        span_id, name = agents[span_id]
        if name:
            return name
    return ""
