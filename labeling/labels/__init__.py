"""Writing labels and reading what stands: of issues, of signals, and how far the teaching of an issue has come.

Uses models.
"""
