"""Finding events: by filters, by words and by meaning.

Uses every room of signals up to learning.
"""
