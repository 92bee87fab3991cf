"""The management API of issues, and of all that is known of one event.

Uses every room of issues up to classifier.
"""
