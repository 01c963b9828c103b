"""The rules of the house: rooms, budgets of lines, sizes of files and functions, names, import circles."""

import ast
import graphlib
import importlib
import re
import subprocess
import sys
import tomllib
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src" / "deepresearch"
RULES = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["deepresearch"]
ROOMS = sorted(path.name for path in SOURCE.iterdir() if (path / "__init__.py").is_file())
HEAVY = ["tantivy", "trafilatura", "pypdfium2", "httpx2", "jsonschema", "lxml", "numpy"]
LONGEST_FUNCTION, LONGEST_FILE = 60, 400


@cache
def modules() -> dict[str, tuple[Path, ast.Module]]:
    """Every module by its dotted name, parsed."""
    found = {}
    for path in sorted(SOURCE.rglob("*.py")):
        parts = path.relative_to(SOURCE.parent).with_suffix("").parts
        name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        found[name] = (path, ast.parse(path.read_text(encoding="utf-8")))
    return found


def lines_of(*paths: Path) -> int:
    return sum(len(path.read_text(encoding="utf-8").splitlines()) for path in paths)


@pytest.mark.parametrize("room", ROOMS)
def test_the_door_names_what_exists(room: str) -> None:
    module = importlib.import_module(f"deepresearch.{room}")
    assert module.__doc__
    for name in getattr(module, "__all__", []):
        assert getattr(module, name) is not None


def test_help_loads_nothing_heavy() -> None:
    code = (
        "import sys; from deepresearch.cli import main; main(['--help']); "
        f"print([m for m in {HEAVY} if m in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr.strip() == "[]"


def test_every_room_keeps_within_its_budget_of_lines() -> None:
    sizes = {room: lines_of(*(SOURCE / room).rglob("*.py")) for room in ROOMS}
    sizes["verification"] = lines_of(*(SOURCE / "report" / "verification").rglob("*.py"))
    sizes["report"] -= sizes["verification"]
    for room, commands in {"synthesis": "synth*.py", "training": "train*.py"}.items():
        lines = lines_of(*(SOURCE / "cli").glob(commands))
        sizes[room] += lines
        sizes["cli"] -= lines
    sizes["bottom"] = lines_of(*SOURCE.glob("*.py"))
    sizes["total"] = lines_of(*SOURCE.rglob("*.py")) - sizes["synthesis"] - sizes["training"]
    assert set(sizes) == set(RULES["budgets"]), "every room has a budget, and every budget a room"
    assert {room: size for room, size in sizes.items() if size > RULES["budgets"][room]} == {}


def test_files_and_functions_are_short() -> None:
    found = {}
    for path, tree in modules().values():
        name = path.relative_to(SOURCE).as_posix()
        if (size := lines_of(path)) > LONGEST_FILE:
            found[name] = size
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                size = (node.end_lineno or 0) - node.lineno + 1
                if size > LONGEST_FUNCTION:
                    found[f"{name}:{node.name}"] = size
    assert set(found) == set(RULES["long"]), f"longer than allowed, or listed in vain: {found}"


def test_no_public_class_name_is_used_twice() -> None:
    places = defaultdict(list)
    for name, (_, tree) in modules().items():
        for node in tree.body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                places[node.name].append(name)
    assert {name: where for name, where in places.items() if len(where) > 1} == {}


def test_no_module_imports_itself_by_way_of_others() -> None:
    known = set(modules())
    graph = {name: set(_imports(name, path, tree, known)) - {name} for name, (path, tree) in modules().items()}
    try:
        graphlib.TopologicalSorter(graph).prepare()
    except graphlib.CycleError as error:
        pytest.fail(f"import circle: {' <- '.join(error.args[1])}")


def test_the_loop_and_the_main_path_are_short() -> None:
    assert lines_of(SOURCE / "agent" / "loop.py") < 200
    assert lines_of(*(ROOT / path for path in RULES["main_path"])) <= 2_500
    tour = (ROOT / "docs" / "tour.md").read_text(encoding="utf-8")
    assert re.findall(r"\*\*\[[^\]]+\]\(\.\./([^)]+)\)\*\*", tour) == RULES["main_path"]


def _imports(name: str, path: Path, tree: ast.Module, known: set[str]) -> Iterator[str]:
    """The modules that a module imports when it is loaded; what functions import later is no circle."""
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
    for node in tree.body:
        if isinstance(node, ast.ImportFrom):
            base = package.rsplit(".", node.level - 1)[0] if node.level > 1 else package if node.level else ""
            module = ".".join(filter(None, (base, node.module)))
            for alias in node.names:
                target = f"{module}.{alias.name}"
                if target in known:
                    yield target
                elif module in known:
                    yield module
