from signals.admin import signals  # noqa: F401  (registers)
