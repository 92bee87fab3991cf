"""Sends one case of ../shared/cases as its README says, and compares what the project holds afterwards."""

import datetime as dt
import io
import json
import os
import re
import struct
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from typing import Any
from unittest import mock

from django.conf import settings
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from ingest.models import Event, Project
from ingest.tracing.earlier_turns import backfill_turns
from ingest.tracing.trace_events import finish_open_traces
from signals.vectors.embedding import embed

Case = dict[str, Any]

DAY = (1_795_132_800_000_000_000, 1_795_219_200_000_000_000)  # 20 November 2026, in ns
TIMES = re.compile(rb'(UnixNano":\s*"?)(\d{19})')
REPEATED = re.compile(rb"@@(\d+) times (.+?)@@", re.S)
# start, end and the time of a span event: the tags of their fixed64 fields
PROTOBUF_TIMES = re.compile(rb"[\x39\x41\x09](.{8})", re.S)
CONTENT_TYPES = {"otlp-json": "application/json", "otlp-protobuf": "application/x-protobuf"}


def find_cases() -> Path | None:
    """The folder of the cases: RAINDROP_CASES, else beside the checkout, else beside the clone that a worktree belongs to."""
    root = Path(__file__).resolve().parents[3]
    answer = subprocess.run(
        ["git", "-C", str(root), "rev-parse", "--path-format=absolute", "--git-common-dir"],  # noqa: S607
        capture_output=True,
        text=True,
        check=False,
    )
    clone = Path(answer.stdout.strip()).parent if answer.returncode == 0 else root
    named = os.environ.get("RAINDROP_CASES")
    places = [
        *([Path(named)] if named else []),
        root.parent / "shared" / "cases",
        clone.parent / "shared" / "cases",
    ]
    return next((place for place in places if (place / "expected.jsonl").is_file()), None)


def load_cases(folder: Path) -> list[Case]:
    return [json.loads(line) for line in (folder / "expected.jsonl").read_text().splitlines() if line.strip()]


# -- sending


class Clock:
    """`django.utils.timezone.now`, moved on by hand. It starts at the real time."""

    def __init__(self) -> None:
        self.now = dt.datetime.now(dt.UTC)

    @contextmanager
    def running(self) -> Iterator[None]:
        with mock.patch.object(timezone, "now", lambda: self.now):
            yield

    def wait(self, delay: dt.timedelta) -> None:
        """Time passes, and the jobs that run every few seconds run."""
        self.now += delay
        finish_open_traces(self.now)
        backfill_turns(self.now)


def send_case(
    case: Case, folder: Path, *, client: Client, write_key: str, project: Project, scratch: Path
) -> list[str]:
    """Sends all files, and lets the time pass until nothing is open any more. Returns answers that are not as expected."""
    clock, problems, sent_at = Clock(), [], 0.0
    shift = None
    with clock.running():
        for place, name in enumerate(case["files"]):
            raw = REPEATED.sub(lambda m: m[2] * int(m[1]), (folder / name).read_bytes())
            if case["send"] == "import":
                (scratch / Path(name).name).write_bytes(raw)
                with redirect_stdout(io.StringIO()):
                    call_command("import_events", str(scratch / Path(name).name), project=project.slug)
                continue
            after = case.get("after_s", [0] * len(case["files"]))[place]
            if after > sent_at:
                clock.wait(dt.timedelta(seconds=after - sent_at))
                sent_at = after
            if case["send"] != "events" and not case.get("keep_times"):
                if shift is None:
                    shift = int(clock.now.timestamp() * 1e9) - max(_times(raw))
                raw = _moved(raw, shift)
            path = "/v1/events/track" if case["send"] == "events" else "/v1/traces"
            kind = CONTENT_TYPES["otlp-protobuf" if name.endswith(".pb") else "otlp-json"]
            answer = client.post(
                path, data=raw, content_type=kind, headers={"Authorization": f"Bearer {write_key}"}
            )
            if answer.status_code != case["expect"].get("status", 200):
                problems.append(f"{name} was answered {answer.status_code}: {answer.content[:300]!r}")
        second = dt.timedelta(seconds=1)
        for delay in (settings.TRACE_GRACE, settings.TRACE_SILENCE, settings.TRACE_SILENCE):
            clock.wait(delay + second)
    return problems


def _times(raw: bytes) -> list[int]:
    found = [int(match[2]) for match in TIMES.finditer(raw)]
    found += [
        at
        for match in PROTOBUF_TIMES.finditer(raw)
        if DAY[0] <= (at := struct.unpack("<Q", match[1])[0]) < DAY[1]
    ]
    return found


def _moved(raw: bytes, shift: int) -> bytes:
    def in_protobuf(match: re.Match[bytes]) -> bytes:
        at = struct.unpack("<Q", match[1])[0]
        return match[0][:1] + struct.pack("<Q", at + shift) if DAY[0] <= at < DAY[1] else match[0]

    raw = TIMES.sub(lambda m: m[1] + str(int(m[2]) + shift).encode(), raw)
    return PROTOBUF_TIMES.sub(in_protobuf, raw)


# -- comparing


def problems_of(case: Case, *, client: Client, project: Project, query_key: str) -> list[str]:
    """What the project holds otherwise than the case expects, in words."""
    expect = case["expect"]
    events = list(Event.objects.filter(project=project).order_by("timestamp", "id"))
    headers = {"Authorization": f"Bearer {query_key}"}
    told = [client.get(f"/api/events/{event.event_id}/", headers=headers).json() for event in events]
    seen = [_plain(event) for event in told]
    problems = []
    if "events" in expect and len(seen) != expect["events"]:
        problems.append(f"{len(seen)} events instead of {expect['events']}")
    remaining = list(seen)
    for turn in expect.get("turns", ()):
        held = next((event for event in remaining if _holds(turn, event)), None)
        if held is None:
            problems.append(f"no event of its own is {turn}")
        else:
            remaining.remove(held)
    if "search" in expect:
        embed(events)
    for search in expect.get("search", ()):
        answer = client.get(
            "/v1/events/search", {"mode": "text", "query": search["q"]}, headers=headers
        ).json()
        found = sorted(item["id"] for item in answer.get("data", ()))
        if found != sorted(search["finds"]):
            problems.append(f"{search['q']} finds {found} instead of {search['finds']}")
    return [f"{problem}; there are {seen}" for problem in problems]


def _plain(event: dict[str, Any]) -> dict[str, Any]:
    """The fields that cases name, texts shortened for the message."""
    names = ("input", "output", "user_id", "input_tokens", "output_tokens", "cost_usd", "tool_calls", "tool_errors",
             "timestamp")  # fmt: skip
    plain = {name: event.get(name) for name in names}
    plain["convo_id"] = (event.get("conversation") or {}).get("convo_id")
    plain["tool_names"] = [span["name"] for span in event["spans"] if span["kind"] == "tool"]
    for name, value in event.items():
        plain.setdefault(name, value) if not isinstance(value, dict | list) else None
    return plain


def _holds(turn: dict[str, Any], event: dict[str, Any]) -> bool:
    return all(_same(wanted, event.get(name), name) for name, wanted in turn.items())


def _same(wanted: Any, value: Any, name: str) -> bool:
    if name == "tool_names":
        return sorted(value or ()) == sorted(wanted)
    if isinstance(wanted, dict) and "near_now_s" in wanted:
        apart = dt.datetime.fromisoformat(str(value)) - dt.datetime.now(dt.UTC)
        return abs(apart.total_seconds()) <= float(wanted["near_now_s"])
    if isinstance(wanted, dict):
        text = (value or "").strip()
        return (
            text.startswith(wanted.get("starts", "").strip())
            and text.endswith(wanted.get("ends", "").strip())
            and not any(part in text for part in wanted.get("lacks", ()))
        )
    if isinstance(wanted, str):
        return wanted.strip() == (value or "").strip()
    return bool(wanted == value)
