"""Whether an issue happens far more often than it used to: the limits (pure), and the watch that marks issues and ends it.

Uses models, states and actions; alerts hear of it by issues/states/doors.py.
"""
