"""Tools: which calls failed, how often, with which messages, and how long they take.

Uses models, detectors, matching and what discovery makes of messages.
"""
