"""The regions of pages that change: one request reads all of them that a person looks at, and renders nothing else of their pages.

A region is an element with an id and `data-live`. Its address is a fragment's URL, or a page's URL and `#` and the id: then the page's
template holds the region as a partial of that name (`{% partialdef NAME inline %}`) and its view answers by `render_page`.
static/live.js asks at a hint (raindrop/live.py), at most once in a while.
"""

import copy
import json
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse, QueryDict
from django.middleware.csrf import get_token
from django.shortcuts import render
from django.template import loader
from django.urls import Resolver404, resolve
from django.views.decorators.http import require_GET

from raindrop.errors import ApiError

Part = Callable[[], dict[str, Any]]

MOST = 20  # regions of one request; no page has half as many
RELOAD = 205  # of a page whose region has become another page: static/live.js loads it
UNDER = "/p/"  # pages of projects; their views check who may see them


def render_page(
    request: HttpRequest,
    template: str,
    context: dict[str, Any],
    *,
    parts: Mapping[str, Part] | None = None,
    rest: Part = dict,
    status: int = 200,
) -> HttpResponse:
    """The page; inside of `live`, a JsonResponse of the regions asked for, by their names.

    `parts`: what the region of a name needs beside `context`, and nothing else needs when it is read alone. `rest`: what only the whole
    page needs. Raises ApiError 400 for a region that the page does not have.
    """
    names: list[str] | None = getattr(request, "regions", None)
    parts = parts or {}
    if names is None:
        for part in (*parts.values(), rest):
            context = context | part()
        return render(request, template, context, status=status)
    return JsonResponse(
        {name: _partial(template, name).render(context | parts.get(name, dict)(), request) for name in names}
    )


def _partial(template: str, name: str) -> Any:
    try:
        return loader.get_template(f"{template}#{name}")
    except loader.TemplateDoesNotExist:
        raise ApiError(400, f"This page has no region {name[:100]!r}.") from None


@require_GET
def live(request: HttpRequest) -> HttpResponse:
    """`?region=ADDRESS`, up to MOST times: `{"regions": [{"html"} or {"status"}, ...]}`, in that order.

    A region that is gone, or that may no longer be seen, has the status 404 or 403; RELOAD says to load the page. Addresses of
    one page are read by one call of its view. Answers 401 without a login, and 400 to what is not a region's address.
    """
    try:
        return JsonResponse({"regions": _read(request)})
    except ApiError as error:
        return error.response()


def _read(request: HttpRequest) -> list[dict[str, Any]]:
    if not request.user.is_authenticated:
        raise ApiError(401, "Log in first.")
    addresses = request.GET.getlist("region")
    if not 1 <= len(addresses) <= MOST:
        raise ApiError(400, f"Ask for 1 to {MOST} regions.")
    get_token(request)  # forms in the regions carry it
    names: dict[str, list[str]] = {}  # of each page or fragment, by its URL: the regions; a fragment has none
    for address in addresses:
        url, _, name = address.partition("#")
        names.setdefault(url, []).extend([name] if name else [])
    answers = {url: _answer(request, url, parameters or None) for url, parameters in names.items()}
    return [_taken(answers, *address.partition("#")[::2]) for address in addresses]


def _taken(answers: dict[str, dict[str, Any] | int], url: str, name: str) -> dict[str, Any]:
    answer = answers[url]
    return {"status": answer} if isinstance(answer, int) else {"html": answer[name]}


def _answer(request: HttpRequest, url: str, names: list[str] | None) -> dict[str, Any] | int:
    """The HTML of the page's regions by their names, or of a fragment as the name ""; or the status of a view that gives none."""
    parts = urlsplit(url)
    if parts.scheme or parts.netloc or not parts.path.startswith(UNDER):
        raise ApiError(400, f"{url[:200]!r} is not the address of a region.")
    try:
        match = resolve(parts.path)
    except Resolver404:
        raise ApiError(400, f"{url[:200]!r} is not the address of a region.") from None
    inner: Any = copy.copy(request)  # it keeps the user and the session
    inner.path = inner.path_info = parts.path
    inner.GET = QueryDict(parts.query)
    inner.META = request.META | {"PATH_INFO": parts.path, "QUERY_STRING": parts.query}
    inner.resolver_match, inner.regions = match, names
    try:
        response = match.func(inner, *match.args, **match.kwargs)
    except Http404:
        return 404
    except PermissionDenied:
        return 403
    if response.status_code != 200:
        return int(response.status_code)
    if names is None:
        return {"": response.content.decode()}
    if not isinstance(response, JsonResponse):
        raise ApiError(400, f"{parts.path[:200]!r} has no regions.")
    found: dict[str, Any] = json.loads(response.content)
    return found
