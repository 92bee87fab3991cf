"""The numbers of built-in signals that a project may set for itself: `SignalDefinition.config`, by the parameter's name.

What is not set has the detector's own value. slow_response: {"seconds": 120, "step_seconds": 45}.
"""

import math
from collections.abc import Mapping
from typing import Any

from signals.detectors import DETECTORS, abandonment
from signals.detectors.batch import Parameter
from signals.models import SignalDefinition


def parameters_of(signal: SignalDefinition) -> tuple[Parameter, ...]:
    """Empty for a signal that has none, or that is not built in."""
    if not signal.builtin:
        return ()
    if signal.key == abandonment.KEY:
        return abandonment.PARAMETERS
    detector = DETECTORS.get(signal.key)
    return () if detector is None else detector.parameters


def wrong_with_value(parameter: Parameter, value: object) -> str | None:
    """What is wrong with it, for the person who typed it."""
    between = f"from {parameter.low:,g} to {parameter.high:,.15g}"
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return f"A number {between}."
    if not parameter.low <= value <= parameter.high:
        return f"A number {between}."
    return f"A whole number {between}." if parameter.whole and value != int(value) else None


def check(signal: SignalDefinition) -> str | None:
    """What is wrong with a built-in signal's config."""
    known = {parameter.name: parameter for parameter in parameters_of(signal)}
    config: Any = signal.config
    if not isinstance(config, dict):
        return "An object such as {}."
    if unknown := sorted(map(str, config.keys() - known.keys())):
        return f"This signal has no parameter {unknown[0]!r}. It has: {', '.join(known) or 'none'}."
    for name, value in config.items():
        if wrong := wrong_with_value(known[name], value):
            return f"{name}: {wrong}"
    return None


def settings_of(signal: SignalDefinition) -> dict[str, float]:
    """What the project set, by name. A value that `check` would refuse (it was written past it) counts as not set."""
    config: Mapping[str, Any] = signal.config if isinstance(signal.config, dict) else {}
    return {
        parameter.name: config[parameter.name]
        for parameter in parameters_of(signal)
        if parameter.name in config and wrong_with_value(parameter, config[parameter.name]) is None
    }


def value_of(signal: SignalDefinition, parameter: Parameter) -> float:
    return settings_of(signal).get(parameter.name, parameter.default)
