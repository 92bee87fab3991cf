"""The signals that every project starts with. Copied into its taxonomy, where they can be renamed, grouped and switched off."""

from signals.catalogue.known_names import KNOWN
from signals.detectors import DETECTORS, SIGNALS, abandonment

SENT, DIAGNOSTICS = "Sent by the app", "Self diagnostics"
EXPLICIT_GROUPS = {
    SENT: "Thumbs, copies, edits and whatever else the app sends.",
    DIAGNOSTICS: "What the agent reports about itself through the SDK.",
}
BUILT_IN_KEYS = frozenset(signal.key for signal in SIGNALS)
BY_KEY = {signal.key: signal for signal in SIGNALS}
# What this version of the server knows, from which its defaults are made.
SHIPPED = {known.key: known for known in KNOWN} | {signal.key: signal for signal in SIGNALS}


assert DETECTORS.keys() | {abandonment.KEY} == BUILT_IN_KEYS, (
    "each built-in signal has its detector (abandonment is found by time), and each detector its signal"
)
