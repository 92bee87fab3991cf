"""The read path, /v1/...: events, signals, people, counts, traces and search, as the published query client asks for them.

Uses every room of signals up to search.
"""
