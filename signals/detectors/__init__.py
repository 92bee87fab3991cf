"""The built-in detectors: one file each, the same small interface (signals/detectors/batch.py), listed here."""

from signals.detectors import (
    abuse,
    correction,
    forgetting,
    human_request,
    jailbreak,
    laziness,
    refusal,
    task_failure,
    tool_failure,
    tool_patterns,
    user_frustration,
    user_repetition,
    win,
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
    )
}
