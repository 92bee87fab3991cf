"""The small model behind an issue: training, scoring new events, scoring old ones anew, and storing matches with exact counts.

Uses models and states.
"""
