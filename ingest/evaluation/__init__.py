"""Measures redaction on public data (`manage.py evaluate redaction`).

Uses every room of ingest below it. Only management commands import it.
"""
