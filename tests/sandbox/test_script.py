"""Short programs in a process of their own."""

from deepresearch.sandbox.script import run_script


def test_data_goes_in_and_what_is_written_comes_back() -> None:
    program = "import os, sys; sys.stdout.buffer.write(sys.stdin.buffer.read()[::-1] + repr(dict(os.environ)).encode())"
    written, problem = run_script(program, b"abc", 20)
    assert written.startswith(b"cba") and b"PATH" not in written and problem == ""


def test_failures_are_told() -> None:
    assert run_script("raise ValueError('odd')", b"", 20) == (b"", "ValueError: odd")
    assert run_script("import time; time.sleep(9)", b"", 0.5) == (b"", "it took more than 0.5 seconds.")
    assert run_script("pass", b"", 20) == (b"", "it wrote nothing.")
