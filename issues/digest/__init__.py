"""The digest: what moved, what is new and what is still open in a day or a week, in plain words, as an alert rule sends it.

Uses models, states and alerts. It reads roll-ups, and one example of each thing that it names.
"""
