"""What a gRPC exporter is told, over HTTP/2 (raindrop/server/grpc_refusal.py) and behind a proxy (ingest/http/otlp.py).

By itself, so that who only says it does not load uvicorn and h2 (0.25 s).
"""

NO_GRPC = (
    "OTLP over gRPC is not spoken here: use OTLP over HTTP. Set OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf (in a Collector: the "
    "otlphttp exporter instead of otlp) and OTEL_EXPORTER_OTLP_ENDPOINT to this server's http:// address."
)
UNIMPLEMENTED = 12  # https://grpc.github.io/grpc/core/md_doc_statuscodes.html
