"""On an issue's page, recall and intervals stand only where labels of events drawn at random stand behind them."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from django.test import Client
from django.urls import reverse

from ingest.models import Event, User
from issues.actions import create_issue
from issues.classifier.model import WIDTH, to_bytes
from issues.models import Classifier, Issue
from labeling.labels.labels import Why, record_label
from labeling.labels.progress import progress

MEASURED = {"precision": 0.8, "recall": 0.9, "low": 0.6, "high": 0.88, "labels": 40, "claimed": [16, 20]}
NOTHING = dict.fromkeys(
    ["audited_precision", "audited_low", "audited_high", "audited_recall", "recall_low", "recall_high"]
)


@pytest.fixture
def issue(project: Any, member: User) -> Issue:
    return create_issue(project=project, title="Flights", description="", user=member)


def page(member: User, issue: Issue) -> str:
    client = Client()
    client.force_login(member)
    html = client.get(reverse("issue-review", args=[issue.project.slug, issue.number])).content.decode()
    return " ".join(html.split())


def classified(issue: Issue, **quality: Any) -> None:
    Classifier.objects.create(
        issue=issue, version=9, kind="logistic", weights=to_bytes(np.zeros(WIDTH, np.float32)), threshold=0.5, definition_version=1, labels_count=40,
        positives_count=20, quality={**MEASURED, **quality},
    )  # fmt: skip


def test_without_a_random_audit_the_page_says_that_there_is_none(
    issue: Issue, member: User, make_event: Callable[..., Event]
) -> None:
    classified(issue, random_labels=2, **NOTHING)
    for reason, answer in (
        ("random", "match"),
        ("random", "not_match"),
        ("random", "unsure"),
        ("likely", "match"),
    ):
        record_label(subject=issue, event=make_event(), answer=answer, user=member, why=Why(reason))
    assert progress(issue).random_labels == 2
    html = page(member, issue)
    assert "is right in" in html and "16 of 20" in html and "60%–88%" in html
    assert "Precision on labels" not in html and "80%" not in html, "no headline"
    assert "No random audit yet: 2 of 10 cards" in html
    assert "90%" not in html, "the recall on labels"


def test_with_one_it_shows_what_that_says(issue: Issue, member: User) -> None:
    classified(
        issue, random_labels=30, audited_precision=0.71, audited_low=0.52, audited_high=0.83, audited_recall=0.64,
        recall_low=0.41, recall_high=0.77,
    )  # fmt: skip
    html = page(member, issue)
    assert all(f"{share}%" in html for share in (71, 64)) and "52%–83%" in html and "41%–77%" in html
    assert "No random audit" not in html and "80%" not in html


def test_old_classifiers_have_none(issue: Issue, member: User) -> None:
    classified(issue)
    assert "No random audit yet: 0 of 10" in page(member, issue)
