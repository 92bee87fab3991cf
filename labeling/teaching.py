"""What labels teach.

An issue's labels train its next classifier: at once for an API caller who waits, in the background for the review queue. A signal's
labels lead to a proposal of another threshold or model, when enough of them are new.
"""

from collections.abc import Callable

import numpy as np
from django.db import transaction
from django.db.models import Exists, F, OuterRef, Subquery

from ingest.jobs.kinds import job_kind
from ingest.jobs.progress import subject_of
from ingest.jobs.queueing import queue_job
from ingest.models import Job
from issues.classifier.rescoring import request_rescore
from issues.classifier.training import NothingToLearn, train
from issues.models import Classifier, Definition, Issue
from labeling.labels.judgements import count_judged, judged_events
from labeling.labels.labels import (
    measured_answers,
    random_weights,
    standing_answers,
    standing_labels,
    taught_answers,
)
from labeling.models import TRAIN
from raindrop.locks import hold_lock
from signals.learning.tuning import TUNE, can_tune, is_due, request_tuning, tune
from signals.models import SignalDefinition

_told: list[Callable[[Issue], object]] = []
AT_ONCE = 200  # standing labels below which an API caller waits for the training


@transaction.atomic
def retrain(issue: Issue, *, rescore: bool = True) -> Classifier | None:
    """Trains a new version on the standing answers, people's and the teacher's, and (`rescore`) queues a rescore of all events.

    None for an issue that follows something, and when there is nothing to learn: no event is a match by majority, no match has a vector
    yet, or no other event exists. An earlier classifier then stays.
    """
    # One training of an issue at a time, so that the newest version is the one that saw the newest labels.
    hold_lock(f"train:{issue.pk}")
    if Issue.objects.filter(pk=issue.pk).exclude(follows="").exists():
        return None  # what it follows decides: the labels measure it
    answers, taught = standing_answers(issue), taught_answers(issue)
    if not any(answers.values()) and not any(taught.values()):
        return None
    try:
        classifier = train(
            issue=issue,
            event_ids=list(answers),
            answers=np.fromiter(answers.values(), bool, len(answers)),
            drawn=random_weights(issue),
            unmeasured=answers.keys() - measured_answers(issue).keys(),
            undecided=set(standing_labels(issue).values_list("event_id", flat=True)) - answers.keys(),
            taught=taught,
        )
    except NothingToLearn:
        return None
    if rescore:
        request_rescore(issue)
    return classifier


def retrain_soon(issue: Issue) -> Job:
    """Queues a training; while one waits, another adds nothing (it will see the newest labels)."""
    return queue_job(project=issue.project, kind=TRAIN, subject=issue.pk)


def retrain_redefined() -> int:
    """Queues a training of each issue whose classifier was trained on an earlier definition than the newest: the weights depend on the
    definition. Each definition queues one training only, also where there was nothing to learn. Returns how many were queued. To be
    called every minute."""
    newest = Definition.objects.filter(issue=OuterRef("pk")).order_by("-version")
    trained = Classifier.objects.filter(issue=OuterRef("pk")).order_by("-version")
    queued = Job.objects.filter(kind=TRAIN, subject=OuterRef("pk"), created_at__gte=OuterRef("defined_at"))
    redefined = Issue.objects.annotate(
        defined=Subquery(newest.values("version")[:1]),
        defined_at=Subquery(newest.values("created_at")[:1]),
        trained=Subquery(trained.values("definition_version")[:1]),
    ).filter(~Exists(queued), trained__lt=F("defined"), follows="")
    issues = list(redefined.select_related("project"))
    for issue in issues:
        retrain_soon(issue)
    return len(issues)


def when_taught(tell: Callable[[Issue], object]) -> None:
    """`tell(issue)` is called after each training that new labels have asked for, also where there was nothing to learn. For
    `AppConfig.ready()`."""
    if tell not in _told:
        _told.append(tell)


def tell_taught(issue: Issue) -> None:
    for tell in _told:
        tell(issue)


def may_wait(issue: Issue) -> bool:
    """Are the labels few enough to train while a caller waits?"""
    return standing_labels(issue).count() < AT_ONCE


@job_kind(TRAIN, title="Training on the newest labels", learns=True)
def train_issue(job: Job) -> str:
    issue = Issue.objects.select_related("project").filter(pk=subject_of(job)).first()
    if issue is None:
        return "The issue is gone."
    classifier = retrain(issue)
    tell_taught(issue)
    return f"Version {classifier.version} is trained." if classifier else "No match is labelled yet."


def tune_soon(signal: SignalDefinition) -> Job | None:
    """Queues a run when enough labels are new, else returns None."""
    return request_tuning(signal) if is_due(signal, labels=count_judged(signal)) else None


@job_kind(TUNE, cluster="slow", title="Learning from the signal's labels", learns=True)
def tune_signal(job: Job) -> str:
    signal = SignalDefinition.objects.select_related("project").filter(pk=subject_of(job)).first()
    if signal is None or not can_tune(signal):
        return "This signal has no score to learn."
    return tune(signal, judged_events(signal)).note or "There is a proposal."
