"""The write path, each with and without /v1: an SDK whose endpoint was given without it drops it."""

from django.urls import re_path

from ingest.http import otlp as otlp_views
from ingest.http import wire

urlpatterns = [
    re_path(r"^(?:v1/)?events/track/?$", wire.track, name="wire-track"),
    re_path(r"^(?:v1/)?events/track_partial/?$", wire.track_partial, name="wire-track-partial"),
    re_path(r"^(?:v1/)?signals/track/?$", wire.track_signals, name="wire-signals"),
    re_path(r"^(?:v1/)?users/identify/?$", wire.identify, name="wire-identify"),
    # OTLP, also where Langfuse's exporters send it. /v1/traces itself is composed in raindrop/urls.py: reading shares it.
    re_path(
        r"^(?:v1/(?=traces/$)|otel/v1/|api/public/otel/v1/)?traces/?$", otlp_views.traces, name="otlp-traces"
    ),
    re_path(r"^(?:v1/|otel/v1/|api/public/otel/v1/)?logs/?$", otlp_views.logs, name="otlp-logs"),
    re_path(r"^(?:v1/|otel/v1/|api/public/otel/v1/)?metrics/?$", otlp_views.metrics, name="otlp-metrics"),
    re_path(
        r"^opentelemetry\.proto\.collector\.\w+\.v1\.\w+Service/Export$", otlp_views.grpc, name="otlp-grpc"
    ),
]
