"""Only the redacted text is stored, whichever way it came in."""

import json
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from ingest.models import Event

SECRETS = ["4111 1111 1111 1111", "sk-ant-api03-" + "aB3dE5gH7jK9" * 4, "123-45-6789"]
TEXT = f"card {SECRETS[0]}, key {SECRETS[1]}, my ssn is {SECRETS[2]}"


def everything_stored() -> str:
    """Every row of every table of the ingest room, as text."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT tablename FROM pg_tables WHERE tablename LIKE 'ingest_%'")
        tables = [row[0] for row in cursor.fetchall()]
        rows = []
        for table in tables:
            cursor.execute(f"SELECT t::text FROM {table} t")
            rows += [row[0] for row in cursor.fetchall()]
    return "\n".join(rows)


@pytest.mark.parametrize("path", ["/v1/events/track", "/v1/events/track_partial"])
def test_no_secret_reaches_the_database(client: Client, write_key: str, path: str) -> None:
    def post(where: str, body: Any) -> None:
        response = client.post(where, json.dumps(body), content_type="application/json", headers={"Authorization": f"Bearer {write_key}"})  # fmt: skip
        assert response.status_code == 200, response.content

    event = {
        "event_id": "e1", "event": "chat", "user_id": "u1",
        "ai_data": {"input": TEXT, "output": TEXT, "convo_id": "c1"},
        "properties": {"note": TEXT, "password": "hunter2-hunter2", "deep": [{"x": TEXT}], "max_tokens": 4096},
        "attachments": [{"type": "text", "value": TEXT, "role": "input"}],
    }  # fmt: skip
    post(path, event)
    post("/v1/signals/track", {"event_id": "e1", "signal_name": "feedback", "properties": {"comment": TEXT}})
    post("/v1/users/identify", {"user_id": "u1", "traits": {"note": TEXT}})
    stored = everything_stored()
    for secret in [*SECRETS, "hunter2"]:
        assert secret not in stored
    assert "<REDACTED_CREDIT_CARD>" in Event.objects.get().input
    assert Event.objects.get().properties["max_tokens"] == 4096
