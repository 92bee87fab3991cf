"""Merging issues, taking one out again, and what that does to the matches of both.

Uses models, states, classifier and following.
"""
