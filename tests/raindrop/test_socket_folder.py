"""Whoever reaches the database's socket is the database's owner: its folder is nobody else's."""

import os
from pathlib import Path

import pytest

from raindrop.server import embedded_postgres


def test_a_short_path_keeps_the_socket_in_the_cluster(tmp_path: Path) -> None:
    assert embedded_postgres._socket_folder(tmp_path, Path("/nowhere")) == tmp_path


def _long(tmp_path: Path) -> Path:
    path = tmp_path / ("a-rather-long-directory-name-" * 4)
    path.mkdir()
    return path


def test_a_long_path_gets_a_folder_that_is_closed(tmp_path: Path) -> None:
    folder = embedded_postgres._socket_folder(_long(tmp_path), tmp_path)
    assert folder.parent == tmp_path
    assert folder.stat().st_mode & 0o777 == 0o700
    assert (
        embedded_postgres._socket_folder(tmp_path / ("a-rather-long-directory-name-" * 4), tmp_path) == folder
    )


@pytest.mark.parametrize("kind", ["link", "file"])
def test_what_somebody_put_in_its_place_is_not_taken(tmp_path: Path, kind: str) -> None:
    pgdata = _long(tmp_path)
    folder = embedded_postgres._socket_folder(pgdata, tmp_path)
    folder.rmdir()
    if kind == "link":
        (tmp_path / "elsewhere").mkdir()
        folder.symlink_to(tmp_path / "elsewhere")
    else:
        folder.write_text("")
    with pytest.raises((RuntimeError, FileExistsError)):
        embedded_postgres._socket_folder(pgdata, tmp_path)


@pytest.mark.skipif(os.getuid() != 0, reason="only root can make somebody else's folder")
def test_somebody_elses_folder_is_not_taken(tmp_path: Path) -> None:
    pgdata = _long(tmp_path)
    folder = embedded_postgres._socket_folder(pgdata, tmp_path)
    os.chown(folder, 4242, 4242)
    with pytest.raises(RuntimeError, match="not ours"):
        embedded_postgres._socket_folder(pgdata, tmp_path)
