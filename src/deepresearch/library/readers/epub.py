"""EPUB: an archive of pages and the order in which they are read."""

import posixpath
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from lxml import etree

from ...errors import DocumentError
from ...text.encoding import decode
from ..documents import Document, ReadProblem
from .html import fragment_blocks
from .office import PARSER
from .rows import about
from .zipped import open_zip, unpacked

_PAGES = ("application/xhtml+xml", "text/html")
_DC = "{http://purl.org/dc/elements/1.1/}"


def read_epub(path: Path) -> Iterator[Document | ReadProblem]:
    """One document: its pages in reading order. Raises DocumentError, OSError."""
    with open_zip(path) as archive:
        container = _xml(archive, "META-INF/container.xml", path)
        rootfile = container.find(".//{*}rootfile")
        if rootfile is None:
            raise DocumentError(f"{path} is damaged: it names no content.", "Save it again.")
        place = rootfile.get("full-path") or ""
        package = _xml(archive, place, path)
        if "META-INF/rights.xml" in archive.namelist() or "META-INF/license.lcpl" in archive.namelist():
            raise DocumentError(f"{path} is protected against copying.", "Use a copy without protection.")
        names = set(archive.namelist())
        pages = [page for page in _pages(package, posixpath.dirname(place)) if page in names]
        blocks = [
            block
            for page in pages
            for block in fragment_blocks(decode(unpacked(archive, page, path) or b" ", f"{path}:{page}"))
        ]
    meta = {name: _dc(package, name) for name in ("title", "creator", "date", "language", "description")}
    blocks = about(author=meta["creator"], description=meta["description"]) + blocks
    yield Document(str(path), meta["title"] or path.stem, blocks, date=meta["date"], language=meta["language"])


def _xml(archive: zipfile.ZipFile, name: str, path: Path) -> Any:
    try:
        return etree.fromstring(unpacked(archive, name, path), PARSER)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise DocumentError(f"{path} is damaged: {name}: {error}.", "Save it again.") from error


def _pages(package: Any, folder: str) -> list[str]:
    """Names of the pages, in the order of the spine."""
    manifest = {
        item.get("id"): posixpath.normpath(posixpath.join(folder, unquote(item.get("href") or "")))
        for item in package.iterfind("{*}manifest/{*}item")
        if item.get("media-type") in _PAGES and "nav" not in (item.get("properties") or "").split()
    }
    order = (manifest.get(item.get("idref")) for item in package.iterfind("{*}spine/{*}itemref"))
    return list(dict.fromkeys(page for page in order if page))


def _dc(package: Any, name: str) -> str:
    found = ("".join(element.itertext()).strip() for element in package.iterfind(f".//{_DC}{name}"))
    texts = [text for text in found if text]
    return ", ".join(texts) if name == "creator" else next(iter(texts), "")
