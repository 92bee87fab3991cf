"""What every answer of Django says to browsers and proxies."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from raindrop.errors import ApiError, refused

Handler = Callable[[HttpRequest], HttpResponseBase]


def private(get_response: Handler) -> Handler:
    """Pages and answers hold a project's data: no proxy keeps them, and no browser after logging out. (Static files are answered
    before this, and say what holds for them.)"""

    def answer(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        response.headers.setdefault("Cache-Control", "private, no-store")
        return response

    return answer


class Refusals:
    """An ApiError that a page raises is its answer. (What DRF's views raise is answered by raindrop.errors.exception_handler.)"""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        return refused(request, exception) if isinstance(exception, ApiError) else None
