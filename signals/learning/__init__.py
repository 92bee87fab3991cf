"""Signals learn from what people say of their matches: feedback, thresholds, training, and how far a signal can be trusted.

Uses every room of signals up to detection.
"""
