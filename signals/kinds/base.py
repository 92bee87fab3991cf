"""What a kind of signal is. Each kind is a module beside this one: its form, its check, its detector, its words for people."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, ClassVar

from signals.detectors.batch import Batch, Detector, Finding
from signals.kinds.form import KindForm
from signals.kinds.small_model import Judgements
from signals.models import SignalDefinition
from signals.models.definitions import DetectorType, Reads

# Where another signal holds in a batch by its own detector, whether it is enabled or not.
Findings = Callable[[SignalDefinition, Batch], list[Finding]]
TEXT_SIDES = (Reads.USER, Reads.ASSISTANT, Reads.CONVERSATION)


class SignalKind(ABC):
    """A kind of signal that people make in the app. Its one instance is its module's `KIND` (signals/kinds/registry.py).

    A signal's `config` tells its kind: it holds one of the kind's `config_names`. The database, the management API and the
    taxonomy's file carry the config as it is, so that a kind describes all three by `shapes` and `wrong_with`.
    """

    name: ClassVar[str]  # in URLs, in forms and in the source of each match
    title: ClassVar[str]  # on its tab under “New signal”
    about: ClassVar[str]  # a sentence below its tab
    place: ClassVar[int]  # its tab stands before those of higher places
    config_names: ClassVar[frozenset[str]]
    # Examples of its config, as JSON: messages and the API's documentation show them.
    shapes: ClassVar[tuple[str, ...]]
    note: ClassVar[str] = ""  # a sentence that the API's documentation adds to them
    form: ClassVar[type[KindForm]]
    template: ClassVar[str] = "signals/kinds/_fields.html"  # the form's fields
    detector_type: ClassVar[DetectorType] = DetectorType.RULE
    sides: ClassVar[tuple[Reads, ...]] = ()  # what a person may let it read; empty: the whole event
    is_scored: ClassVar[bool] = False  # a threshold says something: its matches have scores between 0 and 1
    learns_from_labels: ClassVar[bool] = False  # `train` takes what people judged
    asks_llm: ClassVar[bool] = False
    needs_spans: ClassVar[bool] = (
        False  # its detector looks at spans and earlier turns, which cost two queries a batch
    )
    names_signals: ClassVar[bool] = False  # its config names other signals: an import makes those first

    @abstractmethod
    def wrong_with(self, config: dict[str, Any]) -> str | None:
        """What is wrong with a config of this kind, as a message for the person who wrote it; None when it is right."""

    def wrong_in_project(self, signal: SignalDefinition) -> str | None:
        """As `wrong_with`, for what only the project's other signals tell. It is asked when `wrong_with` finds nothing."""
        return None

    @abstractmethod
    def make_detector(
        self, signal: SignalDefinition, *, findings: Findings, quoting: bool = True
    ) -> Detector | None:
        """What reads the signal off a batch (signals.matching.batches.load_batch or load_texts); its config and side were checked.
        None when it has not been trained. `quoting`: whether it may embed sentences in order to choose its evidence."""

    @abstractmethod
    def describe(self, config: dict[str, Any]) -> str:
        """What it looks for, as lines to read."""

    def train(self, signal: SignalDefinition, *, judged: Judgements | None = None) -> bytes | None:
        """What it learns from its config (checked) and, where it `learns_from_labels`, from `judged`; None where there is nothing
        to learn."""
        return None

    def fits_form(self, config: dict[str, Any]) -> bool:
        """Whether its form can show this config: one that came by the API may hold more than the form has fields for."""
        return self.wrong_with(config) is None

    def wire_type(self, config: dict[str, Any]) -> str:
        """The `type` of a signal of `/v1/signals`."""
        return "code" if self.detector_type == DetectorType.RULE else "topic"
