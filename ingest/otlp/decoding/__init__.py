"""From a request's body, protobuf or JSON, to plain spans and logs. It raises nothing but BadOtlp.

Uses incoming, limits (a body's weight) and the plain values of otlp.
"""
