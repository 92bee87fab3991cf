"""Documents of an older version: they are found before they are made anew, and the job makes them anew."""

from collections.abc import Callable

import pytest
from django.db import connection

from ingest.jobs.runner import run_job
from ingest.models import Event, Job, Project
from signals.models import EventText
from signals.search.finding import find_events
from signals.search.language.parsing import parse
from signals.search.scope import Scope
from signals.vectors import reindexing
from signals.vectors.embedding import embed
from signals.vectors.text_search import search_events

pytestmark = pytest.mark.django_db
TEXTS = {
    "fr": "Pourriez-vous annuler ma réservation au café de la gare, s'il vous plaît ?",
    "de": "Bitte stornieren Sie meine Buchung für das Hotel in München, und zwar noch heute.",
    "en": "Please cancel my booking at the hotel, I want my money back.",
    "zh": "我想申请退款，订单还没有发货，请尽快处理",
    "short": "ok",
}


@pytest.fixture
def old(make_event: Callable[..., Event]) -> list[Event]:
    """As an older version left them: accents in the documents, and no language."""
    events = [make_event(event_id=name, input=text, output="") for name, text in TEXTS.items()]
    embed(events)
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE signals_eventtext t SET language = NULL, document = to_tsvector('simple', e.input) "
            "FROM ingest_event e WHERE e.id = t.event_id"
        )
    return events


def found(project: Project, query: str) -> set[str]:
    return set(find_events(parse(query), Scope(project)).values_list("event_id", flat=True))


def test_words_as_they_are_written_are_found_meanwhile(project: Project, old: list[Event]) -> None:
    assert found(project, "café") == {"fr"} and found(project, "cafe") == set()
    assert search_events(Event.objects.all(), "café").get().event_id == "fr"
    assert found(project, "has:language") == set()


def test_the_job_goes_over_all_of_them(
    project: Project, old: list[Event], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reindexing, "CHUNK", 2)
    monkeypatch.setattr(reindexing, "BUDGET", -1)  # it hands on after each chunk
    reindexing.request_reindexing()
    reindexing.request_reindexing()
    job = Job.objects.get()
    for _ in range(5):
        run_job(str(job.id))
    job.refresh_from_db()
    assert (job.state, job.message, job.done) == ("done", "5 events indexed.", 5)
    assert found(project, "cafe") == found(project, "café") == {"fr"}
    assert found(project, "退款") == {"zh"}
    for code in ("fr", "de", "en", "zh"):
        assert found(project, f"language:{code}") == {code}
    assert found(project, "language:German") == {"de"} and found(project, "-has:language") == {"short"}
    reindexing.request_reindexing()
    assert Job.objects.count() == 1


def test_a_document_without_its_event_goes(project: Project, old: list[Event]) -> None:
    Event.objects.filter(event_id="de").delete()
    reindexing.request_reindexing()
    run_job(str(Job.objects.get().id))
    assert EventText.objects.count() == 4 and not EventText.objects.filter(language=None).exists()


def test_the_agent_tells_the_language_where_the_user_does_not(
    make_event: Callable[..., Event], project: Project
) -> None:
    embed([make_event(event_id="a", input="ok?", output=TEXTS["de"])])
    assert found(project, "language:de") == {"a"}
