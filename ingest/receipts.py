"""What became of an OTLP request, as a whole and by instrumentation scope."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from ingest.models import Project
from ingest.otlp import precedence
from ingest.otlp.mapped import MappedSpan
from ingest.samples import Redacted, redacted

# Among the attributes that are left over: what the mapping itself puts there, and what tells a span's kind.
KNOWN = frozenset({"gen_ai.response.id", "raindrop.earlier_messages", "exception.stacktrace"}) | frozenset(
    name for name, _ in (*precedence.KIND, *precedence.KIND_BY_PRESENCE)
)


@dataclass(slots=True)
class ScopeReceipt:
    """Spans and log records of one instrumentation scope."""

    accepted: int = 0
    duplicates: int = 0  # were there already, exactly so; not among the accepted
    ignored: int = 0
    no_text: int = 0  # among the accepted: LLM and agent spans without any message
    no_text_sample: Redacted | None = None
    rejected: Counter[str] = field(default_factory=Counter)
    unmapped: Counter[str] = field(default_factory=Counter)  # names of attributes that no mapping knew


@dataclass(slots=True)
class Receipt:
    """What became of a request's spans or logs. `ignored`: noise, and requests that are not about GenAI."""

    accepted: int = 0  # with the duplicates
    ignored: int = 0
    no_text: int = 0  # LLM and agent spans without any message
    rejected: Counter[str] = field(default_factory=Counter)  # also those of the scopes
    unknown_scopes: Counter[str] = field(default_factory=Counter)
    scopes: dict[str, ScopeReceipt] = field(default_factory=dict)

    def of(self, scope: str) -> ScopeReceipt:
        if scope not in self.scopes:
            self.scopes[scope] = ScopeReceipt()
        return self.scopes[scope]

    def reject(self, reason: str, scope: str) -> None:
        self.rejected[reason] += 1
        self.of(scope).rejected[reason] += 1


def note_kept(
    receipt: Receipt, spans: Iterable[MappedSpan], written: set[tuple[str, str]], project: Project
) -> None:
    """Counts stored spans by their scope. `written`: the (trace id, span id) of those that were not there already."""
    for span in spans:
        scope = receipt.of(span.scope)
        if (span.trace_id, span.span_id) not in written:
            scope.duplicates += 1
            continue
        scope.accepted += 1
        if not span.unknown and (unmapped := span.attributes.keys() - KNOWN):
            scope.unmapped.update(unmapped)
        if span.kind in {"llm", "agent"} and not span.input_messages and not span.output_messages:
            receipt.no_text += 1
            scope.no_text += 1
            scope.no_text_sample = scope.no_text_sample or _described(span, project)


def _described(span: MappedSpan, project: Project) -> Redacted:
    """A span without text: its name, and the names (not the values) of what it did carry."""
    names = ", ".join(sorted(span.attributes)) or "none"
    return redacted(
        f"Span {span.name!r} of kind {span.kind}. Attributes that no mapping knew: {names}", project=project
    )
