"""Bytes to text, whatever the encoding and whatever the file claims about it."""

import codecs
import re

from ..errors import DocumentError
from .characters import count_han

_BOMS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_DECLARED = re.compile(rb"""(?:charset|encoding|coding)\s*[=:]\s*["']?\s*([A-Za-z0-9_.:-]{2,40})""")
_SAME_IN_PRACTICE = dict.fromkeys(("gb2312", "gbk"), "gb18030") | dict.fromkeys(
    ("iso-8859-1", "latin-1", "ascii"), "cp1252"
)
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]")


def decode(data: bytes, place: str, declared: str = "") -> str:
    """`data` as text. declared: the encoding that whoever sent it names.

    In this order: byte order mark; UTF-16 by its zero bytes; UTF-8 where it fits, as nothing else does by accident;
    what is declared; Chinese UTF-16; what the file declares; a guess. Raises DocumentError where it is not text.
    """
    text = _decode(data, place, declared)
    if len(_CONTROL.findall(text[:20_000])) > len(text[:20_000]) // 100:
        raise DocumentError(f"{place} is not text: it is full of control characters.", "Name the file by what it is.")
    return text.replace("\r\n", "\n").replace("\r", "\n").replace("\x00", "")


def _decode(data: bytes, place: str, declared: str) -> str:
    for mark, name in _BOMS:
        if data.startswith(mark):
            return data.decode(name, "replace")
    if b"\0" in data[:4000] and (wide := _utf16(data)):
        return data.decode(wide, "replace")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        nearly = error.start > len(data) - 4 or _is_mostly_utf8(data)
    if (text := _decoded(data, declared)) is not None:
        return text
    if nearly:
        return data.decode("utf-8", "replace")
    if wide := _utf16(data):
        return data.decode(wide, "replace")
    found = _DECLARED.search(data[:4096])
    text = _decoded(data, found.group(1).decode()) if found else None
    return _guess(data, place) if text is None else text


def _decoded(data: bytes, name: str) -> str | None:
    """`data` in the encoding of that name; None where it is not in it, or there is none."""
    try:
        return data.decode(_SAME_IN_PRACTICE.get(name.lower(), name)) if name else None
    except (LookupError, UnicodeError):
        return None


def _is_mostly_utf8(data: bytes) -> bool:
    """A few broken bytes in a file that is UTF-8 otherwise."""
    text = data[:200_000].decode("utf-8", "replace")
    broken = text.count("\ufffd")
    return sum(character > "\x7f" for character in text) > 20 * broken


def _utf16(data: bytes) -> str | None:
    """UTF-16 without its mark: plain text has its zeros on one side only; Chinese has none, but common characters."""
    sample = data[:4000]
    even, odd = sample[0::2].count(0), sample[1::2].count(0)
    if odd > len(sample) // 6 and even * 20 < odd:
        return "utf-16-le"
    if even > len(sample) // 6 and odd * 20 < even:
        return "utf-16-be"
    names = ("utf-16-le", "utf-16-be") if len(data) % 2 == 0 else ()
    return next(
        (name for name in names if _looks_chinese(sample[: len(sample) // 2 * 2].decode(name, "replace"))), None
    )


def _guess(data: bytes, place: str) -> str:
    sample = data[:200_000]
    if sample[:4000].count(0) > 0:
        raise DocumentError(f"{place} is not text: it holds zero bytes.", "Name the file by what it is.")
    try:
        chinese = data.decode("gb18030")
    except UnicodeDecodeError:
        chinese = ""
    if _looks_chinese(chinese[:100_000]):
        return chinese
    high = sum(byte > 0x7F for byte in sample)
    if high < sum(chr(byte).isalpha() for byte in sample if byte <= 0x7F) // 3:
        return data.decode("cp1252", "replace")  # letters with an accent here and there: a western language
    from charset_normalizer import from_bytes  # noqa: PLC0415  slow to import, seldom needed

    best = from_bytes(sample).best()
    return data.decode(best.encoding if best else "cp1252", "replace")


_COMMON = frozenset(
    "的一是不了在人有我他这中大来上国个到说们为子和你地出道也时年得就那要下以生会自着去之过家学对可她里后小么"
)


def _looks_chinese(text: str) -> bool:
    """Any high bytes may pass as GB 18030; only real text has the commonest characters."""
    han = count_han(text)
    return han > 0 and sum(character in _COMMON for character in text) > han // 12
