"""Clarifying questions, and the versions of a definition that their answers make: picking, asking, proposing, accepting and reverting.

Uses models, labels, teaching and queue.
"""
