"""Tools: which calls failed, how often, with which messages, since which release, how long they take, and which names models confuse.

Uses models, detectors, matching, which calls failed (dimensions), and what discovery makes of messages.
"""
