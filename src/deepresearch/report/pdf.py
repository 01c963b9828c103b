"""The page as PDF, printed by a headless Chromium that can reach nothing.

A letter that no font on the machine has is an error, because the reader would see a box in its place. The fonts are
asked where fontconfig's program is there, and the file is read again before it is handed out: what the page shows and
the PDF does not contain has been lost in the same way.
"""

import unicodedata
from collections.abc import Sequence

from ..errors import ExportError
from ..sandbox.browser import INSTEAD, find_chromium, print_page, without_font
from ..text.characters import clean
from .blocks import words_of
from .frame import closing
from .html import html
from .structure import Format, ReportModel


def pdf(report: ReportModel) -> bytes:
    """The PDF. Raises ExportError where Chromium or a font is missing, or printing fails."""
    find_chromium()
    _refuse(without_font(letters(report)))
    printed = print_page(html(report))
    _refuse(missing_letters(report, printed))
    return printed


def _refuse(letters: Sequence[str]) -> None:
    """Raises ExportError where there are `letters` that no font has."""
    if letters:
        raise ExportError(
            f"The PDF would show boxes: no font on this machine has {' '.join(letters[:12])}"
            f"{f' and {len(letters) - 12} more letters' if len(letters) > 12 else ''}.",
            f"Install fonts for them (Chinese: fonts-noto-cjk). {INSTEAD}.",
        )


def missing_letters(report: ReportModel, printed: bytes) -> list[str]:
    """Letters of the report's own text that cannot be read from the PDF again, in the order of the text."""
    wanted = [unicodedata.normalize("NFKC", letter) for letter in letters(report)]
    if not wanted:
        return []
    found = set(unicodedata.normalize("NFKC", read_pdf(printed)))
    return [letter for letter in wanted if not found.issuperset(letter)]


def letters(report: ReportModel) -> list[str]:
    """Letters beyond the Latin ones that the page shows, each once."""
    body = words_of([*report.blocks, *closing(report)])
    shown = clean(" ".join([report.title, report.question, body]))
    return list(dict.fromkeys(c for c in shown if c.isalnum() and ord(c) > 0x24F))


def read_pdf(printed: bytes) -> str:
    """The text of a PDF."""
    import pypdfium2  # noqa: PLC0415

    document = pypdfium2.PdfDocument(printed)
    try:
        return "\n".join(page.get_textpage().get_text_range() for page in document)
    finally:
        document.close()


FORMAT = Format("report.pdf", lambda report, _: pdf(report))
