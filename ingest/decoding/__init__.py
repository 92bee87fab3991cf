"""From the JSON of the write API to the values that the store takes: what the published SDKs send, read leniently. No database.

Uses incoming and otlp.
"""
