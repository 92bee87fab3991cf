"""What a plan looks up once for all events."""

import uuid
from collections.abc import Callable

import pytest

from ingest.models import Event, Project
from signals.clusters.members import ASSIGNER
from signals.clusters.plan import Plan, Planned, members_of
from signals.models import ClusterKind, EventEmbedding
from signals.search.meaning import meaning_vector

MakeEvent = Callable[..., Event]
TOP, MIDDLE, FINEST, OTHER = (uuid.UUID(int=number) for number in range(1, 5))


def _intents(*parents: tuple[uuid.UUID, uuid.UUID | None]) -> list[Planned]:
    return [Planned(id=one, kind=ClusterKind.INTENT, parent=parent) for one, parent in parents]


def test_a_cluster_comes_with_those_above_it_and_a_circle_ends() -> None:
    plan = Plan(_intents((TOP, None), (MIDDLE, TOP), (FINEST, MIDDLE)))
    assert plan.lineages == {TOP: [TOP], MIDDLE: [MIDDLE, TOP], FINEST: [FINEST, MIDDLE, TOP]}
    circle = Plan(_intents((TOP, MIDDLE), (MIDDLE, TOP), (FINEST, OTHER)))
    assert circle.lineages == {TOP: [TOP, MIDDLE], MIDDLE: [MIDDLE, TOP], FINEST: [FINEST]}


@pytest.mark.django_db
def test_a_batch_gives_each_event_what_it_gets_alone(project: Project, make_event: MakeEvent) -> None:
    words = ["where is my parcel", "cancel my subscription", "where is the parcel I ordered"]
    events = [make_event(input=text, output="") for text in words]
    for event, text in zip(events, words, strict=True):
        EventEmbedding.objects.create(
            event=event, project=project, user_vector=meaning_vector(text).tolist(), text_hash=b""
        )
    plan = Plan(
        [
            Planned(id=TOP, kind=ClusterKind.INTENT),
            Planned(id=FINEST, kind=ClusterKind.INTENT, parent=TOP, message=meaning_vector(words[0])),
            Planned(id=OTHER, kind=ClusterKind.INTENT, parent=TOP, message=meaning_vector(words[1])),
        ]
    )
    together = members_of(events, plan)
    assert {(one.event, one.cluster) for one in together} == {
        (event.id, cluster)
        for event, finest in zip(events, (FINEST, OTHER, FINEST), strict=True)
        for cluster in (finest, TOP)
    }
    assert {one.source for one in together} == {ASSIGNER}
    alone = [one for event in events for one in members_of([event], plan)]
    assert together == alone
