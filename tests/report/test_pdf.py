"""The PDF, read again; and what happens where Chromium or a font is missing."""

import shutil
from pathlib import Path

import pytest

from deepresearch.errors import ExportError
from deepresearch.report import make_report
from deepresearch.report import pdf as printer
from deepresearch.report.pdf import missing_letters, pdf, read_pdf
from deepresearch.sandbox.browser import NAMES

from .conftest import make_run
from .hostile import HOSTILE, RICH

printing = pytest.mark.skipif(not any(map(shutil.which, NAMES)), reason="Chromium is not installed")


@printing
def test_everything_is_there_again() -> None:
    made = pdf(make_report(make_run(RICH, language="zh")))
    text = read_pdf(made)
    for part in ("Water 水", "细节", "第一点", "参考文献", "Differ (5 against 6)", "1 / "):
        assert part in text
    assert "Sources consulted" not in text and b"/JavaScript" not in made


@printing
def test_a_missing_font_is_an_error_and_never_boxes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    latin = next(Path("/usr/share/fonts").rglob("DejaVuSans.ttf"), None)
    if latin is None:
        pytest.skip("DejaVu, a font without Chinese, is not on this machine")
    folder = tmp_path / "fonts"
    folder.mkdir()
    shutil.copy(latin, folder)
    config = tmp_path / "fonts.conf"
    config.write_text(f"<fontconfig><dir>{folder}</dir><cachedir>{tmp_path}/cache</cachedir></fontconfig>")
    monkeypatch.setenv("FONTCONFIG_FILE", str(config))
    with pytest.raises(ExportError, match=r"would show boxes: no font on this machine has 水.*fonts-noto-cjk"):
        pdf(make_report(make_run("水 boils.")))
    monkeypatch.setattr(printer, "without_font", lambda letters: [])  # as where fontconfig's program is missing
    with pytest.raises(ExportError, match=r"would show boxes: no font on this machine has 水"):
        pdf(make_report(make_run("水 boils.")))


@printing
def test_hostile_text_prints() -> None:
    text = read_pdf(pdf(make_report(make_run(HOSTILE))))
    assert "<script>X(1)</script>" in text


def test_latin_letters_need_no_proof() -> None:
    assert missing_letters(make_report(make_run("plain")), b"") == []
