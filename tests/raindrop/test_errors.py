"""The one error shape, whatever goes wrong, on every API path."""

from typing import Any
from unittest import mock

import pytest
from django.test import Client


def error_of(response: Any) -> dict[str, Any]:
    body = response.json()
    assert set(body) == {"error"}
    assert {"code", "message"} <= set(body["error"]) <= {"code", "message", "details"}
    assert body["error"]["message"]
    error: dict[str, Any] = body["error"]
    return error


def auth(key: str) -> dict[str, str]:
    return {"authorization": f"Bearer {key}"}


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/v1/nothing-here", "/api/nothing-here", "/v1/", "/v1/signals/a/b/c"])
def test_404(client: Client, path: str) -> None:
    response = client.get(path)
    assert response.status_code == 404
    assert error_of(response)["code"] == "NOT_FOUND"


def test_404_of_a_thing(client: Client, query_key: str) -> None:
    for path in (
        "/v1/events/none",
        "/v1/events/a/b%00c",
        "/v1/users/%00",
        "/v1/signals/%00",
        "/v1/conversations/x",
    ):
        response = client.get(path, headers=auth(query_key))
        assert response.status_code == 404, path
        assert error_of(response)["code"] == "NOT_FOUND"


@pytest.mark.django_db
def test_401(client: Client) -> None:
    for path in ("/v1/events", "/api/issues/"):
        response = client.get(path)
        assert response.status_code == 401
        assert error_of(response)["code"] == "UNAUTHORIZED"
        assert client.get(path, headers=auth("rd_query_wrong")).status_code == 401


def test_405(client: Client, admin_key: str, write_key: str) -> None:
    for path in ("/v1/events", "/v1/users", "/v1/events/some-id"):
        response = client.post(path, {}, content_type="application/json", headers=auth(admin_key))
        assert response.status_code == 405
        assert error_of(response)["code"] == "METHOD_NOT_ALLOWED"
    response = client.get("/v1/events/track", headers=auth(write_key))
    assert response.status_code == 405
    assert error_of(response)["code"] == "METHOD_NOT_ALLOWED"


def test_403(client: Client, write_key: str, query_key: str) -> None:
    response = client.get("/v1/events", headers=auth(write_key))
    assert response.status_code == 403
    assert "query key" in error_of(response)["message"]
    response = client.get("/v1/events", headers=auth(query_key) | {"X-Raindrop-Project-Id": "umbrella"})
    assert response.status_code == 403
    assert error_of(response)["details"] == {"field": "X-Raindrop-Project-Id"}


def test_500(client: Client, query_key: str) -> None:
    """An error that nobody foresaw: no HTML, and nothing of its text."""
    client.raise_request_exception = False
    for target, path in (
        ("signals.read_api.events.matching_events", "/v1/events"),
        ("signals.read_api.people.user_item", "/v1/users"),
    ):
        from ingest.models import EndUser, Project
        from raindrop.ids import new_id

        EndUser.objects.get_or_create(
            project=Project.objects.get(slug="acme"), user_id="u", defaults={"id": new_id()}
        )
        with mock.patch(target, side_effect=RuntimeError("the secret reason")):
            response = client.get(path, headers=auth(query_key))
        assert response.status_code == 500
        assert error_of(response)["code"] == "INTERNAL_SERVER_ERROR"
        assert "secret" not in response.content.decode()
