"""From stored events to batches that detectors read, and from what they find to stored matches with exact counts.

Uses models, detectors and vectors.
"""
