"""What became of all that was sent: counts by key and scope, receipts of OTLP requests, samples of what was refused, hints.

Uses models, redaction, limits and otlp.
"""
