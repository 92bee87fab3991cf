"""The kinds of signal that people make in the app: every module of this folder that has a `KIND`. A signal's `config` tells its kind."""

import pkgutil
from collections.abc import Sequence
from importlib import import_module
from typing import Any

from signals import kinds as folder
from signals.detectors.batch import Detector
from signals.kinds.base import Findings, SignalKind
from signals.kinds.form import KindForm
from signals.models import SignalDefinition
from signals.models.definitions import DetectorType, Kind, Reads


def _discover() -> list[SignalKind]:
    names = [module.name for module in pkgutil.iter_modules(folder.__path__)]
    modules = [import_module(f"{folder.__name__}.{name}") for name in names]
    return [module.KIND for module in modules if hasattr(module, "KIND")]


def by_name(kinds: Sequence[SignalKind]) -> dict[str, SignalKind]:
    """In the order of their places. Raises ImportError where two kinds claim one name, or one name of a config."""
    for names in ([kind.name for kind in kinds], [name for kind in kinds for name in kind.config_names]):
        if twice := {name for name in names if names.count(name) > 1}:
            raise ImportError(f"Two kinds of signal have the name {twice.pop()!r}.")
    return {kind.name: kind for kind in sorted(kinds, key=lambda kind: kind.place)}


KINDS = by_name(_discover())


def shapes() -> str:
    """A sentence with an example of each kind's config."""
    return f"Give one of {'; '.join(shape for kind in KINDS.values() for shape in kind.shapes)}."


def is_custom(signal: SignalDefinition) -> bool:
    """Made by a person, and read off the event by one of the kinds here."""
    made = {DetectorType.RULE, DetectorType.MODEL, DetectorType.LLM}
    return signal.kind == Kind.IMPLICIT and not signal.builtin and signal.detector in made


def kind_of_config(config: object) -> SignalKind | None:
    """None when the config is of no kind, or of two."""
    if not isinstance(config, dict):
        return None
    found = [kind for kind in KINDS.values() if kind.config_names & config.keys()]
    return found[0] if len(found) == 1 else None


def kind_of(signal: SignalDefinition) -> SignalKind | None:
    """None for a signal that nobody made here, and for one whose config is of no kind."""
    return kind_of_config(signal.config) if is_custom(signal) else None


def is_scored(signal: SignalDefinition) -> bool:
    """Whether its matches have scores, so that a threshold decides. Words, numbers, combinations and what the app sends have none."""
    if is_custom(signal):
        kind = kind_of(signal)
        return kind is not None and kind.is_scored
    return signal.kind == Kind.IMPLICIT and signal.detector != DetectorType.SDK


def asks_llm(signal: SignalDefinition) -> bool:
    """Whether the LLM is asked, and the config can be read."""
    kind = kind_of(signal)
    return kind is not None and kind.asks_llm and kind.wrong_with(signal.config) is None


def form_of(signal: SignalDefinition) -> type[KindForm] | None:
    """The form in which people change what the signal looks for. None for a signal that nobody made here, and for a config that
    holds more than the form has fields for."""
    kind = kind_of(signal)
    return kind.form if kind is not None and kind.fits_form(signal.config) else None


def needs_spans(signal: SignalDefinition) -> bool:
    """Whether its detector looks at spans and earlier turns, which cost two queries a batch."""
    if not is_custom(signal):
        return True
    kind = kind_of(signal)
    return kind is not None and kind.needs_spans


def detector_type(config: object) -> DetectorType:
    """The definition's `detector`, which follows from its config."""
    kind = kind_of_config(config)
    return DetectorType.RULE if kind is None else kind.detector_type


def usual_side(config: object, reads: str) -> str:
    """The definition's `reads`: what the person chose, or the whole conversation where the kind has no sides to choose from."""
    kind = kind_of_config(config)
    return reads if kind is None or kind.sides else Reads.CONVERSATION


def train(signal: SignalDefinition) -> bytes | None:
    """What the signal learns from its config, which was checked; None where its kind has nothing to learn."""
    kind = kind_of_config(signal.config)
    return None if kind is None else kind.train(signal)


def check(signal: SignalDefinition) -> dict[str, str]:
    """What is wrong with a custom signal's config and side, by field."""
    config: Any = signal.config
    kind = kind_of_config(config)
    if kind is None:
        return {"config": shapes()}
    if not _storable(config):
        return {"config": "It holds a NUL character or half of a surrogate pair."}
    errors: dict[str, str] = {}
    if wrong := kind.wrong_with(config) or kind.wrong_in_project(signal):
        errors["config"] = wrong
    if kind.sides and signal.reads not in kind.sides:
        errors["reads"] = f"{kind.name.capitalize()} signals read one of: {', '.join(kind.sides)}."
    return errors


def detector_of(signal: SignalDefinition, *, findings: Findings, quoting: bool = True) -> Detector | None:
    """What reads a custom signal off a batch (SignalKind.make_detector). None when its config or its side is wrong, and for a signal
    that nobody made here."""
    kind = kind_of(signal)
    if kind is None or kind.wrong_with(signal.config) is not None:
        return None
    if kind.sides and signal.reads not in kind.sides:
        return None
    return kind.make_detector(signal, findings=findings, quoting=quoting)


def _storable(config: object) -> bool:
    """PostgreSQL takes neither in JSON."""
    if isinstance(config, dict):
        return all(_storable(part) for pair in config.items() for part in pair)
    if isinstance(config, list):
        return all(_storable(part) for part in config)
    return not isinstance(config, str) or (
        "\x00" not in config and not any("\ud800" <= c <= "\udfff" for c in config)
    )
