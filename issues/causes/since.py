"""What moved since a release, a model, a version of a prompt or a flag was first seen: rates of signals and open issues before and after."""

import datetime as dt
from dataclasses import dataclass

from ingest.counts.appearances import PROMPTS
from ingest.counts.period import sums_between
from ingest.models import Appearance, AppearanceKind, Project
from issues.causes.moving import ALONE, Move, can_be_told, moves, moves_alone, shares_between
from issues.models import Issue
from issues.models.issues import State
from raindrop.web.plurals import counted
from signals.dimensions.names import query_of
from signals.models import SignalDefinition

DAYS = 7  # before and after, at most
MOST = 10  # of what moved
SHOWN = 100  # of the timeline


@dataclass(frozen=True, slots=True)
class Moved:
    """A signal or an issue whose rate changed by more than chance."""

    subject: Issue | SignalDefinition
    move: Move

    @property
    def is_issue(self) -> bool:
        return isinstance(self.subject, Issue)

    @property
    def rose(self) -> bool:
        return self.move.difference > 0


@dataclass(frozen=True, slots=True)
class Since:
    """Of the hours from `start` to before `at`, and from then to before `end`; `events` and `events_before`: the project's. `tried`: how many
    signals and issues were looked at; of `can_be_told` of them there are enough events to tell that their share doubled. `alone`: those of the others
    that differ where each is looked at alone."""

    appearance: Appearance
    start: dt.datetime
    at: dt.datetime
    end: dt.datetime
    events_before: int
    events: int
    moved: list[Moved]
    alone: list[Moved]
    tried: int
    can_be_told: int

    @property
    def words_alone(self) -> str:
        """What is to be said of `alone`."""
        return (
            "Looked at alone, as a comparison by release does, these differ. "
            f"Of what did not change, {ALONE:.0%} differ so by chance: look at the events before you believe it."
        )

    @property
    def words(self) -> str:
        """What is to be said where nothing can be compared, or nothing moved."""
        if not self.events_before:
            return "Nothing came in the week before, so that there is nothing to compare with."
        if not self.events:
            return "Nothing has come since."
        if self.moved:
            return ""
        if not self.can_be_told:
            if self.alone:
                return "Too few events to tell what moved among all signals and issues."
            return "Too few events to tell: even a share that doubled could not be told from chance yet."
        known = f"None of {counted(self.can_be_told, 'signal or issue', 'signals and issues')} moved by more than chance."
        rest = self.tried - self.can_be_told
        return known + (f" Of {rest:,} others there are too few events to tell." if rest else "")


def timeline(project: Project, *, kind: str = "") -> list[Appearance]:
    """What was seen first, the newest first; of one kind or of all."""
    rows = Appearance.objects.filter(project=project)
    if kind:
        rows = rows.filter(kind=kind)
    return list(rows.order_by("-first_seen", "kind", "value")[:SHOWN])


def find_appearance(project: Project, name: str) -> Appearance | None:
    """`kind:value`, as pages name one."""
    kind, _, value = name.replace("\x00", "").partition(":")
    found: Appearance | None = Appearance.objects.filter(project=project, kind=kind, value=value).first()
    return found


def query_for(appearance: Appearance) -> str:
    """The query that finds its events; "" where the language has none."""
    kind, value = appearance.kind, appearance.value
    if kind == AppearanceKind.FLAG:
        name, _, value = value.partition("=")
        return query_of([(f"flag.{name}", value)])
    if kind == AppearanceKind.PROMPT:
        return "(" + " OR ".join(query_of([(f"property.{name}", value)]) for name in PROMPTS) + ")"
    return query_of([(kind, value)])


def moved_since(project: Project, appearance: Appearance, *, now: dt.datetime) -> Since:
    """Four queries of the roll-ups. By whole hours: the one of the first event counts as after it."""
    at = appearance.first_seen.astimezone(dt.UTC).replace(minute=0, second=0, microsecond=0)
    start, end = at - dt.timedelta(days=DAYS), min(now, at + dt.timedelta(days=DAYS))
    # An issue that was opened later is counted over its whole history all the same: its matches are.
    issues = {row.pk: row for row in Issue.objects.in_project(project).filter(state=State.OPEN)}
    signals = {row.pk: row for row in SignalDefinition.objects.filter(project=project, enabled=True)}
    subjects = [*issues, *signals]
    before = shares_between(project.pk, subjects, start, at)
    after = shares_between(project.pk, subjects, at, end)
    found = moves(after, before)
    moved = {move.subject for move in found}
    alone = [move for move in moves_alone(after, before) if move.subject not in moved]

    def named(some: list[Move]) -> list[Moved]:
        return [Moved(issues.get(move.subject) or signals[move.subject], move) for move in some[:MOST]]

    return Since(
        appearance=appearance,
        start=start,
        at=at,
        end=end,
        events_before=sums_between([project.pk], start, at).get(project.pk, 0),
        events=sums_between([project.pk], at, end).get(project.pk, 0),
        moved=named(found),
        alone=named(alone),
        tried=len(subjects),
        can_be_told=can_be_told(after, before),
    )  # fmt: skip
