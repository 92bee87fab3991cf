"""The versions of a definition: its text with rules, its diffs, writing one and going back to one."""

from typing import Any

import pytest
from django.test import Client

from ingest.models import Job
from issues.actions import create_issue
from issues.classifier.definition_text import Heading, add_rule, difference, rules_of, what_counts
from issues.models import Classifier, Issue
from labeling.teaching import TRAIN
from tests.issues.people import Api


def test_a_rule_is_added_under_its_heading_and_nothing_else_changes() -> None:
    first = add_rule("Flights.", heading=Heading.COUNTS, rule="a seat\nby the window")
    assert first == "Flights.\n\nCounts:\n- a seat by the window"
    second = add_rule(first, heading=Heading.DOES_NOT, rule="hotels")
    third = add_rule(second, heading=Heading.COUNTS, rule="a delay")
    assert third == "Flights.\n\nCounts:\n- a seat by the window\n- a delay\n\nDoes not count:\n- hotels"
    assert add_rule(third, heading=Heading.COUNTS, rule="a delay") == third
    assert add_rule("", heading=Heading.DEPENDS, rule="x") == "It depends:\n- x"
    assert rules_of(third) == {
        Heading.COUNTS: ["a seat by the window", "a delay"],
        Heading.DOES_NOT: ["hotels"],
    }
    assert what_counts(third) == "Flights.\n\nCounts:\n- a seat by the window\n- a delay"
    assert difference(("T", second), ("T", third)).splitlines() == [
        " - a seat by the window",
        "+- a delay",
        " ",
    ]
    assert difference(("T", third), ("T", third)) == ""


@pytest.fixture
def issue(project: Any, member: Any) -> Issue:
    return create_issue(project=project, title="Flights", description="A flight.", user=member)


def test_versions_over_the_api(issue: Issue, client: Client, admin_key: str, query_key: str) -> None:
    api = Api(client, admin_key)
    path = f"/api/issues/{issue.number}/definitions/"
    made = api.post(path, {"description": "A flight.\n\nDoes not count:\n- hotels"})
    assert made.status_code == 201
    assert made.json() | {"created_at": ""} == {
        "version": 2, "title": "Flights", "description": "A flight.\n\nDoes not count:\n- hotels", "author": None, "created_at": "",
        "current": True, "diff": " A flight.\n+\n+Does not count:\n+- hotels", "classifier_version": None, "quality": None,
        "effect": None,
    }  # fmt: skip
    assert api.get(f"/api/issues/{issue.number}/").json()["description"] == made.json()["description"]
    listed = Api(client, query_key).get(path).json()
    assert [(one["version"], one["current"], one["author"]) for one in listed["results"]] == [
        (2, True, None),
        (1, False, "alice"),
    ]
    assert listed["results"][1]["diff"] is None and listed["next"] is None
    assert [one["diff"] is None for one in api.pages(path, limit=1)] == [False, True]
    back = api.post(path, {"revert_to": 1})
    assert back.status_code == 201
    assert (back.json()["version"], back.json()["description"]) == (3, "A flight.")
    assert [one["version"] for one in api.pages(path)] == [3, 2, 1]
    assert not Job.objects.filter(kind=TRAIN).exists()  # no classifier yet: nothing to train anew


def test_a_new_text_trains_anew(issue: Issue, client: Client, admin_key: str) -> None:
    Classifier.objects.create(
        issue=issue, version=4, weights=b"", threshold=0.5, definition_version=1, quality={"labels": 7, "precision": 0.5}
    )  # fmt: skip
    api = Api(client, admin_key)
    path = f"/api/issues/{issue.pk}/definitions/"
    assert api.post(path, {"title": "Flights"}).json()["version"] == 1  # the same text
    assert not Job.objects.filter(kind=TRAIN).exists()
    assert api.post(path, {"title": "Planes"}).json()["version"] == 2
    assert Job.objects.get(kind=TRAIN).subject == issue.pk
    [new, old] = api.get(path).json()["results"]
    assert (new["classifier_version"], old["classifier_version"]) == (None, 4)
    assert (old["quality"]["labels"], old["quality"]["labelled_precision"]) == (7, 0.5)


def test_bad_requests_are_refused(issue: Issue, client: Client, admin_key: str, query_key: str) -> None:
    api = Api(client, admin_key)
    path = f"/api/issues/{issue.number}/definitions/"
    for body in (
        {}, {"revert_to": 9}, {"revert_to": 0}, {"revert_to": "x"}, {"revert_to": 1, "title": "T"}, {"title": ""}, {"title": "x" * 201},
        {"titel": "T"}, {"description": None}, [], {"revert_to": 10**12},
    ):  # fmt: skip
        refused = api.post(path, body)
        assert refused.status_code == 400 and refused.json()["error"]["code"] == "BAD_REQUEST", body
    assert api.post(path, {"revert_to": 9}).json()["error"]["message"] == "The definition has no version 9."
    assert api.get("/api/issues/99/definitions/").status_code == 404
    assert Api(client, query_key).post(path, {"title": "T"}).status_code == 403
    assert issue.definitions.count() == 1
