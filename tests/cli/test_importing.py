"""`import`: a run from JSON lines."""

from pathlib import Path

from tests.cli.conftest import Command


def test_there_and_back(command: Command, tmp_path: Path, docs: Path) -> None:
    run = command("run", "How many moons does Velmark have?", "--docs", str(docs), "--json")
    assert run.returncode == 0, run.stderr
    name = command("list", "--json").stdout.split('"run": "')[1].split('"')[0]
    file = tmp_path / "run.jsonl"
    file.write_text(command("trajectory", name).stdout)
    done = command("import", str(file), "--data", str(tmp_path / "other"))
    assert (done.returncode, done.stdout.strip()) == (0, name)
    assert f"deepresearch show {name}" in done.stderr
    assert command("import", str(file)).stdout.strip() == f"{name}-2"


def test_a_torn_tail_is_told_and_damage_is_named_by_line(command: Command, tmp_path: Path) -> None:
    file = tmp_path / "log.jsonl"
    file.write_text('{"seq": 1, "type": "user"}\n{"seq": 2, "ty')
    done = command("import", str(file))
    assert done.returncode == 0 and f"{file}, line 2: torn by a crash, and left out." in done.stderr
    file.write_text('{"seq": 1, "type": "user"}\nnoise\n')
    done = command("import", str(file))
    assert done.returncode == 2 and "line 2: not one JSON record" in done.stderr
