"""The review queue of a signal, its labels and their export."""

import json
from collections.abc import Callable

import pytest
from django.test import Client

from ingest.jobs.runner import run_job
from ingest.models import Event, Membership, Project, User
from labeling.labels.labels import last_words
from labeling.models import Label
from labeling.queue.of_signals import next_signal_cards
from signals.catalogue.installing import install_builtin_signals
from signals.detection.backfill import request_backfill
from signals.detectors import DETECTORS
from signals.detectors.batch import Batch, Detector, Finding
from signals.learning.precision import precision_of
from signals.models import SignalDefinition, SignalMatch
from signals.taxonomy.definitions import create_signal
from tests.html import html_of
from tests.signals.judging import judge

MakeEvent = Callable[..., Event]


def read_score(batch: Batch) -> list[Finding]:
    return [Finding(i, float(turn.input.raw), []) for i, turn in enumerate(batch.turns)]


@pytest.fixture
def signal(project: Project, make_event: MakeEvent, monkeypatch: pytest.MonkeyPatch) -> SignalDefinition:
    """Ten matches, 0.5 to 0.95, and nine near misses, 0.05 to 0.45."""
    install_builtin_signals(project)
    monkeypatch.setitem(DETECTORS, "win", Detector("win", 1, read_score))
    for n in range(1, 20):
        make_event(input=f"{n / 20:.2f}", convo_id="c" if n < 3 else None)
    found = SignalDefinition.objects.select_related("project").get(project=project, key="win")
    run_job(request_backfill(found).id)
    return found


@pytest.fixture
def page(member: User) -> Client:
    client = Client()
    client.force_login(member)
    return client


@pytest.fixture
def here(signal: SignalDefinition) -> str:
    return f"/p/{signal.project.slug}/signals/win/"


def answer(page: Client, here: str, choice: str) -> str:
    """Answers the card that is shown; which event it was."""
    shown = page.get(f"{here}review/").context["shown"]
    body = {"event": str(shown.card.event.id), "answer": choice}
    assert page.post(f"{here}review/label/", body, headers={"HX-Request": "true"}).status_code == 200
    return str(shown.card.event.input)


def test_uncertain_random_and_near_misses_take_turns(signal: SignalDefinition) -> None:
    cards = next_signal_cards(signal=signal, limit=6)
    assert [card.reason for card in cards] == ["uncertain", "random", "near"] * 2
    assert [card.event.input for card in cards if card.reason == "near"] == ["0.45", "0.40"]
    uncertain = [card.event.input for card in cards if card.reason == "uncertain"]
    assert uncertain[0] == "0.50" and len({card.event.id for card in cards}) == 6
    assert len(next_signal_cards(signal=signal, limit=100)) == 19


def test_what_has_an_answer_is_not_asked_again(signal: SignalDefinition, member: User) -> None:
    first = next_signal_cards(signal=signal, limit=1)[0]
    judge(signal=signal, event=first.event, right=None, user=member)
    assert first.event not in [card.event for card in next_signal_cards(signal=signal, limit=100)]


def test_a_signal_without_scores_has_random_matches_only(project: Project, make_event: MakeEvent) -> None:
    signal = create_signal(project=project, name="Refund", config={"words": ["refund"]})
    for n in range(3):
        make_event(input=f"refund {n}")
    make_event(input="other")
    run_job(request_backfill(signal).id)
    assert [card.reason for card in next_signal_cards(signal=signal, limit=9)] == ["random"] * 3


def test_answers_are_recorded_with_why_they_were_asked(page: Client, here: str) -> None:
    reasons = [answer(page, here, choice) for choice in ("match", "not_match", "unsure", "match")]
    assert len(set(reasons)) == 4
    rows = {row.event.input: row for row in Label.objects.select_related("event")}
    assert [rows[text].answer for text in reasons] == ["match", "not_match", "unsure", "match"]
    assert [rows[text].reason for text in reasons[:3]] == ["uncertain", "random", "near"]
    assert rows[reasons[0]].score == 0.5
    assert [rows[text].probability for text in reasons[:3]] == [None, pytest.approx(1 / 10), None]


def test_a_card_asks_about_its_own_signal_only(
    page: Client, here: str, project: Project, signal: SignalDefinition
) -> None:
    """Other signals that hold on its turns are named, without right and wrong; its own keys stand on the buttons."""
    other = create_signal(project=project, name="Number", config={"pattern": "[0-9]"})
    run_job(request_backfill(other).id)
    text = html_of(page.get(f"{here}review/"))
    assert "Number" in text and 'class="judge"' not in text
    for key in "rwuz":
        assert f"<kbd>{key}</kbd>" in text


def test_undo_asks_again_for_the_same_reason(page: Client, here: str) -> None:
    first, second = answer(page, here, "match"), answer(page, here, "match")
    shown = page.post(f"{here}review/undo/", headers={"HX-Request": "true"}).context["shown"]
    assert shown.card.event.input == second and shown.card.reason == "random"
    assert shown.is_blind  # a random match is asked blind
    signal = SignalDefinition.objects.get(key="win")
    assert [row.event.input for row in last_words(signal)] == [first]
    page.post(f"{here}review/undo/")
    assert not last_words(signal).exists() and Label.objects.count() == 4
    assert (
        "nothing to undo" in page.post(f"{here}review/undo/", headers={"HX-Request": "true"}).content.decode()
    )


def test_two_people_and_the_one_who_takes_it_back(
    page: Client, here: str, signal: SignalDefinition, member: User, viewer: User
) -> None:
    """Alice: right. Bob: wrong; he takes it back, and her word stands again wherever it is read."""
    Membership.objects.filter(user=viewer).update(role="member")
    event = Event.objects.get(input="0.95")
    bob = Client()
    bob.force_login(viewer)

    def judged(client: Client, choice: str) -> bool | None:
        response = client.post(
            f"{here}matches/{event.id}/", {"answer": choice}, headers={"HX-Request": "true"}
        )
        return response.context["feedback"]

    def stands() -> tuple[int, int, list[str], bool | None, list[bool]]:
        found = precision_of(signal)
        lines = page.get(f"{here}labels/export/").content.decode().splitlines()
        match = SignalMatch.objects.with_feedback().get(signal=signal, event=event)
        labels = [row.answer == "match" for row in page.get(f"{here}labels/").context["rows"]]
        return found.labels, found.right, [json.loads(line)["user"] for line in lines], match.feedback, labels

    assert judged(page, "right") is True
    assert stands() == (1, 1, ["alice"], True, [True])
    assert judged(bob, "wrong") is False
    assert stands() == (1, 0, ["bob"], False, [False])
    assert judged(page, "wrong") is False and judged(page, "right") is True, "the last word stands"
    assert judged(bob, "wrong") is False
    bob.post(f"{here}review/undo/")
    assert stands() == (1, 1, ["alice"], True, [True])
    assert judged(bob, "") is True, "nobody takes back what another one said"
    assert judged(page, "") is None
    assert not Label.objects.live().exists()


def test_people_who_leave_leave_their_labels(signal: SignalDefinition, member: User, viewer: User) -> None:
    event = Event.objects.get(input="0.95")
    for user in (member, viewer):
        judge(signal=signal, event=event, right=user == viewer, user=user)
        user.delete()
    assert (precision_of(signal).labels, precision_of(signal).right) == (1, 1)


def test_when_nothing_is_left(page: Client, here: str, signal: SignalDefinition, member: User) -> None:
    for event in Event.objects.all():
        judge(signal=signal, event=event, right=True, user=member)
    assert "Nothing left to ask" in html_of(page.get(f"{here}review/"))


def test_labels_as_a_list_and_as_lines(page: Client, here: str) -> None:
    reasons = [answer(page, here, choice) for choice in ("match", "not_match", "unsure")]
    html = html_of(page.get(f"{here}labels/"))
    assert all(text in html for text in reasons) and "near miss" in html
    html = html_of(page.get(f"{here}labels/?answer=not_match"))
    assert reasons[1] in html and f">{reasons[0]}<" not in html
    assert page.get(f"{here}labels/?cursor=nonsense").status_code == 400
    lines = page.get(f"{here}labels/export/").content.decode().splitlines()
    rows = [json.loads(line) for line in lines]
    assert [(row["input"], row["label"], row["reason"], row["user"]) for row in rows] == [
        (reasons[0], "match", "uncertain", "alice"),
        (reasons[1], "not_match", "random", "alice"),
        (reasons[2], "unsure", "near", "alice"),
    ]


def test_a_viewer_reads_and_a_stranger_does_not(here: str, viewer: User, stranger: User) -> None:
    client = Client()
    client.force_login(viewer)
    html = html_of(client.get(f"{here}review/"))
    assert 'value="not_match"' not in html
    assert client.post(f"{here}review/label/", {"answer": "match"}).status_code == 403
    assert client.post(f"{here}review/undo/").status_code == 403
    client.force_login(stranger)
    for path in ("review/", "labels/", "labels/export/"):
        assert client.get(here + path).status_code == 404


def test_a_match_on_a_page_takes_its_queue_reason_along(page: Client, here: str) -> None:
    first = answer(page, here, "match")
    event = Event.objects.get(input=first)
    answered = page.post(f"{here}matches/{event.id}/", {"answer": "wrong"}, headers={"HX-Request": "true"})
    assert 'data-judge="wrong" aria-pressed="true"' in html_of(answered)
    row = Label.objects.latest("created_at")
    assert (row.answer, row.reason, row.score, row.source) == ("not_match", "uncertain", 0.5, "page")


def test_a_card_shows_the_asked_signals_words_with_the_text_around(
    page: Client, project: Project, make_event: MakeEvent
) -> None:
    install_builtin_signals(project)
    text = "a " * 400 + "this is ridiculous" + " b" * 400
    event = make_event(input=text, output="ok")
    for key, words in (("user_frustration", "this is ridiculous"), ("win", "a a a")):
        SignalMatch.objects.create(
            project=project,
            signal=SignalDefinition.objects.get(project=project, key=key),
            event=event,
            timestamp=event.timestamp,
            source="test",
            evidence=[
                {
                    "side": "user",
                    "start": text.index(words),
                    "end": text.index(words) + len(words),
                    "text": words,
                }
            ],
        )
    html = html_of(page.get(f"/p/{project.slug}/signals/user_frustration/review/?event={event.id}"))
    shown = html[html.index('class="read-from') : html.index('class="conversation transcript"')]
    assert '<mark class="evidence">this is ridiculous</mark>' in shown and ">a a a<" not in shown
    assert shown.count("…") == 2 and len(shown) < 1500


def test_what_has_no_text_is_still_something_to_judge(
    page: Client, project: Project, make_event: MakeEvent, member: User
) -> None:
    install_builtin_signals(project)
    signal = SignalDefinition.objects.get(project=project, key="laziness")
    event = make_event(input="", output="", name="nightly_run")
    judge(signal=signal, event=event, right=True, user=member)
    card = html_of(page.get(f"/p/{project.slug}/signals/laziness/review/?event={event.id}"))
    assert "This event has no text and no steps: nightly_run" in card
    assert "No text: nightly_run" in html_of(page.get(f"/p/{project.slug}/signals/laziness/labels/"))
