"""What each instrumentation writes on a span, a dialect a file, read into the one mapped span.

Uses the plain values and readers of otlp.
"""
