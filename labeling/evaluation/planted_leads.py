"""The leads of a planted problem: as labeling/queue/leads.py reads them off its title and description, over a product's turns in memory."""

import datetime as dt
from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from issues.classifier.model import Floats, Sides
from labeling.queue.fusing import QUERY_WEIGHT, SIGNAL_WEIGHT
from labeling.queue.leads import most_of_lead, near_signals, parts_of, signal_cosines
from signals.detectors import DETECTORS, SIGNALS
from signals.evaluation.builtin.vectors import VectorStore, batch_of_turns
from signals.evaluation.grouping.planted import Planted
from signals.search.language.nodes import And, Comparison, Node, Not, Or, Phrase, Text
from signals.translating.rules import translate_by_rules
from signals.translating.service import nearness
from signals.translating.vocabulary import MOST, MOST_DIFFERENT, KnownSignal, Vocabulary

TODAY = dt.date(2026, 11, 30)  # that no title's time moves with the day of the run
Leads = list[tuple[float, list[int]]]  # the weight of each, and the turns that it finds, best first


class PlantedLeads:
    """What a product's project would hold: its signals' matches, and the names of its tools and properties."""

    def __init__(self, product: Planted, store: VectorStore) -> None:
        self.product, self.store = product, store
        self.signals = [one for one in SIGNALS if one.enabled]
        self.vectors = store.of([f"{one.name}. {one.description}" for one in self.signals])
        batch = batch_of_turns(list(product.turns), store)
        self.matches = {
            key: sorted(
                {match.index for match in detector.detect(batch) if match.score >= detector.threshold}
            )
            for one in self.signals
            if (key := one.key) and (detector := DETECTORS.get(key))
        }
        self.vocabulary = Vocabulary(
            values=_values_of(product),
            signals=[KnownSignal(one.key, one.name, one.description) for one in self.signals],
        )

    def of(self, title: str, definition: Floats, sides: Sides) -> Leads:
        likeness = np.maximum(sides.user @ definition, sides.agent @ definition)
        reading = translate_by_rules(title, self.vocabulary, today=TODAY, near=nearness)
        keys, others = parts_of(reading.query)
        cosines = signal_cosines(self.vectors, self.store.of([title])[0], definition)
        order = [one.key for one in self.signals if one.key in keys]
        order += [self.signals[place].key for place in near_signals(cosines)]
        found = [(SIGNAL_WEIGHT, self.matches.get(key, [])) for key in dict.fromkeys(order)]
        if others:
            holds = np.logical_and.reduce([self._holds(node) for node in others])
            found.append((QUERY_WEIGHT, np.flatnonzero(holds).tolist()))
        most = most_of_lead(len(likeness))
        return [(weight, _ranked(turns, likeness)) for weight, turns in found if turns and len(turns) <= most]

    def _holds(self, node: Node) -> NDArray[np.bool_]:
        """(turns,). Raises LookupError for a field that the titles at hand do not name."""
        if isinstance(node, Not):
            return ~self._holds(node.node)
        if isinstance(node, And | Or):
            join = np.logical_and if isinstance(node, And) else np.logical_or
            both: NDArray[np.bool_] = join.reduce([self._holds(part) for part in node.nodes])
            return both
        turns = self.product.turns
        if isinstance(node, Phrase):
            words = node.text.casefold()
            return np.array([words in f"{turn.input.raw}\n{turn.output.raw}".casefold() for turn in turns])
        if isinstance(node, Comparison) and not node.operator:
            values = {value.text for value in node.values if isinstance(value, Text)}
            if node.name in ("tool", "tool.failed"):
                failed = node.name == "tool.failed"
                return np.array(
                    [
                        any(
                            span.kind == "tool"
                            and span.name in values
                            and (span.status == "error" or not failed)
                            for span in turn.spans
                        )
                        for turn in turns
                    ]
                )
            if node.name.startswith("prop."):
                name = node.name.partition(".")[2]
                rows = self.product.rows
                return np.array(
                    [str(rows[place]["properties"].get(name)) in values for place in self.product.of_turn]
                )
        raise LookupError(f"The measurement does not know the condition {node}.")


def _ranked(turns: Sequence[int], likeness: Floats) -> list[int]:
    return sorted(turns, key=lambda turn: (-likeness[turn], turn))


def _values_of(product: Planted) -> dict[str, list[str]]:
    """As signals/translating/vocabulary.py reads them off a project's events."""
    counts: dict[str, Counter[str]] = {"tool": Counter()}
    for turn in product.turns:
        counts["tool"].update(span.name for span in turn.spans if span.kind == "tool")
    for row in product.rows:
        for name, value in row["properties"].items():
            counts.setdefault(f"prop.{name}", Counter())[str(value)] += 1
    return {
        name: [value for value, _ in values.most_common(MOST)]
        for name, values in counts.items()
        if name == "tool" or len(values) <= MOST_DIFFERENT
    }
