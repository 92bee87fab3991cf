"""The queue's audit: cards drawn at random, asked without any hint, and how far they have come."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.counts.rollups import count_events
from ingest.jobs.runner import run_job
from ingest.models import Event, Job
from issues.actions import create_issue
from issues.classifier.audit import WIDTH_WANTED
from issues.models import Classifier, Issue
from labeling.labels.labels import Why, record_label
from labeling.labels.progress import wanted_for_share
from labeling.models import Label, Offer
from labeling.queue.lookahead import AHEAD
from labeling.queue.subject import subject_kind
from raindrop.statistics import wilson_of_share
from signals.catalogue.installing import install_builtin_signals
from signals.detection.backfill import request_backfill
from signals.models import SignalDefinition, SignalMatch
from signals.taxonomy.definitions import create_signal
from signals.vectors.embedding import embed
from tests.html import html_of

HTMX = {"HTTP_HX_REQUEST": "true"}
FRUSTRATION = "User frustration"


@pytest.fixture
def issue(project: Any, member: Any) -> Issue:
    return create_issue(project=project, title="The refund never came", description="", user=member)


@pytest.fixture
def events(project: Any, make_event: Callable[..., Event]) -> list[Event]:
    """Twelve, on each of which a built-in signal holds with its evidence."""
    install_builtin_signals(project)
    texts = [f"My refund {n} is lost, ridiculous" for n in range(6)]
    texts += [f"Is the hat in size {n}? This is ridiculous" for n in range(6)]
    made = [make_event(input=text, output="Let me see.", convo_id=f"c{n}") for n, text in enumerate(texts)]
    embed(made)
    count_events(made)
    signal = SignalDefinition.objects.get(project=project, key="user_frustration")
    for event in made:
        start = event.input.index("ridiculous")
        piece = {"side": "user", "start": start, "end": start + 10, "text": "ridiculous"}
        SignalMatch.objects.create(
            project=project, signal=signal, event=event, timestamp=event.timestamp, source="test",
            score=0.734, evidence=[piece],
        )  # fmt: skip
    return made


@pytest.fixture
def browser(client: Client, member: Any) -> Client:
    client.force_login(member)
    return client


@pytest.fixture(params=["issue", "built-in signal", "custom signal"])
def here(request: pytest.FixtureRequest, project: Any, events: list[Event], member: Any) -> str:
    """The address under which the subject's pages lie. The issue has a classifier, so that its cards have scores."""
    if request.param == "issue":
        made = request.getfixturevalue("issue")
        for event, choice in zip(events[::2], ["match"] * 3 + ["not_match"] * 3, strict=True):
            record_label(subject=made, event=event, answer=choice, user=member)
        run_job(Job.objects.create(project=project, kind="train", subject=made.pk).id)
        return f"/p/{project.slug}/issues/{made.number}/"
    if request.param == "built-in signal":
        return f"/p/{project.slug}/signals/user_frustration/"
    custom = create_signal(project=project, name="Refunds", config={"words": ["refund"]})
    run_job(request_backfill(custom).id)
    return f"/p/{project.slug}/signals/{custom.key}/"


def card_of(page: Any) -> str:
    return str(html_of(page)).partition('review-card">')[2].partition("<aside")[0]


def conversation_of(page: Any) -> str:
    """The card without its question, which names the signal that is asked about."""
    return card_of(page).partition('class="conversation')[2]


def answer(browser: Client, here: str, page: Any, choice: str, **extra: Any) -> Any:
    body = {"event": str(page.context["shown"].card.event.id), "answer": choice}
    return browser.post(f"{here}review/label/?for=audit", body, **extra)


def test_a_card_of_the_audit_gives_nothing_away(browser: Client, here: str) -> None:
    page = browser.get(f"{here}review/?for=audit")
    shown, text = page.context["shown"], card_of(page)
    assert shown.card.reason == "random" and shown.card.probability and shown.card.score is not None
    assert f"{shown.card.score:.2f}</span>" not in text
    assert 'class="evidence"' not in text and "read-from" not in text
    talk = conversation_of(page)
    assert FRUSTRATION not in talk and "ridiculous" in talk
    again = answer(browser, here, page, "match", **HTMX)
    assert again.status_code == 200 and again.context["shown"].card.reason == "random"
    label = Label.objects.get(event=shown.card.event)
    assert (label.reason, label.probability) == ("random", shown.card.probability)
    told = browser.get(f"{here}review/?for=audit&event={shown.card.event.id}")
    assert f">score {shown.card.score:.2f}</span>" in card_of(told), "once it is answered"
    assert FRUSTRATION in conversation_of(told)


def test_what_others_said_is_no_hint(browser: Client, issue: Issue, events: list[Event], viewer: Any) -> None:
    for event in events:  # nobody settles it: each waits for another word
        record_label(subject=issue, event=event, answer="unsure", user=viewer, why=Why("random", 0.4, 0.1))
    page = browser.get(f"/p/{issue.project.slug}/issues/{issue.number}/review/?for=audit")
    assert page.context["shown"].card.reason == "random" and "said:" not in card_of(page)


def test_the_switch_and_what_stays_in_the_audit(browser: Client, here: str) -> None:
    page = browser.get(f"{here}review/")
    assert f'href="{here}review/?for=audit"' in html_of(page) and page.context["audit"] is None
    page = browser.get(f"{here}review/?for=audit")
    text = html_of(page)
    assert (
        f'action="{here}review/label/?for=audit"' in text
        and f'data-live="{here}review/progress/?for=audit"' in text
    )
    first = page.context["shown"].card.event
    reply = answer(browser, here, page, "match")  # without JavaScript
    assert reply.status_code == 302 and reply["Location"] == f"{here}review/?for=audit"
    page = browser.get(reply["Location"])
    assert page.context["shown"].card.event != first
    reply = browser.post(f"{here}review/undo/?for=audit")
    assert reply["Location"] == f"{here}review/?for=audit&event={first.id}"
    page = browser.get(reply["Location"])
    assert page.context["shown"].is_blind and page.context["audit"] is not None
    assert browser.get(f"{here}review/progress/?for=audit").context["audit"].answered == 0
    assert browser.get(f"{here}review/?for=fun").status_code == 400


def test_teaching_and_audit_keep_their_own_cards(browser: Client, issue: Issue, events: list[Event]) -> None:
    at = f"/p/{issue.project.slug}/issues/{issue.number}/review/"
    taught = browser.get(at).context["shown"].card
    drawn = browser.get(f"{at}?for=audit").context["shown"].card
    assert (taught.reason, drawn.reason) == ("similar", "random")
    assert browser.get(at).context["shown"].card == taught
    assert browser.get(f"{at}?for=audit").context["shown"].card == drawn
    assert Offer.objects.filter(audit=False).count() == Offer.objects.filter(audit=True).count() == AHEAD
    assert {reason for reason, audit in Offer.objects.values_list("reason", "audit") if audit} == {"random"}


def test_the_audit_takes_what_teaching_has_when_nothing_else_is_left(
    browser: Client, issue: Issue, events: list[Event], member: Any
) -> None:
    at = f"/p/{issue.project.slug}/issues/{issue.number}/review/"
    for event in events[:8]:
        record_label(subject=issue, event=event, answer="not_match", user=member)
    browser.get(at)
    assert Offer.objects.filter(audit=False).count() == 4
    assert browser.get(f"{at}?for=audit").context["shown"].card.event in events[8:]


def test_how_far_the_audit_has_come(browser: Client, here: str) -> None:
    page = browser.get(f"{here}review/?for=audit")
    assert "Nothing is said before" in html_of(page)
    page = answer(browser, here, page, "match", **HTMX)
    page = answer(browser, here, page, "unsure", **HTMX)
    audit = page.context["audit"]
    assert audit.answered == 1, "an unsure answer measures nothing"
    assert audit.goal == max(1, audit.wanted or audit.least) and audit.more == audit.goal - 1


def test_all_drawn(browser: Client, issue: Issue, events: list[Event], member: Any) -> None:
    for event in events:
        record_label(subject=issue, event=event, answer="not_match", user=member)
    page = browser.get(f"/p/{issue.project.slug}/issues/{issue.number}/review/?for=audit")
    assert "Nothing left to draw" in html_of(page)


def test_the_quality_panel_leads_to_the_audit(browser: Client, issue: Issue, events: list[Event]) -> None:
    at = f"/p/{issue.project.slug}/issues/{issue.number}/"
    made = Classifier.objects.create(
        issue=issue, version=1, kind="logistic", weights=b"", threshold=0.5, definition_version=1, labels_count=12,
        positives_count=6,
        quality={
            "labels": 12, "random_labels": 12, "more_random_labels": 30, "precision": 0.8, "audited_precision": 0.8,
            "audited_low": 0.6, "audited_high": 0.9, "audited_recall": None,
        },
    )  # fmt: skip
    text = html_of(browser.get(f"{at}teaching/"))
    assert f'href="{at}review/?for=audit"' in text and "more audit cards" in text
    found = subject_kind("issue").find(issue.project, issue.number).audit()
    assert (found.wanted, [one.name for one in found.measured]) == (42, ["Precision"])
    made.quality["more_random_labels"] = None
    made.save()
    assert subject_kind("issue").find(issue.project, issue.number).audit().wanted is None


@settings(deadline=None)
@given(st.floats(0, 1))
def test_so_many_trials_and_not_one_fewer(share: float) -> None:
    trials = wanted_for_share(share)

    def width(number: int) -> float:
        low, high = wilson_of_share(share, number)
        return (high - low) / 2

    assert width(trials) <= WIDTH_WANTED and (trials == 1 or width(trials - 1) > WIDTH_WANTED)
    assert trials < 400
