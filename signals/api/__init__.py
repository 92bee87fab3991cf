"""The management API of signals and of the whole taxonomy, under /api/.

Uses every room of signals up to search.
"""
