"""The review queue in the browser, with htmx and without; matches and labels as lists."""

import json
import re
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from ingest.counts.rollups import count_events
from ingest.jobs.runner import run_job
from ingest.models import Event, Job, Membership, QueuedEvent
from ingest.store.events import IncomingSpan
from issues.actions import create_issue
from issues.models import Issue, IssueMatch
from labeling.labels.labels import Why, record_label, standing_labels
from labeling.models import ClarifyingQuestion, Label, Offer, Rationale
from labeling.queue import picking
from labeling.queue.asked_again import cards_of_issue
from labeling.queue.lookahead import AHEAD, SHOWN_AHEAD
from labeling.refinement.raising import raise_question
from signals.catalogue.installing import install_builtin_signals
from signals.models import SignalDefinition, SignalMatch
from signals.vectors.embedding import embed
from tests.html import html_of

HTMX = {"HTTP_HX_REQUEST": "true"}
ASKED = re.compile(r'<article class="turn asked".*?</article>', re.DOTALL)


@pytest.fixture
def issue(project: Any, member: Any) -> Issue:
    return create_issue(
        project=project, title="The refund never came", description="Counts: money is missing.", user=member
    )


@pytest.fixture
def events(make_event: Callable[..., Event]) -> list[Event]:
    """Six about refunds, six about hats, each a conversation of its own."""
    texts = [f"My refund number {n} did not arrive on my card" for n in range(6)]
    texts += [f"Do you sell the green hat in size {n}?" for n in range(6)]
    made = [
        make_event(input=text, output="Let me see.", convo_id=f"c{n}", user_id=f"u{n}")
        for n, text in enumerate(texts)
    ]
    embed(made)
    count_events(made)
    return made


@pytest.fixture
def in_as_member(client: Client, member: Any) -> Client:
    client.force_login(member)
    return client


def at(name: str, issue: Issue) -> str:
    return reverse(name, args=[issue.project.slug, issue.number])


def judge_at(issue: Issue, event_pk: uuid.UUID) -> str:
    return reverse("issue-judge", args=[issue.project.slug, issue.number, event_pk])


def card_of(page: Any) -> str:
    """The card's part of the page, without the list of last answers."""
    return str(html_of(page)).partition('review-card">')[2].partition("<aside")[0]


def answer(client: Client, issue: Issue, choice: str, page: Any, note: str = "", **extra: Any) -> Any:
    data = {"answer": choice, "event": str(page.context["shown"].card.event.id), "note": note}
    return client.post(at("issue-review-label", issue), data, **extra)


def test_the_queue_asks_in_the_issues_own_words(
    in_as_member: Client, issue: Issue, events: list[Event]
) -> None:
    page = in_as_member.get(at("issue-review", issue))
    text = html_of(page)
    assert "Is this: The refund never came?" in text and "Counts: money is missing." in text
    assert "refund" in page.context["shown"].card.event.input
    for keys in ("r y a", "w n x", "u", "z Backspace", "e"):
        assert f'data-key="{keys}"' in text
    assert "similar to the description" in text and "likeness 0." in text


def test_create_review_and_answer_with_htmx(
    in_as_member: Client, project: Any, member: Any, events: list[Event]
) -> None:
    made = in_as_member.post(
        reverse("issue-new", args=[project.slug]), {"title": "The refund never came", "description": ""}
    )
    issue = Issue.objects.get(project=project)
    page = in_as_member.get(made["Location"])
    shown = []
    for choice, note in (("match", "clear"), ("not_match", ""), ("unsure", "")):
        shown.append(page.context["shown"].card.event)
        page = answer(in_as_member, issue, choice, page, note, **HTMX)
        assert page.status_code == 200
        assert "<html" not in html_of(page) and 'id="review"' in html_of(page)
        assert page.context["shown"].card.event not in shown
    labels = {label.event: label for label in standing_labels(issue)}
    assert [labels[event].answer for event in shown] == ["match", "not_match", "unsure"]
    assert labels[shown[0]].note == "clear"
    assert {label.user for label in labels.values()} == {member}
    assert {label.source for label in labels.values()} == {"queue"}
    assert labels[shown[0]].reason in {"similar", "random"} and labels[shown[0]].score is not None
    assert Job.objects.filter(subject=issue.id, kind="train", state="queued").count() == 1


def test_the_same_without_javascript(in_as_member: Client, issue: Issue, events: list[Event]) -> None:
    page = in_as_member.get(at("issue-review", issue))
    first = page.context["shown"].card.event
    reply = answer(in_as_member, issue, "match", page)
    assert reply.status_code == 302 and reply["Location"] == at("issue-review", issue)
    page = in_as_member.get(reply["Location"])
    assert page.context["shown"].card.event != first
    assert [label.event_id for label in page.context["last"]] == [first.id]


@pytest.mark.parametrize("extra", [HTMX, {}])
def test_undo_takes_the_last_answer_back_and_shows_its_card(
    in_as_member: Client, issue: Issue, events: list[Event], extra: dict[str, str]
) -> None:
    page = in_as_member.get(at("issue-review", issue))
    first = page.context["shown"].card
    answer(in_as_member, issue, "match", page, **extra)
    page = in_as_member.post(at("issue-review-undo", issue), **extra, follow=True)
    assert page.context["shown"].card.event == first.event
    assert page.context["shown"].card.reason == first.reason
    assert not standing_labels(issue).exists()
    assert Label.objects.filter(subject_id=issue.pk).count() == 2  # the answer, and that it is taken back
    page = in_as_member.get(at("issue-review", issue))
    assert page.context["shown"].card.event == first.event, "reloading asks it again"
    assert page.context["shown"].card.reason == first.reason


def test_undo_with_nothing_to_undo_says_so(in_as_member: Client, issue: Issue, events: list[Event]) -> None:
    page = in_as_member.post(at("issue-review-undo", issue), **HTMX)
    assert "There is nothing to undo" in html_of(page)
    assert page.context["shown"]


def test_undo_leaves_other_peoples_answers(
    in_as_member: Client, issue: Issue, events: list[Event], stranger: Any
) -> None:
    record_label(subject=issue, event=events[0], answer="match", user=stranger)
    in_as_member.post(at("issue-review-undo", issue), **HTMX)
    assert standing_labels(issue).count() == 1


def test_an_answer_can_be_changed_from_the_side_list(
    in_as_member: Client, issue: Issue, events: list[Event], member: Any
) -> None:
    record_label(
        subject=issue, event=events[7], answer="match", user=member, why=Why("random", 0.4), note="hm"
    )
    page = in_as_member.get(at("issue-review", issue), {"event": str(events[7].id)})
    shown = page.context["shown"]
    assert (shown.card.event, shown.card.reason, shown.mine.answer) == (events[7], "random", "match")
    assert 'value="hm"' in html_of(page)
    answer(in_as_member, issue, "not_match", page)
    [label] = standing_labels(issue)
    assert (label.answer, label.reason, label.score) == ("not_match", "random", 0.4)


def test_a_random_card_hides_its_score_until_it_is_answered(
    in_as_member: Client, issue: Issue, events: list[Event], member: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(picking.RANDOM_CARDS, "person", (6, 4))  # else from 20 labels on
    for event, choice in zip(events[::2], ["match"] * 3 + ["not_match"] * 3, strict=True):
        record_label(subject=issue, event=event, answer=choice, user=member)
    run_job(Job.objects.create(project=issue.project, kind="train", subject=issue.id).id)
    seen = {}
    for _ in range(5):
        page = in_as_member.get(at("issue-review", issue))
        seen[page.context["shown"].card.reason] = page
        answer(in_as_member, issue, "unsure", page)
    card = seen["random"].context["shown"].card
    assert card.score is not None
    assert f"{card.score:.2f}</span>" not in card_of(seen["random"])
    again = in_as_member.get(at("issue-review", issue), {"event": str(card.event.id)})
    assert f">score {card.score:.2f}</span>" in card_of(again)
    other = next(page for reason, page in seen.items() if reason != "random")
    assert f">score {other.context['shown'].card.score:.2f}</span>" in card_of(other)


def test_the_whole_conversation_is_in_view_with_its_evidence(
    in_as_member: Client, project: Any, issue: Issue, make_event: Callable[..., Event]
) -> None:
    install_builtin_signals(project)
    now = timezone.now()
    turns = [
        make_event(
            convo_id="talk",
            input=f"turn {n}: this is ridiculous",
            output="<script>alert(1)</script>",
            timestamp=now.replace(microsecond=n),
            spans=[
                IncomingSpan(name="find_order", kind="tool", status="error", error="lost", started_at=now)
            ],
        )
        for n in range(3)
    ]
    SignalMatch.objects.create(
        project=project,
        signal=SignalDefinition.objects.get(project=project, key="user_frustration"),
        event=turns[1],
        timestamp=now,
        source="test",
        evidence=[{"side": "user", "start": 16, "end": 26, "text": "ridiculous"}],
    )
    text = html_of(in_as_member.get(at("issue-review", issue), {"event": str(turns[1].id)}))
    assert all(f"turn {n}:" in text for n in range(3))
    [event_id] = ASKED.findall(text)
    assert "turn 1:" in event_id and "turn 0:" not in event_id
    assert '<mark class="evidence">ridiculous</mark>' in event_id
    assert '<details class="steps-fold" open>' in event_id and "find_order" in event_id
    assert text.count('<details class="steps-fold">') == 2  # those of the turns around it
    assert "<script>alert(1)" not in text


def test_an_event_without_a_conversation_is_asked_alone(
    in_as_member: Client, issue: Issue, make_event: Callable[..., Event]
) -> None:
    event = make_event(input="alone")
    text = html_of(in_as_member.get(at("issue-review", issue), {"event": str(event.id)}))
    assert "alone" in ASKED.findall(text)[0]


def test_nothing_left(in_as_member: Client, issue: Issue, events: list[Event], member: Any) -> None:
    for event in events:
        record_label(subject=issue, event=event, answer="not_match", user=member)
    page = in_as_member.get(at("issue-review", issue))
    assert "Nothing left to ask" in html_of(page)
    assert 'data-key="z Backspace"' in html_of(page)


def test_no_events_at_all(in_as_member: Client, issue: Issue) -> None:
    assert "No events yet" in html_of(in_as_member.get(at("issue-review", issue)))


def test_events_that_wait_for_the_pipeline_are_said(
    in_as_member: Client, project: Any, issue: Issue, make_event: Any
) -> None:
    make_event(input="just sent")
    assert QueuedEvent.objects.filter(project=project).count() == 1
    text = html_of(in_as_member.get(at("issue-review", issue)))
    assert "1 event being read" in text and "No events yet" not in text


@pytest.mark.parametrize("kind", ["issue", "signal"])
def test_what_is_no_answer_to_a_card_is_refused(
    in_as_member: Client, project: Any, issue: Issue, events: list[Event], kind: str
) -> None:
    install_builtin_signals(project)
    here = f"/p/{project.slug}/" + ("issues/1/" if kind == "issue" else "signals/win/")
    good = {"event": str(events[0].id), "answer": "match"}
    unfit = ({"rationale": "perhaps"}, {"rationale": "close"}, {"answer": "", "rationale": "perhaps"})
    for wrong in (
        {"event": "x"},
        {"event": ""},
        {"answer": "perhaps"},
        {"answer": ""},
        {"note": "a\x00b"},
        *unfit,
    ):
        assert in_as_member.post(f"{here}review/label/", good | wrong).status_code == 400, wrong
    for judged in ({"answer": "perhaps"}, {}):
        assert in_as_member.post(f"{here}matches/{good['event']}/", judged).status_code == 400, judged
    gone = {"event": "00000000-0000-7000-8000-000000000000"}
    for path in ("review/label/", f"matches/{gone['event']}/"):
        assert in_as_member.post(here + path, good | gone).status_code == 404
    assert not Label.objects.exists()
    assert in_as_member.post(f"{here}review/label/", good).status_code == 302
    assert Label.objects.get().subject_kind == kind


def test_why_a_card_is_asked_is_not_the_browsers_to_say(
    in_as_member: Client, issue: Issue, events: list[Event]
) -> None:
    data = {"event": str(events[0].id), "answer": "match", "reason": "random", "probability": "1"}
    in_as_member.post(at("issue-review-label", issue), data)
    label = Label.objects.get()
    assert (label.reason, label.probability) == ("chosen", None)


def test_an_event_of_another_project_is_never_shown(
    in_as_member: Client,
    issue: Issue,
    events: list[Event],
    other_project: Any,
    make_event: Callable[..., Event],
) -> None:
    theirs = make_event(of=other_project, input="their secret")
    page = in_as_member.get(at("issue-review", issue), {"event": str(theirs.id)})
    assert "their secret" not in html_of(page)
    data = {"event": str(theirs.id), "answer": "match"}
    for path in (at("issue-review-label", issue), judge_at(issue, theirs.id)):
        assert in_as_member.post(path, data).status_code == 404
    assert not Label.objects.exists()


def test_a_nonsense_event_in_the_address_is_the_next_card(
    in_as_member: Client, issue: Issue, events: list[Event]
) -> None:
    assert in_as_member.get(at("issue-review", issue), {"event": "x\x00"}).context["shown"]


POSTS = ["issue-review-label", "issue-review-undo"]
PAGES = ["issue-review", "issue-review-progress", "issue-matches", "issue-labels", "issue-teaching"]


def test_viewers_look_but_do_not_answer(
    client: Client, issue: Issue, events: list[Event], viewer: Any
) -> None:
    client.force_login(viewer)
    text = html_of(client.get(at("issue-review", issue)))
    assert "Is this: The refund never came?" in text
    assert 'name="answer"' not in text and at("issue-review-undo", issue) not in text
    for path in (*(at(name, issue) for name in POSTS), judge_at(issue, events[0].id)):
        data = {"answer": "match", "event": str(events[0].id)}
        assert client.post(path, data).status_code == 403
    assert not Label.objects.exists()


def test_a_stranger_finds_nothing(client: Client, issue: Issue, stranger: Any) -> None:
    client.force_login(stranger)
    for name in PAGES:
        assert client.get(at(name, issue)).status_code == 404
    for path in (*(at(name, issue) for name in POSTS), judge_at(issue, uuid.uuid4())):
        assert client.post(path).status_code == 404


def test_answering_needs_post_and_the_csrf_token(issue: Issue, member: Any) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(member)
    for path in (*(at(name, issue) for name in POSTS), judge_at(issue, uuid.uuid4())):
        assert client.get(path).status_code == 405
        assert client.post(path).status_code == 403


def match(issue: Issue, event: Event) -> None:
    IssueMatch.objects.create(
        project=issue.project,
        issue=issue,
        event=event,
        timestamp=event.timestamp,
        classifier_version=1,
        score=0.77,
    )


def test_right_or_wrong_beside_a_match(in_as_member: Client, issue: Issue, events: list[Event]) -> None:
    match(issue, events[0])
    page = in_as_member.get(at("issue-matches", issue))
    assert "My refund number 0" in html_of(page) and "0.77" in html_of(page)
    data = {"answer": "not_match"}
    reply = in_as_member.post(judge_at(issue, events[0].id), data, **HTMX)
    assert 'data-judge="wrong" aria-pressed="true"' in html_of(reply)
    [label] = standing_labels(issue)
    assert (label.answer, label.source, label.score, label.reason) == ("not_match", "page", 0.77, "")
    assert in_as_member.post(judge_at(issue, events[0].id), data).status_code == 302  # without JavaScript
    page = in_as_member.get(at("issue-matches", issue) + "?beside")
    assert 'data-judge="wrong" aria-pressed="true"' in html_of(page)
    assert "<html" not in html_of(page)


def test_labels_are_listed_by_answer(
    in_as_member: Client, issue: Issue, events: list[Event], member: Any
) -> None:
    record_label(subject=issue, event=events[0], answer="match", user=member, note="<i>sure</i>")
    record_label(subject=issue, event=events[7], answer="not_match", user=None)
    text = html_of(in_as_member.get(at("issue-labels", issue)))
    assert "My refund number 0" in text and "green hat" in text and "&lt;i&gt;sure" in text
    text = html_of(in_as_member.get(at("issue-labels", issue), {"answer": "not_match"}))
    assert "My refund number 0" not in text and "green hat" in text


def test_lists_go_on_to_older_rows(in_as_member: Client, issue: Issue, events: list[Event]) -> None:
    for event in events:
        match(issue, event)
    page = in_as_member.get(at("issue-matches", issue), {"limit": "10"})
    assert len(page.context["rows"]) == 10
    page = in_as_member.get(at("issue-matches", issue), {"limit": "10", "cursor": page.context["cursor"]})
    assert len(page.context["rows"]) == 2
    assert in_as_member.get(at("issue-matches", issue), {"cursor": "nonsense"}).status_code == 400


def test_cards_are_chosen_a_few_at_a_time(
    in_as_member: Client, issue: Issue, events: list[Event], monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = []

    def counted(**options: Any) -> Any:
        calls.append(options)
        return cards_of_issue(**options)

    monkeypatch.setattr("labeling.queue.issue_subject.cards_of_issue", counted)
    page = in_as_member.get(at("issue-review", issue))
    first = page.context["shown"].card
    page = in_as_member.get(at("issue-review", issue))
    assert page.context["shown"].card == first  # reloading is not a new question
    for _ in range(AHEAD - SHOWN_AHEAD - 1):
        page = answer(in_as_member, issue, "match", page, **HTMX)
    assert len(calls) == 1
    page = answer(in_as_member, issue, "match", page, **HTMX)
    assert len(calls) == 2, "before the last ones are shown"
    for _ in range(AHEAD - SHOWN_AHEAD - 1):
        page = answer(in_as_member, issue, "match", page, **HTMX)
    assert len(calls) == 2


def test_the_next_two_cards_come_with_the_page(
    in_as_member: Client, issue: Issue, events: list[Event], viewer: Any
) -> None:
    page = in_as_member.get(at("issue-review", issue))
    order = page.context["order"]
    text = html_of(page)
    assert len(order) == SHOWN_AHEAD == 2 and re.findall(r'<template data-ahead="([^"]+)"', text) == order
    assert f'data-order="{" ".join(order)}"' in text
    held = Offer.objects.filter(user__username="alice", held_until__isnull=False)
    assert {str(one.event_id) for one in held} >= set(order), "nobody else is asked about them"
    page = answer(in_as_member, issue, "match", page, **HTMX)
    assert str(page.context["shown"].card.event.id) == order[0] and page.context["order"][0] == order[1]
    # What the page has at hand is not sent again, be it on the screen or behind that.
    event, order = page.context["asked"], page.context["order"]
    for _ in range(5):
        data = {"event": event, "answer": "unsure", "at_hand": order}
        page = in_as_member.post(at("issue-review-label", issue), data, **HTMX)
        assert page.context["asked"] == order[0] and page.context["order"][0] == order[1]
        text = html_of(page)
        assert re.search(rf'data-asked="{order[0]}">\s*</div>', text), "it is on the screen"
        assert re.findall(r'<template data-ahead="([^"]+)"', text) == page.context["order"][1:]
        event, order = page.context["asked"], page.context["order"]
        assert len(order) == 2
    in_as_member.force_login(viewer)
    assert in_as_member.get(at("issue-review", issue)).context["order"] == [], "who may only look"


def test_a_random_card_that_comes_early_is_blind_too(
    in_as_member: Client, project: Any, issue: Issue, events: list[Event]
) -> None:
    install_builtin_signals(project)
    signal = SignalDefinition.objects.get(project=project, key="user_frustration")
    for event in events:
        SignalMatch.objects.create(
            project=project, signal=signal, event=event, timestamp=event.timestamp, source="test",
            evidence=[{"side": "user", "start": 0, "end": 2, "text": event.input[:2]}],
        )  # fmt: skip
    teaching = html_of(in_as_member.get(at("issue-review", issue)))
    assert teaching.count("User frustration") >= 3, "what a blind card hides"
    page = in_as_member.get(at("issue-review", issue) + "?for=audit")
    cards = [page.context["shown"], *page.context["ahead"]]
    assert [one.is_blind for one in cards] == [True] * 3
    text = html_of(page).partition("<main")[2]
    assert text.count("<template data-ahead") == 2 and "User frustration" not in text
    assert not [one for one in cards if f"{one.card.score:.2f}</span>" in text]


def test_a_card_that_somebody_else_settled_meanwhile_is_skipped(
    in_as_member: Client, issue: Issue, events: list[Event], stranger: Any
) -> None:
    first = in_as_member.get(at("issue-review", issue)).context["shown"].card.event
    record_label(subject=issue, event=first, answer="match", user=stranger)
    assert in_as_member.get(at("issue-review", issue)).context["shown"].card.event != first


def test_two_people_are_asked_about_different_events(
    in_as_member: Client, issue: Issue, events: list[Event], project: Any, viewer: Any
) -> None:
    other = Client()
    other.force_login(viewer)

    def asked(client: Client) -> Event | None:
        shown = client.get(at("issue-review", issue)).context["shown"]
        return shown.card.event if shown else None

    first = asked(other)
    assert asked(in_as_member) == first, "who may only look reserves nothing"
    Membership.objects.filter(user=viewer).update(role="member")
    second = asked(other)
    assert second != first
    assert asked(in_as_member) == first and asked(other) == second, "each keeps the card"
    mine = set(
        Offer.objects.filter(user__username="alice", held_until__isnull=False).values_list("event", flat=True)
    )
    theirs = set(Offer.objects.filter(user=viewer, held_until__isnull=False).values_list("event", flat=True))
    assert len(mine) == AHEAD and theirs and not mine & theirs

    page = in_as_member.get(at("issue-review", issue))
    answer(in_as_member, issue, "unsure", page, **HTMX)
    assert first and not Offer.objects.filter(user__username="alice", event=first).exists(), "answered"

    for event in events:
        if event not in {first, second}:
            record_label(subject=issue, event=event, answer="match", user=None)
    assert asked(in_as_member) is None, "the last one is on the other's screen"
    Offer.objects.filter(user=viewer).update(held_until=timezone.now())
    assert asked(in_as_member) == second, "who went away keeps nothing for long"
    assert asked(other) == first, "unsure: it may have another pair of eyes"


def test_two_issues_in_one_session_do_not_mix(
    in_as_member: Client, project: Any, issue: Issue, events: list[Event]
) -> None:
    hats = create_issue(project=project, title="Questions about a green hat", description="")
    assert "refund" in in_as_member.get(at("issue-review", issue)).context["shown"].card.event.input
    assert "hat" in in_as_member.get(at("issue-review", hats)).context["shown"].card.event.input


def test_progress_says_what_comes_next(
    in_as_member: Client, issue: Issue, events: list[Event], member: Any
) -> None:
    assert "No classifier yet" in html_of(in_as_member.get(at("issue-teaching", issue)))
    record_label(subject=issue, event=events[0], answer="match", user=member)
    text = html_of(in_as_member.get(at("issue-review-progress", issue)))
    assert "4 more matches" in text


def by_reason(client: Client, issue: Issue, rationale: str, page: Any, note: str = "", **extra: Any) -> Any:
    """As a reason's button sends it: without an answer."""
    data = {"rationale": rationale, "event": str(page.context["shown"].card.event.id), "note": note}
    return client.post(at("issue-review-label", issue), data, **extra)


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("train", "Training on the newest labels, 25%…"),
        ("merge", "Joining the matches of merged issues, 25%…"),
        ("rescore", "The classifier goes over every event, 25%…"),
        ("causes", ""),
        ("teach", ""),
    ],
)
def test_progress_names_the_job_that_changes_what_matches(
    in_as_member: Client, issue: Issue, kind: str, words: str
) -> None:
    Job.objects.create(
        project=issue.project, kind=kind, subject=issue.pk, state="running", done=30, total=120
    )
    text = " ".join(html_of(in_as_member.get(reverse("issue-review", args=["acme", issue.number]))).split())
    assert words in text and ("25%" in text) == bool(words)


def test_definition_unclear_is_a_skip_that_feeds_the_questions(
    in_as_member: Client, issue: Issue, events: list[Event]
) -> None:
    """A button of the card; what was noted besides is kept; three events of it on one issue make it ask."""
    page = in_as_member.get(at("issue-review", issue))
    card = card_of(page)
    assert 'value="unclear"' in card and 'data-key="8 d"' in card
    page = answer(in_as_member, issue, "match", page, **HTMX)  # what the question is held against
    for note in ("", "the size?"):
        page = by_reason(in_as_member, issue, "unclear", page, note, **HTMX)
        assert page.status_code == 200
    page = answer(in_as_member, issue, "unsure", page, "definition is unclear to me", **HTMX)
    given = standing_labels(issue).order_by("created_at", "id").values_list("answer", "rationale", "note")
    assert list(given) == [
        ("match", "", ""),
        ("unsure", "unclear", ""),
        ("unsure", "unclear", "the size?"),
        ("unsure", "", "definition is unclear to me"),
    ]
    raise_question(issue)
    assert ClarifyingQuestion.objects.get(issue=issue).kind == "unclear"


def test_a_number_key_answers_with_its_reason(
    in_as_member: Client, issue: Issue, events: list[Event]
) -> None:
    page = in_as_member.get(at("issue-review", issue))
    buttons = re.findall(r'name="rationale"\s+value="(\w+)".*?data-key="(\d)', card_of(page), re.DOTALL)
    assert [int(key) for _, key in buttons] == list(range(1, 10))
    assert [value for value, _ in buttons] == Rationale.values
    first = page.context["shown"].card.event
    page = by_reason(in_as_member, issue, "close", page, "no money is missing", **HTMX)
    assert page.context["shown"].card.event != first
    [label] = standing_labels(issue)
    assert (label.answer, label.rationale, label.note) == ("not_match", "close", "no money is missing")
    assert re.search(r"close, but not this:\s*no money is missing", html_of(page)), "among the last answers"
    again = in_as_member.get(at("issue-review", issue), {"event": str(first.id)})
    assert re.search(r"your answer:\s*not match, close, but not this", card_of(again))
    assert re.search(r'btn-sm active"\s+name="rationale"\s+value="close"', card_of(again))
    # Another reason for the same answer is another label, and undo brings the first one back.
    by_reason(in_as_member, issue, "mentioned", again, **HTMX)
    assert standing_labels(issue).get().rationale == "mentioned"
    in_as_member.post(at("issue-review-undo", issue), **HTMX)
    assert standing_labels(issue).get().rationale == "close"
    in_as_member.post(at("issue-review-undo", issue), **HTMX)
    assert not standing_labels(issue).exists()


def test_labels_are_counted_and_listed_by_reason(
    in_as_member: Client, issue: Issue, events: list[Event], member: Any
) -> None:
    for event, rationale in zip(events, ["close", "close", "other"], strict=False):
        record_label(subject=issue, event=event, answer="not_match", user=member, rationale=rationale)
    page = in_as_member.get(at("issue-labels", issue))
    assert page.context["rationales"] == [("other", "something else", 1), ("close", "close, but not this", 2)]
    some = in_as_member.get(at("issue-labels", issue), {"rationale": "close"})
    assert {row.event_id for row in some.context["rows"]} == {event.id for event in events[:2]}
    assert "?rationale=close" in html_of(page) and "?rationale=close" not in html_of(some)
    lines = in_as_member.get(at("issue-labels-export", issue)).content.splitlines()
    assert [json.loads(line)["rationale"] for line in lines] == ["close", "close", "other"]


def test_an_answer_costs_few_queries(
    in_as_member: Client,
    issue: Issue,
    events: list[Event],
    django_assert_max_num_queries: Callable[[int], Any],
) -> None:
    page = in_as_member.get(at("issue-review", issue))
    data = {"event": page.context["asked"], "answer": "match", "at_hand": page.context["order"]}
    with django_assert_max_num_queries(50):  # seven find and hold cards, eight are savepoints
        page = in_as_member.post(at("issue-review-label", issue), data, **HTMX)  # as the page sends it
    assert len(page.context["ahead"]) == 1
