"""The kinds of background job. A row names its kind, never a function, so that a function may move while its jobs wait.

A new kind is one function, in an upper app or in a room above this one:

    @job_kind("recount", cluster="slow", title="Counting again")
    def recount(job: Job) -> str:
        ...
        return "12 events counted."
"""

import enum
import importlib
import importlib.util
import pkgutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

from ingest.models import Job

DEFAULT = "default"  # the cluster of the usual workers; the others are in settings.Q_CLUSTER["ALT_CLUSTERS"]
MARK = "@job_kind("


class UnknownKind(LookupError):
    """No kind of job has that name."""

    def __init__(self, name: str) -> None:
        super().__init__(f'No kind of job is called "{name}". Known: {", ".join(sorted(_kinds)) or "none"}.')


class Pause(enum.Enum):
    """What a kind's function returns when the job is not done yet."""

    HAND_ON = "hand on"  # a worker is to take it up again as soon as one is free
    WAIT = "wait"  # it stays under way until whoever knows what it waits for runs it again


Work = Callable[[Job], str | Pause]


@dataclass(frozen=True, slots=True)
class JobKind:
    """`work(job)` does the work, reports by `report_job`, and returns what came of it (a sentence for people) or a Pause. It is called again,
    from `job.position`, after a kill or a deadlock: it is safe to repeat, and safe twice at once."""

    name: str
    cluster: str
    title: str
    work: Work
    rewrites: bool  # its subject's matches of the past are not whole until it ends
    learns: bool  # what people answered about its subject counts once it ends


_kinds: dict[str, JobKind] = {}


def job_kind(
    name: str, *, cluster: str = DEFAULT, title: str, rewrites: bool = False, learns: bool = False
) -> Callable[[Work], Work]:
    """Registers the function below it as the kind `name`. `title`: what pages and the admin call such a job. `rewrites`: it writes its
    subject's matches of the past anew, so that they are not whole until it ends. An issue does not escalate by them meanwhile. `learns`: it
    learns from what people answered about its subject, and a page may say so.

    Raises ValueError at import for a name that is taken or too long for a row, for a cluster that has no workers and for an empty title.
    """
    if not name or len(name) > (Job._meta.get_field("kind").max_length or 0):
        raise ValueError(f'"{name}" cannot be stored as a kind of job.')
    if cluster != DEFAULT and cluster not in settings.Q_CLUSTER["ALT_CLUSTERS"]:
        raise ValueError(f'The kind of job "{name}" names the cluster "{cluster}", which has no workers.')
    if not title:
        raise ValueError(f'The kind of job "{name}" has no title.')

    def register(work: Work) -> Work:
        if name in _kinds:
            raise ValueError(
                f'The kind of job "{name}" is registered twice: by {_where(_kinds[name].work)} and by {_where(work)}.'
            )
        _kinds[name] = JobKind(name, cluster, title, work, rewrites, learns)
        return work

    return register


def kind_of(name: str) -> JobKind:
    """Raises UnknownKind."""
    if name not in _kinds:
        raise UnknownKind(name)
    return _kinds[name]


def title_of(job: Job) -> str:
    """For people. A kind that this version does not know keeps its name: its job is a record of the past."""
    return _kinds[job.kind].title if job.kind in _kinds else job.kind


def all_kinds() -> list[JobKind]:
    """By name."""
    return [_kinds[name] for name in sorted(_kinds)]


def rewriting_kinds() -> list[str]:
    """The names of those that write their subject's matches of the past anew."""
    return [kind.name for kind in all_kinds() if kind.rewrites]


def learning_kinds() -> list[str]:
    """The names of those that learn from what people answered about their subject."""
    return [kind.name for kind in all_kinds() if kind.learns]


def import_kinds(app: str) -> None:
    """Imports the app's modules that hold a kind of job. For `AppConfig.ready()`."""
    for module in modules_with_kinds(app):
        importlib.import_module(module)


def modules_with_kinds(app: str) -> Iterator[str]:
    """The app's modules with a line that begins with MARK. To import every module would slow the start of each process."""
    spec = importlib.util.find_spec(app)
    for folder in (spec.submodule_search_locations or []) if spec else []:
        yield from _modules(Path(folder), app)


def _modules(folder: Path, package: str) -> Iterator[str]:
    for info in pkgutil.iter_modules([str(folder)]):
        name = f"{package}.{info.name}"
        file = folder / info.name / "__init__.py" if info.ispkg else folder / f"{info.name}.py"
        if any(line.startswith(MARK) for line in file.read_text(encoding="utf-8").splitlines()):
            yield name
        if info.ispkg and info.name != "migrations":
            yield from _modules(folder / info.name, name)


def _where(work: Work) -> str:
    return f"{work.__module__}.{work.__qualname__}"
