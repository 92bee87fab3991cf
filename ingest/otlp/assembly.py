"""From the spans of one trace to events: the user's turn and the agent's answer. Pure, and the same for any order of arrival.

The user's words are the last user text of the outermost span that has messages; the answer
is that span's, else the last LLM call's. Calls repeat the history, so their texts are never strung together.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from ingest.otlp.mapped import MappedSpan, Message, Tokens, TraceSignal
from ingest.otlp.mapping import MAX_ATTRIBUTES
from ingest.otlp.raindrop_sdk import CHILD_EVENT, PARENT_EVENT
from ingest.otlp.semconv import EVALUATION, OPERATION_DETAILS, OUTPUT_EVENTS

DEFAULT_NAME = "ai_generation"  # the vendor's own


@dataclass(slots=True)
class TraceEvent:
    """One event that a trace tells of. Empty means that the trace does not say."""

    event_id: str  # the one that the spans name, else the trace id
    named: bool  # whether the spans name it
    trace_id: str
    start_ns: int
    end_ns: int
    name: str = ""
    user_id: str = ""
    convo_id: str = ""
    model: str = ""
    input: str = ""
    output: str = ""
    tokens: Tokens = field(default_factory=Tokens)
    cost: float | None = None
    latency_ms: float = 0.0
    tool_calls: int = 0
    tool_errors: int = 0
    properties: dict[str, Any] = field(default_factory=dict)
    feature_flags: dict[str, str] = field(default_factory=dict)
    signals: list[TraceSignal] = field(default_factory=list)
    span_ids: list[str] = field(default_factory=list)
    # Spans whose kind the tree tells better than the span itself: span id -> kind.
    corrected_kinds: dict[str, str] = field(default_factory=dict)

    @property
    def no_text(self) -> bool:
        return not self.input and not self.output


def assemble(spans: Iterable[MappedSpan]) -> list[TraceEvent]:
    """The events of one trace, in the order of their start. None when nothing in it is about GenAI."""
    tree = Tree(spans)
    if not any(not span.unknown for span in tree.spans):
        return []
    groups = _groups(tree)
    events = [_event(tree, event_id, named, members) for (event_id, named), members in groups.items()]
    events.sort(key=lambda event: (event.start_ns, event.event_id))
    _link_children(tree, events)
    _share(tree, events)
    return events


def root_end(spans: Iterable[MappedSpan]) -> int | None:
    """When the trace's root ended (ns), or None while no root is here."""
    return max((span.end_ns for span in spans if not span.parent_span_id and not span.log), default=None)


class Tree:
    """The spans of one trace: a repeated span counts once, log records are folded into the spans they hang on."""

    def __init__(self, spans: Iterable[MappedSpan]) -> None:
        unique = {span.span_id: span for span in spans}
        ordered = sorted(unique.values(), key=lambda span: (span.start_ns, span.span_id))
        self.spans = [span for span in ordered if not span.log]
        self.by_id = {span.span_id: span for span in self.spans}
        self.logs: dict[str, list[MappedSpan]] = {}
        logs = [span for span in ordered if span.log]
        for log in sorted(logs, key=lambda log: log.log == EVALUATION):  # they are last to look for a place
            if log.parent_span_id in self.by_id:
                self.logs.setdefault(log.parent_span_id, []).append(log)
            elif (
                log.log == EVALUATION
            ):  # of the trace, or of a span that has not arrived: no event of its own
                if self.spans:
                    self.logs.setdefault(self.spans[0].span_id, []).append(log)
            else:
                self.spans.append(log)  # its span has not arrived: it stands for it
                self.by_id[log.span_id] = log
        self.depth: dict[str, int] = {}
        self.below_tool: set[str] = set()
        for span in self.spans:
            self._place(span)

    def ancestors(self, span: MappedSpan) -> Iterator[MappedSpan]:
        """From the parent up; ends where a parent is missing, or in a circle."""
        seen = {span.span_id}
        while (parent := self.by_id.get(span.parent_span_id)) and parent.span_id not in seen:
            seen.add(parent.span_id)
            yield parent
            span = parent

    def _place(self, span: MappedSpan) -> None:
        """Depth, and whether a tool call lies above; walks up only to what is placed already."""
        path = []
        seen = set()
        at: MappedSpan | None = span
        while at and at.span_id not in self.depth and at.span_id not in seen:
            seen.add(at.span_id)
            path.append(at)
            at = self.by_id.get(at.parent_span_id)
        base = at if at and at.span_id in self.depth else None
        for member in reversed(path):
            self.depth[member.span_id] = self.depth[base.span_id] + 1 if base else 0
            if base and (base.kind == "tool" or base.span_id in self.below_tool):
                self.below_tool.add(member.span_id)
            base = member

    def outermost_first(self, spans: Iterable[MappedSpan]) -> list[MappedSpan]:
        return sorted(spans, key=lambda span: (self.depth[span.span_id], span.start_ns, span.span_id))

    def input(self, span: MappedSpan) -> list[Message]:
        return span.input_messages or self._logged(span, outputs=False)

    def output(self, span: MappedSpan) -> list[Message]:
        return span.output_messages or self._logged(span, outputs=True)

    def _logged(self, span: MappedSpan, *, outputs: bool) -> list[Message]:
        logs = self.logs.get(span.span_id, [])
        details = [log for log in logs if log.log == OPERATION_DETAILS]
        chosen = details[:1] or [log for log in logs if (log.log in OUTPUT_EVENTS) == outputs]
        return [m for log in chosen for m in (log.output_messages if outputs else log.input_messages)]


# -- which spans belong to which event


def _groups(tree: Tree) -> dict[tuple[str, bool], list[MappedSpan]]:
    """(event id, whether spans name it) -> its spans. A span belongs to the event that it names, else to its nearest
    ancestor's, else to the one event named beneath it; when only one event is named, all is that event's."""
    named = {span.event_id for span in tree.spans if span.event_id}
    trace_id = tree.spans[0].trace_id
    if len(named) <= 1:
        key = (next(iter(named)), True) if named else (trace_id, False)
        return {key: tree.spans}
    owner: dict[str, str] = {}
    beneath: dict[str, set[str]] = {}
    for span in tree.outermost_first(tree.spans):
        parent = tree.by_id.get(span.parent_span_id)
        inherited = owner.get(parent.span_id, "") if parent else ""
        owner[span.span_id] = span.event_id or inherited
        if span.event_id:
            for ancestor in tree.ancestors(span):
                known = beneath.setdefault(ancestor.span_id, set())
                if span.event_id in known:
                    break
                known.add(span.event_id)
    groups: dict[tuple[str, bool], list[MappedSpan]] = {}
    rest: list[MappedSpan] = []
    for span in tree.spans:
        event_id = owner[span.span_id]
        if not event_id and len(below := beneath.get(span.span_id, set())) == 1:
            (event_id,) = below
        if event_id:
            groups.setdefault((event_id, True), []).append(span)
        else:
            rest.append(span)
    if rest and any(
        not span.unknown and (tree.input(span) or tree.output(span) or span.tokens) for span in rest
    ):
        groups[trace_id, False] = rest
    elif rest:  # a plain request around several events: it goes with the first
        first = min(groups, key=lambda key: (groups[key][0].start_ns, key[0]))
        groups[first] += rest
    return groups


# -- one event


def _event(tree: Tree, event_id: str, named: bool, members: list[MappedSpan]) -> TraceEvent:
    known = [span for span in members if not span.unknown] or members
    event = TraceEvent(
        event_id=event_id,
        named=named,
        trace_id=members[0].trace_id,
        start_ns=min(span.start_ns for span in known),
        end_ns=max(span.end_ns for span in known),
        span_ids=[span.span_id for span in members]
        + [log.span_id for span in members for log in tree.logs.get(span.span_id, ())],
    )
    event.latency_ms = (event.end_ns - event.start_ns) / 1e6
    outermost = tree.outermost_first(known)
    event.name = next((span.event_name for span in outermost if span.event_name), "") or DEFAULT_NAME
    event.input, teller = _input(tree, outermost)
    event.output = _output(tree, known, outermost, teller)
    event.model = _model(tree, known)
    _count_tokens(tree, known, event)
    _count_tools(tree, known, event)
    for span in outermost:
        event.user_id = event.user_id or span.user_id
        event.convo_id = event.convo_id or span.convo_id
        for log in (span, *tree.logs.get(span.span_id, ())):
            _add(event.properties, log.properties)
            _add(event.feature_flags, log.feature_flags)
            event.signals += [signal for signal in log.signals if signal not in event.signals]
    _add_error(event, outermost)
    return event


def _add(into: dict[str, Any], new: dict[str, Any]) -> None:
    for key, value in new.items():
        if key not in into and len(into) < MAX_ATTRIBUTES:
            into[key] = value


def last_text(messages: list[Message], role: str) -> tuple[str, bool]:
    """(the last words of that role, whether they are only a dump of JSON)."""
    for message in reversed(messages):
        if message.role == role and message.says.strip():
            return message.says, message.dump
    return "", False


def _input(tree: Tree, outermost: list[MappedSpan]) -> tuple[str, MappedSpan | None]:
    """The user's words, and the span that tells them.

    Asked first: roots, agents and LLM calls that are not inside a tool call (a tool may be an agent, with a task of
    its own); then those inside; then any span. A dump of JSON counts only when nobody says it better.
    """
    speakers = [span for span in outermost if span.kind in {"agent", "llm"} or tree.depth[span.span_id] == 0]
    speakers = [span for span in speakers if span.kind not in {"tool", "retriever"}]
    outside = [span for span in speakers if span.span_id not in tree.below_tool]
    others = [span for span in outermost if span.kind == "other"]
    dumped: tuple[str, MappedSpan] | None = None
    for span in (*outside, *speakers, *others):
        text, is_dump = last_text(tree.input(span), "user")
        if text and not is_dump:
            return text, span
        if text and dumped is None:
            dumped = text, span
    return dumped or ("", None)


def _output(
    tree: Tree, known: list[MappedSpan], outermost: list[MappedSpan], teller: MappedSpan | None
) -> str:
    """The answer: of the span that told the input when it spans the whole turn, else of the last LLM call to end."""
    calls = [span for span in known if span.kind == "llm"]
    calls.sort(key=lambda span: (span.end_ns, span.start_ns, span.span_id), reverse=True)
    outside = [span for span in calls if span.span_id not in tree.below_tool]
    whole = [teller] if teller and teller.kind != "llm" else []
    wide = [
        span for span in outermost if span.kind in {"agent", "other"} and span.span_id not in tree.below_tool
    ]
    dumped = ""
    for span in (*whole, *outside, *wide, *calls):
        text, is_dump = last_text(tree.output(span), "assistant")
        if text and not is_dump:
            return text
        dumped = dumped or text
    return dumped


def _model(tree: Tree, known: list[MappedSpan]) -> str:
    """The model that gave the answer: of the last LLM call to end that is not inside a tool call."""
    having = [span for span in known if span.model]
    if not having:
        return ""
    return max(
        having,
        key=lambda span: (span.kind == "llm", span.span_id not in tree.below_tool, span.end_ns, span.span_id),
    ).model


def _count_tokens(tree: Tree, known: list[MappedSpan], event: TraceEvent) -> None:
    """Sums over the innermost spans that tell tokens (or cost): a root repeats its children's."""
    speakers = [span for span in known if span.kind in {"llm", "agent"}]
    leaves = _innermost(tree, [span for span in speakers if span.tokens])
    for name in ("input", "output", "cache_read", "cache_write", "reasoning"):
        parts = [number for span in leaves if (number := getattr(span.tokens, name)) is not None]
        setattr(event.tokens, name, sum(parts) if parts else None)
    costs = [span.cost for span in _innermost(tree, [span for span in known if span.cost is not None])]
    event.cost = sum(cost for cost in costs if cost is not None) if costs else None
    inner = {span.span_id for span in leaves}
    for span in speakers:
        if span.kind == "llm" and span.tokens and span.span_id not in inner:
            event.corrected_kinds[span.span_id] = "agent"  # a span around LLM calls


def _innermost(tree: Tree, spans: list[MappedSpan]) -> list[MappedSpan]:
    """Those with none of the others beneath them."""
    around: set[str] = set()
    for span in spans:
        for ancestor in tree.ancestors(span):
            if ancestor.span_id in around:
                break
            around.add(ancestor.span_id)
    return [span for span in spans if span.span_id not in around]


def _count_tools(tree: Tree, known: list[MappedSpan], event: TraceEvent) -> None:
    """A tool call seen by two instrumentations is one: of a tool span right inside one of the same name, the outer counts."""
    for span in known:
        if span.kind != "tool":
            continue
        parent = tree.by_id.get(span.parent_span_id)
        if parent and parent.kind == "tool" and parent.name == span.name:
            event.corrected_kinds[span.span_id] = "other"
            continue
        event.tool_calls += 1
        event.tool_errors += span.status == "error"


def _add_error(event: TraceEvent, outermost: list[MappedSpan]) -> None:
    """The error that ended the turn, under the keys that the vendor's SDK uses: of the outermost span that failed."""
    for span in outermost:
        if span.error and span.kind != "tool":
            kind, _, text = span.error.partition(": ")
            typed = text and " " not in kind
            _add(
                event.properties,
                {"error.type": kind if typed else "error", "error.message": text if typed else span.error},
            )
            return


# -- what the events of one trace tell each other


def _link_children(tree: Tree, events: list[TraceEvent]) -> None:
    """A detached sub-agent's event names its parent event; the caller's span tells when the child does not."""
    owners = {span_id: event.event_id for event in events for span_id in event.span_ids}
    by_id = {event.event_id: event for event in events}
    for span in tree.spans:
        child = by_id.get(str(span.attributes.get(CHILD_EVENT, "")))
        parent = owners.get(span.span_id, "")
        if child and child.event_id != parent:
            child.properties.setdefault(PARENT_EVENT, parent)
    for event in events:
        if event.properties.get(PARENT_EVENT) == event.event_id:
            del event.properties[PARENT_EVENT]


def _share(tree: Tree, events: list[TraceEvent]) -> None:
    """User and conversation set anywhere in the trace hold for all of it; where spans disagree, the most frequent."""
    users = Counter(span.user_id for span in tree.spans if span.user_id)
    conversations = Counter(span.convo_id for span in tree.spans if span.convo_id)
    for event in events:
        if not event.user_id and users:
            event.user_id = min(users, key=lambda user: (-users[user], user))
        if not event.convo_id and conversations:
            event.convo_id = min(conversations, key=lambda convo: (-conversations[convo], convo))
