"""Which events to ask a person about next: choosing, the next few cards, and cards that are on somebody's screen.

Uses models and labels.
"""
