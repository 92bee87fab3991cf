"""A question as a detector: the model's verdict where there is one, the small model's answer elsewhere."""

from raindrop import llm
from signals.detectors import sentence
from signals.detectors.batch import Batch, Detect, Finding
from signals.llm import budget
from signals.matching.batches import EventBatch
from signals.models import SignalDefinition
from signals.models.questions import VerdictState
from signals.questions.config import is_asked_for, question_of
from signals.questions.prompt import PROMPT_VERSION, sides_of
from signals.questions.verdicts import Plausible, request_verdicts, verdicts_on

VERSION = 1
LOCAL_SOURCE = f"question-local@{sentence.VERSION}"
NO_KEY = "No model is set up."
OFF = "The day's budget is 0."
SPENT = "The day's budget was spent."
HISTORY = "Of the history; nobody has asked the model about it."


def make_detector(signal: SignalDefinition, local: Detect) -> Detect:
    """`local`: the small model's detector. Three queries a batch less one: the verdicts."""
    version = question_of(signal).version

    def detect(batch: Batch) -> list[Finding]:
        assert isinstance(batch, EventBatch), "a question is read off stored events"
        verdicts = {
            event_id: verdict
            for event_id, verdict in verdicts_on(version, batch.events).items()
            if verdict.state == VerdictState.ANSWERED
        }
        found = local(batch)
        batch.notes[_note(signal)] = {one.index: one.score for one in found}
        kept = [
            Finding(one.index, one.score, one.evidence, LOCAL_SOURCE)
            for one in found
            if batch.events[one.index].id not in verdicts
        ]
        for index, event in enumerate(batch.events):
            if (verdict := verdicts.get(event.id)) and verdict.match:
                source = f"llm@{PROMPT_VERSION}:{verdict.model}"
                kept.append(Finding(index, 1.0, verdict.evidence, source))
        return kept

    return detect


def ask_where_plausible(signal: SignalDefinition, batch: EventBatch, *, history: bool = False) -> None:
    """After `detect` on this very batch, in the transaction that stores its matches: notes which events the model is to be asked
    about, or why it is not. `history`: they are only noted; a person decides (signals/questions/history.py)."""
    question, scores = question_of(signal), batch.notes[_note(signal)]
    plausible = [
        Plausible(event, scores.get(index, 0.0))
        for index, event in enumerate(batch.events)
        if is_asked_for(signal.config, score=scores.get(index, 0.0), event_id=event.id)
        and sides_of(question, input=event.input, output=event.output)
    ]
    if plausible:
        problem = HISTORY if history else _why_not(signal)
        request_verdicts(version=question.version, plausible=plausible, problem=problem)


def _why_not(signal: SignalDefinition) -> str:
    if llm.why_not():
        return NO_KEY
    today = budget.meter(signal.project_id)
    return OFF if today.off else SPENT if today.spent else ""


def _note(signal: SignalDefinition) -> str:
    return f"question {signal.pk}"
