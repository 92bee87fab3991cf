"""One live server, and every SDK's program run against it at once; then one reading of what the database holds."""

import functools
import json
import os
import shutil
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.processes import Server
from tests.sdks.environments import (
    chromium,
    integration_environment,
    missing,
    node_environment,
    python_environment,
)
from tests.sdks.openai_stub import stub

HERE = Path(__file__).resolve().parent
PATIENCE = 300
PROJECTS = (
    "py-otlp", "py-bypass", "js-otlp", "js-bypass", "ai-sdk", "browser", "chromium", "vercel", "ai7", "openinference", "openllmetry", "plain",
)  # fmt: skip
# Project -> its program in integrations/, and the environment that it runs in.
INTEGRATIONS = {
    "langchain": ("langchain_agent.py", "shared"),
    "deep-agents": ("deep_agents.py", "shared"),
    "pydantic-ai": ("pydantic_ai_agent.py", "shared"),
    "openai-agents": ("openai_agents.py", "shared"),
    "strands": ("strands_agent.py", "shared"),
    "dspy": ("dspy_program.py", "shared"),
    "agno": ("agno_agent.py", "shared"),
    "google-adk": ("google_adk.py", "google-adk"),
    "crewai": ("crewai_crew.py", "crewai"),
}
ALL = (*PROJECTS, *INTEGRATIONS)
# The frameworks' own telemetry, and lists that they fetch.
SILENCE = {
    "CREWAI_DISABLE_TELEMETRY": "true", "CREWAI_TRACING_ENABLED": "false", "LITELLM_LOCAL_MODEL_COST_MAP": "True", "AGNO_TELEMETRY": "false",
    "ANONYMIZED_TELEMETRY": "false",
}  # fmt: skip
AT_ONCE = 8  # programs


@dataclass
class Program:
    """A program that uses an SDK, with a project of its own."""

    project: str
    key: str
    query_key: str
    command: list[str] = field(default_factory=list)
    environment: dict[str, str] = field(default_factory=dict)
    why_not: str = ""
    status: int | None = None  # that it ended with
    output: str = ""


@dataclass
class World:
    server: Server
    programs: dict[str, Program]
    database: dict[str, Any] = field(default_factory=dict)

    def found(self, project: str) -> dict[str, Any]:
        """What the database holds of the program's project: events by event id, users' traits, and what hangs on nothing."""
        program = self.programs[project]
        if program.why_not:
            missing(program.why_not)
        assert program.status == 0, program.output
        found: dict[str, Any] = self.database[project]
        return found

    def read(self, project: str, path: str) -> Any:
        """The `data` that the read path answers to the project's query key."""
        request = urllib.request.Request(self.server.url + path)
        request.add_header("Authorization", f"Bearer {self.programs[project].query_key}")
        with urllib.request.urlopen(request, timeout=30) as response:
            return json.load(response)["data"]


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """For all of this folder: each program has a project of its own."""
    with pytest.MonkeyPatch.context() as environment:
        for name, seconds in (("GRACE", "2"), ("SILENCE", "10")):
            environment.setenv(f"RAINDROP_TRACE_{name}_SECONDS", seconds)
        server = Server(tmp_path_factory.mktemp("sdks") / "data", arguments=["--workers", "1"])
        server.start()
    yield server
    server.kill_everything()


@pytest.fixture(scope="session")
def world(server: Server) -> World:
    with stub() as openai:
        keys = _inside(server, "create", ALL)
        world = World(server, {name: Program(name, *keys[name]) for name in ALL})
        _commands(world, openai)
        _integrations(world, openai)
        _run(world)
    world.database = _inside(server, "dump", ALL)
    return world


def _commands(world: World, openai: str) -> None:
    url, programs = world.server.url, world.programs
    python, node, ai7 = python_environment(), node_environment(), node_environment("packages_ai7.txt")
    for mode in ("otlp", "bypass"):
        program = programs[f"py-{mode}"]
        if isinstance(python, str):
            program.why_not = python
        else:
            program.command = [
                str(python),
                str(HERE / "python" / "surface.py"),
                f"{url}/v1/",
                program.key,
                program.project,
                mode,
            ]
    scripts: dict[str, tuple[str, ...]] = {
        "js-otlp": ("raindrop_ai.mjs", f"{url}/v1/", "js-otlp", "otlp"),
        "js-bypass": ("raindrop_ai.mjs", url, "js-bypass", "bypass"),  # no /v1: the aliases
        "ai-sdk": ("ai_sdk.mjs", f"{url}/v1/", "ai-sdk"),
        "browser": ("browser_sdk.mjs", f"{url}/v1/"),
        "vercel": ("vercel_otel.mjs", f"{url}/otel/v1/traces"),
        "ai7": ("ai7.mjs", f"{url}/v1/traces"),
    }
    for name, (script, endpoint, *rest) in scripts.items():
        home = ai7 if name == "ai7" else node
        if isinstance(home, str):
            programs[name].why_not = home
        else:  # beside node_modules, where node looks for what it imports
            copied = shutil.copy(HERE / "js" / script, home / script)
            programs[name].command = ["node", str(copied), endpoint, programs[name].key, *rest]
    program, executable = programs["chromium"], chromium()
    if isinstance(node, str) or not executable:
        program.why_not = node if isinstance(node, str) else "there is no Chromium (apt-get install chromium)"
    else:
        sdk = node / "node_modules" / "@raindrop-ai" / "browser-sdk" / "dist" / "index.js"
        page = HERE / "browser" / "page.py"
        program.command = [
            sys.executable,
            str(page),
            f"{url}/v1/",
            program.key,
            program.query_key,
            str(sdk),
            executable,
        ]
    for dialect in ("openinference", "openllmetry"):
        program = programs[dialect]
        program.command = [
            sys.executable,
            str(HERE / "otel" / "instrumented.py"),
            dialect,
            url,
            program.key,
            openai,
        ]
    programs["plain"].command = [sys.executable, str(HERE / "otel" / "plain.py"), url, programs["plain"].key]


def _integrations(world: World, openai: str) -> None:
    """They know nothing of us but their two variables."""
    environments = sorted({environment for _, environment in INTEGRATIONS.values()})
    with ThreadPoolExecutor(len(environments)) as threads:
        pythons = dict(zip(environments, threads.map(integration_environment, environments), strict=True))
    for name, (script, environment) in INTEGRATIONS.items():
        program, python = world.programs[name], pythons[environment]
        if isinstance(python, str):
            program.why_not = python
            continue
        program.command = [str(python), str(HERE / "integrations" / script), openai]
        program.environment = {
            "RAINDROP_ENDPOINT": f"{world.server.url}/v1/", "RAINDROP_WRITE_KEY": program.key, **SILENCE
        }  # fmt: skip


def _run(world: World) -> None:
    with ThreadPoolExecutor(AT_ONCE) as threads:
        list(threads.map(functools.partial(_run_program, world), world.programs.values()))


def _run_program(world: World, program: Program) -> None:
    if program.why_not:
        return
    process = subprocess.Popen(
        program.command, cwd=world.server.data_dir.parent, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, text=True, env={**os.environ, **program.environment},
    )  # fmt: skip
    try:
        program.output = process.communicate(timeout=PATIENCE)[0]
    except subprocess.TimeoutExpired:
        process.kill()
        program.output = "It did not end.\n" + process.communicate()[0]
    program.status = process.returncode


def _inside(server: Server, function: str, slugs: tuple[str, ...]) -> dict[str, Any]:
    output = server.manage("shell", "-c", f"from tests.sdks.inside import {function}; {function}(*{slugs!r})")
    [line] = [line for line in output.splitlines() if line.startswith("ANSWER")]
    answer: dict[str, Any] = json.loads(line.removeprefix("ANSWER"))
    return answer


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The first run installs the SDKs (two to three minutes), inside the first test's fixture."""
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker(pytest.mark.timeout(900))
