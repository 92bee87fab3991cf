"""Issues whose matches a signal, a query or a cluster decides: what one follows, its stage, its history, and its measured precision.

Uses models, actions, states and classifier, whose writer of matches keeps the counts.
"""
