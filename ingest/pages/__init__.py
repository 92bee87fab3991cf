"""Pages that are ingest's: accounts, settings, members, redaction, ingest health; the navigation of every page, and the WebSocket of live pages.

Uses every room of ingest up to tracing.
"""
