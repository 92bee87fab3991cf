"""The built-in detectors, a file each, with the same small interface (signals/detectors/batch.py).

Every module of this folder that has a `DETECTOR` (or `DETECTORS`) or a `SIGNAL` (or `SIGNALS`, signals/detectors/built_in.py) is found here.
"""

import pkgutil
from importlib import import_module
from types import ModuleType

from signals.detectors.batch import Detector, Side
from signals.detectors.built_in import GROUPS, BuiltIn
from signals.detectors.learned import NEVER, learned
from signals.detectors.outright import OUTRIGHT
from signals.detectors.steps import with_steps


def _detectors_of(module: ModuleType) -> list[Detector]:
    return [module.DETECTOR] if hasattr(module, "DETECTOR") else list(getattr(module, "DETECTORS", ()))


def _signals_of(module: ModuleType) -> list[BuiltIn]:
    return [module.SIGNAL] if hasattr(module, "SIGNAL") else list(getattr(module, "SIGNALS", ()))


_MODULES = [import_module(f"{__name__}.{one.name}") for one in pkgutil.iter_modules(__path__)]
# What the rules of each signal find by themselves.
RULES: dict[str, Detector] = {
    detector.key: detector for module in _MODULES for detector in _detectors_of(module)
}
# Group by group, those of other groups last.
_PLACES = {group: place for place, group in enumerate(GROUPS)}
SIGNALS: tuple[BuiltIn, ...] = tuple(
    sorted(
        (signal for module in _MODULES for signal in _signals_of(module)),
        key=lambda signal: _PLACES.get(signal.group, len(_PLACES)),
    )
)
# Signals that the turn model decides, and the side they are read from. Not `forgetting`: what the words of one turn say of it is
# worth less than the rule that looks for what was given (average precision .07 leave-one-product-out).
LEARNED: dict[str, Side] = {
    "user_frustration": "user",
    "correction": "user",
    "user_repetition": "user",
    "human_request": "user",
    "abuse": "user",
    "distress": "user",
    "win": "user",
    "refusal": "assistant",
    "task_failure": "assistant",
    "missing_capability": "assistant",
    "hand_over": "assistant",
    "laziness": "assistant",
    "agent_repetition": "assistant",
}
# A rule that scores this or more is believed, whatever the turn model says. Chosen on the corpus's products and on the readings of task chats
# (fixtures/readings), each left out of the models: where precision holds and F1 gains on both, or loses less than .02 on one.
BELIEVED = {
    "abuse": OUTRIGHT,
    "agent_repetition": 0.5,
    "correction": 0.75,
    "distress": 0.5,
    "hand_over": 0.5,
    "human_request": 0.5,
    "missing_capability": 0.5,
    "refusal": 0.8,
    "task_failure": 0.9,
    "user_frustration": OUTRIGHT,
    "user_repetition": OUTRIGHT,
    "win": OUTRIGHT,
}
# Of signals that are about a text as a whole: no longer than this (words) are 99 of 100 turns of the corpus and the readings on which they hold.
# Of a longer text the models know nothing (they took every second answer of a page for a repetition), and the rules decide.
WHOLE = {"agent_repetition": 105, "laziness": 125, "user_repetition": 36}
# The models know few agents of other languages: 15 of 100 plain replies in German, Spanish, French and Portuguese were a failure to them, by .50 to .86.
ELSEWHERE = {"task_failure": 0.75}
# What a sub-agent may do in its own words, read in its steps.
OF_STEPS = frozenset(["refusal", "task_failure", "missing_capability"])


def _detector(key: str, rule: Detector) -> Detector:
    detector = rule
    if key in LEARNED:
        detector = learned(
            rule,
            RULES,
            side=LEARNED[key],
            believed=BELIEVED.get(key, NEVER),
            longest=WHOLE.get(key),
            elsewhere=ELSEWHERE.get(key, 0.0),
        )
    return with_steps(detector, rule) if key in OF_STEPS else detector


DETECTORS: dict[str, Detector] = {key: _detector(key, rule) for key, rule in RULES.items()}
