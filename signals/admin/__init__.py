"""The admin of the taxonomy: signals, defaults, what people say of matches, export and import.

Uses every room of signals.
"""

from signals.admin import signals  # noqa: F401  (registers)
