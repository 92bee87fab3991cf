"""What is vendored is what was vendored, and under its licence."""

import json

import pytest

from tests.vendor_manifest import PACKAGES, VENDOR, manifest


def test_the_manifest_says_what_is_there() -> None:
    """After a change of static/vendor: `python tests/vendor_manifest.py`."""
    assert json.loads((VENDOR / "manifest.json").read_text()) == manifest()


def test_every_folder_is_in_the_manifest() -> None:
    assert {path.name for path in VENDOR.iterdir() if path.is_dir()} == set(PACKAGES)
    assert {path.name for path in VENDOR.iterdir() if path.is_file()} == {"manifest.json"}


@pytest.mark.parametrize("folder", sorted(PACKAGES))
def test_it_has_its_licence(folder: str) -> None:
    text = (VENDOR / folder / "LICENSE").read_text()
    licence = PACKAGES[folder][2]
    assert {"MIT": "Permission is hereby granted", "Apache-2.0": "Apache License"}[licence] in text
