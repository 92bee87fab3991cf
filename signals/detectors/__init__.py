"""The built-in detectors: one file each, the same small interface (signals/detectors/batch.py), listed here."""

from signals.detectors import (
    forgetting,
    laziness,
    refusal,
    task_failure,
    tool_failure,
    user_frustration,
    win,
)
from signals.detectors.batch import Detector

DETECTORS: dict[str, Detector] = {
    detector.key: detector
    for detector in (
        user_frustration.DETECTOR,
        refusal.DETECTOR,
        task_failure.DETECTOR,
        laziness.DETECTOR,
        forgetting.DETECTOR,
        win.DETECTOR,
        tool_failure.DETECTOR,
    )
}
