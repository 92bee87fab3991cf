"""Sending one message: to a webhook by ourselves, signed; to all else through apprise."""

import contextlib
import hashlib
import hmac
import json
import logging
import threading
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit, urlunsplit

import urllib3
from apprise import Apprise, NotifyFormat, NotifyType
from django.conf import settings

from issues.alerts.channels import WEBHOOKS, is_webhook, plugin_of, scheme_of
from issues.alerts.guard import guarded

CONNECT_SECONDS = 5.0
READ_SECONDS = 10.0
SIGNATURE = "X-Raindrop-Signature"
# Of an e-mail: the message's id, as Idempotency-Key of a webhook. A mail server drops one that comes twice by it (RFC 7352, `duplicate :header`).
DELIVERY = "X-Raindrop-Delivery"
METHODS = frozenset({"POST", "PUT", "PATCH"})
ERROR_BYTES = 300  # of an answer that refuses
# A header that a URL may not set.
OURS = frozenset(
    {"host", "content-length", "transfer-encoding", "connection", "idempotency-key", SIGNATURE.lower()}
)


class NotSent(Exception):
    """The message did not get there. The text says why; it may hold secrets of the URL."""


def send_message(
    *,
    url: str,
    secret: str,
    delivery: str,
    thread: str,
    title: str,
    text: str,
    data: Mapping[str, Any],
    is_trusted: bool = False,
) -> None:
    """`delivery`: the message's id, by which a receiver knows one that comes twice. `thread`: the same for all messages of a rule about one
    subject. `data`: what a webhook gets. `is_trusted`: the operator named the server, which may have a private address. Raises NotSent. Takes up to half a minute, and touches no database."""
    with contextlib.nullcontext() if is_trusted else guarded():
        if is_webhook(url):
            body = json.dumps(data, separators=(",", ":"), default=str).encode()
            _post(url, body, secret=secret, delivery=delivery)
        else:
            _notify(url, title=title, text=text, thread=thread, delivery=delivery)


def sign(secret: str, body: bytes, *, at: int) -> str:
    """`t=SECONDS,v1=HEX`: HMAC-SHA256 over the seconds, a full stop and the body."""
    found = hmac.new(secret.encode(), f"{at}.".encode() + body, hashlib.sha256)
    return f"t={at},v1={found.hexdigest()}"


def _post(url: str, body: bytes, *, secret: str, delivery: str) -> None:
    """`+Name=value` in the URL's query is a header and `method=PUT` the method, as of apprise's json://, and `verify=no` trusts any
    certificate. In an http(s):// URL the query is the receiver's, whole."""
    parts = urlsplit(url)
    headers = {"Content-Type": "application/json", "User-Agent": "raindrop-alerts"}
    method, verify, query = "POST", True, parts.query
    if scheme_of(url) in {"json", "jsons"}:
        passed = {}
        for name, value in parse_qsl(parts.query.replace("+", "%2B"), keep_blank_values=True):
            if name.startswith("+") and name[1:].lower() not in OURS:
                headers[name[1:]] = value
            elif name.startswith("-"):
                passed[name[1:]] = value
            elif name == "method" and value.upper() in METHODS:
                method = value.upper()
            elif name == "verify":
                verify = value.lower() not in {"no", "0", "false", "off"}
        query = urlencode(passed)
    if parts.username is not None:
        user = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        headers |= urllib3.make_headers(basic_auth=user)
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname or ""
    address = urlunsplit(
        (
            WEBHOOKS[scheme_of(url)],
            f"{host}:{parts.port}" if parts.port else host,
            parts.path or "/",
            query,
            "",
        )
    )
    headers |= {"Idempotency-Key": delivery, SIGNATURE: sign(secret, body, at=int(time.time()))}
    try:
        with urllib3.PoolManager(cert_reqs="CERT_REQUIRED" if verify else "CERT_NONE") as pool:
            answer = pool.request(
                method, address, body=body, headers=headers, retries=False, redirect=False, preload_content=False,
                timeout=urllib3.Timeout(connect=CONNECT_SECONDS, read=READ_SECONDS),
            )  # fmt: skip
            reason = answer.read(ERROR_BYTES).decode(errors="replace") if answer.status >= 300 else ""
            answer.close()
    except (urllib3.exceptions.HTTPError, OSError, ValueError) as error:
        raise NotSent(_reason(error)) from error
    if answer.status >= 400:
        raise NotSent(f"The webhook answered {answer.status}: {reason}")
    if answer.status >= 300:
        raise NotSent(f"The webhook answered {answer.status}: it is somewhere else. Name that address.")


def _reason(error: BaseException) -> str:
    """Without the addresses of objects, which urllib3 puts before its messages."""
    text = str(error)
    return text.partition("object at ")[2].partition(": ")[2] or text or type(error).__name__


def _notify(url: str, *, title: str, text: str, thread: str, delivery: str) -> None:
    plugin: Any = plugin_of(url)
    if plugin is None:
        raise NotSent("apprise does not know this URL any more.")
    # We retry by ourselves, later; a URL's own times would hold the others up.
    plugin.retry = 0
    plugin.socket_connect_timeout, plugin.socket_read_timeout = CONNECT_SECONDS, READ_SECONDS
    if isinstance(getattr(plugin, "headers", None), dict) and plugin.schema in {"mailto", "mailtos"}:
        # One conversation in a mail program for all that a rule says of one subject.
        reference = f"<{thread}@raindrop>"
        plugin.headers |= {"References": reference, "In-Reply-To": reference, DELIVERY: delivery}
    with _Said() as log:
        try:
            service = Apprise()
            service.add(plugin)
            # Our text is plain: where the service wants HTML or Markdown, apprise escapes it.
            sent = service.notify(
                body=text, title=title, notify_type=NotifyType.WARNING, body_format=NotifyFormat.TEXT
            )
        except Exception as error:  # a plugin may raise anything
            raise NotSent(f"{type(error).__name__}: {error}") from error
    if not sent:
        raise NotSent(" ".join(log.lines) or "It was not sent, and apprise does not say why.")


class _Said(logging.Handler):
    """What apprise logs in this thread: nothing else says why a message was not sent. Nobody else gets it, since it may hold secrets
    (raindrop/settings.py, LOGGING)."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.lines: list[str] = []
        self.thread = threading.get_ident()

    def emit(self, record: logging.LogRecord) -> None:
        if record.thread == self.thread:
            self.lines.append(record.getMessage())

    def __enter__(self) -> "_Said":
        logging.getLogger("apprise").addHandler(self)
        return self

    def __exit__(self, *_: object) -> None:
        logging.getLogger("apprise").removeHandler(self)


def address_of(path: str) -> str:
    """Of a page, for a message: whole where the server knows its own address (RAINDROP_URL)."""
    return f"{settings.PUBLIC_URL}{path}" if path else ""
