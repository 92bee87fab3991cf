"""Questions as pages show them: what the model judged, what stands instead, and why."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from django.utils import timezone

from ingest.models import Event, Job, Project
from raindrop import llm
from signals.detection.preview import Preview
from signals.llm import budget
from signals.models import QuestionVerdict, SignalDefinition, SignalMatch
from signals.questions.asking import ask_now
from signals.questions.config import question_of
from signals.questions.estimates import Estimate, history_estimate, preview_estimate
from signals.questions.history import run_of, stopping
from signals.questions.prompt import sides_of
from signals.questions.verdicts import Plausible, Standing, standing_of

TRIED = 5  # events that a preview asks about


@dataclass(frozen=True, slots=True)
class Status:
    """Whether the model is asked now; `text` says why not, or what is wrong."""

    level: Literal["ok", "info", "warning"]
    text: str


@dataclass(frozen=True, slots=True)
class Panel:
    """A question on its signal's page. `history`: what a run would cost; None when there is nothing to ask. `run`: one that is under
    way. `stopping`: events that the service still has of one that a person has stopped."""

    status: Status
    meter: budget.Meter
    standing: Standing
    history: Estimate | None
    run: Job | None
    stopping: int


@dataclass(frozen=True, slots=True)
class Trial:
    """The model on a few events, before anything is saved: what it would cost, or `verdicts` once it was asked."""

    plausible: list[Plausible]
    estimate: Estimate | None
    why_not: str
    verdicts: list[tuple[Event, QuestionVerdict]]


def status_of(project: Project, meter: budget.Meter) -> Status:
    if why := llm.why_not():
        return Status("warning", f"{why} Until it is set, the small model answers alone.")
    if meter.off:
        return Status("info", "The day's budget is 0, so the small model answers alone.")
    if meter.spent:
        return Status("warning", "Today's budget is spent: the small model answers until 00:00 UTC.")
    settings = budget.settings_of(project.pk)
    if settings.trouble:
        problem = f"The LLM gave no answer the last time. {settings.trouble}"
        if settings.stopped_until and settings.stopped_until > timezone.now():
            problem += f" Check the key: nothing is asked before {settings.stopped_until.astimezone(dt.UTC):%H:%M} UTC."
        return Status("warning", f"{problem} The small model's answers stand; it is asked again by itself.")
    return Status("ok", "")


def panel_of(signal: SignalDefinition) -> Panel:
    meter = budget.meter(signal.project_id)
    run = run_of(signal)
    return Panel(
        status=status_of(signal.project, meter),
        meter=meter,
        standing=standing_of(signal.project_id, question_of(signal).version),
        history=None if run or meter.off or not signal.enabled else history_estimate(signal),
        run=run,
        stopping=stopping(signal),
    )


def attach_verdicts(signal: SignalDefinition, matches: Sequence[SignalMatch]) -> None:
    """Sets each match's `verdict`, in whatever state it is, or None."""
    events = [match.event_id for match in matches]
    rows = QuestionVerdict.objects.filter(version=question_of(signal).version, event__in=events)
    found = {row.event_id: row for row in rows}
    for match in matches:
        match.verdict = found.get(match.event_id)  # type: ignore[attr-defined]  # read by the template


def try_question(signal: SignalDefinition, shown: Preview, *, ask: bool) -> Trial:
    """On the most plausible of the events that the preview shows. With `ask` the model is asked, and paid for."""
    question = question_of(signal)
    samples = sorted([*shown.samples, *shown.near], key=lambda sample: -sample.score)
    plausible = [
        Plausible(sample.event, sample.score)
        for sample in samples
        if sides_of(question, input=sample.event.input, output=sample.event.output)
    ][:TRIED]
    events = {one.event.id: one.event for one in plausible}
    meter = budget.meter(signal.project_id)
    why_not = "" if plausible else "The small model finds no event that comes near. Give it other examples."
    if llm.why_not() or meter.off or meter.spent:
        why_not = status_of(signal.project, meter).text
    verdicts = ask_now(signal.project, question, plausible) if ask and not why_not else []
    return Trial(
        plausible=plausible,
        estimate=preview_estimate(question, list(events.values())),
        why_not=why_not,
        verdicts=[(events[verdict.event_id], verdict) for verdict in verdicts],
    )
