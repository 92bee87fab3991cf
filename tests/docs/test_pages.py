"""The documentation holds together: links lead somewhere, named paths and commands exist, blocks are what they say."""

import ast
import configparser
import json
import re
import subprocess
from pathlib import Path

import pytest
from django.core.management import get_commands, load_command_class

from tests.docs.pages import Block, anchors_of, blocks, blocks_of, pages, path_of, prose_of, text_of
from tests.processes import ROOT

LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
IN_TICKS = re.compile(r"`([^`\n]+)`")
# A path from the root: a folder or a file of ours, with a slash in it or with a known ending.
ROOMS = {path.name for path in ROOT.iterdir() if path.is_dir() and not path.name.startswith(".")}
ENDINGS = (".py", ".md", ".toml", ".txt", ".in", ".conf", ".html", ".json", ".jsonl", ".css", ".js")
ONE_SCREEN = 85  # lines, a third of them the first event in three languages


def named_paths(text: str) -> set[str]:
    """What stands in backticks and means a path of this repository. `<name>` and * stand for any name; a path in another folder
    than the root's is written whole."""
    found = set()
    for name in IN_TICKS.findall(text):
        first, slash, _ = name.partition("/")
        is_file = re.fullmatch(r"[\w.-]+", name) and name.endswith(ENDINGS)
        if is_file or (slash and first in ROOMS and not re.search(r"\s", name)):
            found.add(name)
    return found


def exists(name: str) -> bool:
    return any(ROOT.glob(re.sub(r"<[^>]+>", "*", name.rstrip("/"))))


@pytest.mark.parametrize("page", pages())
def test_every_path_that_a_page_names_is_there(page: str) -> None:
    beside = (ROOT / page).parent
    missing = {
        name
        for name in named_paths(text_of(page))
        if not exists(name) and not (beside / name).exists() and name not in OF_USERS
    }
    assert not missing


# Files that a reader makes.
OF_USERS = {"signals.yaml", "conversations.jsonl"}


def test_it_sees_a_path_that_is_not_there() -> None:
    assert named_paths("`signals/no_such.py`, `manage.py`, `a word`, `ai_data.input`") == {
        "signals/no_such.py",
        "manage.py",
    }
    assert not exists("signals/no_such.py") and exists("signals/detectors/<name>.py") and exists("manage.py")


@pytest.mark.parametrize("page", [*pages(), "docs/benchmarks.md"])
def test_every_link_leads_somewhere(page: str) -> None:
    here = ROOT / page
    for target in LINK.findall(prose_of(page)):
        if re.match(r"https?://", target):
            continue
        path = path_of(here, target)
        assert path.exists(), target
        if "#" in target:
            assert target.partition("#")[2] in anchors_of(path), target


def test_every_page_is_linked_from_the_index() -> None:
    index = ROOT / "docs" / "README.md"
    linked = {path_of(index, target) for target in LINK.findall(text_of("docs/README.md"))}
    missing = {page for page in pages() if (ROOT / page).resolve() not in linked | {index.resolve()}}
    assert missing == {"README.md"}


def test_the_readme_is_about_one_screen() -> None:
    assert len(text_of("README.md").splitlines()) <= ONE_SCREEN


def _of(*languages: str) -> list[Block]:
    return [block for block in blocks() if block.language in languages]


def test_every_block_is_of_a_language_that_a_test_reads() -> None:
    """Shell, Python and JavaScript run in test_running.py."""
    known = {"sh", "python", "js", "json", "ini", "text"}
    assert not [str(block) for block in blocks() if block.language not in known]
    assert _of("sh") and _of("python") and _of("js") and _of("json") and _of("ini")


def test_a_block_knows_its_line_and_why_it_is_not_run() -> None:
    [one, two] = blocks_of("x.md", "a\n```sh\nls\n```\n<!-- not run: slow -->\n```sh\nmake\n```\n")
    assert (one.line, one.text, one.not_run) == (3, "ls\n", "")
    assert (two.line, two.not_run) == (7, "slow")
    with pytest.raises(ValueError, match="x.md:1"):
        blocks_of("x.md", "```sh\nls\n")


@pytest.mark.parametrize("block", _of("json"), ids=str)
def test_json_is_json(block: Block) -> None:
    json.loads(block.text)


@pytest.mark.parametrize("block", _of("python"), ids=str)
def test_python_compiles(block: Block) -> None:
    compile(block.text, str(block), "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)


@pytest.mark.parametrize("block", _of("sh"), ids=str)
def test_shell_is_shell(block: Block) -> None:
    done = subprocess.run(["bash", "-n"], input=block.text, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("block", _of("ini"), ids=str)
def test_the_unit_is_what_systemd_reads(block: Block) -> None:
    unit = configparser.ConfigParser(strict=False)
    unit.optionxform = str  # type: ignore[assignment, method-assign]  # names keep their case; the stub has a method
    unit.read_string(block.text)
    command = unit["Service"]["ExecStart"].split()
    assert command[1:3] == ["manage.py", "up"]
    load_command_class("raindrop", "up").create_parser("manage.py", "up").parse_args(command[3:])


def commands_named(text: str) -> set[tuple[str, ...]]:
    """(command, its options...) of every `manage.py ...` in the text."""
    joined = text.replace("\\\n", " ")
    found = set()
    for command, rest in re.findall(r"manage\.py ([a-z_]+)([^`\n|;)&]*)", joined):
        found.add((command, *sorted(set(re.findall(r"(?<=\s)--[a-z-]+", rest)))))
    return found


@pytest.mark.parametrize("page", [*pages(), "docs/benchmarks.md"])
def test_every_command_that_a_page_names_exists(page: str) -> None:
    known = get_commands()
    for command, *options in commands_named(text_of(page)):
        assert command in known, command
        app = known[command]
        parser = load_command_class(app if isinstance(app, str) else "", command).create_parser("", command)
        if command != "audit":  # its options are its actions' own
            assert not set(options) - set(parser._option_string_actions), (command, options)


@pytest.mark.parametrize("page", pages())
def test_every_make_target_that_a_page_names_exists(page: str) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), flags=re.MULTILINE))
    text = text_of(page)
    named = set(re.findall(r"`make ([a-z-]+)", text))
    for block in blocks_of(page, text):
        named |= set(re.findall(r"(?:^|&& )make ([a-z-]+)", block.text, flags=re.MULTILINE))
    assert not named - targets


def test_the_picture_is_small() -> None:
    assert Path(ROOT / "docs" / "overview.png").stat().st_size < 150_000
