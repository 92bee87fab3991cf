"""Every module of the folder is found, and each signal stands beside its detector."""

from importlib import import_module
from pathlib import Path

from signals import detectors
from signals.catalogue.audit_results import MEASURED
from signals.catalogue.builtins import BY_KEY
from signals.detectors import DETECTORS, RULES, SIGNALS, abandonment
from signals.detectors.built_in import GROUPS


def test_each_signal_stands_beside_its_detector() -> None:
    for path in sorted(Path(detectors.__path__[0]).glob("*.py")):
        module = import_module(f"signals.detectors.{path.stem}") if path.stem != "__init__" else None
        if module is None or module is abandonment:  # it is found by time, and has no detector
            continue
        signals = [module.SIGNAL] if hasattr(module, "SIGNAL") else list(getattr(module, "SIGNALS", ()))
        own = [module.DETECTOR] if hasattr(module, "DETECTOR") else list(getattr(module, "DETECTORS", ()))
        assert [signal.key for signal in signals] == [detector.key for detector in own], path.name
        assert all(RULES[detector.key] is detector for detector in own)


def test_the_catalogue_has_all_of_them_once() -> None:
    keys = [signal.key for signal in SIGNALS]
    assert len(keys) == len(set(keys)) == len(BY_KEY)
    assert set(keys) == DETECTORS.keys() | {abandonment.KEY}
    assert {signal.group for signal in SIGNALS} == GROUPS.keys()
    places = [list(GROUPS).index(signal.group) for signal in SIGNALS]
    assert places == sorted(places)


def test_what_is_counted_needs_no_reader() -> None:
    assert {"slow_response", "high_cost", "model_error"} == MEASURED
