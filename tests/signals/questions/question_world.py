"""What the tests of questions share: a service to ask, a question, and events it finds plausible."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from ingest.jobs.runner import run_job
from ingest.models import Event, Job, Project, QueuedEvent
from signals.detection.stage import detect
from signals.models import LlmSettings, QuestionVerdict, SignalDefinition, SignalMatch
from signals.questions.asking import work
from signals.questions.history import QUESTION_RUNS
from signals.taxonomy.definitions import create_signal
from signals.vectors.embedding import embed
from tests.signals.anthropic_stub import Stub, running_stub, verdict

KEY = "sk-ant-secret-of-the-tests"
CONFIG = {
    "question": "Does the user want their money back?",
    "examples": ["I'd like a refund", "Give me my money back", "I want to be reimbursed"],
    "plausible": 0.1,
}
TEXT = "I want my money back, please!"
YES = verdict(True, "my money back")
MakeEvent = Callable[..., Event]


@pytest.fixture
def service(settings: Any) -> Iterator[Stub]:
    """A stub of the Messages API, and the key to it."""
    with running_stub() as stub:
        settings.ANTHROPIC_API_KEY, settings.ANTHROPIC_BASE_URL, settings.LLM_TIMEOUT = KEY, stub.url, 5.0
        yield stub


@pytest.fixture
def question(project: Project) -> SignalDefinition:
    return make_question(project)


@pytest.fixture
def past(project: Project, service: Stub, make_event: MakeEvent) -> list[Event]:
    """Six events that came before the question was asked, read by the small model alone."""
    made = [make_event(input=f"{TEXT} Order {n}.") for n in range(6)]
    run_pipeline(*made)
    make_question(project)
    run_job(Job.objects.get(kind="backfill").id)
    return made


@pytest.fixture
def signal(past: list[Event]) -> SignalDefinition:
    return SignalDefinition.objects.select_related("project").get(key="refund")


def run(job_id: str) -> None:
    """What the schedule does about a run over the history."""
    QUESTION_RUNS.go_on(Job.objects.get(pk=job_id).project_id)


def states() -> list[str]:
    return sorted(QuestionVerdict.objects.values_list("state", flat=True))


def make_question(project: Project, **changes: Any) -> SignalDefinition:
    return create_signal(
        project=project, name="Refund", reads=changes.pop("reads", "user"), config=CONFIG | changes
    )


def set_budget(project: Project, **limits: Any) -> None:
    LlmSettings.objects.update_or_create(project=project, defaults=limits)


def run_pipeline(*events: Event) -> None:
    """The stages that questions take part in, on these events or on all that are queued."""
    ids = [event.id for event in events] or list(QueuedEvent.objects.values_list("event_id", flat=True))
    rows = list(Event.objects.filter(id__in=ids).select_related("project").order_by("timestamp", "id"))
    QueuedEvent.objects.filter(event__in=ids).delete()
    embed(rows)
    detect(rows)


def ask_all(project: Project) -> None:
    """A worker's task, and then what it queued."""
    work(str(project.id))
    run_pipeline()


def only_verdict() -> QuestionVerdict:
    return QuestionVerdict.objects.get()


def match_on(event: Event) -> SignalMatch | None:
    return SignalMatch.objects.filter(event=event, signal__key="refund").first()
