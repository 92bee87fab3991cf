"""Writing what came in: events, spans, people, explicit signals, the pipeline's queue; and the locks on events that every later writer takes.

Uses models, incoming, redaction, limits and counts.
"""
