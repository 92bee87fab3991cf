"""The write path over HTTP (raindrop_wire.md, sections 1 to 5). The answer is sent after the commit: 200 means stored.

What an endpoint takes, and how it answers, is written here once, in ENDPOINTS. Two doors lead to it: the Django views below,
and the fast one in ingest/gateway.py, which stores many requests with one commit.
"""

import base64
import binascii
import logging
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec
from django.db import InterfaceError, OperationalError, transaction
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt

from ingest.authentication import check_project_header
from ingest.body import read_body
from ingest.decoding import decode_events, decode_partials, decode_signals, decode_users
from ingest.keys import cached_key, find_key
from ingest.merging import MergeTooLarge
from ingest.models import ApiKey, Project
from ingest.models.projects import SLUG, KeyKind
from ingest.store import store_events, store_signals, store_users
from raindrop.errors import ApiError, error_response

logger = logging.getLogger(__name__)

RETRY_AFTER_SECONDS = 5
# Any origin, without credentials: a browser sends its key in a header that the page itself sets.
CORS = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Expose-Headers": "Retry-After",
}
PREFLIGHT = {
    "Access-Control-Allow-Methods": "POST, OPTIONS",
    "Access-Control-Allow-Headers": "Authorization, Content-Type, Content-Encoding, X-API-Key, X-Raindrop-Project-Id, "
    "traceparent, tracestate",
    "Access-Control-Max-Age": "86400",
}


@dataclass(frozen=True)
class Endpoint:
    """`decode` turns a body into items (raises ApiError). `store` takes the items of several requests of one project and
    stores them in one transaction; it returns an answer for each request."""

    decode: Callable[[bytes], list[Any]]
    store: Callable[[Project, list[list[Any]]], list[bytes]]


def _store_events(project: Project, requests: list[list[Any]]) -> list[bytes]:
    ids = iter(store_events(project=project, events=[event for items in requests for event in items]))
    return [msgspec.json.encode({"events": [{"event_id": next(ids)} for _ in items]}) for items in requests]


def _store_signals(project: Project, requests: list[list[Any]]) -> list[bytes]:
    new = [store_signals(project=project, signals=items) for items in requests]
    return [
        msgspec.json.encode({"events": [], "signals": {"accepted": len(items), "new": n}})
        for items, n in zip(requests, new, strict=True)
    ]


def _store_users(project: Project, requests: list[list[Any]]) -> list[bytes]:
    stored = [store_users(project=project, users=items) for items in requests]
    return [msgspec.json.encode({"events": [], "users": {"accepted": n}}) for n in stored]


EVENTS = Endpoint(decode_events, _store_events)  # an array of events, or one
PARTIALS = Endpoint(
    decode_partials, _store_events
)  # a part of an event; final unless it says `is_pending: true`
SIGNALS = Endpoint(
    decode_signals, _store_signals
)  # what the app says about events; may come before its event
USERS = Endpoint(decode_users, _store_users)  # traits of end users
ENDPOINTS = {  # by path; /v1 stands before it or not
    "events/track": EVENTS,
    "events/track_partial": PARTIALS,
    "signals/track": SIGNALS,
    "users/identify": USERS,
}


def store(endpoint: Endpoint, project: Project, requests: list[list[Any]]) -> list[HttpResponse]:
    """Stores the items of several requests with one commit, and answers each. Raises what storing raises; nothing is
    stored then."""
    with transaction.atomic():
        bodies = endpoint.store(project, requests)
    return [HttpResponse(body, content_type="application/json") for body in bodies]


def view(endpoint: Endpoint) -> Callable[[HttpRequest], HttpResponse]:
    """The endpoint's Django view."""

    @csrf_exempt
    def answer(request: HttpRequest) -> HttpResponse:
        try:
            response = _answer(endpoint, request)
        except Exception as error:
            response = failure(error)
        for header, value in CORS.items():
            response[header] = value
        return response

    return answer


track = view(EVENTS)
track_partial = view(PARTIALS)
track_signals = view(SIGNALS)
identify = view(USERS)


def _answer(endpoint: Endpoint, request: HttpRequest) -> HttpResponse:
    if request.method == "OPTIONS":
        return HttpResponse(status=204, headers=PREFLIGHT)
    if request.method != "POST":
        response = error_response(405, "Send this with POST.")
        response["Allow"] = "POST, OPTIONS"
        return response
    key = authorize(request.headers)
    items = endpoint.decode(read_body(request))
    return store(endpoint, key.project, [items])[0]


def failure(error: Exception) -> HttpResponse:
    """The answer to a request that raised. Nothing of it was stored."""
    if isinstance(error, ApiError):
        response = error.response()
        if error.status == 401:
            response["WWW-Authenticate"] = "Bearer"
        return response
    if isinstance(error, MergeTooLarge):
        return error_response(413, f"{error} Nothing was stored.")
    if isinstance(error, OperationalError | InterfaceError):  # gone, starting, full, or out of connections
        logger.warning("The write path has no database: %s", error)
        return error_response(
            503,
            "The database cannot be reached. Nothing was stored: try again.",
            retry_after=RETRY_AFTER_SECONDS,
        )
    logger.error("The write path failed", exc_info=error)
    return error_response(500, "The server failed on this request; its log has the reason.")


def authorize(headers: Mapping[str, str], *, only_cached: bool = False) -> ApiKey:
    """The write key that the headers carry. Raises ApiError 401, 403, or 400 for a project header that is no slug, and
    with `only_cached` KeyError for a key that only the database could tell of."""
    secret = _secret(headers)
    if not secret:
        raise ApiError(401, "Send a write key as `Authorization: Bearer <key>`.")
    key = cached_key(secret) if only_cached else find_key(secret)
    if key is None:
        raise ApiError(401, "This key is not known here, or it was revoked.")
    if key.kind != KeyKind.WRITE:
        kind = (
            "A query key may only read"
            if key.kind == KeyKind.QUERY
            else "An admin key is for the management API"
        )
        raise ApiError(403, f"{kind}. Send events with a write key of the project.")
    slug = headers.get("X-Raindrop-Project-Id", "").strip()
    if slug and not re.match(SLUG, slug):
        raise ApiError(
            400,
            "The header X-Raindrop-Project-Id is not a project's slug: lower-case letters, digits and inner hyphens.",
            details=[{"field": "X-Raindrop-Project-Id"}],
        )
    check_project_header(headers, key.project)
    return key


def _secret(headers: Mapping[str, str]) -> str:
    """Bearer; also Basic with the key as the password, and X-API-Key, which is what some exporters can send."""
    scheme, _, value = headers.get("Authorization", "").strip().partition(" ")
    if scheme.lower() == "bearer":
        return value.strip()
    if scheme.lower() == "basic":
        try:
            user, _, password = base64.b64decode(value.strip(), validate=True).decode().partition(":")
        except (binascii.Error, ValueError):
            return ""
        return password or user
    return headers.get("X-API-Key", "").strip()
