"""The write path over HTTP, as the published SDKs speak it. The answer is sent after the commit: 200 means stored.

What an endpoint takes, and how it answers, is written here once, in ENDPOINTS. Two doors lead to it: the Django views below,
and the fast one in ingest/http/gateway.py, which stores many requests with one commit.
"""

import base64
import binascii
import logging
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import msgspec
from django.db import InterfaceError, OperationalError, transaction
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt

from ingest.decoding.json_bodies import (
    WireEvent,
    WireSignal,
    WireUser,
    decode_events,
    decode_partials,
    decode_signals,
    decode_users,
)
from ingest.decoding.unread import MAX_NAMED, fields_of, warning
from ingest.health.counts import WIRE, attributes, count, count_refused, count_stored
from ingest.http.body import read_body
from ingest.incoming.merging import MergeTooLarge
from ingest.limits.quotas import check_limits, unavailable
from ingest.models import ApiKey, Project
from ingest.models.health import Outcome
from ingest.models.projects import SLUG, KeyKind
from ingest.projects.authentication import authorization, check_project_header
from ingest.projects.keys import cached_key, find_key
from ingest.redaction import OnlyClear, Redactor
from ingest.store.events import report_stored, store_signals, store_users
from ingest.store.feedback import prepare_signals
from ingest.store.people import prepare_users
from ingest.store.preparing import prepare_events
from raindrop.errors import ApiError, error_response

logger = logging.getLogger(__name__)

# Any origin, without credentials: a browser sends its key in a header that the page itself sets.
CORS = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Expose-Headers": "Retry-After",
}
PREFLIGHT = {
    "Access-Control-Allow-Methods": "POST, OPTIONS",
    "Access-Control-Max-Age": "86400",
    "Vary": "Access-Control-Request-Headers",
}
# Named in every preflight; those of TRACING_HEADERS that a page asks for are added (see `preflight`).
ALLOWED_HEADERS = (
    "Authorization", "Content-Type", "Content-Encoding", "X-API-Key", "X-Raindrop-Project-Id", "traceparent", "tracestate", "baggage",
    "sentry-trace", "X-Langfuse-Sdk-Name", "X-Langfuse-Sdk-Version", "X-Langfuse-Sdk-Variant", "X-Langfuse-Sdk-Integration",
    "X-Langfuse-Public-Key", "X-Langfuse-Ingestion-Version",
)  # fmt: skip
# What tracing and observability libraries add to every request of a page.
TRACING_HEADERS = re.compile(
    r"(?:x-langfuse|x-raindrop|sentry|x-sentry|x-b3|x-datadog|x-ot|x-amzn-trace|x-cloud-trace|uber|uberctx|newrelic|request|b3|elastic-apm)"
    r"(?:-[a-z0-9-]{1,80})?",
    re.IGNORECASE,
)
MAX_ASKED = 50  # headers that one preflight may ask for


@dataclass(frozen=True)
class Endpoint:
    """`wire`: an item as it is sent. `decode` turns a body into items (raises ApiError). `prepare` redacts them, which may take seconds. `store` takes the prepared items
    of several requests of one project and stores them in one transaction; it returns what became of each request. `quota`: its items are new events, mostly. `grouped`: requests may share a commit; those that store request by
    request would take their locks in no one order."""

    wire: type[msgspec.Struct]
    decode: Callable[[bytes], list[Any]]
    prepare: Callable[[Project, Iterable[Any], Redactor | OnlyClear | None], list[Any]]
    store: Callable[[Project, list[list[Any]]], list["StoreAnswer"]]
    quota: bool = False
    grouped: bool = False

    def check(self, key: ApiKey, items: list[Any], *, only_cached: bool = False) -> None:
        """Raises ApiError 429, and KeyError as `check_limits` does."""
        events = len(items) if self.quota else 0
        check_limits(key=key, items=len(items), events=events, only_cached=only_cached)


@dataclass(frozen=True, slots=True)
class StoreAnswer:
    """The answer to one request, and what is counted of it."""

    body: bytes
    accepted: int
    duplicates: int = 0
    no_text: int = 0  # events with neither input nor output, that will get none


def _store_events(project: Project, requests: list[list[Any]]) -> list[StoreAnswer]:
    report = report_stored(
        project=project, events=[event for items in requests for event in items], prepared=True
    )
    found = iter(zip(report.event_ids, report.repeated, strict=True))
    stored = []
    for items in requests:
        ids, repeated = zip(*(next(found) for _ in items), strict=True)
        body = msgspec.json.encode({"events": [{"event_id": event_id} for event_id in ids]})
        empty = [
            event
            for event, again in zip(items, repeated, strict=True)
            if not (again or event.is_pending or event.input or event.output)
        ]
        duplicates = sum(repeated)
        stored.append(StoreAnswer(body, len(items) - duplicates, duplicates, len(empty)))
    return stored


def _store_parts(project: Project, requests: list[list[Any]]) -> list[StoreAnswer]:
    """As events; a part without text says nothing about its event's."""
    return [replace(stored, no_text=0) for stored in _store_events(project, requests)]


def _store_signals(project: Project, requests: list[list[Any]]) -> list[StoreAnswer]:
    new = [store_signals(project=project, signals=items, prepared=True) for items in requests]
    return [
        StoreAnswer(
            msgspec.json.encode({"events": [], "signals": {"accepted": len(items), "new": n}}),
            n,
            len(items) - n,
        )
        for items, n in zip(requests, new, strict=True)
    ]


def _store_users(project: Project, requests: list[list[Any]]) -> list[StoreAnswer]:
    stored = [store_users(project=project, users=items, prepared=True) for items in requests]
    return [StoreAnswer(msgspec.json.encode({"events": [], "users": {"accepted": n}}), n) for n in stored]


EVENTS = Endpoint(
    WireEvent, decode_events, prepare_events, _store_events, quota=True, grouped=True
)  # an array of events, or one
PARTIALS = Endpoint(
    WireEvent, decode_partials, prepare_events, _store_parts, quota=True, grouped=True
)  # a part of an event; final unless it says `is_pending: true`
SIGNALS = Endpoint(
    WireSignal, decode_signals, prepare_signals, _store_signals
)  # what the app says about events; may come before its event
USERS = Endpoint(WireUser, decode_users, prepare_users, _store_users)  # traits of end users
ENDPOINTS = {  # by path; /v1 stands before it or not
    "events/track": EVENTS,
    "events/track_partial": PARTIALS,
    "signals/track": SIGNALS,
    "users/identify": USERS,
}


def store(endpoint: Endpoint, requests: list[tuple[ApiKey, list[Any]]]) -> list[HttpResponse]:
    """Stores the prepared items of several requests of one project with one commit, counts them, and answers each. Raises what storing
    raises; nothing is stored then."""
    with transaction.atomic():
        stored = endpoint.store(requests[0][0].project, [items for _, items in requests])
    answers = []
    for (key, items), one in zip(requests, stored, strict=True):
        count_stored(key=key, accepted=one.accepted, duplicates=one.duplicates, no_text=one.no_text)
        unread = Counter(name for item in items for name in item.unread)
        body = _with_warnings(endpoint, key, one.body, unread) if unread else one.body
        answers.append(HttpResponse(body, content_type="application/json"))
    return answers


def _with_warnings(endpoint: Endpoint, key: ApiKey, body: bytes, unread: Counter[str]) -> bytes:
    """The answer that also names the fields that nobody reads; they are counted."""
    for name, n in attributes(unread.items()):
        count(
            project_id=key.project_id, key_id=key.id, scope=WIRE, outcome=Outcome.UNMAPPED, reason=name, n=n
        )
    known = fields_of(endpoint.wire)
    warnings = [warning(name, known) for name, _ in unread.most_common(MAX_NAMED)]
    return msgspec.json.encode({**msgspec.json.decode(body), "warnings": warnings})


def view(endpoint: Endpoint) -> Callable[[HttpRequest], HttpResponse]:
    """The endpoint's Django view."""

    @csrf_exempt
    def answer(request: HttpRequest) -> HttpResponse:
        response = _answer(endpoint, request)
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
        return preflight(request.headers)
    if request.method != "POST":
        response = error_response(405, "Send this with POST.")
        response["Allow"] = "POST, OPTIONS"
        return response
    body = b""
    try:
        key = authorize(request.headers)
        body = read_body(request)
        items = endpoint.decode(body)
        endpoint.check(key, items)
        return store(endpoint, [(key, endpoint.prepare(key.project, items, None))])[0]
    except Exception as error:
        return failure(error, key=sender(request.headers), body=body)


def preflight(headers: Mapping[str, str]) -> HttpResponse:
    """The answer to a browser's OPTIONS. Headers of tracing libraries are allowed: they come with every request of a page, none carries
    a right, and one that is refused would cost the request."""
    names = [name.strip() for name in headers.get("Access-Control-Request-Headers", "").split(",")][
        :MAX_ASKED
    ]
    known = {name.lower() for name in ALLOWED_HEADERS}
    more = [name for name in names if TRACING_HEADERS.fullmatch(name) and name.lower() not in known]
    allowed = ", ".join((*ALLOWED_HEADERS, *dict.fromkeys(more)))
    return HttpResponse(status=204, headers=CORS | PREFLIGHT | {"Access-Control-Allow-Headers": allowed})


def failure(error: Exception, *, key: ApiKey | None, body: bytes = b"") -> HttpResponse:
    """The answer to a request that raised, which is counted. Nothing of it was stored. `key`: None for one that is not known;
    `body`: for the sample on the page "Ingest health"."""
    if isinstance(error, ApiError):
        answer = error
    elif isinstance(error, MergeTooLarge):
        answer = ApiError(413, f"{error} Nothing was stored.")
    elif isinstance(error, OperationalError | InterfaceError):  # gone, starting, full, or out of connections
        logger.warning("The write path has no database: %s", error)
        answer = unavailable(error)
    else:
        logger.error("The write path failed", exc_info=error)
        answer = failed()
    count_refused(key=key, error=answer, body=body)
    response = answer.response()
    if answer.status == 401:
        response["WWW-Authenticate"] = "Bearer"
    return response


def failed() -> ApiError:
    return ApiError(500, "The server failed on this request; its log has the reason.")


def sender(headers: Mapping[str, str]) -> ApiKey | None:
    """The key of whatever kind that `authorize` has just looked at, to count a refusal under. Asks no database."""
    try:
        return cached_key(_secret(headers))
    except KeyError:
        return None


def authorize(headers: Mapping[str, str], *, only_cached: bool = False) -> ApiKey:
    """The write key that the headers carry. Raises ApiError 401, 403, or 400 for a project header that is no slug, and
    with `only_cached` KeyError for a key that only the database could tell of."""
    secret = _secret(headers)
    if not secret:
        raise ApiError(401, "Send a write key: `Authorization: Bearer <key>`.")
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
    scheme, value = authorization(headers)
    if scheme == "bearer":
        return value
    if scheme == "basic":
        try:
            user, _, password = base64.b64decode(value, validate=True).decode().partition(":")
        except (binascii.Error, ValueError):
            return ""
        return password or user
    return headers.get("X-API-Key", "").strip()
