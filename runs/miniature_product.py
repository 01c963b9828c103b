"""The trained policy as users run it: `deepresearch run --policy local --checkpoint DIR`, beside the extractive one."""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from deepresearch.synthesis.records import SyntheticTask
from deepresearch.trajectory import parse_event

from .miniature_measure import CALLS, TURNS, CountTokens, Outcome, outcome_of


def by_command(
    tasks: Sequence[SyntheticTask], data: Path, flags: Sequence[str], count_tokens: CountTokens
) -> list[Outcome]:
    """The outcome of each task by a process of its own, over the library `web` in the data folder, where no search
    fails. flags: which policy. Raises CalledProcessError where a run cannot even begin."""
    environment = {
        **os.environ,
        "DEEPRESEARCH_SEARCH_AUTHORITY": str((data / "authority.csv").absolute()),
        "DEEPRESEARCH_REPORT_MAX_REVISIONS": "0",
        "OMP_NUM_THREADS": "1",
    }
    limits = ["--max-turns", str(TURNS), "--max-tool-calls", str(CALLS)]
    outcomes = []
    for task in tasks:
        command = [sys.executable, "-m", "deepresearch", "run", task.question, "--library", "web"]
        command += ["--data", str(data), "--json", *limits, *flags]
        done = subprocess.run(command, check=False, env=environment, capture_output=True, text=True)
        if not done.stdout.strip():
            raise subprocess.CalledProcessError(done.returncode, command, done.stdout, done.stderr)
        events = [parse_event(event) for event in json.loads(done.stdout)["events"]]
        outcomes.append(outcome_of(task, events, count_tokens))
    return outcomes
