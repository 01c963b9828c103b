"""A headless Chromium that can reach nothing: it prints a page as PDF. And which characters the fonts here have."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from ..errors import ExportError

SECONDS = 120
"""Seconds after which printing is stopped."""
NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome", "chrome")
INSTEAD = "Print report.html (format html) from any browser instead"
_OPTIONS = (
    "--headless",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-extensions",
    "--disable-background-networking",
    "--disable-sync",
    "--no-first-run",
    "--host-resolver-rules=MAP * ~NOTFOUND",
    "--proxy-server=127.0.0.1:9",
    "--no-pdf-header-footer",
    "--generate-pdf-document-outline",
)
_LONGEST_REASON = 200
"""Characters of Chromium's message that an error repeats."""


def find_chromium() -> str:
    """The browser's path: CHROMIUM, or the first of NAMES. Raises ExportError where there is none."""
    named = os.environ.get("CHROMIUM")
    found = shutil.which(named) if named else next(filter(None, map(shutil.which, NAMES)), None)
    if not found:
        what = f"CHROMIUM names {named}, which is no program" if named else "Chromium is not installed"
        raise ExportError(f"{what}; it prints the PDF.", f"Install chromium. {INSTEAD}.")
    return found


def print_page(page: str) -> bytes:
    """The HTML `page` as Chromium prints it, in a profile that is thrown away. Raises ExportError."""
    browser = find_chromium()
    with tempfile.TemporaryDirectory(prefix="deepresearch-pdf-") as folder:
        source, target = Path(folder, "page.html"), Path(folder, "page.pdf")
        source.write_text(page, encoding="utf-8", errors="replace")
        # Chromium's own sandbox does not start for user 0; the page has no script, and Chromium no network.
        sandbox = ["--no-sandbox"] if os.getuid() == 0 else []
        places = [f"--user-data-dir={folder}/profile", f"--print-to-pdf={target}", source.as_uri()]
        environment = {
            k: v for k, v in os.environ.items() if k in ("PATH", "LANG", "LC_ALL") or k.startswith("FONTCONFIG")
        }
        try:
            done = subprocess.run(  # noqa: S603 - the browser that was found, and paths of our own
                [browser, *_OPTIONS, *sandbox, *places],
                capture_output=True,
                timeout=SECONDS,
                check=False,
                env={**environment, "HOME": folder, "TMPDIR": folder},
            )
        except subprocess.TimeoutExpired as error:
            raise ExportError(f"Chromium did not print the page within {SECONDS} seconds.", f"{INSTEAD}.") from error
        if not target.is_file():
            lines = done.stderr.decode("utf-8", "replace").split("\n")
            last = next((" ".join(line.split()) for line in reversed(lines) if line.strip()), "it gave no reason")
            reason = "".join(c for c in last if c.isprintable())[:_LONGEST_REASON]
            raise ExportError(f"Chromium printed no PDF: {reason}", f"{INSTEAD}.")
        return target.read_bytes()


def without_font(letters: Sequence[str]) -> list[str]:
    """Those of `letters` that no font of fontconfig has; none where its program is missing."""
    program = shutil.which("fc-list")
    if program is None or not letters:
        return []
    listed = subprocess.run([program, ":", "charset"], capture_output=True, text=True, timeout=60, check=False)  # noqa: S603
    spans = {span for line in listed.stdout.splitlines() for span in line.partition("=")[2].split()}
    ranges = [(int(first, 16), int(last or first, 16)) for first, _, last in (s.partition("-") for s in spans)]
    return [c for c in letters if ranges and not any(first <= ord(c) <= last for first, last in ranges)]
