"""What happens where the browser is missing, or does not do what it should. That it prints is shown in tests/report."""

import os
from pathlib import Path

import pytest

from deepresearch.errors import ExportError
from deepresearch.sandbox import browser
from deepresearch.sandbox.browser import find_chromium, print_page, without_font


def program(folder: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    """Make CHROMIUM a shell script."""
    path = folder / "browser"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    monkeypatch.setenv("CHROMIUM", str(path))


def test_no_browser(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CHROMIUM", raising=False)
    monkeypatch.setenv("PATH", os.devnull)
    with pytest.raises(ExportError, match=r"Chromium is not installed.*Print report\.html"):
        find_chromium()


def test_a_named_browser_that_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHROMIUM", "/no/such/browser")
    with pytest.raises(ExportError, match="CHROMIUM names /no/such/browser, which is no program"):
        print_page("x")


def test_a_browser_that_prints_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program(tmp_path, monkeypatch, "echo 'cannot\033[31m start' >&2; exit 1")
    with pytest.raises(ExportError, match=r"Chromium printed no PDF: cannot\[31m start"):
        print_page("x")


def test_a_browser_that_hangs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program(tmp_path, monkeypatch, "exec sleep 60")
    monkeypatch.setattr(browser, "SECONDS", 0.2)
    with pytest.raises(ExportError, match="did not print the page within"):
        print_page("x")


def test_fonts_are_asked_where_they_can_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "fc-list"
    path.write_text("#!/bin/sh\necho ':charset=20-7e a0-ff 6c34'\n")
    path.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert without_font(["a", "水", "火"]) == ["火"]
    monkeypatch.setenv("PATH", os.devnull)
    assert without_font(["火"]) == []
