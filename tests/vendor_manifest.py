"""Writes static/vendor/manifest.json: `python tests/vendor_manifest.py`. tests/raindrop/test_vendor.py holds the files to it."""

import hashlib
import json
from pathlib import Path

VENDOR = Path(__file__).resolve().parent.parent / "static" / "vendor"
PACKAGES = {
    "tabler": ("@tabler/core", "1.6.1", "MIT"),
    "tabler-icons": ("@tabler/icons", "3.51.0", "MIT"),
    "echarts": ("echarts", "6.1.0", "Apache-2.0"),
}


def manifest() -> list[dict[str, object]]:
    return [
        {
            "package": package,
            "version": version,
            "license": licence,
            "files": {
                path.relative_to(VENDOR).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
                for path in sorted((VENDOR / folder).iterdir())
            },
        }
        for folder, (package, version, licence) in PACKAGES.items()
    ]


if __name__ == "__main__":
    (VENDOR / "manifest.json").write_text(json.dumps(manifest(), indent=1) + "\n")
