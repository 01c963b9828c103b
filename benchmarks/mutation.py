"""Do the tests notice a change of the source? A sample of small changes (mutants), each tried on the tests; one table.

Run: make mutate, or python -m benchmarks.mutation [--each 40] [--seed 1] [MODULE ...]

Works in a copy under the system's folder for temporary files. Of each module a sample of `--each` mutants is drawn with
`--seed`; killed: some test fails or hangs; survived: every test passes. What survives is printed as a difference.
"""

import argparse
import random
import re
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

from .harness import machine

ROOT = Path(__file__).parents[1]
MODULES = {
    "agent.loop": ["agent/test_loop.py", "agent/test_outcomes.py"],
    "agent.view": ["agent/test_view.py", "agent/test_loop.py"],
    "agent.budget": ["agent/test_budget.py", "agent/test_loop.py"],
    "web.guard": ["web/test_guard.py", "web/test_fetch.py"],
    "store.journal": ["store/test_journal.py", "store/test_run_log.py"],
    "report.citations": ["report/test_citations.py"],
    "tools.edit": ["tools/test_edit.py"],
}
"""What is changed, and the tests that are to notice."""
KILLED = frozenset({"killed", "timeout", "suspicious", "segfault"})


def prepare(folder: Path, modules: list[str]) -> None:
    """A copy of the project in which mutmut finds what to do."""
    hidden = shutil.ignore_patterns(".venv", ".git", "__pycache__", "mutants", "shared")
    shutil.copytree(ROOT, folder, ignore=hidden, symlinks=True)
    sources = [f"src/deepresearch/{name.replace('.', '/')}.py" for name in modules]
    tests = sorted({f"tests/{test}" for name in modules for test in MODULES[name]})
    settings = '\n[tool.mutmut]\nsource_paths = ["src/deepresearch"]\nprocess_isolation = "forkserver"\n'
    settings += f'only_mutate = {sources}\npytest_add_cli_args_test_selection = {tests}\nalso_copy = ["benchmarks"]\n'
    with (folder / "pyproject.toml").open("a", encoding="utf-8") as file:
        file.write(settings)


def mutmut(folder: Path, *arguments: str) -> str:
    """What a command of mutmut prints."""
    command = [sys.executable, "-m", "mutmut", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False).stdout


def results(folder: Path) -> dict[str, str]:
    """The state of every mutant by name."""
    lines = mutmut(folder, "results", "--all", "true").splitlines()
    return dict(line.strip().rsplit(": ", 1) for line in lines if ": " in line)


def module_of(mutant: str) -> str:
    return next(name for name in MODULES if mutant.startswith(f"deepresearch.{name}."))


def changed(folder: Path, mutant: str) -> list[str]:
    """The lines that a mutant takes away and puts in their place."""
    shown = mutmut(folder, "show", mutant).splitlines()
    return [line for line in shown if re.match(r"[-+](?![-+])", line)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("modules", nargs="*", default=list(MODULES))
    parser.add_argument("--each", type=int, default=40)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as aside:
        folder = Path(aside) / "project"
        prepare(folder, asked.modules)
        mutmut(folder, "run", "no.such.mutant")  # makes them all, and notes which test runs which function
        every = sorted(results(folder))
        chosen: list[str] = []
        for module in asked.modules:
            own = [name for name in every if module_of(name) == module]
            chosen += random.Random(asked.seed).sample(own, min(asked.each, len(own)))
        mutmut(folder, "run", *chosen)
        found = results(folder)
        print(f"Mutants. {machine()}\n")
        print(f"{'module':<18} {'mutants':>8} {'tried':>6} {'killed':>7} {'survived':>9} {'score':>7}")
        for module in asked.modules:
            states = Counter(found[name] in KILLED for name in chosen if module_of(name) == module)
            tried, many = states.total(), sum(module_of(name) == module for name in every)
            print(
                f"{module:<18} {many:>8} {tried:>6} {states[True]:>7} {states[False]:>9} {states[True] / tried:>7.0%}"
            )
        for name in (name for name in chosen if found[name] not in KILLED):
            print(f"\n{name}: {found[name]}", *changed(folder, name), sep="\n  ")


if __name__ == "__main__":
    main()
