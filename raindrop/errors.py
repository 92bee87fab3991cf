"""The one error shape of every API: {"error": {"code", "message", "details"?}}."""

import sys
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from rest_framework import exceptions
from rest_framework.response import Response

# The codes that the published SDKs know, by status.
CODES = {
    400: "BAD_REQUEST",
    401: "UNAUTHORIZED",
    403: "FORBIDDEN",
    404: "NOT_FOUND",
    405: "METHOD_NOT_ALLOWED",
    408: "REQUEST_TIMEOUT",
    409: "CONFLICT",
    413: "PAYLOAD_TOO_LARGE",
    415: "UNSUPPORTED_MEDIA_TYPE",
    429: "RATE_LIMITED",
    500: "INTERNAL_SERVER_ERROR",
    503: "UNAVAILABLE",
}


RETRY_AFTER = 5  # seconds, where nobody knows better


class ApiError(Exception):
    """An answer other than 2xx, with a message that tells the caller what to do."""

    def __init__(
        self,
        status: int,
        message: str,
        *,
        details: object = None,
        retry_after: int | None = None,
    ) -> None:
        super().__init__(message)
        self.status, self.message, self.details, self.retry_after = status, message, details, retry_after

    def response(self) -> HttpResponse:
        return error_response(self.status, self.message, details=self.details, retry_after=self.retry_after)


def body(status: int, message: str, details: object = None) -> dict[str, Any]:
    error: dict[str, Any] = {"code": CODES.get(status, "ERROR"), "message": message}
    if details:
        error["details"] = details
    return {"error": error}


def error_response(
    status: int, message: str, *, details: object = None, retry_after: int | None = None
) -> HttpResponse:
    response = JsonResponse(body(status, message, details), status=status)
    if retry_after is not None:
        response["Retry-After"] = str(retry_after)
    return response


def exception_handler(error: Exception, context: dict[str, Any]) -> Response | None:
    """DRF's handler: the same shape for all that its views raise."""
    if isinstance(error, ApiError):
        response = Response(body(error.status, error.message, error.details), status=error.status)
        if error.retry_after is not None:
            response["Retry-After"] = str(error.retry_after)
        return response
    if isinstance(error, Http404):
        error = exceptions.NotFound(str(error) or "There is no such thing here.")
    elif isinstance(error, PermissionDenied):
        error = exceptions.PermissionDenied()
    if not isinstance(error, exceptions.APIException):
        return None
    status = error.status_code
    if isinstance(error, exceptions.ValidationError):
        response = Response(body(400, "The request is not valid.", error.detail), status=400)
    else:
        response = Response(body(status, str(error.detail)), status=status)
    if (wait := getattr(error, "wait", None)) is not None:  # Throttled
        response["Retry-After"] = str(int(wait) + 1)
    return response


def wants_json(request: HttpRequest) -> bool:
    return request.path.startswith(
        ("/api/", "/v1/", "/events/", "/signals/", "/users/")
    ) and not request.path.startswith("/api/docs")


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    from django.shortcuts import render

    if wants_json(request):
        return error_response(404, f"There is nothing at {request.path}.")
    return render(request, "errors/404.html", status=404)


def refused(request: HttpRequest, error: ApiError) -> HttpResponse:
    """An ApiError as a page, or as JSON where a program asks."""
    from django.template.loader import render_to_string

    if wants_json(request):
        return error.response()
    page = HttpResponse(render_to_string("errors/refused.html", {"error": error}), status=error.status)
    if error.retry_after is not None:
        page["Retry-After"] = str(error.retry_after)
    return page


def server_error(request: HttpRequest) -> HttpResponse:
    """Django calls it while the error is being handled. A database that is gone, full, or out of connections is no failure of
    the request: 503, and when to come back."""
    from django.template.loader import render_to_string

    if isinstance(sys.exception(), OperationalError | InterfaceError):
        if wants_json(request):
            return error_response(
                503, "The database cannot take this request now: try again.", retry_after=RETRY_AFTER
            )
        page = render_to_string("errors/503.html")
        return HttpResponse(page, status=503, headers={"Retry-After": str(RETRY_AFTER)})
    if wants_json(request):
        return error_response(500, "The server failed on this request; its log has the reason.")
    return HttpResponse(
        render_to_string("errors/500.html"), status=500
    )  # no context: it would read the database
