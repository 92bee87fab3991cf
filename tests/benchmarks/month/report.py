"""What the month's plan asked for, beside what happened and what was received."""

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from issues.models import Activity, Issue
from issues.models.activity import ActivityKind
from tests.benchmarks.month.plan import COUNTED_AT, DAYS, TOLD, Expected
from tests.benchmarks.month.walk import QUIET, URGENT, Received, Walk

_Told = tuple[str, str]  # trigger, subject


@dataclass
class Row:
    """One trigger. Of a receiver's messages: `once`; `again`: messages that came more than once, each with its first one's id; `never`."""

    trigger: str
    planned: int = 0
    wrong: int = 0  # messages that the plan has no reason for
    hook: Counter[str] = field(default_factory=Counter)
    mail: Counter[str] = field(default_factory=Counter)


@dataclass
class Report:
    rows: list[Row]
    # By story: what the plan expects, and what the issue's activity says, where the two differ.
    astray: dict[str, tuple[list[Expected], list[tuple[str, float]]]]
    in_quiet_hours: int  # messages that were not urgent, and came in the quiet hours
    killed: dict[str, int]
    refused: dict[str, int]
    walked: Counter[str]

    @property
    def is_right(self) -> bool:
        """Every message of the plan reached both receivers, none twice by its id, and no other came."""
        rows = all(
            not row.wrong and row.hook["once"] + row.hook["again"] == row.mail["once"] + row.mail["again"] == row.planned
            for row in self.rows
        )  # fmt: skip
        return rows and not self.astray and not self.in_quiet_hours

    def text(self) -> str:
        head = f"{'alert':<17}{'planned':>8} | webhook: {'once':>5}{'again':>6}{'never':>6} | e-mail: {'once':>5}{'again':>6}{'never':>6} | {'wrong':>5}"
        lines = [head, "-" * len(head)]
        for row in self.rows:
            lines.append(
                f"{row.trigger:<17}{row.planned:>8} |          {row.hook['once']:>5}{row.hook['again']:>6}{row.hook['never']:>6}"
                f" |         {row.mail['once']:>5}{row.mail['again']:>6}{row.mail['never']:>6} | {row.wrong:>5}"
            )
        for name in ("hook", "mail"):
            found: Counter[str] = sum((getattr(row, name) for row in self.rows), Counter())
            lines.append(f"{name}: once {found['once']}, again {found['again']}, never {found['never']}")
        lines += [
            f"changes of state: {dict(self.walked)}",
            f"processes killed: {self.killed}; messages that a receiver refused: {self.refused}",
            f"not urgent in the quiet hours: {self.in_quiet_hours}",
        ]
        for title, (expected, found_) in self.astray.items():
            lines.append(f"ASTRAY {title}\n  planned {expected}\n  is      {found_}")
        return "\n".join(lines)


def report(walk: Walk, *, start: dt.datetime) -> Report:
    issues = {issue.number: issue for issue in Issue.objects.all()}
    planned: dict[_Told, int] = Counter()
    astray, walked = {}, Counter[str]()
    for story in walk.plan.stories:
        issue = issues[walk.numbers[story.title]]
        changes = issue.activity.filter(kind=ActivityKind.STATE).order_by("id")
        found = [(row.data["action"], _hours(row, start)) for row in changes]
        walked.update(action for action, _ in found)
        expected = sorted(story.expected, key=lambda one: one.first)
        fits = [
            action == one.action and one.first <= hour <= one.last
            for one, (action, hour) in zip(expected, found, strict=False)
        ]
        if len(found) != len(expected) or not all(fits):
            astray[story.title] = (expected, found)
        planned["issue_new", str(issue.pk)] += 1
        for one, before in zip(expected, [None, *expected], strict=False):
            if one.action in TOLD:
                was_muted = one.action == "reopen" and before is not None and before.action == "mute"
                trigger = TOLD["unmute" if was_muted else one.action]
                planned[trigger, str(issue.pk)] += 1
    planned["digest_daily", "digest"] = DAYS
    planned["event_count", "query"] = len(COUNTED_AT)
    planned["ingest_stopped", "ingest"] = 1
    return Report(
        rows=_rows(planned, walk.by_hook, walk.by_mail),
        astray=astray,
        in_quiet_hours=sum(_is_disturbing(one) for one in [*walk.by_hook, *walk.by_mail]),
        killed=dict(walk.workers.killed),
        refused=dict(walk.refused),
        walked=walked,
    )


def _rows(planned: dict[_Told, int], by_hook: Sequence[Received], by_mail: Sequence[Received]) -> list[Row]:
    rows: dict[str, Row] = {}
    hooks, mails = _by_subject(by_hook), _by_subject(by_mail)
    for told in sorted({*planned, *hooks, *mails}):
        row = rows.setdefault(told[0], Row(told[0]))
        wanted = planned.get(told, 0)
        row.planned += wanted
        for mine, found in ((row.hook, hooks[told]), (row.mail, mails[told])):
            came = Counter(one.key for one in found)
            # Two messages about one thing that happened, with two ids, are two: the second is wrong.
            things = {one.occurrence for one in found}
            mine["once"] += sum(times == 1 for times in came.values())
            mine["again"] += sum(times > 1 for times in came.values())
            mine["never"] += max(0, wanted - len(things))
            row.wrong += max(0, len(came) - wanted)
    return list(rows.values())


def _by_subject(received: Sequence[Received]) -> defaultdict[_Told, list[Received]]:
    found: defaultdict[_Told, list[Received]] = defaultdict(list)
    for one in received:
        found[one.trigger, one.subject].append(one)
    return found


def _hours(row: Activity, start: dt.datetime) -> float:
    return (row.created_at - start).total_seconds() / 3600


def _is_disturbing(one: Received) -> bool:
    first, last = (int(clock[:2]) for clock in QUIET)
    return one.trigger not in URGENT and not last <= one.at.hour < first
