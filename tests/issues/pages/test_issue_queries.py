"""The list of issues, as a page and in the API, takes the query language; what it does not know it names."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from issues.actions import create_issue
from issues.models import Issue


@pytest.fixture
def issues(project: Any, other_project: Any, member: Any) -> None:
    for owner, title, description in (
        (project, "Refunds go wrong", "the order is lost"), (project, "Slow answers", "also of a refund"), (project, "Other: x", ""),
        (other_project, "Refunds of theirs", ""),
    ):  # fmt: skip
        create_issue(project=owner, title=title, description=description)
    Issue.objects.filter(project=project, number=1).update(priority="high", assignee=member)


QUERIES = [
    ("refund", [1, 2]),
    ("refund -slow", [1]),
    ("slow or other", [2, 3]),
    ('"order is"', [1]),
    ("/^Slow/", [2]),
    ("priority:high", [1]),
    ("-priority:high refund", [2]),
    ("assignee:alice", [1]),
    ("-assignee:alice", [2, 3]),
    ("title:Slow*", [2]),
    ("number:>1 number:<3", [2]),
    ("issue:2", [2]),
    ("state:open,muted", [1, 2, 3]),
    ("#2", [2]),
    ("ACME-3", [3]),
    ("", [1, 2, 3]),
]
WRONG = [
    ("owner:ann", "There is no field &#x27;owner&#x27; of issues", "There is no field 'owner' of issues"),
    ('a "b', "quote is not closed", "quote is not closed"),
    ("number:many", "number takes a number", "number takes a number"),
    ("state:>open", "state takes no &gt; here", "state takes no > here"),
    ("-24h", "Issues have no such condition", "Issues have no such condition"),
    ("/(/", "bracket is not closed", "bracket is not closed"),
]


@pytest.mark.parametrize(("query", "finds"), QUERIES)
def test_a_query_finds_issues(
    client: Client, member: Any, query_key: str, project: Any, issues: None, query: str, finds: list[int]
) -> None:
    answer = client.get("/api/issues/", {"q": query}, headers={"authorization": f"Bearer {query_key}"})
    assert sorted(issue["number"] for issue in answer.json()["results"]) == finds
    client.force_login(member)
    rows = client.get(reverse("issues", args=[project.slug]), {"q": query}).context["rows"]
    assert sorted(row.issue.number for row in rows) == finds


@pytest.mark.parametrize(("query", "on_page", "in_api"), WRONG)
def test_what_does_not_fit_is_said(
    client: Client,
    member: Any,
    query_key: str,
    project: Any,
    issues: None,
    query: str,
    on_page: str,
    in_api: str,
) -> None:
    answer = client.get("/api/issues/", {"q": query}, headers={"authorization": f"Bearer {query_key}"})
    error = answer.json()["error"]
    assert answer.status_code == 400 and in_api in error["message"] and error["details"]["field"] == "q"
    client.force_login(member)
    page = client.get(reverse("issues", args=[project.slug]), {"q": query})
    assert page.status_code == 400 and on_page in page.content.decode() and not page.context["rows"]


def test_a_parameter_that_is_no_filter_is_named(
    client: Client, member: Any, query_key: str, project: Any, issues: None
) -> None:
    answer = client.get("/api/issues/?stat=open", headers={"authorization": f"Bearer {query_key}"})
    assert answer.status_code == 400 and answer.json()["error"]["details"]["field"] == "stat"
    client.force_login(member)
    page = client.get(reverse("issues", args=[project.slug]), {"stat": "open"})
    assert page.status_code == 400 and "There is no filter &#x27;stat&#x27;" in page.content.decode()
    assert client.get(reverse("issues", args=[project.slug]), {"ticked": "1", "page": "1"}).status_code == 200
