"""The last pass with a key, through the real SDK against a stub: what is the same is joined and named; a bad answer changes nothing."""

import json
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any

import pytest

from ingest.models import Event, Project
from signals.clusters.polishing import SCHEMA, cards_of, polish
from signals.clusters.reading import live_clusters
from signals.discovery.problems import Group, group_problems
from signals.llm import budget
from signals.models import Facet
from tests.signals.anthropic_stub import Stub, error, message, running_stub
from tests.signals.clusters.test_refresh import find
from tests.signals.discovery.test_grouping import near, seen

pytestmark = pytest.mark.django_db
PHRASES = ["Sent it in euros", "Sent it in pounds", "Wrong day"] * 2 + ["connection refused"] * 2
OBSERVATIONS = [seen(phrase) for phrase in PHRASES[:6]] + [
    seen(phrase, source="tool", key="sync") for phrase in PHRASES[6:]
]
VECTORS = near(0, 1, 2, 0, 1, 2, 3, 3)


@pytest.fixture
def stub(settings: Any) -> Iterator[Stub]:
    with running_stub() as stub:
        settings.ANTHROPIC_API_KEY, settings.ANTHROPIC_BASE_URL, settings.LLM_TIMEOUT = (
            "sk-test",
            stub.url,
            5.0,
        )
        yield stub


def groups() -> list[Group]:
    found = group_problems(OBSERVATIONS, VECTORS)
    assert len(found) == 4 and {group.source for group in found} == {"facet", "tool"}
    return found


def polished(project: Project, names: Sequence[str] = ()) -> list[Group]:
    return polish(groups(), observations=OBSERVATIONS, vectors=VECTORS, names=names, project=project)


def labels(some: Sequence[Group]) -> set[str]:
    return {group.label for group in some}


def answer(*problems: Any) -> dict[str, Any]:
    return message(json.dumps({"problems": list(problems)}))


def problem(*numbers: Any, name: Any = "Uses the wrong currency") -> dict[str, Any]:
    return {
        "groups": list(numbers),
        "name": name,
        "description": "Euros in place of pounds, or the other way round.",
    }


def told(stub: Stub) -> dict[str, Any]:
    content = stub.requests[0]["messages"][0]["content"]
    inside = content.removeprefix("<groups>\n").removesuffix("\n</groups>")
    assert not set("<>&") & set(inside)
    found: dict[str, Any] = json.loads(inside)
    return found


def numbers_of(*phrases: str) -> list[int]:
    return [card.number for card in cards_of(groups(), OBSERVATIONS, VECTORS) if card.phrases[0] in phrases]


def test_what_is_the_same_is_joined_and_named(stub: Stub, project: Project) -> None:
    stub.answer = lambda request, n: answer(problem(*numbers_of("Sent it in euros", "Sent it in pounds")))
    found = polished(project, names=["An <old> name"])
    assert labels(found) == {"Uses the wrong currency", "Wrong day", "`sync` fails: connection refused"}
    joined = next(group for group in found if group.label == "Uses the wrong currency")
    assert joined.members == (0, 1, 3, 4) and joined.description.startswith("Euros in place")
    request = told(stub)
    assert request["names in use"] == ["An <old> name"]
    assert sorted(one["phrases"][0] for one in request["groups"]) == [
        "Sent it in euros",
        "Sent it in pounds",
        "Wrong day",
    ]
    assert stub.requests[0]["output_config"]["format"]["schema"] == SCHEMA
    assert budget.meter(project.id).calls == 1 and budget.meter(project.id).held == 0


@pytest.mark.parametrize(
    "reply",
    [
        message("no JSON"),
        message('{"problems": 7}'),
        message('{"problems": []}', stop="max_tokens"),
        message("", stop="refusal"),
        error(400, "invalid_request_error"),
        error(529, "overloaded_error"),
        answer(problem(0, 99), problem(-1), problem(True), problem(), problem("0"), 7, problem(0, 0)),
        answer({"groups": [0], "name": "", "description": ""}, {"groups": [0], "name": "x" * 500}),
    ],
)
def test_an_unusable_answer_changes_nothing(reply: Any, stub: Stub, project: Project) -> None:
    stub.answer = lambda request, n: reply
    assert labels(polished(project)) == labels(groups())


def test_a_number_counts_once_and_a_tool_is_never_joined(stub: Stub, project: Project) -> None:
    tool = next(place for place, group in enumerate(groups()) if group.source == "tool")
    euros, pounds = numbers_of("Sent it in euros", "Sent it in pounds")
    stub.answer = lambda request, n: answer(
        problem(euros, name="First"), problem(euros, pounds, name="Second"), problem(tool, name="Third")
    )
    found = labels(polished(project))
    assert "First" in found and not found & {"Second", "Third"} and len(found) == 4


def test_no_key_and_no_budget_ask_nothing(stub: Stub, project: Project, settings: Any) -> None:
    budget.save_budget(project=project, daily_calls=0, daily_dollars=Decimal(1), random_share=0.5)
    assert labels(polished(project)) == labels(groups())
    settings.ANTHROPIC_API_KEY = ""
    assert labels(polished(project)) == labels(groups())
    assert stub.requests == []


def test_a_refresh_keeps_what_the_model_named(stub: Stub, project: Project, broken: list[Event]) -> None:
    for n, event in enumerate(broken[12:20]):
        Facet.objects.create(
            project=project, conversation=event.conversation, event=event, end_user=event.end_user, timestamp=event.timestamp, text_hash=b"h",
            prompt_version="1", sampled="random", intent="Book a flight", quote="", where="assistant",
            went_wrong=("Booked the wrong day", "Repeated an earlier answer word by word")[n % 2],
        )  # fmt: skip
    stub.answer = lambda request, n: answer(
        problem(*(one["number"] for one in told(stub)["groups"]), name="Does not listen")
    )
    find(project)
    [found] = live_clusters(project).filter(origin="facet")
    assert found.label == "Does not listen" and found.members.count() == 8
    stub.requests.clear()
    find(project)
    assert told(stub)["names in use"] == ["Does not listen"]
    assert [one.pk for one in live_clusters(project).filter(origin="facet")] == [found.pk]
