"""The write path over HTTP: reading a body within bounds, the gateway in front of Django, the JSON endpoints, OTLP.

Uses every room of ingest up to tracing.
"""
