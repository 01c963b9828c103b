"""Runs a short Python program in a separate process: no environment variables, a time limit, data on standard input."""

import subprocess
import sys


def run_script(program: str, data: bytes, seconds: float) -> tuple[bytes, str]:
    """(what `program` writes, why it failed): the one is empty where the other is not. `data` is its input."""
    try:
        done = subprocess.run(  # noqa: S603 - our own program
            [sys.executable, "-I", "-c", program], input=data, capture_output=True, timeout=seconds, check=False, env={}
        )
    except subprocess.TimeoutExpired:
        return b"", f"it took more than {seconds:g} seconds."
    if done.returncode == 0:
        return done.stdout, "" if done.stdout else "it wrote nothing."
    lines = done.stderr.decode("utf-8", "replace").strip().splitlines()
    return b"", lines[-1][:200] if lines else "it gave no reason."
