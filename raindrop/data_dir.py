"""The data directory: the embedded database, the generated secrets and the files of a running server."""

import os
from pathlib import Path

BASE_DIR = Path(__file__).resolve().parent.parent


def data_dir() -> Path:
    """RAINDROP_DATA_DIR, by default `.data/` beside manage.py. Absolute; not necessarily there yet."""
    return Path(os.environ.get("RAINDROP_DATA_DIR") or BASE_DIR / ".data").expanduser().resolve()
