"""The overview, the list of issues, and one issue.

Uses every room of issues up to classifier.
"""
