"""An answer for those who send OTLP over gRPC to the HTTP port: it says what to set. gRPC itself is not spoken here.

A gRPC client begins with HTTP/2's preface, which uvicorn answers with a 400 of HTTP/1.1; of that a client reports no more than a lost
connection, and tries again for ever. UNIMPLEMENTED with a message is logged by the exporter, and not retried.
"""

import asyncio
from typing import Any
from urllib.parse import quote

import h2.config
import h2.connection
import h2.errors
import h2.events
import h2.exceptions

from raindrop.server.http_protocol import BoundedProtocol
from raindrop.server.no_grpc import NO_GRPC, UNIMPLEMENTED

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"  # RFC 9113, 3.4
SECONDS = 20.0  # that such a connection may last
MAX_BYTES = 1024 * 1024  # that are read of it; a window of 64 KiB a request, for gRPC's first few


class RefusesGrpc(BoundedProtocol):
    """uvicorn's protocol with bounds, which hands connections of HTTP/2 to GrpcRefusal."""

    _began = b""
    _is_http1 = False

    def data_received(self, data: bytes) -> None:
        if not self._is_http1:
            self._began += data
            if len(self._began) < len(PREFACE) and PREFACE.startswith(self._began):
                return  # the rest of the preface may come yet
            if self._began.startswith(PREFACE):
                self._hand_over(self._began)
                return
            self._is_http1, data, self._began = True, self._began, b""
        super().data_received(data)

    def _hand_over(self, data: bytes) -> None:
        self._unset_keepalive_if_required()
        self.cancel_deadline()
        self.connections.discard(self)
        refusal = GrpcRefusal()
        self.transport.set_protocol(refusal)
        refusal.connection_made(self.transport)
        refusal.data_received(data)


class GrpcRefusal(asyncio.Protocol):
    """One HTTP/2 connection: each request is answered with UNIMPLEMENTED as soon as its headers have come, its body thrown away."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport: Any = transport
        self.connection = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False))
        self.connection.initiate_connection()
        self.received = 0
        self.deadline = asyncio.get_running_loop().call_later(SECONDS, self._close)

    def connection_lost(self, exc: Exception | None) -> None:
        self.deadline.cancel()

    def data_received(self, data: bytes) -> None:
        self.received += len(data)
        try:
            if self.received > MAX_BYTES:
                self._close()
                return
            for event in self.connection.receive_data(data):
                if isinstance(event, h2.events.RequestReceived):
                    self._answer(event)
                elif isinstance(event, h2.events.ConnectionTerminated):
                    self._close()
                    return
        except h2.exceptions.ProtocolError:  # `receive_data` has prepared the GOAWAY that says so
            self._close()
            return
        self.transport.write(self.connection.data_to_send())

    def _answer(self, request: h2.events.RequestReceived) -> None:
        """Of gRPC: a response of trailers alone. Of anything else: 415 with a text."""
        stream, sent = request.stream_id, dict(request.headers)
        if sent.get(b"content-type", b"").startswith(b"application/grpc"):
            told = [
                (":status", "200"),
                ("content-type", "application/grpc"),
                ("grpc-status", str(UNIMPLEMENTED)),
                ("grpc-message", quote(NO_GRPC, safe=" ,.;:=/()")),
            ]
            self.connection.send_headers(stream, told, end_stream=True)
        else:
            text = b"HTTP/2 is not spoken here: use HTTP/1.1. " + NO_GRPC.encode()
            told = [(":status", "415"), ("content-type", "text/plain"), ("content-length", str(len(text)))]
            self.connection.send_headers(stream, told)
            self.connection.send_data(stream, text, end_stream=True)
        if request.stream_ended is None:  # its body is not waited for
            self.connection.reset_stream(stream, h2.errors.ErrorCodes.NO_ERROR)

    def _close(self) -> None:
        if not self.transport.is_closing():
            self.connection.close_connection()
            self.transport.write(self.connection.data_to_send())
            self.transport.close()
