"""How long searches and pages take in a project of many events: through the views, in one process.

    RAINDROP_DATA_DIR=DIR .venv/bin/python -m tests.benchmarks.many_events [--events 1000000] [--issues 500] [--times 20] [--only WORD] [--explain]

DIR holds a project whose events went through the pipeline (`make demo`). The project `--slug` is made of its events, once (copied_events.py).
Each copy has the same texts: what is found is found often, so that times of a rare word are not measured here.
"""

import argparse
import time
from collections.abc import Iterator
from statistics import quantiles
from typing import Any

from tests.benchmarks.database import use_app

SEARCHES = {
    "filter: a signal": ("/api/events/", {"q": "signal:user_frustration"}),
    "filter: a tool that failed": ("/api/events/", {"q": "tool.errors:>0 -24h"}),
    "filter: a tool, ever": ("/api/events/", {"q": "tool.errors:>0"}),
    "text: two words": ("/api/events/", {"q": '"bank account"'}),
    "count: all": ("/api/events/count/", {"q": ""}),
    "count: a week": ("/api/events/count/", {"q": "-7d"}),
    "count: 30 days": ("/api/events/count/", {"q": "-30d"}),
    "count: a signal": ("/api/events/count/", {"q": "signal:user_frustration"}),
    "count: a model": ("/api/events/count/", {"q": "has:model"}),
    "count: a word": ("/api/events/count/", {"q": "invoice"}),
    "facets: model": ("/api/events/facets/", {"q": "", "by": "model"}),
    "facets: release": ("/api/events/facets/", {"q": "", "by": "release"}),
    "facets: tool": ("/api/events/facets/", {"q": "", "by": "tool"}),
    "facets: user": ("/api/events/facets/", {"q": "", "by": "user"}),
    "facets: signal, a week": ("/api/events/facets/", {"q": "-7d", "by": "signal"}),
    "facets: model, a word": ("/api/events/facets/", {"q": "invoice", "by": "model"}),
    "meaning": ("/api/events/", {"q": '~"cannot connect the bank"'}),
    "meaning, a week": ("/api/events/", {"q": '~"cannot connect the bank" -7d'}),
    "meaning, a day": ("/api/events/", {"q": '~"cannot connect the bank" -24h'}),
    "meaning, a signal": ("/api/events/", {"q": '~"cannot connect the bank" signal:user_frustration'}),
    "meaning, read path": ("/v1/events/search", {"query": "cannot connect the bank", "mode": "semantic"}),
    "cards of a queue": ("/api/issues/{issue}/candidates/", {"limit": "10"}),
}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--of", default="ledgerly")
    parser.add_argument("--slug", default="many")
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--issues", type=int, default=500)
    parser.add_argument("--times", type=int, default=20)
    parser.add_argument("--only", default="", help="What the names of the measured have in them.")
    parser.add_argument("--explain", action="store_true", help="Print each statement over 20 ms.")
    options = parser.parse_args()
    use_app()
    from django.test import Client, override_settings

    from ingest.models import Event, Project, User
    from tests.benchmarks.copied_events import fill

    project = Project.objects.filter(slug=options.slug).first()
    if project is None:
        source = Project.objects.get(slug=options.of)
        project = fill(source, slug=options.slug, events=options.events, issues=options.issues)
    print(f"{Event.objects.filter(project=project).count():,} events", flush=True)
    with override_settings(ALLOWED_HOSTS=["testserver"], DEBUG=False):
        client = Client()
        client.force_login(User.objects.get(username="demo"))
        for name, path, query in _asked(project):
            if options.only in name:
                _measure(client, name, path, query, options.times, explain=options.explain)


def _asked(project: Any) -> Iterator[tuple[str, str, dict[str, str]]]:
    """(name, path, parameters) of every request."""
    from issues.models import Issue
    from signals.models import Cluster

    largest = Issue.objects.filter(project=project).order_by("number").first()
    cluster = Cluster.objects.filter(project=project, kind="problem").order_by("-conversations").first()
    issue, number = (largest.id, largest.number) if largest else ("", "")
    for name, (path, query) in SEARCHES.items():
        yield name, path.format(issue=issue), {**query, "project": project.slug}
    for name, path in {
        "overview": "",
        "issue list": "issues/",
        "issue page": f"issues/{number}/",
        "issue, where it happens": f"issues/{number}/breakdown/",
        "events": "events/?range=14d",
        "facets beside events": "event-suggestions/?range=14d",
        "signals": "signals/",
        "signal page": "signals/user_frustration/",
        "discover": "discover/",
        "cluster page": f"discover/{cluster.id if cluster else ''}/",
        "matrix": "discover/matrix/",
        "map of 20,000": "discover/map/points/",
        "tools": "tools/",
    }.items():
        for period in ("14d", "90d") if name in ("overview", "issue list", "issue page") else ("14d",):
            yield (
                f"page: {name}, {period}",
                f"/p/{project.slug}/{path}",
                {} if "?" in path else {"period": period},
            )


def _measure(client: Any, name: str, path: str, query: dict[str, str], times: int, *, explain: bool) -> None:
    taken = []
    for _ in range(times + 1):
        started = time.perf_counter()
        answer = client.get(path, query)
        if answer.streaming:
            b"".join(answer.streaming_content)
        taken.append((time.perf_counter() - started) * 1e3)
        if answer.status_code != 200:
            print(f"{name:28} {answer.status_code} {answer.content[:160]!r}", flush=True)
            return
    first, *rest = taken
    ranks = quantiles(rest, n=20)
    print(
        f"{name:28} {_found(answer):>9} p50 {ranks[9]:7.0f} ms  p95 {ranks[18]:7.0f} ms  first {first:7.0f} ms",
        flush=True,
    )
    if explain:
        _print_slow_statements(client, path, query)


def _print_slow_statements(client: Any, path: str, query: dict[str, str]) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    with CaptureQueriesContext(connection) as captured:
        client.get(path, query)
    total = sum(float(one["time"]) for one in captured.captured_queries)
    print(f"    {len(captured)} statements, {total * 1e3:.0f} ms", flush=True)
    for one in captured.captured_queries:
        if float(one["time"]) > 0.02:
            print(f"    {float(one['time']) * 1e3:.0f} ms {one['sql'][:240]}", flush=True)


def _found(answer: Any) -> str:
    """How many events it counts, or how many rows it lists; the size of a page."""
    if not answer["Content-Type"].startswith("application/json"):
        return f"{len(getattr(answer, 'content', b'')) // 1024} kB"
    found = answer.json()
    return (
        f"{found['count']:,}"
        if "count" in found
        else f"{len(found.get('results', found.get('data', [])))} rows"
    )


if __name__ == "__main__":
    main()
