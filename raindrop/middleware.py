"""What every answer of Django says to browsers and proxies."""

from collections.abc import Callable

from django.http import HttpRequest
from django.http.response import HttpResponseBase

Handler = Callable[[HttpRequest], HttpResponseBase]


def private(get_response: Handler) -> Handler:
    """Pages and answers hold a project's data: no proxy keeps them, and no browser after logging out. (Static files are answered
    before this, and say what holds for them.)"""

    def answer(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        response.headers.setdefault("Cache-Control", "private, no-store")
        return response

    return answer
