"""The review queues of issues and of signals, and the lists of labels.

Uses every room of labeling up to teaching.
"""
