"""The signals that are built in, what of them may be set, how far their precision was measured, and the history of every definition.

Uses models and detectors.
"""
