"""Importing files: the formats of a line, reading a file so that a broken import goes on where it stopped, and counting what became of it.

Uses every room of ingest up to tracing.
"""
