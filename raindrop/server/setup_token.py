"""The secret in the address at which a new server's first user is made: known to whoever reads the server's terminal or its data directory.

No password is made for anybody, so that none stays in a deployment by mistake. The address holds until there is a user.
"""

import os
import secrets
from pathlib import Path

from raindrop.data_dir import data_dir


def setup_token() -> str:
    """Made once for a data directory, and the same at each start until `forget_setup_token`."""
    path = _path()
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_text(encoding="ascii")
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        token = secrets.token_urlsafe(24)
        file.write(token)
    return token


def is_setup_token(text: str) -> bool:
    """In constant time. False where none was made."""
    path = _path()
    known = path.read_text(encoding="ascii") if path.exists() else ""
    return bool(known) and secrets.compare_digest(text.encode(), known.encode())


def forget_setup_token() -> None:
    _path().unlink(missing_ok=True)


def _path() -> Path:
    return data_dir() / "setup_token"
