"""What the tests of the reader share: a service that reads conversations, and the pipeline's stages before it."""

import datetime as dt
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.utils import timezone

from ingest.models import Event, Project, QueuedEvent
from signals.detection.stage import detect
from signals.models import LlmSettings, Reading
from signals.reader.noting import note_conversations
from signals.reader.working import work
from signals.vectors.embedding import embed
from tests.signals.anthropic_stub import Stub, message, running_stub

MakeEvent = Callable[..., Event]
KEY = "sk-ant-secret-of-the-tests"
FINE: dict[str, Any] = {
    "intent": "Ask for something", "went_wrong": None, "quote": None, "where": None, "severity": 0, "user_noticed": None, "resolved": None,
}  # fmt: skip
WRONG: dict[str, Any] = {
    "intent": "Get a refund", "went_wrong": "Refuses a refund without giving a reason", "quote": "I cannot do that", "where": "assistant",
    "severity": 2, "user_noticed": True, "resolved": False,
}  # fmt: skip


@pytest.fixture
def service(settings: Any) -> Iterator[Stub]:
    """A stub of the Messages API that finds nothing wrong, and the key to it."""
    with running_stub() as stub:
        settings.ANTHROPIC_API_KEY, settings.ANTHROPIC_BASE_URL, settings.LLM_TIMEOUT = KEY, stub.url, 5.0
        stub.answer = lambda request, n: said(FINE)
        yield stub


def said(answer: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return message(json.dumps(answer | changes))


def told(request: dict[str, Any]) -> list[dict[str, Any]]:
    """The conversation in a request, read as a model would."""
    content = request["messages"][0]["content"]
    assert content.startswith("<conversation>\n") and content.endswith("\n</conversation>")
    inside = content.removeprefix("<conversation>\n").removesuffix("\n</conversation>")
    assert not set("<>&") & set(inside), "the text could close its wrapper"
    found: list[dict[str, Any]] = json.loads(inside)
    return found


def run_pipeline() -> None:
    """The stages that matter here, on all that is queued."""
    ids = list(QueuedEvent.objects.values_list("event_id", flat=True))
    rows = list(Event.objects.filter(id__in=ids).select_related("project").order_by("timestamp", "id"))
    QueuedEvent.objects.all().delete()
    embed(rows)
    detect(rows)
    note_conversations(rows)


def note_all() -> None:
    """The reader's stage alone, on all that is queued: signals play no part."""
    ids = list(QueuedEvent.objects.values_list("event_id", flat=True))
    QueuedEvent.objects.all().delete()
    note_conversations(list(Event.objects.filter(id__in=ids)))


def pass_time(**time: float) -> None:
    """As if so much time had passed for what waits."""
    for row in Reading.objects.all():
        row.available_at -= dt.timedelta(**time)
        row.save(update_fields=["available_at"])


def read_all(project: Project) -> None:
    """What the schedule and a worker do once all are quiet."""
    pass_time(minutes=2)
    work(str(project.id))


def set_budget(project: Project, **limits: Any) -> None:
    LlmSettings.objects.update_or_create(project=project, defaults=limits)


def states() -> list[str]:
    return sorted(Reading.objects.values_list("state", flat=True))


def is_future(moment: dt.datetime) -> bool:
    return moment > timezone.now()
