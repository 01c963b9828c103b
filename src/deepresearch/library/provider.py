"""The user's own library as a place to search."""

import sqlite3

from ..errors import FetchFailed, LibraryError, SearchFailed
from ..threads import in_thread
from ..trajectory import Passage
from ..web.search import Query, SearchResult
from .authority import Authority
from .library import Library

_BROKEN = (LibraryError, sqlite3.Error, ValueError, OSError)
"""Exceptions of the document store, the engine and the file system for damaged or missing files."""


class LibraryProvider:
    """Search and read one library through the protocol that the web's providers follow too."""

    def __init__(self, library: Library, authority: Authority | None = None) -> None:
        """authority: decides among comparably relevant passages; the built-in table where None."""
        self.library = library
        self._authority = authority
        self.name = f"library:{library.name}"

    async def search(self, query: Query) -> SearchResult:
        """Ranked passages; notes name what a filter had to leave out. Raises SearchFailed."""
        try:
            return await in_thread(self._search, query)
        except _BROKEN as error:
            why = str(error).rstrip(".")
            raise SearchFailed(f"The library {self.library.name} cannot be searched: {why}.") from error

    async def open(self, reference: str) -> list[Passage]:
        """All passages of the document named by id, path, url or title; none: not here. Raises FetchFailed."""
        try:
            return await in_thread(self._open, reference)
        except _BROKEN as error:
            raise FetchFailed(f"The library {self.library.name} cannot be read: {str(error).rstrip('.')}.") from error

    def _search(self, query: Query) -> SearchResult:
        hits, notes = self.library.look(query, self._authority)
        if query.kind:
            notes.append("your own documents are of no kind, so all of them were searched")
        return SearchResult(hits, self.name, notes, weighed=True)

    def close(self) -> None:
        """Close the library's files."""
        self.library.close()

    def _open(self, reference: str) -> list[Passage]:
        document = self.library.find(reference)
        return self.library.passages(document) if document else []
