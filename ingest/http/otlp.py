"""OTLP over HTTP: /v1/traces, /v1/logs, /v1/metrics and their aliases. Answers in the request's encoding, after the commit.

Exporters retry only 429, 502, 503 and 504 and drop what is answered otherwise, so a fault that passes is a 503.
"""

import logging
import re
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import quote

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt

from ingest.decoding.clocks import set_back_logs, set_back_spans
from ingest.health.counts import OTLP, count_receipt, count_refused
from ingest.health.receipts import Receipt
from ingest.http.body import read_body
from ingest.http.otlp_responses import failure, reasons, success
from ingest.http.wire import CORS, authorize, preflight, sender
from ingest.limits.quotas import check_limits, unavailable
from ingest.models import ApiKey, Project
from ingest.otlp.decoding.decode import decode_logs, decode_traces
from ingest.otlp.raw import BadOtlp
from ingest.tracing.traces import store_logs, store_traces
from raindrop.errors import ApiError, error_response
from raindrop.server.no_grpc import NO_GRPC, UNIMPLEMENTED

logger = logging.getLogger(__name__)

PATH = re.compile(r"/(?:v1/|otel/v1/|api/public/otel/v1/)?(traces|logs|metrics)/?")


@dataclass(slots=True)
class Export:
    """A request under way: what is known of it, for storing it and for counting it when it is refused."""

    headers: Mapping[str, str]
    reader: Callable[[], bytes]  # of the body, decompressed; raises ApiError
    is_json: bool
    key: ApiKey | None = None
    body: bytes = b""

    @property
    def project(self) -> Project:
        return self.sender.project

    @property
    def sender(self) -> ApiKey:
        assert self.key is not None  # authorized
        return self.key

    def read(self) -> bytes:
        self.body = self.reader()
        return self.body


Store = Callable[[Export], HttpResponse]


def _traces(export: Export) -> HttpResponse:
    """POST /v1/traces: an ExportTraceServiceRequest."""
    decoded = decode_traces(export.read(), is_json=export.is_json)
    set_back_spans(decoded.items, received_ns=time.time_ns())
    _check(export, len(decoded.items))
    receipt = store_traces(project=export.project, decoded=decoded)
    count_receipt(key=export.sender, receipt=receipt)
    return _stored(receipt, decoded.warnings, is_json=export.is_json)


def _logs(export: Export) -> HttpResponse:
    """POST /v1/logs: an ExportLogsServiceRequest. Of logs only GenAI events are kept."""
    decoded = decode_logs(export.read(), is_json=export.is_json)
    set_back_logs(decoded.items, received_ns=time.time_ns())
    _check(export, len(decoded.items))
    receipt = store_logs(project=export.project, decoded=decoded)
    count_receipt(key=export.sender, receipt=receipt)
    return _stored(receipt, decoded.warnings, is_json=export.is_json, logs=True)


def _metrics(export: Export) -> HttpResponse:
    """POST /v1/metrics: dropped. An SDK that knows one endpoint sends all three, and fills its log when one fails."""
    return success(is_json=export.is_json)


STORES: dict[str, Store] = {"traces": _traces, "logs": _logs, "metrics": _metrics}


def store_of(path: str) -> Store | None:
    """What answers a POST there; None when it is no path of OTLP's."""
    match = PATH.fullmatch(path)
    return STORES[match[1]] if match else None


def answer(store: Store, *, headers: Mapping[str, str], reader: Callable[[], bytes]) -> HttpResponse:
    """The answer to a POST: a write key is asked for, and every failure is a google.rpc.Status. `reader` gives the body,
    decompressed, or raises ApiError."""
    kind = headers.get("Content-Type", "").lower()
    export = Export(
        headers, reader, is_json="json" in kind
    )  # a charset or a vendor's subtype must not matter
    try:
        export.key = authorize(headers)
        if kind.startswith("application/grpc"):
            raise ApiError(415, NO_GRPC)
        if not export.is_json and "protobuf" not in kind:
            raise ApiError(415, "Send Content-Type application/x-protobuf or application/json.")
        response = store(export)
    except Exception as error:
        response = _refused(export, error)
    for header, value in CORS.items():
        response[header] = value
    return response


def view(store: Store) -> Callable[[HttpRequest], HttpResponse]:
    """Its Django view. (A POST comes here only where ingest/http/gateway.py does not stand before Django.)"""

    @csrf_exempt
    def wrapped(request: HttpRequest) -> HttpResponse:
        if request.method == "POST":
            return answer(store, headers=request.headers, reader=lambda: read_body(request))
        if request.method == "OPTIONS":
            return preflight(request.headers)
        response = failure(405, "Send this with POST.", is_json=True)
        for header, value in (CORS | {"Allow": "POST, OPTIONS"}).items():
            response[header] = value
        return response

    return wrapped


@csrf_exempt
def grpc(request: HttpRequest) -> HttpResponse:
    """The path that a gRPC exporter calls, forwarded by a proxy. (Without one it speaks HTTP/2: raindrop/server/grpc_refusal.py.) A gRPC client
    reads the headers, people the body."""
    response = error_response(415, NO_GRPC)
    response["grpc-status"], response["grpc-message"] = (
        str(UNIMPLEMENTED),
        quote(NO_GRPC, safe=" ,.;:=/()_-`'"),
    )
    return response


traces = view(_traces)
logs = view(_logs)
metrics = view(_metrics)


def _check(export: Export, items: int) -> None:
    """The limits. How many events the spans will make is not known yet, so that they pass while the quota has room for one."""
    if items:
        check_limits(key=export.sender, items=items, events=1)


def _stored(receipt: Receipt, warnings: Counter[str], *, is_json: bool, logs: bool = False) -> HttpResponse:
    text = "; ".join(filter(None, (reasons(receipt.rejected), reasons(warnings))))
    return success(is_json=is_json, rejected=receipt.rejected.total(), text=text, logs=logs)


def _refused(export: Export, error: Exception) -> HttpResponse:
    """The answer to a request that failed, which is counted."""
    if isinstance(error, ApiError):
        answer = error
    elif isinstance(error, BadOtlp):
        answer = ApiError(400, str(error))
    elif isinstance(error, OperationalError | InterfaceError):
        logger.warning("OTLP has no database: %s", error)
        answer = unavailable(error)
    else:
        logger.error("OTLP failed", exc_info=error)
        answer = ApiError(500, "The server failed on this request; its log has the reason.")
    if export.key is None and answer.status != 401:  # a key of the wrong kind, or a wrong project header
        export.key = sender(export.headers)
    count_refused(key=export.key, error=answer, body=export.body, scope=OTLP)
    response = failure(answer.status, answer.message, is_json=export.is_json, retry_after=answer.retry_after)
    if answer.status == 401:
        response["WWW-Authenticate"] = "Bearer"
    return response
