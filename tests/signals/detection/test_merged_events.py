"""What the pipeline has made of an event goes when it is merged into another."""

import datetime as dt
from collections.abc import Callable

import pytest
from django.utils import timezone

from ingest.models import Event, Project
from signals.matching.merged_events import move_observations
from signals.models import FailedEnding, QuestionVerdict
from signals.models.questions import VerdictState

pytestmark = pytest.mark.django_db
MakeEvent = Callable[..., Event]


def test_verdicts_go_but_those_for_which_money_is_held(project: Project, make_event: MakeEvent) -> None:
    gone, stays = make_event(), make_event()
    for event in (gone, stays):
        for state in VerdictState:
            QuestionVerdict.objects.create(
                project=project, event=event, version=state, text_hash=b"", state=state
            )
    move_observations({gone.id: stays.id})
    assert set(QuestionVerdict.objects.filter(event=gone).values_list("state", flat=True)) == {
        VerdictState.ASKING,
        VerdictState.BATCHED,
    }
    assert QuestionVerdict.objects.filter(event=stays).count() == len(VerdictState)


def test_an_ending_is_decided_anew(project: Project, make_event: MakeEvent) -> None:
    gone, stays = make_event(convo_id="one"), make_event(convo_id="two")
    for event in (gone, stays):
        FailedEnding.objects.create(
            conversation=event.conversation,
            project=project,
            event=event,
            due_at=timezone.now() + dt.timedelta(hours=1),
        )
    move_observations({gone.id: stays.id})
    assert [row.event_id for row in FailedEnding.objects.all()] == [stays.id]
