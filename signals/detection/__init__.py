"""The pipeline's stage that finds signals, the search for abandoned conversations, and the same detection over old events and for a trial.

Uses every room of signals up to kinds.
"""
