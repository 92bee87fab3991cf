"""The built-in detectors: one file each, the same small interface (signals/detectors/batch.py), listed here."""

from signals.detectors import (
    abuse,
    action_without_call,
    agent_repetition,
    contradiction,
    correction,
    distress,
    expensive,
    false_success,
    forgetting,
    hand_over,
    human_request,
    jailbreak,
    language_mismatch,
    laziness,
    lost_information,
    missing_capability,
    model_error,
    refusal,
    slow,
    task_failure,
    tool_failure,
    tool_patterns,
    unsafe_content,
    unsupported_value,
    user_frustration,
    user_repetition,
    win,
    wrong_arithmetic,
    wrong_date,
)
from signals.detectors.batch import Detector
from signals.detectors.learned import NEVER, learned
from signals.detectors.outright import OUTRIGHT
from signals.detectors.phrases import Side
from signals.detectors.steps import with_steps

# What the rules of each signal find by themselves.
RULES: dict[str, Detector] = {
    detector.key: detector
    for detector in (
        user_frustration.DETECTOR,
        correction.DETECTOR,
        user_repetition.DETECTOR,
        human_request.DETECTOR,
        abuse.DETECTOR,
        distress.DETECTOR,
        jailbreak.DETECTOR,
        win.DETECTOR,
        refusal.DETECTOR,
        task_failure.DETECTOR,
        laziness.DETECTOR,
        forgetting.DETECTOR,
        hand_over.DETECTOR,
        tool_failure.DETECTOR,
        tool_patterns.REPEATED_FAILURE,
        tool_patterns.LOOP,
        tool_patterns.EMPTY_RESULT,
        false_success.DETECTOR,
        lost_information.DETECTOR,
        missing_capability.DETECTOR,
        agent_repetition.DETECTOR,
        wrong_date.DETECTOR,
        wrong_arithmetic.DETECTOR,
        action_without_call.DETECTOR,
        unsupported_value.DETECTOR,
        contradiction.DETECTOR,
        unsafe_content.DETECTOR,
        language_mismatch.DETECTOR,
        slow.DETECTOR,
        expensive.DETECTOR,
        model_error.DETECTOR,
    )
}
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
# From which score on a rule's word stands whatever the model says. Chosen on the corpus's products and on the readings of task chats
# (fixtures/readings), each left out of the models: where precision holds and F1 gains on both, or loses less than .02 on one.
BELIEVED = {
    "abuse": OUTRIGHT,
    "agent_repetition": 0.5,
    "correction": 0.85,
    "distress": 0.5,
    "hand_over": 0.5,
    "human_request": 0.5,
    "missing_capability": 0.5,
    "refusal": 0.8,
    "task_failure": 0.9,
    "user_frustration": OUTRIGHT,
    "win": OUTRIGHT,
}
# What a sub-agent may do in its own words, read in its steps.
OF_STEPS = frozenset(["refusal", "task_failure", "missing_capability"])


def _detector(key: str, rule: Detector) -> Detector:
    detector = rule
    if key in LEARNED:
        detector = learned(rule, RULES, side=LEARNED[key], believed=BELIEVED.get(key, NEVER))
    return with_steps(detector, rule) if key in OF_STEPS else detector


DETECTORS: dict[str, Detector] = {key: _detector(key, rule) for key, rule in RULES.items()}
