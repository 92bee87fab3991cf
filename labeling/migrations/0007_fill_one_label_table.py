"""Labels of issues and feedback on signals become rows of one table, to which rows are only added.

An issue's label keeps its id and its time. Where it was superseded and none followed (an undo, or an admin who took it back), a row
that retracts it is added at that moment. Its definition version is the newest that there was when it was given.

A signal's feedback keeps its id (a UUIDv7: the millisecond in which the person first answered) and its `updated_at`, which is when the
answer that stands was given. What it said before was overwritten then, and is not known.

A label without a user is a program's (author "key"), or that of a person whose account is gone (author "gone:" and the id of the
person's first row): these all stand, as they did.
"""

import itertools
import uuid
from collections.abc import Iterator
from typing import Any

from django.db import migrations
from django.db.models import CharField, Exists, F, OuterRef, Subquery, Value
from django.db.models.functions import Cast, Concat

from raindrop.ids import new_id

BATCH = 1000
KEY = "key"


def fill(apps: Any, schema_editor: Any) -> None:
    Label = apps.get_model("labeling", "Label")
    Definition = apps.get_model("issues", "Definition")
    versions = Definition.objects.filter(
        issue=OuterRef("issue_id"), created_at__lte=OuterRef("created_at")
    ).order_by("-version")
    first = Definition.objects.filter(issue=OuterRef("issue_id")).order_by("version")
    labels = Label.objects.filter(subject_kind="")
    labels.update(subject_kind="issue", subject_id=F("issue_id"))
    of_issues = Label.objects.filter(subject_kind="issue")
    of_issues.update(definition_version=Subquery(versions.values("version")[:1]))
    of_issues.filter(definition_version=None).update(definition_version=Subquery(first.values("version")[:1]))
    _name_users(of_issues)
    for chain in _chains_without_user(of_issues):
        author = KEY if chain.is_key else f"gone:{chain.rows[0].pk}"
        of_issues.filter(pk__in=[row.pk for row in chain.rows]).update(author=author)
    _retract(Label)
    _copy_feedback(apps, Label)


def _name_users(rows: Any) -> None:
    name = Concat(Value("user:"), Cast(F("user_id"), CharField()))
    rows.filter(user__isnull=False).update(author=name)


class _Chain:
    """Answers of one author whose name is not known, each superseded by the next."""

    def __init__(self) -> None:
        self.rows: list[Any] = []
        self.is_key = False


def _chains_without_user(of_issues: Any) -> Iterator[_Chain]:
    rows = of_issues.filter(user=None).order_by("issue_id", "event_id", "created_at", "pk")
    for _, group in itertools.groupby(rows.iterator(BATCH), key=lambda row: (row.issue_id, row.event_id)):
        chains: list[_Chain] = []
        for row in group:
            chain = next((one for one in chains if one.rows[-1].superseded_at == row.created_at), None)
            if chain is None:
                chain = _Chain()
                chains.append(chain)
            chain.rows.append(row)
        # Keys share one answer: of chains that a program may have written, the one that stands, else the newest, is theirs.
        by_program = [chain for chain in chains if chain.rows[-1].source == "api"]
        if by_program:
            newest = max(
                by_program,
                key=lambda chain: (chain.rows[-1].superseded_at is None, chain.rows[-1].created_at),
            )
            newest.is_key = True
        yield from chains


def _retract(Label: Any) -> None:
    """For each (issue, event, author): what would stand by the new rule and does not stand now gets a row that retracts it."""
    superseded = Label.objects.filter(
        issue_id=OuterRef("issue_id"), event_id=OuterRef("event_id"), author=OuterRef("author"),
        superseded_at__isnull=False,
    )  # fmt: skip
    rows = (
        Label.objects.filter(Exists(superseded), subject_kind="issue")
        .order_by("issue_id", "event_id", "author", "created_at", "pk")
        .iterator(BATCH)
    )
    made: list[Any] = []
    for _, group in itertools.groupby(rows, key=lambda row: (row.issue_id, row.event_id, row.author)):
        made += [_retraction(Label, row, at) for row, at in retracted(list(group))]
        if len(made) >= BATCH:
            Label.objects.bulk_create(made)
            made = []
    Label.objects.bulk_create(made)


def retracted(chain: list[Any]) -> Iterator[tuple[Any, Any]]:
    """(row, moment) of the rows of one author on one event, oldest first, that were taken back."""
    starts = {row.created_at for row in chain}
    stands = max((place for place, row in enumerate(chain) if row.superseded_at is None), default=None)
    last = max(row.superseded_at for row in chain if row.superseded_at is not None)
    for place, row in enumerate(chain):
        if row.superseded_at is None:
            continue
        if row.superseded_at not in starts:
            yield row, row.superseded_at  # undone, or taken back
        elif stands is None or place > stands:
            yield row, last  # replaced by one that was taken back; it did not stand again


def _retraction(Label: Any, row: Any, at: Any) -> Any:
    return Label(
        id=new_id(), project_id=row.project_id, issue_id=row.issue_id, subject_kind=row.subject_kind, subject_id=row.subject_id,
        event_id=row.event_id, author=row.author, user_id=row.user_id, answer="", retracts_id=row.pk, source=row.source,
        definition_version=row.definition_version, created_at=at,
    )  # fmt: skip


def _copy_feedback(apps: Any, Label: Any) -> None:
    answers = {True: "match", False: "not_match", None: "unsure"}
    made: list[Any] = []
    for row in apps.get_model("signals", "SignalFeedback").objects.order_by("pk").iterator(BATCH):
        made.append(
            Label(
                id=row.pk,
                project_id=row.project_id,
                subject_kind="signal",
                subject_id=row.signal_id,
                event_id=row.event_id,
                author=_author(row.user_id, row.pk),
                user_id=row.user_id,
                answer=answers[row.right],
                source="queue" if row.reason else "page",
                reason=row.reason,
                score=row.score,
                created_at=row.updated_at,
            )  # fmt: skip
        )
        if len(made) >= BATCH:
            Label.objects.bulk_create(made)
            made = []
    Label.objects.bulk_create(made)


def _author(user: int | None, row: uuid.UUID) -> str:
    return f"gone:{row}" if user is None else f"user:{user}"


def go_back(apps: Any, schema_editor: Any) -> None:
    """Raises when there are labels: the tables of before cannot hold them."""
    if apps.get_model("labeling", "Label").objects.exists():
        raise RuntimeError("There are labels, which the tables of before this migration cannot hold.")


class Migration(migrations.Migration):
    dependencies = [
        ("issues", "0001_initial"),
        ("labeling", "0006_one_label_table"),
        ("signals", "0007_feedback_of_each"),
    ]

    operations = [migrations.RunPython(fill, go_back)]
