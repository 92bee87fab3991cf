"""The spans of one trace as a tree. A repeated span counts once; log records are folded into the spans they hang on."""

from collections.abc import Iterable, Iterator

from ingest.otlp.dialects.semconv import EVALUATION, OPERATION_DETAILS, OUTPUT_EVENTS
from ingest.otlp.mapped import MappedSpan, Message


class Tree:
    """`spans` in the order of their start. Roots, and spans whose parent is not here, have depth 0."""

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
        self.below_aside: set[str] = set()  # those that are aside themselves with them
        for span in self.spans:
            self._place(span)

    def parent(self, span: MappedSpan) -> MappedSpan | None:
        """None for what has depth 0, a circle's first span with it."""
        return self.by_id.get(span.parent_span_id) if self.depth[span.span_id] else None

    def ancestors(self, span: MappedSpan) -> Iterator[MappedSpan]:
        """From the parent up; ends where a parent is missing, or in a circle."""
        seen = {span.span_id}
        while (parent := self.by_id.get(span.parent_span_id)) and parent.span_id not in seen:
            seen.add(parent.span_id)
            yield parent
            span = parent

    def _place(self, span: MappedSpan) -> None:
        """Depth, and what lies above; walks up only to what is placed already."""
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
            if member.aside or (base and base.span_id in self.below_aside):
                self.below_aside.add(member.span_id)
            base = member

    def outermost_first(self, spans: Iterable[MappedSpan]) -> list[MappedSpan]:
        return sorted(spans, key=lambda span: (self.depth[span.span_id], span.start_ns, span.span_id))

    def innermost(self, spans: list[MappedSpan]) -> list[MappedSpan]:
        """Those with none of the others beneath them."""
        around: set[str] = set()
        for span in spans:
            for ancestor in self.ancestors(span):
                if ancestor.span_id in around:
                    break
                around.add(ancestor.span_id)
        return [span for span in spans if span.span_id not in around]

    def input(self, span: MappedSpan) -> list[Message]:
        return span.input_messages or self._logged(span, outputs=False)

    def output(self, span: MappedSpan) -> list[Message]:
        return span.output_messages or self._logged(span, outputs=True)

    def question(self, span: MappedSpan) -> str:
        """The user's words that the span has; empty when it has none, or only a dump of JSON."""
        text, is_dump = last_text(self.input(span), "user")
        return "" if is_dump else text

    def answer(self, span: MappedSpan) -> str:
        """The agent's, likewise."""
        text, is_dump = last_text(self.output(span), "assistant")
        return "" if is_dump else text

    def _logged(self, span: MappedSpan, *, outputs: bool) -> list[Message]:
        logs = self.logs.get(span.span_id, [])
        details = [log for log in logs if log.log == OPERATION_DETAILS]
        chosen = details[:1] or [log for log in logs if (log.log in OUTPUT_EVENTS) == outputs]
        return [m for log in chosen for m in (log.output_messages if outputs else log.input_messages)]


def last_text(messages: list[Message], role: str) -> tuple[str, bool]:
    """(the last words of that role, whether they are only a dump of JSON)."""
    for message in reversed(messages):
        if message.role == role and message.says.strip():
            return message.says, message.dump
    return "", False
