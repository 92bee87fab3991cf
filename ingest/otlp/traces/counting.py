"""What of a trace's spans counts in the sums of their event, so that nothing counts twice: tokens, cost, tool calls, time. Pure."""

from collections.abc import Callable

from ingest.incoming.values import COST, TIME, TOKENS
from ingest.otlp.mapped import MappedSpan
from ingest.otlp.traces.tree import Tree

MAX_COMPARED = 16  # records alike that one is compared with, the latest
NEAR_NS = 100_000_000  # two records of one call begin and end so near to each other


class Tally:
    """`counts`: what of each span counts. `kinds`, `failed`: spans whose kind or status the others tell better than they do."""

    def __init__(self, tree: Tree) -> None:
        self.tree = tree
        self.kinds: dict[str, str] = {}
        self.failed: set[str] = set()
        self.tools: set[str] = set()
        repeated = _repeated_calls(tree)
        for span_id in repeated:
            self.kinds[span_id] = "other"
        self.tokens = self._tellers(_tells_tokens, repeated)
        self.cost = self._tellers(lambda span: span.cost is not None, repeated)
        self._find_tools()
        for span in tree.spans:
            if (
                span.kind == "llm"
                and span.tokens
                and span.span_id not in self.tokens
                and span.span_id not in repeated
            ):
                self.kinds[span.span_id] = "agent"  # a span around LLM calls

    def of(self, span: MappedSpan, *, with_time: bool) -> int:
        return TOKENS * (span.span_id in self.tokens) + COST * (span.span_id in self.cost) + TIME * with_time

    def _tellers(self, tells: Callable[[MappedSpan], bool], repeated: dict[str, str]) -> set[str]:
        """The innermost spans that tell: a root repeats its children's. Of a call that was recorded twice, the one that tells."""
        telling = [span for span in self.tree.spans if tells(span)]
        kept = {span.span_id for span in telling}
        once = [
            span for span in telling if span.span_id not in repeated or repeated[span.span_id] not in kept
        ]
        return {span.span_id for span in self.tree.innermost(once)}

    def _find_tools(self) -> None:
        """A tool call seen by two instrumentations is one: of two with one call id the one that failed counts, of a span right
        inside one of the same name the outer. What a message says of a call holds for its span."""
        failures = {
            result.id
            for span in self.tree.spans
            for message in self.tree.input(span)
            for result in message.tool_results
            if result.failed and result.id
        }
        by_call: dict[tuple[str, str], MappedSpan] = {}
        for span in self.tree.spans:
            if span.kind != "tool":
                continue
            parent = self.tree.by_id.get(span.parent_span_id)
            if parent and parent.kind == "tool" and parent.name == span.name:
                self.kinds[span.span_id] = "other"
                continue
            call = (span.tool_call_id, span.name)
            first = by_call.setdefault(call, span) if span.tool_call_id else span
            if first is not span:
                if span.status == "error":  # whichever tells of the failure, the call that counts has it
                    self._fail(first)
                self.kinds[span.span_id] = "other"
                continue
            self.tools.add(span.span_id)
            if span.tool_call_id in failures:
                self._fail(span)

    def _fail(self, span: MappedSpan) -> None:
        if span.status != "error":
            self.failed.add(span.span_id)


def _tells_tokens(span: MappedSpan) -> bool:
    """Not of an embedding, which is no prompt's."""
    return bool(span.tokens) and (span.kind in ("llm", "agent") or (span.kind == "other" and not span.aside))


def _repeated_calls(tree: Tree) -> dict[str, str]:
    """LLM calls that another span tells of too -> that other span: with one response id and at one time, or with the same
    words and tokens at the very same time."""
    repeated: dict[str, str] = {}
    by_response: dict[str, MappedSpan] = {}
    by_words: dict[tuple[object, ...], list[MappedSpan]] = {}
    for span in tree.spans:
        if span.kind != "llm":
            continue
        first = by_response.setdefault(span.response_id, span) if span.response_id else span
        if (
            first is not span and first.end_ns <= span.start_ns
        ):  # one after the other they are two calls: a stub gives all its answers one id
            first = by_response[span.response_id] = span
        if first is span and (answer := tree.answer(span)):
            told = (span.parent_span_id, answer[:2000], span.tokens.input, span.tokens.output)
            known = by_words.setdefault(told, [])
            first = next(
                (one for one in known[-MAX_COMPARED:] if _same_time(one, span) and _may_be_one(one, span)),
                span,
            )
            if first is span:
                known.append(span)
        if first is not span and not _is_above(tree, first, span):
            repeated[span.span_id] = first.span_id
    return repeated


def _same_time(one: MappedSpan, other: MappedSpan) -> bool:
    return (
        abs(one.start_ns - other.start_ns) <= NEAR_NS
        and abs(one.end_ns - other.end_ns) <= NEAR_NS
        and other.start_ns < one.end_ns
    )


def _may_be_one(one: MappedSpan, other: MappedSpan) -> bool:
    return not (one.response_id and other.response_id) or one.response_id == other.response_id


def _is_above(tree: Tree, one: MappedSpan, other: MappedSpan) -> bool:
    """Then the inner of the two counts, as everywhere."""
    return any(ancestor is one for ancestor in tree.ancestors(other)) or any(
        ancestor is other for ancestor in tree.ancestors(one)
    )
