"""What a custom signal looks for, as a line to read."""

from typing import Any

from signals.kinds import custom
from signals.models import SignalDefinition
from signals.pages.forms.signal import expressions_of


def rule_text(signal: SignalDefinition) -> str:
    """Empty for a signal that nobody made here."""
    config: Any = signal.config
    kind = custom.kind_of(config) if custom.is_custom(signal) else None
    if kind == custom.WORDS:
        return expressions_of(config)
    if kind == custom.METRIC:
        return str(config["metric"])
    if kind == custom.SENTENCE:
        return "\n".join([config["sentence"], *(f"· {text}" for text in config.get("examples", []))])
    if kind == custom.QUESTION:
        return "\n".join([config["question"], *(f"· {text}" for text in config.get("examples", []))])
    if kind == custom.COMBINATION:
        return "\nand ".join(_condition(condition) for condition in config["all"])
    return ""


def _condition(condition: dict[str, Any]) -> str:
    if "signal" in condition:
        return f"not {condition['signal']}" if condition.get("not") else str(condition["signal"])
    if "property" in condition:
        return f"{condition['property']} = {condition['equals']}"
    return f"model = {condition['model']}" if "model" in condition else str(condition["metric"])
