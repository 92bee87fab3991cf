"""What became of an OTLP request, as a whole and by instrumentation scope."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from ingest.otlp.mapped import MappedSpan
from ingest.otlp.vocabulary import is_known


@dataclass(slots=True)
class ScopeReceipt:
    """Spans and log records of one instrumentation scope."""

    accepted: int = 0
    duplicates: int = 0  # were there already, exactly so; not among the accepted
    ignored: int = 0
    rejected: Counter[str] = field(default_factory=Counter)
    unmapped: Counter[str] = field(default_factory=Counter)  # names of attributes that no mapping knew


@dataclass(slots=True)
class Receipt:
    """What became of a request's spans or logs. `ignored`: noise, and requests that are not about GenAI."""

    accepted: int = 0  # with the duplicates
    ignored: int = 0
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


def note_kept(receipt: Receipt, spans: Iterable[MappedSpan], written: set[tuple[str, str]]) -> None:
    """Counts stored spans by their scope. `written`: the (trace id, span id) of those that were not there already."""
    for span in spans:
        scope = receipt.of(span.scope)
        if (span.trace_id, span.span_id) not in written:
            scope.duplicates += 1
            continue
        scope.accepted += 1
        if not span.unknown:
            scope.unmapped.update(name for name in span.attributes if not is_known(name))
