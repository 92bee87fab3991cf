"""What events have of each dimension (model, release, a property, a tool that failed...), and the one breakdown by them.

Uses models, detectors and search.
"""
