"""From the spans of one trace to events: the user's turn and the agent's answer. Pure, and the same for any order of arrival.

A span is of the event that it names; of the others, turns.py tells which are one turn. The user's words are those of the outermost
span that has words; the answer is that span's, else the last that was given. Calls repeat the history, so their texts are never strung
together.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from ingest.otlp.dialects.raindrop_sdk import CHILD_EVENT, PARENT_EVENT
from ingest.otlp.mapped import MappedSpan, Tokens, TraceSignal
from ingest.otlp.mapping import MAX_ATTRIBUTES
from ingest.otlp.traces.counting import Tally
from ingest.otlp.traces.tree import Tree, last_text
from ingest.otlp.traces.turns import Turn, turns_of

DEFAULT_NAME = "ai_generation"  # the vendor's own


@dataclass(slots=True)
class TraceEvent:
    """One event that a trace tells of. Empty means that the trace does not say."""

    event_id: str  # the one that the spans name, else the trace id, and for its later turns that and a span's
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
    # Spans whose kind the others tell better than the span itself: span id -> kind. Likewise, those that failed.
    corrected_kinds: dict[str, str] = field(default_factory=dict)
    failed_spans: set[str] = field(default_factory=set)
    counts: dict[str, int] = field(
        default_factory=dict
    )  # of each span: what of it counts in the event's sums
    may_tell_twice: bool = False  # a tool call: see ingest/tracing/one_call_twice.py

    @property
    def no_text(self) -> bool:
        return not self.input and not self.output


def assemble(spans: Iterable[MappedSpan]) -> list[TraceEvent]:
    """The events of one trace, in the order of their start. None when nothing in it is about GenAI."""
    tree = Tree(spans)
    if not any(not span.unknown for span in tree.spans):
        return []
    tally = Tally(tree)
    events = [_event(tree, tally, group) for group in _groups(tree)]
    events.sort(key=lambda event: (event.start_ns, event.event_id))
    _link_children(tree, events)
    _share(tree, events)
    return events


def root_end(spans: Iterable[MappedSpan]) -> int | None:
    """When the trace's root ended (ns), or None while no root is here."""
    return max((span.end_ns for span in spans if not span.parent_span_id and not span.log), default=None)


# -- which spans belong to which event


@dataclass(slots=True)
class Group:
    event_id: str
    named: bool
    turn: Turn


def _groups(tree: Tree) -> list[Group]:
    """A span belongs to the event that it names, else to its nearest ancestor's, else to the one event named beneath it; when only
    one event is named, all is that event's. The rest are turns."""
    named = {span.event_id for span in tree.spans if span.event_id}
    trace_id = tree.spans[0].trace_id
    if len(named) == 1:
        return [Group(next(iter(named)), True, _together(tree, tree.spans))]
    if not named:
        return _unnamed(trace_id, turns_of(tree, tree.spans))
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
    groups: dict[str, list[MappedSpan]] = {}
    rest: list[MappedSpan] = []
    for span in tree.spans:
        event_id = owner[span.span_id]
        if not event_id and len(below := beneath.get(span.span_id, set())) == 1:
            (event_id,) = below
        if event_id:
            groups.setdefault(event_id, []).append(span)
        else:
            rest.append(span)
    found: list[Group] = []
    if rest and any(
        not span.unknown and (tree.input(span) or tree.output(span) or span.tokens) for span in rest
    ):
        found = _unnamed(trace_id, turns_of(tree, rest))
    elif rest:  # a plain request around several events: it goes with the first
        first = min(groups, key=lambda key: (groups[key][0].start_ns, key))
        groups[first] += rest
    return [Group(key, True, _together(tree, spans)) for key, spans in groups.items()] + found


def _together(tree: Tree, spans: list[MappedSpan]) -> Turn:
    """Spans of one event, however many turns they look like."""
    turns = turns_of(tree, spans)
    question = next((turn.question for turn in turns if turn.question), "")
    answer = next((turn.answer for turn in reversed(turns) if turn.answer), "")
    return Turn(question, answer, spans)


def _unnamed(trace_id: str, turns: list[Turn]) -> list[Group]:
    """The first turn of a trace has the trace's id; later ones add the id of their span that ended first, which is the one that
    exporters send first."""
    groups = []
    for place, turn in enumerate(turns):
        first = min(
            (span for span in turn.members if span.span_id not in turn.around),
            key=lambda span: (span.unknown, span.end_ns, span.span_id),
        )
        groups.append(Group(trace_id if not place else f"{trace_id}-{first.span_id}", False, turn))
    return groups


# -- one event


def _event(tree: Tree, tally: Tally, group: Group) -> TraceEvent:
    members, around = group.turn.members, group.turn.around
    own = [span for span in members if span.span_id not in around]
    known = [span for span in own if not span.unknown] or own
    event = TraceEvent(
        event_id=group.event_id,
        named=group.named,
        trace_id=members[0].trace_id,
        start_ns=min(span.start_ns for span in known),
        end_ns=max(span.end_ns for span in known),
        span_ids=[span.span_id for span in members]
        + [log.span_id for span in members for log in tree.logs.get(span.span_id, ())],
    )
    event.latency_ms = (event.end_ns - event.start_ns) / 1e6
    outermost = tree.outermost_first(known)
    event.name = next((span.event_name for span in outermost if span.event_name), "") or DEFAULT_NAME
    event.input = group.turn.question or _any_text(tree, outermost, outputs=False)
    # An agent's span and its model's span end the same answer with and without a line break (Strands): whichever came first decided.
    event.output = (group.turn.answer or _any_text(tree, outermost, outputs=True)).rstrip()
    event.model = _model(tree, tally, known)
    _count(tally, members, known, event)
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


def _any_text(tree: Tree, outermost: list[MappedSpan], *, outputs: bool) -> str:
    """Where nobody outside a tool call has words: those inside, else a dump of JSON; of the answers the last."""
    read, role = (tree.output, "assistant") if outputs else (tree.input, "user")
    spans = sorted(outermost, key=lambda span: -span.end_ns) if outputs else outermost
    ranked = sorted(
        spans, key=lambda span: (span.span_id in tree.below_tool, span.kind not in ("agent", "llm"))
    )
    dumped = ""
    for span in ranked:
        text, is_dump = last_text(read(span), role)
        if text and not is_dump:
            return text
        dumped = dumped or text
    return dumped


def _model(tree: Tree, tally: Tally, known: list[MappedSpan]) -> str:
    """The model that gave the answer: of the last LLM call to end that is not inside a tool call."""
    having = [span for span in known if span.model]
    if not having:
        return ""
    return max(
        having,
        key=lambda span: (
            span.kind == "llm",
            span.span_id not in tree.below_tool | tree.below_aside,
            span.span_id not in tally.kinds,
            span.end_ns,
            span.span_id,
        ),
    ).model


def _count(tally: Tally, members: list[MappedSpan], known: list[MappedSpan], event: TraceEvent) -> None:
    """The event's sums, and on which spans they stand."""
    timed = {span.span_id for span in known}
    event.counts = {span.span_id: tally.of(span, with_time=span.span_id in timed) for span in members}
    event.corrected_kinds = {
        span.span_id: kind for span in members if (kind := tally.kinds.get(span.span_id))
    }
    event.failed_spans = {span.span_id for span in members if span.span_id in tally.failed}
    tellers = [span.tokens for span in members if span.span_id in tally.tokens]
    for name in ("input", "output", "cache_read", "cache_write", "reasoning"):
        parts = [number for tokens in tellers if (number := getattr(tokens, name)) is not None]
        setattr(event.tokens, name, sum(parts) if parts else None)
    costs = [span.cost for span in members if span.span_id in tally.cost and span.cost is not None]
    event.cost = sum(costs) if costs else None
    tools = [span for span in members if span.kind == "tool"]
    event.may_tell_twice = bool(tools) and (event.named or len({span.scope for span in tools}) > 1)
    event.may_tell_twice |= any(span.span_id in tally.kinds for span in tools)
    tools = [span for span in tools if span.span_id in tally.tools]
    event.tool_calls = len(tools)
    event.tool_errors = sum(span.status == "error" or span.span_id in tally.failed for span in tools)


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
    """User and conversation set on a span around an event hold for it; set anywhere in the trace, for all of it, unless spans disagree."""
    owners = {span_id: event for event in events for span_id in event.span_ids}
    for name in ("user_id", "convo_id"):
        told = {value for span in tree.spans if (value := getattr(span, name))}
        nearest: dict[str, str] = {}  # what holds for each span: its own, or that of the next span around it
        for span in tree.outermost_first(tree.spans) if told else ():
            parent = tree.parent(span)
            around = (
                nearest[parent.span_id]
                if parent
                else next((value for one in tree.ancestors(span) if (value := getattr(one, name))), "")
            )
            nearest[span.span_id] = getattr(span, name) or around
            event = owners[span.span_id]
            if not getattr(event, name):
                setattr(event, name, nearest[span.span_id])
        if len(told) == 1:
            for event in events:
                setattr(event, name, getattr(event, name) or next(iter(told)))
