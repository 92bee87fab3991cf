"""The pages' files as the web process serves them: hashed, compressed, collected only when something changed."""

import gzip
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import brotli
import pytest

from raindrop.server import static_files

ROOT = Path(__file__).resolve().parents[2]
FIRST_PAGE = ("vendor/tabler/tabler.min.css", "vendor/tabler/tabler.min.js", "vendor/echarts/echarts.min.js",
              "django_htmx/htmx-2.min.js", "app.css", "app.js", "charts.js", "judging.js", "theme.js", "triage.css", "triage.js")  # fmt: skip
GOAL = 600_000  # bytes over the wire, with the page itself
PAGE = 40_000


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Collected in a process of its own, as `manage.py up` does it."""
    data = tmp_path_factory.mktemp("static")
    code = (
        "import django; django.setup(); from django.conf import settings; from raindrop.server import static_files;"
        "print(static_files.collect(settings.STATIC_ROOT), static_files.collect(settings.STATIC_ROOT))"
    )
    env = {**os.environ, "RAINDROP_DATA_DIR": str(data), "DJANGO_SETTINGS_MODULE": "raindrop.settings"}
    done = subprocess.run(
        [sys.executable, "-c", code], env=env, cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["True", "False"], "the second time there was nothing to do"
    return data / "static"


def names(root: Path) -> dict[str, str]:
    found: dict[str, str] = json.loads((root / "staticfiles.json").read_text())["paths"]
    return found


def test_the_first_page_stays_within_its_goal(root: Path) -> None:
    """It was 2.0 MB."""
    for ending in ("br", "gz"):
        sizes = {name: (root / f"{names(root)[name]}.{ending}").stat().st_size for name in FIRST_PAGE}
        assert sum(sizes.values()) + PAGE < GOAL, sizes


def test_a_name_holds_the_hash_and_the_compressed_files_hold_the_same(root: Path) -> None:
    hashed = names(root)["app.css"]
    assert hashed != "app.css" and not (root / "app.css").exists()
    plain = (root / hashed).read_bytes()
    assert plain == (ROOT / "static" / "app.css").read_bytes()
    assert gzip.decompress((root / f"{hashed}.gz").read_bytes()) == plain
    assert brotli.decompress((root / f"{hashed}.br").read_bytes()) == plain


def test_what_a_style_sheet_names_is_there(root: Path) -> None:
    """The admin's icons were not: its sheets named them without their hashes."""
    named = [
        (sheet, url)
        for sheet in root.rglob("*.css")
        for url in re.findall(r"""url\(["']?([^"')]+)["']?\)""", sheet.read_text())
        if not url.startswith(("data:", "#", "%23"))
    ]
    assert any("icon-viewlink" in url for _, url in named)
    assert not [
        (sheet, url) for sheet, url in named if not (sheet.parent / url.split("#")[0].split("?")[0]).exists()
    ]


def test_what_pages_never_load_is_not_collected(root: Path) -> None:
    assert not [name for name in names(root) if name.endswith(".map") or "redoc" in name]


def test_a_changed_file_is_collected_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ran: list[list[str]] = []
    monkeypatch.setattr(static_files.subprocess, "run", lambda command, **more: ran.append(command))
    assert static_files.collect(tmp_path) and not static_files.collect(tmp_path)
    monkeypatch.setattr(static_files, "_sources", lambda: "other")
    assert static_files.collect(tmp_path) and len(ran) == 2
