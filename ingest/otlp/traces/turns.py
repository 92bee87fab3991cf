"""Which spans of a trace are one turn: what the user said, and all that was done for the one answer. Pure.

The tree is read from its leaves up. A span that has the user's words, or that is a call, is one step with all that lies beneath it. A
span without words (a request, a socket, a session, a workflow) holds the steps of its children, and they are one turn or several:

- Users or conversations that differ are turns of their own.
- Within one request (POST), and within an agent's or a workflow's run, all is done for one answer.
- Elsewhere a step begins a new turn when it comes after an answer and a pause, with words that are neither those of the turn so far nor
  made of its answer: agents that hand over repeat the question, steps of a chain get what the one before made. A call must
  moreover repeat the earlier turn as its history, or stand in a socket, or be a root.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from enum import Enum, auto
from typing import TypeVar

from ingest.otlp.history import plain_words, words_digest
from ingest.otlp.mapped import Kind, MappedSpan
from ingest.otlp.traces.tree import Tree

# A person needs longer than this to read an answer and say something; steps of one turn follow at once.
PAUSE_NS = 250_000_000
# After so long in a socket or session, the same words are said again.
REPEAT_NS = 1_000_000_000
MIN_CONTAINED = 12  # characters of a text that is found inside another
RUN = 4  # words in a row that two prompts share when they were made of one question
RUN_WORDS = 100  # of a prompt that are looked at for it
MAX_TEXTS = 16  # of a turn that are compared, its first and its last

REQUEST_NAME = re.compile(r"^(HTTP )?(POST|PUT|PATCH|DELETE)\b")
SESSION_NAME = re.compile(
    r"web.?socket|\bwss?\b|socket|session|conversation|voice|real.?time|phone|dialog", re.I
)
AGENT_SESSION_NAME = re.compile(r"web.?socket|session|conversation", re.I)
METHOD = ("http.request.method", "http.method")
PROTOCOL = (
    "url.scheme",
    "http.scheme",
    "network.protocol.name",
    "http.request.header.upgrade",
    "http.upgrade",
    "asgi.scope.type",
)


class Place(Enum):
    """What holds steps that are looked at."""

    LOOSE = auto()  # the trace itself, or a span of which nothing is known
    SESSION = auto()  # a socket, a session
    REQUEST = auto()  # one request
    RUN = auto()  # of an agent or a workflow


T = TypeVar("T")


@dataclass(slots=True, eq=False)
class Step:
    """One or several spans, with all beneath them; once grouped, a turn."""

    tops: list[MappedSpan]
    start_ns: int
    end_ns: int
    kind: Kind
    is_aside: bool = False
    is_root: bool = False
    with_model: bool = False  # an agent or a call is in it
    failed: bool = False
    questions: list[str] = field(default_factory=list)
    answers: list[tuple[int, str]] = field(default_factory=list)  # (when, what)
    user_id: str = ""
    convo_id: str = ""
    follows: str = ""
    spoke_until: int = 0
    last_kind: Kind = "other"
    parts: list["Step"] = field(default_factory=list)  # that it was grouped of, itself first
    is_turn: bool = False  # told apart from others already

    @property
    def speaks(self) -> bool:
        return bool(self.questions or self.answers)

    @property
    def is_call_of_tool(self) -> bool:
        return self.kind in ("tool", "retriever")

    def take(self, other: "Step") -> None:
        """The other step is of this turn too."""
        self.parts = self.parts or [replace(self)]
        self.parts += other.parts or [other]
        self.tops += other.tops
        self.start_ns, self.end_ns = min(self.start_ns, other.start_ns), max(self.end_ns, other.end_ns)
        self.is_root = self.is_root and other.is_root
        self.user_id, self.convo_id = self.user_id or other.user_id, self.convo_id or other.convo_id
        self.last_kind = other.last_kind
        if other.is_call_of_tool or (other.is_aside and self.speaks):
            return
        if self.is_call_of_tool or (self.is_aside and other.speaks):  # the turn really begins with the other
            self.kind, self.is_aside = other.kind, other.is_aside
            self.questions, self.answers = [], []
        self.failed = other.failed
        self.questions = _bounded(self.questions + other.questions)
        self.answers = _bounded(self.answers + other.answers)
        self.with_model = self.with_model or other.with_model
        if other.speaks:
            self.spoke_until = max(self.spoke_until, other.spoke_until)

    @property
    def question(self) -> str:
        """The first words; but what stands inside them, and was said by itself too, is what a prompt was made of."""
        found = self.questions[0] if self.questions else ""
        for text in self.questions[1:]:
            if len(text) < len(found) and _contain(text, found):
                found = text
        return found

    @property
    def answer(self) -> str:
        having = best_answer(part for part in self.parts or [self] if not part.is_call_of_tool)
        return having[0][1] if having else ""


def _bounded(items: list[T]) -> list[T]:
    return items if len(items) <= MAX_TEXTS else items[:1] + items[1 - MAX_TEXTS :]


@dataclass(slots=True)
class Turn:
    """`members`: all its spans. `around`: ids of those that hold other turns too, and so tell nothing of its time. `question` and
    `answer`: in somebody's words, or empty."""

    question: str = ""
    answer: str = ""
    members: list[MappedSpan] = field(default_factory=list)
    around: set[str] = field(default_factory=set)


def turns_of(tree: Tree, spans: list[MappedSpan]) -> list[Turn]:
    """The turns of these spans of the tree, in the order of their start. Each span is in exactly one."""
    here = {span.span_id for span in spans}
    inside: dict[str, list[Step]] = {}  # of a span: the steps beneath it
    roots: list[Step] = []
    around: dict[str, MappedSpan] = {}  # a span that holds several turns -> the first one's first span
    for span in sorted(spans, key=lambda span: (-tree.depth[span.span_id], span.start_ns, span.span_id)):
        steps = _steps(tree, span, _in_order(inside.pop(span.span_id, ())))
        if len(steps) > 1:
            around[span.span_id] = steps[0].tops[0]
        parent = tree.parent(span)
        if parent and parent.span_id in here:
            inside.setdefault(parent.span_id, []).extend(steps)
        else:
            roots += steps
    grouped = _group(_in_order(roots), Place.LOOSE)
    owner = {top.span_id: place for place, step in enumerate(grouped) for top in step.tops}
    turns = [Turn(step.question, step.answer) for step in grouped]
    for span in tree.outermost_first(spans):
        parent = tree.parent(span)
        if span.span_id in around:
            place = owner[around[span.span_id].span_id]
            turns[place].around.add(span.span_id)
        elif span.span_id in owner:
            place = owner[span.span_id]
        else:
            place = owner[parent.span_id] if parent and parent.span_id in owner else 0
        if span.span_id not in around:
            owner[span.span_id] = place
        turns[place].members.append(span)
    return turns


def _in_order(steps: Iterable[Step]) -> list[Step]:
    return sorted(steps, key=lambda step: (step.start_ns, step.tops[0].span_id))


def _steps(tree: Tree, span: MappedSpan, inner: list[Step]) -> list[Step]:
    """The span as one step, or the turns that it holds."""
    question, answer = tree.question(span), tree.answer(span)
    own = span.kind in ("tool", "retriever", "llm") or bool(question) or span.span_id in tree.below_aside
    if not own and len(inner) > 1:
        grouped = _group(inner, place_of(span))
        if len(grouped) > 1:
            for step in grouped:
                step.user_id, step.convo_id = step.user_id or span.user_id, step.convo_id or span.convo_id
                step.is_root, step.is_turn = False, True
            return grouped
    step = Step(
        tops=[span],
        start_ns=span.start_ns,
        end_ns=span.end_ns,
        kind=span.kind,
        is_aside=span.span_id in tree.below_aside,
        is_root=not span.parent_span_id,
        with_model=span.kind in ("agent", "llm"),
        failed=span.status == "error",
        user_id=span.user_id,
        convo_id=span.convo_id,
        follows=span.follows,
        last_kind=span.kind,
    )
    for other in inner:
        step.user_id, step.convo_id = step.user_id or other.user_id, step.convo_id or other.convo_id
        if not (other.is_call_of_tool or other.is_aside):
            step.follows = step.follows or other.follows
            step.with_model = step.with_model or other.with_model
    speaking = [other for other in inner if other.speaks and not (other.is_call_of_tool or other.is_aside)]
    step.questions = [question] if question else [text for other in speaking for text in other.questions][:1]
    step.answers = best_answer(speaking)
    inner_later = span.kind == "llm" and step.answers and step.answers[0][0] > span.end_ns
    if answer and not inner_later:  # a call around calls may be any of them
        step.answers = [(span.end_ns, answer)]
    if not (question or answer) and span.kind == "other" and [other.kind for other in speaking] == ["llm"]:
        step.kind = "llm"  # a function around one call
    step.spoke_until = (
        step.end_ns
        if step.speaks and not span.unknown
        else max((other.spoke_until for other in speaking), default=step.end_ns)
    )
    return [step]


def best_answer(steps: Iterable[Step]) -> list[tuple[int, str]]:
    """The last answer: of steps with a model in them, else of any; what stands aside (a guardrail) only when nothing else speaks."""
    having = [step for step in steps if step.answers]
    if not having:
        return []
    last = max(
        having,
        key=lambda step: (not step.is_aside, step.with_model, step.answers[-1][0]),
    )
    return last.answers[-1:]


def place_of(span: MappedSpan) -> Place:
    """What kind of thing it is that holds steps and has no words of its own."""
    method = next((str(span.attributes[name]).upper() for name in METHOD if name in span.attributes), "")
    protocols = " ".join(str(span.attributes[name]).lower() for name in PROTOCOL if name in span.attributes)
    if "ws" in protocols.split() or "wss" in protocols.split() or "websocket" in protocols:
        return Place.SESSION
    if method in ("POST", "PUT", "PATCH", "DELETE") or REQUEST_NAME.match(span.name):
        return Place.REQUEST
    if span.kind == "agent":
        return Place.SESSION if AGENT_SESSION_NAME.search(span.name) else Place.RUN
    if SESSION_NAME.search(span.name):
        return Place.SESSION
    return Place.LOOSE


def _group(steps: list[Step], place: Place) -> list[Step]:
    """The steps as turns, in the order of their start. Steps without words go with the turn that was under way."""
    turns: list[Step] = []
    early: list[Step] = []  # before the first turn
    for step in steps:
        if not turns and not step.speaks and not (step.user_id or step.convo_id):
            early.append(step)
            continue
        turn = next((turn for turn in reversed(turns) if not _apart(turn, step, place)), None)
        if turn is None or _begins_turn(turn, step, place):
            turns.append(step)
        else:
            turn.take(step)
    if not turns and early:
        turns.append(early.pop(0))
    for step in early:
        turns[0].take(step)
    return turns


def _apart(turn: Step, step: Step, place: Place) -> bool:
    """Whether they are of other people, or other conversations."""
    differ = (turn.user_id and step.user_id and turn.user_id != step.user_id) or (
        turn.convo_id and step.convo_id and turn.convo_id != step.convo_id
    )
    if not differ or step.is_call_of_tool or turn.is_call_of_tool:
        return False
    if place in (Place.REQUEST, Place.RUN):  # two names of one user, a sub-agent's own thread
        return bool(turn.questions and step.questions) and not _repeats(step, turn)
    return True


def _begins_turn(turn: Step, step: Step, place: Place) -> bool:
    if turn.is_turn and step.is_turn:
        return True
    if (
        step.is_call_of_tool
        or step.is_aside
        or turn.is_aside
        or not step.questions
        or not turn.questions
        or place in (Place.REQUEST, Place.RUN)
    ):
        return False
    if not (turn.answers or turn.failed):
        return False
    pause = step.start_ns - turn.spoke_until
    interrupts = place is Place.SESSION and not step.answers and step.kind == "other"  # a voice, heard
    if pause < PAUSE_NS and not interrupts:
        return False
    if step.kind == "llm" and turn.last_kind in ("tool", "retriever"):
        return False  # it answers the tool
    if step.follows and step.follows in {words_digest(text) for text in turn.questions}:
        return True
    if _is_made_of(step, turn):
        return False
    again = place is Place.SESSION and pause >= REPEAT_NS
    if step.kind == "llm":
        return (place is Place.SESSION or (turn.is_root and step.is_root)) and not _share_run(step, turn)
    return again or not _repeats(step, turn)


# -- comparing words


def _contain(one: str, other: str) -> bool:
    """Whether they are the same, or one stands in the other."""
    one, other = plain_words(one), plain_words(other)
    short, long = sorted((one, other), key=len)
    return one == other or (len(short) >= MIN_CONTAINED and short in long)


def _repeats(step: Step, turn: Step) -> bool:
    return any(_contain(text, before) for text in step.questions for before in turn.questions)


def _is_made_of(step: Step, turn: Step) -> bool:
    return any(_contain(text, answer) for text in step.questions for _, answer in turn.answers)


def _share_run(step: Step, turn: Step) -> bool:
    """Whether their prompts hold the same few words in a row."""
    runs = {run for text in {*turn.questions[:1], *turn.questions[-1:]} for run in _runs(text)}
    return any(run in runs for text in step.questions for run in _runs(text)) or _repeats(step, turn)


def _runs(text: str) -> Iterable[tuple[str, ...]]:
    words = re.findall(r"\w+", plain_words(text))[:RUN_WORDS]
    return (tuple(words[at : at + RUN]) for at in range(len(words) - RUN + 1))
