"""What a signal's labels teach it: proposals, their application, and taking it back."""

import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from ingest.jobs.runner import run_job
from ingest.models import Event, Job, Project, User
from ingest.models.jobs import JobState
from labeling.models import Label, Reason
from labeling.teaching import tune_soon
from signals.catalogue.installing import install_builtin_signals
from signals.detection.backfill import BACKFILL
from signals.detectors import DETECTORS
from signals.detectors.batch import Batch, Detector, Finding
from signals.learning import tuning as tunings
from signals.learning.precision import precision_of
from signals.learning.tuning import (
    TUNE,
    CannotDecide,
    apply_tuning,
    request_tuning,
    revert_tuning,
)
from signals.models import SignalDefinition, SignalMatch, SignalTuning
from signals.taxonomy.definitions import change_signal, create_signal
from signals.vectors.embedding import embed
from tests.signals.judging import judge, learn, take_back

MakeEvent = Callable[..., Event]


def read_score(batch: Batch) -> list[Finding]:
    """The score is what the text says."""
    return [Finding(i, float(turn.input.raw), []) for i, turn in enumerate(batch.turns)]


@pytest.fixture
def scoring(project: Project, make_event: MakeEvent, monkeypatch: pytest.MonkeyPatch) -> SignalDefinition:
    """A built-in signal with the scores 0.01 to 0.99 on 99 events, threshold 0.5."""
    install_builtin_signals(project)
    monkeypatch.setitem(DETECTORS, "win", Detector("win", 1, read_score))
    for n in range(1, 100):
        make_event(input=f"{n / 100:.2f}")
    return SignalDefinition.objects.select_related("project").get(project=project, key="win")


def label(
    signal: SignalDefinition, user: User, right: Callable[[float], bool], *, every: int = 3, above: int = 30
) -> None:
    for event in Event.objects.filter(project=signal.project_id).order_by("id"):
        number = round(float(event.input) * 100)
        if number > above and number % every == 0:
            judge(signal=signal, event=event, right=right(float(event.input)), user=user)


def matching(signal: SignalDefinition) -> int:
    return SignalMatch.objects.filter(signal=signal).count()


def run_backfills() -> None:
    for job in Job.objects.filter(kind=BACKFILL, state=JobState.QUEUED):
        run_job(job.id)


def test_a_threshold_is_proposed_applied_and_taken_back(scoring: SignalDefinition, member: User) -> None:
    tunings_before = SignalTuning.objects.count()
    tunings.request_backfill(scoring)
    run_backfills()
    assert (matching(scoring), tunings_before) == (50, 0)
    label(scoring, member, lambda score: score > 0.8)
    made = learn(scoring)
    assert (made.state, made.kind, made.note) == ("proposed", "threshold", "")
    assert made.new_threshold is not None and 0.75 <= made.new_threshold <= 0.85
    assert made.before["precision"] < 0.5 < 0.8 < made.after["precision"]
    assert made.before["share"] == pytest.approx(50 / 99) and made.after["share"] < 0.3
    scoring.refresh_from_db()
    assert scoring.threshold is None  # nothing happened yet

    apply_tuning(tuning=made, user=member)
    run_backfills()
    scoring.refresh_from_db()
    assert scoring.threshold == made.new_threshold
    assert matching(scoring) == made.after["matching"] < 30
    with pytest.raises(CannotDecide, match="applied already"):
        apply_tuning(tuning=made, user=member)

    made.refresh_from_db()
    revert_tuning(tuning=made, user=member)
    run_backfills()
    scoring.refresh_from_db()
    assert scoring.threshold is None and matching(scoring) == 50


def test_missed_ones_lower_it(scoring: SignalDefinition, member: User) -> None:
    label(scoring, member, lambda score: score > 0.35, every=2, above=15)
    made = learn(scoring)
    assert made.state == "proposed" and made.new_threshold is not None and made.new_threshold < 0.45
    assert made.before["recall"] < made.after["recall"]


@pytest.mark.parametrize(
    "right", [lambda score: score > 0.5, lambda score: int(score * 100) % 2 == 0, lambda score: True]
)
def test_it_stays_where_the_labels_do_not_speak_for_a_change(
    scoring: SignalDefinition, member: User, right: Callable[[float], bool]
) -> None:
    label(scoring, member, right)
    made = learn(scoring)
    assert made.state == "kept" and made.note
    with pytest.raises(CannotDecide):
        apply_tuning(tuning=made, user=member)


def test_a_signal_that_was_changed_since_is_not_overwritten(scoring: SignalDefinition, member: User) -> None:
    label(scoring, member, lambda score: score > 0.8)
    made = learn(scoring)
    change_signal(signal=scoring, threshold=0.6)
    with pytest.raises(CannotDecide, match="changed since"):
        apply_tuning(tuning=made, user=member)
    scoring.refresh_from_db()
    assert scoring.threshold == 0.6
    newer = learn(scoring)
    made.refresh_from_db()
    assert (made.state, newer.state) == ("outdated", "proposed")


def test_it_learns_by_itself_from_twenty_labels_on(scoring: SignalDefinition, member: User) -> None:
    events = list(Event.objects.order_by("-id")[:30])
    for event in events[:19]:
        judge(signal=scoring, event=event, right=float(event.input) > 0.9, user=member)
        assert tune_soon(scoring) is None
    judge(signal=scoring, event=events[19], right=None, user=member)  # unsure is no label
    assert tune_soon(scoring) is None
    judge(signal=scoring, event=events[19], right=False, user=member)
    job = tune_soon(scoring)
    assert job is not None and tune_soon(scoring) == job  # one waits
    run_job(job.id)
    job.refresh_from_db()
    assert job.state == "done" and SignalTuning.objects.count() == 1
    assert tune_soon(scoring) is None  # until five more
    for event in events[20:25]:
        judge(signal=scoring, event=event, right=False, user=member)
    assert tune_soon(scoring) is not None


def test_words_have_no_score_to_learn(project: Project, make_event: MakeEvent, member: User) -> None:
    signal = create_signal(project=project, name="Refund", config={"words": ["refund"]})
    for n in range(25):
        judge(signal=signal, event=make_event(input=f"refund {n}"), right=n % 2 == 0, user=member)
    assert tune_soon(signal) is None
    job = request_tuning(signal)
    run_job(job.id)
    job.refresh_from_db()
    assert job.message == "This signal has no score to learn." and not SignalTuning.objects.exists()


ASKS = [
    "I want a refund for order {n}",
    "Please give me my money back for item {n}",
    "Refund my payment number {n}",
]
ORDINARY = ["Book table {n}", "What is the weather in town {n}?", "Play song {n}", "Translate page {n}", "Call number {n}", "Add {n} and 4",
            "Write chapter {n}", "Where is street {n}?", "Wake me at {n}", "Tell me joke {n}", "Draw {n} cats", "Fix line {n}"]  # fmt: skip
TELLS = ["Is my refund number {n} through yet?", "When will refund {n} arrive?", "Thanks for refund {n}"]


def test_a_sentence_learns_from_what_was_judged(
    project: Project, make_event: MakeEvent, member: User
) -> None:
    for n in range(10):
        for text in (*ASKS, *TELLS, *ORDINARY):
            make_event(input=text.format(n=n))
    embed(list(Event.objects.all()))
    config: dict[str, Any] = {
        "sentence": "The user wants a refund",
        "examples": ["I want a refund", "Give me my money back", "Refund my payment"],
    }
    signal = create_signal(project=project, name="Wants", config=config, threshold=0.15)
    run_backfills()
    for event in Event.objects.filter(input__iregex="refund|money back").order_by("id")[:36]:
        asks = event.input.startswith(("I want", "Please", "Refund my"))
        judge(signal=signal, event=event, right=asks, user=member)
    made = learn(signal)
    assert (made.state, made.kind) == ("proposed", "model"), made.note
    assert made.after["precision"] > made.before["precision"]
    before = bytes(signal.trained)
    apply_tuning(tuning=made, user=member)
    run_backfills()
    found = SignalMatch.objects.filter(signal=signal)
    unseen = [text.format(n=9) for text in TELLS]
    assert found.filter(event__input__in=[text.format(n=9) for text in ASKS]).count() == 3
    assert not found.filter(event__input__in=unseen).exists()
    made.refresh_from_db()
    revert_tuning(tuning=made, user=member)
    signal.refresh_from_db()
    assert bytes(signal.trained) == before


def test_what_was_picked_for_its_score_does_not_count_for_precision(
    scoring: SignalDefinition, member: User
) -> None:
    tunings.request_backfill(scoring)
    run_backfills()
    high = list(SignalMatch.objects.filter(signal=scoring).select_related("event").order_by("-score"))
    low = Event.objects.get(input="0.45")
    judge(signal=scoring, event=high[0].event, right=True, user=member)
    judge(signal=scoring, event=high[1].event, right=False, user=member, reason=Reason.RANDOM)
    judge(signal=scoring, event=high[-1].event, right=False, user=member, reason=Reason.UNCERTAIN)
    judge(signal=scoring, event=high[2].event, right=None, user=member)
    judge(signal=scoring, event=low, right=True, user=member, reason=Reason.NEAR)
    found = precision_of(scoring)
    assert (found.judged, found.right, found.share) == (2, 1, 0.5)
    assert (found.near_judged, found.missed, found.labels) == (1, 1, 4)
    take_back(signal=scoring, event=low, user=member)
    assert precision_of(scoring).near_judged == 0


def test_the_page_applies_and_takes_back(
    scoring: SignalDefinition, member: User, viewer: User, stranger: User
) -> None:
    label(scoring, member, lambda score: score > 0.8)
    job = request_tuning(scoring)
    run_job(job.id)
    made = SignalTuning.objects.get()
    here = f"/p/{scoring.project.slug}/signals/win/"
    client = Client()
    for user, status in ((viewer, 403), (stranger, 404)):
        client.force_login(user)
        assert client.post(f"{here}tuning/{made.id}/", {"action": "apply"}).status_code == status
        assert client.post(f"{here}tuning/new/").status_code == status
    client.force_login(viewer)
    assert b"Apply" not in client.get(f"{here}tuning/").content
    client.force_login(member)
    html = client.get(f"{here}tuning/").content.decode()
    assert "proposed" in html and "Apply, and read the history again" in html and "Before" in html
    assert client.post(f"{here}tuning/{made.id}/", {"action": "neither"}).status_code == 404
    assert client.post(f"{here}tuning/{uuid.uuid4()}/", {"action": "apply"}).status_code == 404
    client.post(f"{here}tuning/{made.id}/", {"action": "apply"})
    assert "Take it back" in client.get(f"{here}tuning/").content.decode()
    client.post(f"{here}tuning/{made.id}/", {"action": "revert"})
    assert "reverted" in client.get(f"{here}tuning/").content.decode()
    scoring.refresh_from_db()
    assert scoring.threshold is None and Job.objects.filter(kind=TUNE).count() == 1
    assert Label.objects.count() > 20


@pytest.mark.parametrize(
    "stored",
    [
        {"precision": 0.5, "recall": 0.25},  # the figures that the first version wrote
        {"precision": "0.5", "low": [], "share": {}, "events": None, "matching": True},
        {"events": 200, "matching": 30},
        {},
        [],
    ],
)
def test_a_row_of_an_older_shape_is_shown(
    scoring: SignalDefinition, member: User, stored: Any, admin_client: Client
) -> None:
    SignalTuning.objects.create(
        project=scoring.project, signal=scoring, kind="threshold", state="applied", labels=30, before=stored, after=stored or {"x": 1},
        old_threshold=0.5, new_threshold=0.6,
    )  # fmt: skip
    client = Client()
    client.force_login(member)
    page = client.get(f"/p/{scoring.project.slug}/signals/win/tuning/")
    assert page.status_code == 200
    html = " ".join(page.content.decode().split())
    assert "Events that match" in html
    if stored == {"events": 200, "matching": 30}:
        assert html.count("15%") == 2 and "newest 200 events" in html
    assert admin_client.get("/admin/signals/signaltuning/").status_code == 200
