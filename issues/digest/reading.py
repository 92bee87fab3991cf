"""What a digest says, read from the roll-ups and the histories of issues."""

import datetime as dt
from dataclasses import dataclass, field

from django.db.models import Count, QuerySet
from django.urls import reverse

from ingest.counts.period import sums_between
from ingest.counts.waiting import why_not_compared
from ingest.models import Event, Project
from issues.causes.moving import Move, Share, can_be_told, moves, shares_between
from issues.models import Activity, Issue, IssueMatch
from issues.models.activity import ActivityKind
from issues.models.issues import State
from issues.states.transitions import Action
from issues.states.words import words_for
from signals.models import Cluster, ClusterMember, ClusterStatus, SignalDefinition, SignalMatch
from signals.models.clusters import ClusterKind

MOST = 5  # things of a section
NAMED = 10  # of the others of a section
EXAMPLE_LENGTH = 120
CAME_BACK = (Action.REGRESS, Action.ESCALATE, Action.UNMUTE)


@dataclass(frozen=True, slots=True)
class Stretch:
    """From `start` to before `end`, both at a full hour, and as long before that. `name`: "28 Nov"; `before_name`: "the day before"."""

    start: dt.datetime
    end: dt.datetime
    name: str
    before_name: str

    @property
    def before(self) -> tuple[dt.datetime, dt.datetime]:
        return self.start - (self.end - self.start), self.start


@dataclass(frozen=True, slots=True)
class Line:
    """One thing. `path`: of its page; `example`: the words of a user, whose event's page is `example_path`. Both empty where there is none."""

    title: str
    path: str
    text: str = ""
    share: Share | None = None
    before: Share | None = None
    users: int | None = None
    example: str = ""
    example_path: str = ""


@dataclass(frozen=True, slots=True)
class Others:
    """What a section has no line for: how many, and the names of the first NAMED. `path`: of the page that lists all."""

    number: int
    names: list[str]
    path: str


@dataclass(frozen=True, slots=True)
class Digest:
    """`moved` in both directions, the largest first; `can_be_told`: of how many issues and signals there are enough events to tell. `open_issues`: how many there are, of which `still_open` are those that met most.
    `others`: by section ("back", "moved", "new_issues", "new_problems", "still_open") what it has no line for, where that is any. `not_compared`:
    why the events are not compared with those before, "" where they are."""

    project: Project
    stretch: Stretch
    events: int
    before: int
    not_compared: str = ""
    back: list[Line] = field(default_factory=list)
    moved: list[Line] = field(default_factory=list)
    can_be_told: int = 0
    new: list[Line] = field(default_factory=list)
    still_open: list[Line] = field(default_factory=list)
    open_issues: int = 0
    others: dict[str, Others] = field(default_factory=dict)


def read_digest(project: Project, stretch: Stretch) -> Digest:
    issues = {row.pk: row for row in Issue.objects.in_project(project).filter(state=State.OPEN)}
    signals = {row.pk: row for row in SignalDefinition.objects.filter(project=project, enabled=True)}
    subjects = [*issues, *signals]
    now = shares_between(project.pk, subjects, stretch.start, stretch.end)
    earlier = shares_between(project.pk, subjects, *stretch.before)
    begins = [row.pk for row in issues.values() if row.created_at < stretch.start]
    # What was opened meanwhile is new, and has not moved.
    known = {*begins, *signals}
    compared = {one: now[one] for one in known}
    moved = moves(compared, earlier)
    events = sums_between([project.pk], stretch.start, stretch.end).get(project.pk, 0)
    before = sums_between([project.pk], *stretch.before).get(project.pk, 0)
    standing = sorted((issues[pk] for pk in begins), key=lambda row: (-now[row.pk].events, row.number))
    made = sorted(
        (row for row in issues.values() if row.created_at >= stretch.start), key=lambda row: row.number
    )
    back, new, problems = _came_back(project, stretch), _new_issues(project, stretch), _new_problems(project)
    lists = reverse("issues", args=[project.slug])
    others = {
        "back": _others([_name(project, entry.issue) for entry in back[MOST:]], lists),
        "moved": _others(
            [
                _name(project, issues[one.subject]) if one.subject in issues else signals[one.subject].name
                for one in moved[MOST:]
            ],
            reverse("overview", args=[project.slug]),
        ),
        "new_issues": _others([_name(project, row) for row in new[MOST:]], lists),
        "new_problems": _others(
            [row.label for row in problems[MOST:]], reverse("discover", args=[project.slug])
        ),
        "still_open": _others([_name(project, row) for row in [*standing[MOST:], *made]], lists),
    }
    return Digest(
        project=project,
        stretch=stretch,
        events=events,
        before=before,
        not_compared=why_not_compared(project, stretch.before[0], stretch.end, events=events + before),
        back=[_back(project, entry, stretch) for entry in back[:MOST]],
        moved=[
            _moved(project, move, issues.get(move.subject), signals.get(move.subject), stretch)
            for move in moved[:MOST]
        ],
        can_be_told=can_be_told(compared, earlier),
        new=_new_lines(project, new[:MOST], stretch)
        + [_problem(project, row, stretch) for row in problems[:MOST]],
        still_open=[_open(project, row, now[row.pk], stretch) for row in standing[:MOST]],
        open_issues=len(issues),
        others={section: some for section, some in others.items() if some.number},
    )


def _others(names: list[str], path: str) -> Others:
    return Others(len(names), names[:NAMED], path)


def _came_back(project: Project, stretch: Stretch) -> list[Activity]:
    """Of the issues that escalated, regressed or ended their muting the last such change of each, the newest first."""
    changes = Activity.objects.filter(
        issue__project=project, kind=ActivityKind.STATE, created_at__gte=stretch.start, created_at__lt=stretch.end,
        data__action__in=[action.value for action in CAME_BACK],
    )  # fmt: skip
    last = {entry.issue_id: entry for entry in changes.select_related("issue").order_by("id")}
    return sorted(last.values(), key=lambda entry: entry.created_at, reverse=True)


def _back(project: Project, entry: Activity, stretch: Stretch) -> Line:
    return _with_example(
        project, IssueMatch.objects.filter(issue=entry.issue_id), stretch,
        title=_name(project, entry.issue), path=_path(project, entry.issue), text=words_for(entry.data),
    )  # fmt: skip


def _moved(
    project: Project, move: Move, issue: Issue | None, signal: SignalDefinition | None, stretch: Stretch
) -> Line:
    if issue is not None:
        rows: QuerySet[IssueMatch] | QuerySet[SignalMatch] = IssueMatch.objects.filter(issue=issue)
        title, path = _name(project, issue), _path(project, issue)
    else:
        assert signal is not None
        rows = SignalMatch.objects.filter(signal=signal, project=project)
        title, path = signal.name, reverse("signal", args=[project.slug, signal.key])
    return _with_example(project, rows, stretch, title=title, path=path, share=move.now, before=move.before)


def _new_issues(project: Project, stretch: Stretch) -> list[Issue]:
    new = (
        Issue.objects.in_project(project)
        .unmerged()
        .filter(created_at__gte=stretch.start, created_at__lt=stretch.end)
    )
    return list(new.order_by("-created_at"))


def _new_lines(project: Project, rows: list[Issue], stretch: Stretch) -> list[Line]:
    now = shares_between(project.pk, [row.pk for row in rows], stretch.start, stretch.end)
    return [
        _with_example(
            project, IssueMatch.objects.filter(issue=row), stretch,
            title=_name(project, row), path=_path(project, row), text="A new issue.", share=now[row.pk],
        )
        for row in rows
    ]  # fmt: skip


def _new_problems(project: Project) -> list[Cluster]:
    """Those that emerge and wait for somebody to look at them."""
    emerging = Cluster.objects.filter(
        project=project, kind=ClusterKind.PROBLEM, is_emerging=True, is_gone=False, status=ClusterStatus.NEW
    )
    return list(emerging.order_by("-conversations", "id").defer("keys", "centroid", "assigner"))


def _problem(project: Project, row: Cluster, stretch: Stretch) -> Line:
    return _with_example(
        project, ClusterMember.objects.filter(cluster=row, project=project), stretch,
        title=row.label, path=reverse("cluster", args=[project.slug, row.pk]), text=row.emerging_reason or "It emerges.",
    )  # fmt: skip


def _open(project: Project, issue: Issue, now: Share, stretch: Stretch) -> Line:
    rows = IssueMatch.objects.filter(
        issue=issue, timestamp__gte=stretch.start, timestamp__lt=stretch.end, end_user__isnull=False
    )
    users = rows.aggregate(n=Count("end_user", distinct=True))["n"]
    return _with_example(
        project, IssueMatch.objects.filter(issue=issue), stretch,
        title=_name(project, issue), path=_path(project, issue), share=now, users=users,
    )  # fmt: skip


def _with_example(
    project: Project,
    rows: QuerySet[IssueMatch] | QuerySet[SignalMatch] | QuerySet[ClusterMember],
    stretch: Stretch,
    *,
    title: str,
    path: str,
    text: str = "",
    share: Share | None = None,
    before: Share | None = None,
    users: int | None = None,
) -> Line:
    """The line, with the newest event of the stretch on which it holds; where it fell to nothing, of the one before."""
    example, example_path = "", ""
    within = rows.filter(timestamp__gte=stretch.before[0], timestamp__lt=stretch.end)
    newest = within.order_by("-timestamp", "-id").values_list("event_id", flat=True).first()
    event = Event.objects.filter(pk=newest, project=project).first() if newest else None
    if event is not None:
        words = " ".join((event.input or event.output).split())
        example = words if len(words) <= EXAMPLE_LENGTH else words[: EXAMPLE_LENGTH - 1].rstrip() + "…"
        example_path = reverse("event", args=[project.slug, event.event_id])
    return Line(title, path, text, share, before, users, example, example_path)


def _name(project: Project, issue: Issue) -> str:
    return f"{issue.title} ({project.slug.upper()}-{issue.number})"


def _path(project: Project, issue: Issue) -> str:
    return reverse("issue", args=[project.slug, issue.number])
