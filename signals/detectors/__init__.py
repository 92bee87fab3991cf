"""The built-in detectors: one file each, the same small interface (signals/detectors/batch.py), listed here."""

from signals.detectors import (
    abuse,
    agent_repetition,
    correction,
    expensive,
    false_success,
    forgetting,
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
    user_frustration,
    user_repetition,
    win,
    wrong_date,
)
from signals.detectors.batch import Detector

DETECTORS: dict[str, Detector] = {
    detector.key: detector
    for detector in (
        user_frustration.DETECTOR,
        correction.DETECTOR,
        user_repetition.DETECTOR,
        human_request.DETECTOR,
        abuse.DETECTOR,
        jailbreak.DETECTOR,
        win.DETECTOR,
        refusal.DETECTOR,
        task_failure.DETECTOR,
        laziness.DETECTOR,
        forgetting.DETECTOR,
        tool_failure.DETECTOR,
        tool_patterns.REPEATED_FAILURE,
        tool_patterns.LOOP,
        tool_patterns.EMPTY_RESULT,
        false_success.DETECTOR,
        lost_information.DETECTOR,
        missing_capability.DETECTOR,
        agent_repetition.DETECTOR,
        wrong_date.DETECTOR,
        unsafe_content.DETECTOR,
        language_mismatch.DETECTOR,
        slow.DETECTOR,
        expensive.DETECTOR,
        model_error.DETECTOR,
    )
}
