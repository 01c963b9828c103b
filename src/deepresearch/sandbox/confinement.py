"""A process that sees no network and no files but Python's own and what it is handed: bubblewrap, where it works."""

import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

_SYSTEM = ("/usr", "/bin", "/lib", "/lib64", "/etc/ld.so.cache", "/etc/alternatives")
_PATIENCE = 10.0
"""Seconds for the trial."""


@cache
def confinement() -> tuple[list[str], str]:
    """What to put before a command so that it runs confined, and "" ; or nothing, and why it cannot be done here.

    The command finds this package and Python's files, read-only, at their places; everything else is empty, writable
    and gone with the process. It has no network, and sees no other process.
    """
    program = shutil.which("bwrap")
    if not program:
        return [], "bubblewrap (bwrap) is not installed"
    prefix = [program, "--unshare-all", "--chdir", "/", "--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp"]  # noqa: S108  inside
    for path in _needed():
        prefix += ["--ro-bind", path, path]
    trial = [*prefix, sys.executable, "-I", "-S", "-c", "open('/proc/self/status')"]
    try:
        done = subprocess.run(trial, capture_output=True, text=True, timeout=_PATIENCE, env={}, check=False)  # noqa: S603
    except (OSError, subprocess.TimeoutExpired) as error:
        return [], f"bubblewrap does not work here ({error})"
    if done.returncode:
        return [], f"bubblewrap does not work here ({done.stderr.strip()[:200] or done.returncode})"
    return prefix, ""


def _needed() -> list[str]:
    """Folders without which the interpreter, the packages and this package cannot be loaded; outer ones first."""
    installed = [path for path in sys.path if path and next(Path(path).glob("*.dist-info"), None)]
    own = str(Path(__file__).parents[1])
    # /usr as prefix is there already; a prefix of / would include everything.
    wanted = {
        str(Path(path)) for path in (*_SYSTEM, sys.prefix, sys.base_prefix, *installed, own) if Path(path).exists()
    } - {"/"}
    return sorted(wanted, key=lambda path: (path.count("/"), path))
