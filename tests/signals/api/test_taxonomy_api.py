"""/api/taxonomy/, and one change of many signals at /api/signals/."""

import json
from collections.abc import Callable
from typing import Any

import pytest
import yaml
from django.test import Client

from ingest.models import Job, Project, User
from ingest.models.projects import KeyKind
from ingest.projects.keys import create_key
from signals.catalogue.history import changes_of
from signals.catalogue.installing import install_builtin_signals
from signals.models import SignalDefinition
from signals.taxonomy.definitions import create_signal

FILE = """
version: 1
groups:
  - {name: Money, description: What it is about.}
signals:
  - {key: refund, kind: custom, name: Refund, group: Money, reads: user, config: {words: [refund]}}
  - {key: win, kind: builtin, enabled: false, muted: true}
"""
Call = Callable[..., Any]


@pytest.fixture
def api(project: Project) -> Call:
    install_builtin_signals(project)
    return caller(create_key(project=project, kind=KeyKind.ADMIN, name="long" * 30)[1])


def caller(key: str) -> Call:
    client = Client(headers={"Authorization": f"Bearer {key}"})

    def call(
        method: str, path: str, body: Any = None, *, kind: str = "application/yaml", **headers: str
    ) -> Any:
        data = body if isinstance(body, str | bytes | None) else json.dumps(body)
        return client.generic(method, path, data or "", content_type=kind, headers=headers)

    return call


def signal(key: str) -> SignalDefinition:
    return SignalDefinition.objects.select_related("group").get(project__slug="acme", key=key)


def test_out_and_in_again(api: Call, other_project: Project) -> None:
    assert api("PUT", "/api/taxonomy/", FILE).status_code == 200
    for accept in ("*/*", "application/yaml", "application/json"):
        answer = api("GET", "/api/taxonomy/", accept=accept)
        assert answer.status_code == 200 and answer["Content-Type"] == "application/yaml; charset=utf-8"
    text = answer.content.decode()
    assert {one["key"]: one for one in yaml.safe_load(text)["signals"]}["refund"]["config"] == {
        "words": ["refund"]
    }
    answer = api("PUT", "/api/taxonomy/", text)
    assert {one["what"] for one in answer.json()["results"]} == {"keep"}
    as_json = json.dumps(yaml.safe_load(text))
    assert api("PUT", "/api/taxonomy/", as_json, kind="application/json").status_code == 200
    assert not SignalDefinition.objects.filter(project=other_project).exists()


def test_what_it_does_and_who_did_it(api: Call, project: Project) -> None:
    would = api("PUT", "/api/taxonomy/?dry_run=true", FILE).json()
    assert not SignalDefinition.objects.filter(key="refund").exists() and signal("win").enabled
    done = api("PUT", "/api/taxonomy/", FILE).json()
    assert done == would and [one["what"] for one in done["results"]] == ["create", "change"]
    fields = {one["field"]: (one["before"], one["after"]) for one in done["results"][1]["fields_changed"]}
    assert set(fields) == {"enabled", "muted"}
    made = signal("refund")
    assert made.group and made.group.name == "Money" and not signal("win").enabled
    assert Job.objects.filter(kind="backfill", subject=made.pk).exists()
    assert changes_of(made)[0].via.startswith("API key") and changes_of(signal("win"))[0].via.startswith(
        "API key"
    )


@pytest.mark.parametrize(
    ("body", "status", "message"),
    [
        ("version: 1\nsignals:\n  - {key: nope, kind: builtin}\n", 400, "line"),
        ("a: &a [1]\nb: *a", 400, "problems"),
        ("", 400, "problems"),
        (b"\xff\xfe", 400, "UTF-8"),
        ("version: 1 # " + "x" * 500_000, 413, "larger"),
        ("version: 1\nsignals:\n  - {key: a, kind: custom, config: {pattern: '('}}\n", 400, "signal a"),
    ],
)
@pytest.mark.parametrize("accept", ["application/json", "application/yaml"])
def test_a_file_that_is_refused(api: Call, body: Any, status: int, message: str, accept: str) -> None:
    answer = api("PUT", "/api/taxonomy/", body, accept=accept)
    assert answer.status_code == status and message in answer.content.decode()
    assert yaml.safe_load(answer.content)["error"]["message"]  # JSON is YAML
    assert not SignalDefinition.objects.filter(builtin=False).exists()


def test_who_may(api: Call, query_key: str, write_key: str, viewer: User) -> None:
    change = {"signals": ["win"], "muted": True}
    reads, writes, looks = caller(query_key), caller(write_key), Client()
    assert reads("GET", "/api/taxonomy/").status_code == 200
    assert reads("PUT", "/api/taxonomy/", FILE).status_code == 403
    assert reads("PATCH", "/api/signals/", change, kind="application/json").status_code == 403
    assert writes("GET", "/api/taxonomy/").status_code == 403
    looks.force_login(viewer)
    assert looks.get("/api/taxonomy/").status_code == 200
    assert looks.put("/api/taxonomy/", FILE, content_type="application/yaml").status_code == 403
    assert Client().get("/api/taxonomy/").status_code == 401
    assert not signal("win").muted


def change(api: Call, **body: Any) -> Any:
    return api("PATCH", "/api/signals/", body, kind="application/json")


def test_many_at_once(api: Call, project: Project) -> None:
    answer = change(api, signals=["win", "refusal"], enabled=False, muted=True, group="Mine")
    assert answer.json() == {"changed": 2}
    for key in ("win", "refusal"):
        row = signal(key)
        assert not row.enabled and row.muted and row.group and row.group.name == "Mine"
        assert changes_of(row)[0].via.startswith("API key")
    assert change(api, signals=["win", "refusal"], muted=True).json() == {"changed": 0}
    assert change(api, signals=["win"], group=None, sentiment="neutral").json() == {"changed": 1}
    assert signal("win").group is None and signal("win").sentiment == "neutral"


def test_many_or_none(api: Call, other_project: Project) -> None:
    create_signal(project=other_project, name="Theirs", config={"words": ["x"]})
    answer = change(api, signals=["win", "theirs"], muted=True)
    assert answer.status_code == 400 and "theirs" in str(answer.json()["error"]["details"]["signals"])
    for wrong in ({"signals": ["win"]}, {"signals": [], "muted": True}, {"muted": True},
                  {"signals": ["win"], "name": "x"}, {"signals": ["win"], "sentiment": "sad"}):  # fmt: skip
        assert change(api, **wrong).status_code == 400
    assert not signal("win").muted and not SignalDefinition.objects.get(key="theirs").muted
