"""From the mapped spans of one trace to its events: the tree, the turns, what counts in their sums. No database.

Uses otlp, and its dialects.
"""
