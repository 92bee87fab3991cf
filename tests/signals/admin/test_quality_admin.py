"""The admin of verdicts, of what people said, and of what was learnt from it."""

from typing import Any

import pytest
from django.test import Client

from ingest.models import Event, Project, User
from signals.models import QuestionVerdict, SignalDefinition, SignalTuning
from tests.signals.anthropic_stub import Stub, verdict
from tests.signals.questions.question_world import (
    MakeEvent,
    ask_all,
    make_question,
    question,
    run_pipeline,
    service,
)

__all__ = ["question", "service"]
VERDICTS = "/admin/signals/questionverdict/"
TUNINGS = "/admin/signals/signaltuning/"
EVIL = "<script>alert(1)</script>"


@pytest.fixture
def owner(db: None) -> Client:
    client = Client()
    client.force_login(User.objects.create_superuser("root", password="correct horse battery"))
    return client


def html(answer: Any) -> str:
    assert answer.status_code == 200
    text: str = answer.content.decode()
    return text


def rows(answer: Any) -> list[Any]:
    html(answer)
    found: list[Any] = list(answer.context["cl"].result_list)
    return found


def test_verdicts(
    owner: Client, project: Project, other_project: Project, question: SignalDefinition, service: Stub, make_event: MakeEvent
) -> None:  # fmt: skip
    other = make_question(other_project)
    yes = make_event(event_id="yes", input="I want my money back, please!")
    no = make_event(event_id="no", input="Give me my money back? No.")
    far = make_event(of=other_project, input="Give me my money back!")
    service.answer = lambda request, n: (
        verdict(True, "my money back", EVIL) if "please" in str(request["messages"]) else verdict(False)
    )
    run_pipeline(yes, no, far)
    ask_all(project)
    QuestionVerdict.objects.filter(project=other_project).update(version="gone")
    shown = html(owner.get(VERDICTS))
    assert "my money back" in shown and "&lt;script&gt;alert(1)" in shown and EVIL not in shown
    assert 'href="/p/acme/events/yes/"' in shown and "$0.000" in shown
    assert "an earlier wording (gone)" in shown and "Refund (acme)" in shown
    assert [row.event_id for row in rows(owner.get(VERDICTS, {"match__exact": "1"}))] == [yes.id]
    assert [row.event_id for row in rows(owner.get(VERDICTS, {"state": "waiting"}))] == [far.id]
    assert {row.event_id for row in rows(owner.get(VERDICTS, {"signal": str(question.pk)}))} == {
        yes.id,
        no.id,
    }
    assert not rows(owner.get(VERDICTS, {"signal": str(other.pk)}))
    assert not rows(owner.get(VERDICTS, {"signal": "nonsense"}))
    one = f"{VERDICTS}{QuestionVerdict.objects.get(event=yes).pk}/change/"
    assert "my money back" in html(owner.get(one)) and EVIL not in html(owner.get(one))
    assert owner.post(one, {"state": "failed"}).status_code == 403
    Event.objects.filter(pk=yes.pk).delete()
    assert len(rows(owner.get(VERDICTS))) == 3 and str(yes.id) in html(owner.get(one))


def test_what_was_learnt(owner: Client, project: Project, question: SignalDefinition) -> None:
    tuning = SignalTuning.objects.create(
        project=project, signal=question, kind="threshold", state="proposed", labels=24, before={"precision": 0.5},
        after={"precision": 0.9}, old_threshold=0.5, new_threshold=0.72, new_trained=b"weights",
    )  # fmt: skip
    shown = html(owner.get(TUNINGS, {"state": "proposed"}))
    assert "50% → 90%" in shown and "0.50 → 0.72" in shown
    one = f"{TUNINGS}{tuning.pk}/change/"
    assert "/p/acme/signals/refund/" in html(owner.get(one)) and "weights" not in html(owner.get(one))
    assert owner.post(one, {"state": "applied"}).status_code == 403
    assert not rows(owner.get(TUNINGS, {"state": "applied"}))
