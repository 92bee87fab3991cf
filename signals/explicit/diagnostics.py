"""What agents report about themselves through the SDK: `selfDiagnose`, the self-diagnostics tool.

Each category is a signal of the taxonomy, in a group of its own, named by the category. The default categories of the SDKs are known
here; others appear with their own name and with the description that the app sent along.
"""

import re
from dataclasses import dataclass

from ingest.models import ExplicitSignal

TYPES = {"agent", "agent_internal"}
NAME = re.compile(r"\s*self[\s_-]*diagnos\w*\s*(?:[-–—:/]\s*(?P<category>.*))?", re.IGNORECASE | re.DOTALL)
KNOWN = {
    "missing_context": ("Missing context", "The agent reports that it lacked information, credentials or access that the task needed."),
    "repeatedly_broken_tool": ("Broken tool", "The agent reports that a tool failed again and again, and that it could not get around it."),
    "capability_gap": ("Capability gap", "The agent reports that no tool or skill of its own does what the user asked for."),
    "complete_task_failure": ("Complete task failure", "The agent reports that it could not do the task at all."),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """`name` and `description` for the taxonomy; `known`: one of the SDKs' default categories."""

    category: str
    name: str
    description: str
    known: bool


def is_diagnosis(signal: ExplicitSignal) -> bool:
    return signal.signal_type in TYPES


def key_name(signal: ExplicitSignal) -> str:
    """What the signal's key is made from: its name, and the category where the name leaves it out."""
    category = _sent(signal, "category")
    match = NAME.fullmatch(signal.name)
    if is_diagnosis(signal) and category and match is not None and not (match["category"] or "").strip():
        return f"self diagnostics - {category}"
    return signal.name


def diagnosis_of(signal: ExplicitSignal) -> Diagnosis:
    """The category as the app sent it, else what stands in the name after "self diagnostics"."""
    match = NAME.fullmatch(signal.name)
    category = (
        _sent(signal, "category") or ((match and match["category"]) or "").strip() or signal.name.strip()
    )
    slug = re.sub(r"[\W_]+", "_", category.lower()).strip("_")
    if slug in KNOWN:
        name, description = KNOWN[slug]
        return Diagnosis(slug, name, description, known=True)
    words = re.sub(r"[_\s-]+", " ", category).strip() or "Self diagnostics"
    return Diagnosis(category, words[:1].upper() + words[1:], _description(signal), known=False)


def _description(signal: ExplicitSignal) -> str:
    """Of the category: `selfDiagnose` puts the detail of the one case there."""
    described = _sent(signal, "signal_description")
    return "" if described == _sent(signal, "detail") else described


def _sent(signal: ExplicitSignal, name: str) -> str:
    properties = signal.properties if isinstance(signal.properties, dict) else {}
    value = properties.get(name)
    return value.strip()[:2000] if isinstance(value, str) else ""
