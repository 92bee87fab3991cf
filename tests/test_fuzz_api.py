"""Schemathesis sends what the schema allows, and what it forbids, to every path of the management API and the read path:
nothing may fail with a 5xx, and a refusal has the one error shape (or, on OTLP's paths, a google.rpc.Status).

Derandomized, so that a run is the same each time. `make test-soak` tries more cases, and RAINDROP_FUZZ_EXAMPLES=1000 of it even more.
"""

import io
import os
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import hypothesis
import pytest
import schemathesis
import yaml
from django.core.management import call_command
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections, transaction
from schemathesis.generation.modes import GenerationMode

from ingest.models import Job
from issues.actions import create_issue
from issues.alerts.rules import create_rule
from labeling.labels.labels import record_label
from labeling.models import ClarifyingQuestion
from signals.catalogue.installing import install_builtin_signals
from signals.models import Cluster, ClusterKind, SignalDefinition, SignalGroup

pytestmark = [pytest.mark.django_db, pytest.mark.slow, pytest.mark.timeout(600)]

# Cases for each path, method and mode (what the schema allows, what it forbids), in `make test` and in `make test-soak`.
EXAMPLES, MANY = 3, int(os.environ.get("RAINDROP_FUZZ_EXAMPLES", "20"))


class RolledBack(Exception):
    """Ends an example, and takes back what it did: the next one finds the same rows."""


@pytest.fixture
def _one_connection() -> Iterator[None]:
    """As Django's test client does: a request must not close the connection that holds the test's transaction."""
    request_started.disconnect(close_old_connections)
    request_finished.disconnect(close_old_connections)
    yield
    request_started.connect(close_old_connections)
    request_finished.connect(close_old_connections)


@pytest.fixture
def known(make_event: Callable[..., Any], project: Any, member: Any) -> dict[str, list[Any]]:
    """Things that are there, by the names that path parameters have."""
    events = [
        make_event(input=f"you forgot my name {n}", output="I cannot do that", convo_id="c-1")
        for n in range(8)
    ]
    install_builtin_signals(project)
    issue = create_issue(
        project=project, title="It forgets", description="The agent forgets names.", user=member
    )
    for n, event in enumerate(events[:4]):
        record_label(subject=issue, event=event, answer="match" if n % 2 else "not_match", user=member)
    question = ClarifyingQuestion.objects.create(
        project=project, issue=issue, kind="flip", first=events[0], second=events[1], first_quote="you forgot", second_quote="my name",
        text="Does it count?", settles=1, asked_version=1,
    )  # fmt: skip
    cluster = Cluster.objects.create(project=project, kind=ClusterKind.PROBLEM, label="Forgets names")
    signals = [str(signal.id) for signal in SignalDefinition.objects.filter(project=project)[:3]]
    # A private address: nothing goes out, and a test has its answer at once.
    alert = create_rule(
        project=project, user=member, name="New", trigger="issue_new", channels=["json://127.0.0.1:9/"]
    )
    return {
        "alert_id": [str(alert.id)],
        "event_id": [event.event_id for event in events[:3]],
        "signal_id": signals,
        "cluster_id": [str(cluster.id)],
        "question_id": [str(question.id)],
        "name": ["search"],
        "group_id": [str(group.id) for group in SignalGroup.objects.filter(project=project)[:2]],
        "user_id": ["user-1"],
        "convo_id": ["c-1"],
        "job_id": [str(Job.objects.create(project=project, kind="rescore").id)],
        "/api/issues/{key}": [str(issue.number), str(issue.id)],
        "/api/signals/{key}": [
            *SignalDefinition.objects.filter(project=project).values_list("key", flat=True)[:3]
        ],
    }


@pytest.fixture(scope="module")
def schema() -> Any:
    out = io.StringIO()
    call_command("spectacular", stdout=out)
    return schemathesis.openapi.from_dict(yaml.safe_load(out.getvalue()))


@dataclass
class Answers:
    """What one kind of key was answered: how often by status, and the first of each kind of problem."""

    statuses: Counter[int] = field(default_factory=Counter)
    problems: dict[str, str] = field(default_factory=dict)


@pytest.mark.usefixtures("_one_connection")
@pytest.mark.parametrize("examples", [EXAMPLES, pytest.param(MANY, marks=pytest.mark.soak)])
def test_nothing_fails_and_refusals_have_the_one_shape(
    examples: int, schema: Any, known: dict[str, list[Any]], admin_key: str, query_key: str
) -> None:
    application = get_wsgi_application()
    answers = {admin_key: Answers(), query_key: Answers()}
    operations = 0
    for result in schema.get_all_operations():
        operation = result.ok()
        if operation.path.startswith("/v1/") and operation.method.upper() != "GET":
            continue  # the write path has fuzzers of its own
        operations += 1
        for mode in GenerationMode:
            fuzz(operation, mode, examples, application, known, answers)
    assert operations > 20
    for of_key in answers.values():
        print(f"{operations} operations, answers {dict(sorted(of_key.statuses.items()))}")
        assert of_key.statuses[200] > operations, "most of it must get past the door"
        assert not of_key.problems, "\n\n".join(f"{name}: {text}" for name, text in of_key.problems.items())


def fuzz(
    operation: Any,
    mode: Any,
    examples: int,
    application: Any,
    known: dict[str, list[Any]],
    answers: dict[str, Answers],
) -> None:
    """Sends so many cases, each with each of the keys that `answers` has."""

    @hypothesis.settings(
        max_examples=examples,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[hypothesis.Phase.generate],
        suppress_health_check=list(hypothesis.HealthCheck),
    )
    @hypothesis.given(
        case=operation.as_strategy(generation_mode=mode), luck=hypothesis.strategies.integers(0, 99)
    )
    def send(case: Any, luck: int) -> None:
        for name in case.path_parameters or {}:
            place = operation.path[: operation.path.index("{")] + f"{{{name}}}"
            there = known.get(place) or known[name]
            if luck < 70:
                case.path_parameters[name] = there[luck % len(there)]
        for key, of_key in answers.items():
            try:
                with transaction.atomic():
                    response = case.call(app=application, headers={"Authorization": f"Bearer {key}"})
                    raise RolledBack
            except RolledBack:
                pass
            of_key.statuses[response.status_code] += 1
            if problem := problem_of(response):
                of_key.problems.setdefault(
                    f"{operation.label} {response.status_code}",
                    f"{problem}\n  {case.method} {case.formatted_path} {case.query!r} {case.body!r}",
                )

    try:
        send()
    except (hypothesis.errors.Unsatisfiable, schemathesis.errors.InvalidSchema):
        assert mode == GenerationMode.NEGATIVE, operation.label  # nothing here can be wrong


def problem_of(response: Any) -> str:
    """Empty when the answer is as it should be."""
    if response.status_code >= 500:
        return "it failed"
    if response.status_code < 400:
        return ""
    try:
        error = response.json()["error"]
    except (ValueError, KeyError, TypeError):
        return f"no error in the one shape: {response.text[:200]}"
    if not {"code", "message"} <= set(error) <= {"code", "message", "details"}:
        return f"not the one shape: {error}"
    return ""
