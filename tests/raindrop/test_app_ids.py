"""What an app named, in the addresses of the APIs: any text."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from django.urls.converters import PathConverter

from ingest.incoming.values import IncomingSpan


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["line\nend", "~aGk=", "a/b", "ends in\n"])
def test_any_text_is_found(client: Client, query_key: str, make_event: Any, name: str) -> None:
    span = IncomingSpan(name=name, kind="tool", status="error", error="full")
    make_event(event_id=name, user_id=name, convo_id=name, spans=[span])
    written, key = quote(name, safe=""), {"authorization": f"Bearer {query_key}"}
    for address in [
        f"/api/events/{written}/",
        f"/api/tools/{written}/errors/",
        f"/v1/events/{written}",
        f"/v1/users/{written}",
        f"/v1/conversations/{written}",
    ]:
        assert client.get(address, headers=key).status_code == 200, address


def patterns(resolver: URLResolver) -> Iterator[URLPattern]:
    for one in resolver.url_patterns:
        if isinstance(one, URLPattern):
            yield one
        elif one.app_name != "admin":
            yield from patterns(one)


def test_no_address_of_ours_refuses_line_ends() -> None:
    found = {str(one.pattern): one.pattern.converters for one in patterns(get_resolver())}
    assert any("<text:" in route for route in found)
    refusing = [
        route
        for route, converters in found.items()
        if any(isinstance(one, PathConverter) for one in converters.values())
    ]
    assert refusing == []
