"""OpenTelemetry: what other people's SDKs send, read into our own words.

`decode` reads the two encodings into plain spans and logs, `mapping` reads what a span means whatever dialect it speaks,
`assembly` makes events of a trace's spans. All three are pure; `ingest/tracing/traces.py` stores what they give.
"""
