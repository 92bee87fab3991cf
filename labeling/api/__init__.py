"""The management API of labels: which events to label next, and recording answers.

Uses every room of labeling up to refinement.
"""
