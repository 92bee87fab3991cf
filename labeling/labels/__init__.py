"""Writing labels and reading what stands, of any subject: an issue or a signal. And how far the teaching of an issue has come.

Uses models.
"""
