"""Finding a project's clusters anew: nightly, and when a person asks."""

import datetime as dt
import uuid
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from ingest.counts import rollups
from ingest.counts.waiting import count_unread
from ingest.jobs.kinds import job_kind
from ingest.jobs.progress import UNFINISHED, job_under_way, report_job
from ingest.jobs.queueing import queue_job
from ingest.models import Event, Job, Project, QueuedEvent, Total, User
from ingest.models.jobs import JobState
from raindrop.locks import hold_lock
from raindrop.web.plurals import counted
from signals.clusters.assigning import assign_clusters
from signals.clusters.collecting import CHUNK, Collected, collect, newest_first
from signals.clusters.drafting import Draft, draft_clusters, plan_of_drafts
from signals.clusters.members import ASSIGNER, FACET, NewMember, stored_members
from signals.clusters.plan import members_of
from signals.clusters.storing import Overtaken, store_clusters, version_of
from signals.discovery.emerging import Emergence, Occurrence, emerging, judged
from signals.models import ClusterKind, ClusterStatus, Facet
from signals.reader.working import read_before_refresh

DISCOVER = "discover"  # the job's kind; its subject is the project
NIGHT = dt.timedelta(hours=2)  # UTC, of the day
FEWEST = 20  # events before a project's clusters are found for the first time by themselves
# Of the events that came, the share that the pipeline may still have to read at a run that is not the nightly one: a project whose events never
# stop has its first run, and one that is being filled does not have it over its first few.
BACKLOG = 0.1
# A young project is looked at again when it has so many times the events of its last run, until that run was over so many.
GROWN, YOUNG = 4, 5000
STEPS = 3  # times that a run goes over the events: it reads, groups and assigns; Job.total counts each
READ_SECONDS = 600.0  # for conversations that the day's LLM budget still holds, before facets are looked at
TRIES = 3  # when people change clusters while they are found
AGAIN = "again"  # Job.argument of a run that somebody asked for while it ran: it repeats at its end


def request_refresh(project: Project, *, user: User | None = None) -> Job:
    """The run that waits or is under way, else a new one. One that is under way looks again before it ends, so that what came meanwhile is
    in it."""
    with transaction.atomic():
        hold_lock(f"discover {project.id}")
        running = refresh_of(project)
        if running is None:
            return queue_job(project=project, kind=DISCOVER, subject=project.id, user=user)
        Job.objects.filter(pk=running.pk, state=JobState.RUNNING).update(argument=AGAIN)
        return running


def refresh_of(project: Project) -> Job | None:
    """The run that waits or is under way."""
    return job_under_way(project_id=project.pk, subject=project.pk, kinds=[DISCOVER])


def last_refresh(project: Project) -> Job | None:
    """The newest that ended."""
    jobs = Job.objects.filter(project=project, kind=DISCOVER, subject=project.id).exclude(
        state__in=UNFINISHED
    )
    return jobs.order_by("-created_at").first()


def refresh_due(*, now: dt.datetime) -> int:
    """Queues the nightly runs, and those of young projects: the first from FEWEST events on, the next ones as they grow, once the pipeline has read
    nearly all that came. Returns how many. To be called every minute or so.

    A young project's runs take seconds (YOUNG), and wait their turn among the long jobs like all others.
    """
    midnight = now.astimezone(dt.UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    night = midnight + NIGHT if now >= midnight + NIGHT else midnight + NIGHT - dt.timedelta(days=1)
    jobs = Job.objects.filter(kind=DISCOVER)
    done = set(jobs.filter(created_at__gte=night).values_list("project_id", flat=True))
    seen = {
        project: (total or 0) // STEPS
        for project, total in jobs.values("project_id").annotate(most=Max("total")).values_list("project_id", "most")
    }  # fmt: skip
    # Of one that runs, was stopped or failed the next is the nightly one.
    waits = set(
        jobs.exclude(state=JobState.DONE)
        .filter(created_at__gte=now - dt.timedelta(days=1))
        .values_list("project_id", flat=True)
    )
    filled = Total.objects.filter(events__gte=FEWEST, subject__in=Project.objects.values("id"))
    due = []
    for project, events in filled.values_list("subject", "events"):
        if (
            project in seen
            and project not in done
            or (project not in waits and _has_grown(events, seen.get(project)) and _is_read(project, events))
        ):
            due.append(project)
    for row in Project.objects.filter(id__in=due):
        request_refresh(row)
    return len(due)


def _has_grown(events: int, seen: int | None) -> bool:
    """`seen`: the events of the largest run; None: there was none."""
    return seen is None or (seen < YOUNG and events >= max(FEWEST, GROWN * seen))


def _is_read(project: uuid.UUID, events: int) -> bool:
    most = int(BACKLOG * events)
    return QueuedEvent.objects.filter(project=project)[: most + 1].count() <= most


@dataclass(frozen=True, slots=True)
class FirstRun:
    """What the first run waits for: `fewest` events, of which the pipeline has read `events`, and has the `queued` still to read (at most
    COUNT_LIMIT)."""

    events: int
    fewest: int
    queued: int


def first_run_of(project: Project) -> FirstRun:
    events = rollups.totals([project.id])[project.id].events
    return FirstRun(events, FEWEST, count_unread(project))


@job_kind(DISCOVER, cluster="slow", title="Finding problems and intents")
def discover(job: Job) -> str:
    """Reads the history, groups, and stores all in one transaction: a run that is stopped or killed leaves the clusters as they were."""
    tries = 0
    read_before_refresh(
        job.project_id,
        seconds=READ_SECONDS,
        report=lambda: report_job(job, message="The LLM reads conversations."),
    )
    while True:
        Job.objects.filter(pk=job.pk).update(argument="")
        report_job(job, done=0, message="Reading what went wrong.")
        try:
            came = _discover(job)
        except Overtaken:
            tries += 1
            if tries == TRIES:
                raise
            continue
        job.refresh_from_db(fields=["argument"])
        if job.argument != AGAIN:
            return came


def _discover(job: Job) -> str:
    project, started = job.project, timezone.now()
    version = version_of(project)
    total = rollups.totals([project.id])[project.id].events
    report_job(job, total=STEPS * total)
    collected = collect(project, total=total, report=lambda done: report_job(job, done=min(done, total)))
    report_job(job, done=total, message="Grouping.")
    drafts, gone = draft_clusters(project, collected)
    report_job(job, done=2 * total, message="Giving every event to its clusters.")
    plan = plan_of_drafts(drafts)
    members: list[NewMember] = []
    traffic: list[Occurrence] = []
    for events in newest_first(project):
        members += members_of(events, plan)
        traffic += [Occurrence(event.timestamp, _person(event)) for event in events]
        report_job(job, done=min(STEPS * total, job.done + len(events)))
    emergence = _emergence(project, drafts, members, traffic)
    store_clusters(project, drafts=drafts, gone=gone, members=members, version=version, emergence=emergence)
    _catch_up(project, started)
    listed = [
        draft
        for draft in drafts
        if (draft.parent is None or emergence[draft.id].is_emerging)
        and not (draft.row and draft.row.status == ClusterStatus.IGNORED)
    ]
    return _told(listed, collected)


def _catch_up(project: Project, started: dt.datetime) -> None:
    """What came while the history was read was given to the clusters as they were before."""
    fresh = Event.objects.filter(
        project=project, received_at__gte=started - dt.timedelta(minutes=1), is_pending=False
    )
    ids = list(fresh.order_by("id").values_list("id", flat=True))
    for start in range(0, len(ids), CHUNK):
        assign_clusters(list(Event.objects.filter(id__in=ids[start : start + CHUNK])))


def _emergence(
    project: Project, drafts: Sequence[Draft], members: Sequence[NewMember], traffic: Sequence[Occurrence]
) -> dict[uuid.UUID, Emergence]:
    """By cluster. Those of a reader's findings are held against what was read, the others against all events.

    What only this refresh gives to a known cluster is no growth of it, and what it takes from one stays its past: members that change would
    look like users that come.
    """
    last = max((one.at for one in traffic), default=None)
    intents = {draft.id for draft in drafts if draft.kind == ClusterKind.INTENT}
    from_reader = {draft.id for draft in drafts if draft.origin == FACET}

    def by_event(some: Iterable[NewMember]) -> dict[uuid.UUID, dict[uuid.UUID, Occurrence]]:
        found: dict[uuid.UUID, dict[uuid.UUID, Occurrence]] = defaultdict(dict)
        for one in some:
            if one.cluster in from_reader and one.source != FACET:
                continue  # of a tool that fails, read or not
            if one.source != ASSIGNER or one.cluster in intents:
                found[one.cluster][one.event] = Occurrence(
                    one.timestamp, one.end_user or one.conversation or one.event
                )
        return found

    now = by_event(members)
    before = by_event(stored_members([draft.id for draft in drafts if draft.row is not None]))
    met = {draft.id: judged(now[draft.id], before.get(draft.id), last=last) for draft in drafts}
    facets = Facet.objects.filter(project=project).only(
        "timestamp", "end_user_id", "conversation_id", "event_id"
    )
    read = [
        Occurrence(one.timestamp, one.end_user_id or one.conversation_id or one.event_id) for one in facets
    ]
    found: dict[uuid.UUID, Emergence] = {}
    for of_facets, usual in ((True, read), (False, traffic)):
        some = [draft for draft in drafts if (draft.origin == FACET) is of_facets]
        answers = emerging([met[draft.id] for draft in some], usual, last=last)
        found |= {draft.id: answer for draft, answer in zip(some, answers, strict=True)}
    return found


def _person(event: Event) -> uuid.UUID:
    return event.end_user_id or event.conversation_id or event.id


def _told(drafts: Sequence[Draft], collected: Collected) -> str:
    """In a sentence. `drafts`: those that the Discover page lists: their parts are on their own pages, and a person ignores others."""
    problems = sum(draft.kind == ClusterKind.PROBLEM for draft in drafts)
    intents = len(drafts) - problems
    of = (
        f" in {counted(collected.events, 'event')}"
        if collected.events >= collected.total
        else (f" in the newest {collected.events:,} of {collected.total:,} events")
    )
    sampled = (
        " Grouped from a sample of what they say; every event was given to its clusters."
        if collected.is_sampled
        else ""
    )
    return f"{counted(problems, 'problem')} and {counted(intents, 'intent')}{of}.{sampled}"
