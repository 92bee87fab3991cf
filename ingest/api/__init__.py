"""What of the management API is ingest's: jobs, URLs, and the rates that the APIs of signals and issues answer with.

Uses every room of ingest below it.
"""
