"""E-mail: .eml as it is sent, .msg as Outlook keeps it. Attachments are named, not read."""

import re
from collections.abc import Iterator
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

from ...errors import DocumentError
from ...text.encoding import decode
from ..documents import Block, Document, ReadProblem
from .html import fragment_blocks
from .rows import about
from .text import paragraphs

_SUBJECT, _NAME, _ADDRESS, _SMTP, _TO, _BODY, _HTML, _RICH = "0037 0C1A 0C1F 5D01 0E04 1000 1013 1009".split()
_HEADERS = "007D"
"""Numbers of the properties of a message in Outlook's format."""

MOST_PARTS = 1000
"""Of a message: the time that the parser takes grows with their square where they are nested."""


def read_eml(path: Path) -> Iterator[Document | ReadProblem]:
    """One document. Raises DocumentError where the file is not a message, OSError."""
    data = path.read_bytes()
    if len(re.findall(rb"^content-type:", data, re.IGNORECASE | re.MULTILINE)) > MOST_PARTS:
        raise DocumentError(f"{path} has more than {MOST_PARTS} parts.", "Save the text that matters by itself.")
    message = message_from_bytes(data, policy=policy.default)
    if not message.get("From") and not message.get("Subject") and not message.get("Date"):
        raise DocumentError(
            f"{path} is not an e-mail: neither sender, subject nor date.", "Give the file the suffix of what it is."
        )
    body = message.get_body(("plain", "html"))
    blocks = _body(body, path) if isinstance(body, EmailMessage) else []
    names = ", ".join(filter(None, (part.get_filename() for part in message.iter_attachments())))
    sender, to, sent, subject = (str(message.get(name) or "") for name in ("From", "To", "Date", "Subject"))
    yield _document(path, blocks, sender, to, _date(sent), subject, names)


def _body(part: EmailMessage, path: Path) -> list[Block]:
    data = part.get_payload(decode=True)
    if not isinstance(data, bytes) or not data.strip():
        return []
    text = decode(data, str(path), part.get_content_charset() or "")
    return fragment_blocks(text) if part.get_content_subtype() == "html" else paragraphs(text)


def read_msg(path: Path) -> Iterator[Document | ReadProblem]:
    """One document. Raises DocumentError where the file is not a message, OSError."""
    import olefile  # noqa: PLC0415

    with olefile.OleFileIO(path) as file:
        if not file.exists("__properties_version1.0"):
            raise DocumentError(f"{path} is not an e-mail.", "Give the file the suffix of what it is.")
        blocks = paragraphs(_property(file, _BODY)) or fragment_blocks(_property(file, _HTML))
        if not blocks and file.exists(f"__substg1.0_{_RICH}0102"):
            blocks = [Block("paragraph", "[The text of this message is in a form (RTF) that is not read.]")]
        name, address = _property(file, _NAME), _property(file, _SMTP) or _property(file, _ADDRESS)
        sent = message_from_bytes(_property(file, _HEADERS).encode(), policy=policy.default).get("Date")
        modified = file.get_metadata().last_saved_time or file.root.getmtime()
        date = _date(str(sent or "")) or (modified.date().isoformat() if modified else None)
        sender = f"{name} <{address}>" if "@" in address and address != name else name
        yield _document(path, blocks, sender, _property(file, _TO), date, _property(file, _SUBJECT))


def _property(file: Any, number: str) -> str:
    """A property of the message itself: as Unicode, else in some code page; empty where it has none."""
    for kind, wide in (("001F", True), ("001E", False), ("0102", False)):
        stream = f"__substg1.0_{number}{kind}"
        if file.exists(stream):
            data = file.openstream(stream).read()
            text = data.decode("utf-16-le", "replace") if wide else decode(data or b" ", stream)
            return str(text.replace("\r\n", "\n").rstrip("\0"))
    return ""


def _document(
    path: Path, blocks: list[Block], sender: str, to: str, date: str | None, subject: str, attachments: str = ""
) -> Document:
    meta = {"from": sender, "to": to, "date": date, "subject": subject, "attachments": attachments}
    return Document(str(path), subject or path.stem, about(**meta) + blocks, date=date)


def _date(text: str) -> str | None:
    try:
        return parsedate_to_datetime(text).date().isoformat()
    except ValueError:
        return None
