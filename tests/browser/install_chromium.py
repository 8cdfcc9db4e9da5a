"""Make sure that a Chromium is there for the browser tests, and print where.

In this order: one that is installed; Debian's package, when root; Playwright's own download.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def installed_chromium() -> str | None:
    """Return the path of a Chromium on this machine, Playwright's own included, or None."""
    for name in NAMES:
        if path := shutil.which(name):
            return path
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        path = playwright.chromium.executable_path
    return path if Path(path).exists() else None


def main() -> int:
    """Install what is missing; return 1 with advice when nothing helped."""
    if path := installed_chromium():
        print(f"browser: {path}")
        return 0
    if hasattr(os, "geteuid") and os.geteuid() == 0 and shutil.which("apt-get"):
        subprocess.run(["apt-get", "update", "-qq"], stdout=subprocess.DEVNULL, check=False)
        subprocess.run(
            ["apt-get", "install", "-y", "-qq", "chromium", "fonts-wqy-microhei"],
            stdout=subprocess.DEVNULL,
            check=False,
        )
    if installed_chromium() is None:
        subprocess.run([sys.executable, "-m", "playwright", "install", "chromium"], check=False)
    if path := installed_chromium():
        print(f"browser: {path}")
        return 0
    print(
        "No Chromium was found or could be installed. Install one (Debian: apt-get install "
        "chromium; elsewhere: .venv/bin/playwright install chromium) and try again.",
        file=sys.stderr,
    )
    return 1


if __name__ == "__main__":
    sys.exit(main())
