"""An LLM that labels events of an issue, within the project's one budget: its labels are learned from, kept apart from people's, and checked
against them.

Uses models, labels, teaching and queue.
"""
