"""The schema is valid, and says what there is."""

import io
from typing import Any

import pytest
import yaml
from django.core.management import call_command
from django.test import Client

READ_PATHS = [
    "/v1/events", "/v1/events/{event_id}", "/v1/events/search", "/v1/events/count", "/v1/events/timeseries",
    "/v1/events/facets", "/v1/signals", "/v1/signals/{signal_id}", "/v1/signal-groups", "/v1/signal-groups/{group_id}",
    "/v1/signal-groups/{group_id}/signals", "/v1/users", "/v1/users/{user_id}", "/v1/conversations",
    "/v1/conversations/{convo_id}", "/v1/traces",
]  # fmt: skip
WRITE_PATHS = ["/v1/events/track", "/v1/events/track_partial", "/v1/signals/track", "/v1/users/identify"]


@pytest.fixture(scope="module")
def schema() -> dict[str, Any]:
    """As `manage.py spectacular --validate --fail-on-warn` makes it; it raises on any warning."""
    out = io.StringIO()
    call_command("spectacular", "--validate", "--fail-on-warn", stdout=out)
    made: dict[str, Any] = yaml.safe_load(out.getvalue())
    return made


@pytest.mark.parametrize("path", READ_PATHS)
def test_the_read_path_is_described(schema: dict[str, Any], path: str) -> None:
    operation = schema["paths"][path]["get"]
    assert operation["responses"]["200"]["content"]["application/json"]["schema"]
    for status in ("400", "401", "403"):
        reference = operation["responses"][status]["content"]["application/json"]["schema"]["$ref"]
        assert reference == "#/components/schemas/WireError"
    assert {"key": []} in operation["security"]


@pytest.mark.parametrize("path", WRITE_PATHS)
def test_the_write_path_is_described(schema: dict[str, Any], path: str) -> None:
    operation = schema["paths"][path]["post"]
    assert operation["requestBody"]["content"]["application/json"]["schema"]
    assert {"200", "400", "401", "403", "413"} <= set(operation["responses"])


def test_filters_are_described(schema: dict[str, Any]) -> None:
    names = {parameter["name"] for parameter in schema["paths"]["/v1/events"]["get"]["parameters"]}
    assert {
        "limit",
        "cursor",
        "timestamp[gte]",
        "user_id",
        "user_id[contains]",
        "properties",
        "signal",
    } <= names


def test_keys_are_described(schema: dict[str, Any]) -> None:
    assert schema["components"]["securitySchemes"]["key"]["scheme"] == "bearer"


def test_every_reference_leads_somewhere(schema: dict[str, Any]) -> None:
    def references(node: Any) -> list[str]:
        if isinstance(node, list):
            return [found for item in node for found in references(item)]
        if isinstance(node, dict):
            own = [node["$ref"]] if isinstance(node.get("$ref"), str) else []
            return own + [found for item in node.values() for found in references(item)]
        return []

    found = set(references(schema))
    assert found
    for reference in found:
        assert reference.removeprefix("#/components/schemas/") in schema["components"]["schemas"]


@pytest.mark.django_db
def test_it_is_served(client: Client) -> None:
    assert client.get("/api/schema/").status_code == 200
    assert "swagger" in client.get("/api/docs/").content.decode().lower()
