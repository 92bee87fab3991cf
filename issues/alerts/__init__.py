"""Alerts: rules, what triggers them (`registry`), the rows of what is to be said (`raising`), and their way out (`sending`, `channels`, `guard`).

Uses models, actions, states and following, and of signals search, tools and the LLM's budget.
"""
