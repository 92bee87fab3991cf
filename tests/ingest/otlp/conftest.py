"""The tests here call the views; the lead's URLs are tested elsewhere."""

from collections.abc import Callable
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import RequestFactory

Post = Callable[..., HttpResponse]


@pytest.fixture
def post(write_key: str) -> Post:
    """post(body, view=otlp_views.traces, kind="application/json", key=..., **headers) -> the answer."""
    from ingest.http import otlp as otlp_views

    def send(
        body: bytes,
        view: Any = otlp_views.traces,
        *,
        kind: str = "application/json",
        key: str | None = None,
        **headers: str,
    ) -> HttpResponse:
        headers.setdefault("Authorization", f"Bearer {write_key if key is None else key}")
        request = RequestFactory().post("/v1/traces", data=body, content_type=kind, headers=headers)
        request.META["CONTENT_TYPE"] = kind  # the factory leaves it out when the body is empty
        answer = view(request)
        assert isinstance(answer, HttpResponse)
        return answer

    return send
