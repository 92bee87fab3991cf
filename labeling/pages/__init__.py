"""The review queue, right and wrong beside a match, and the lists of labels.

Uses every room of labeling up to refinement and teacher.
"""
