"""One page, one document: a run knows a page of the web by the first address that led to it."""

from collections import Counter
from collections.abc import Iterable, Sequence

from ..trajectory import Passage
from ..web.search import excerpt_id, passage_id
from ..web.urls import page_key

ENOUGH = 200
"""Characters that two pages under nearly the same host must share to be one."""


class KnownPages:
    """The pages of a run so far."""

    def __init__(self, shown: Iterable[Passage]) -> None:
        self._documents: dict[str, str] = {}
        self._variants: dict[str, str] = {}
        self._texts: dict[str, set[str]] = {}
        for passage in shown:
            self._add(passage)

    def document(self, address: str) -> str:
        """The document that the page at `address` is known as; the address itself where it is new."""
        return self._documents.get(page_key(address), address) if _is_address(address) else address

    def settle(self, passages: Sequence[Passage]) -> list[Passage]:
        """`passages` of one document as passages of the document that their page is known as; remembers new pages."""
        settled = list(passages)
        if passages and _is_address(passages[0].document):
            known = self._known(passages)
            if known and known != passages[0].document:
                settled = moved(passages, known)
            for passage in settled:
                self._add(passage)
        return settled

    def _known(self, passages: Sequence[Passage]) -> str | None:
        first = passages[0]
        for address in (first.document, first.url or first.document):
            if known := self._documents.get(page_key(address)):
                return known
        likely = self._variants.get(page_key(first.document, variants=True), "")
        texts = self._texts.get(likely, set())
        same = texts <= {passage.text for passage in passages} and sum(map(len, texts)) >= ENOUGH
        return likely if same else None

    def _add(self, passage: Passage) -> None:
        if not _is_address(passage.document):
            return
        for address in (passage.document, passage.url or passage.document):
            self._documents.setdefault(page_key(address), passage.document)
        self._variants.setdefault(page_key(passage.document, variants=True), passage.document)
        if not passage.excerpt:
            self._texts.setdefault(passage.document, set()).add(passage.text)


def moved(passages: Sequence[Passage], document: str) -> list[Passage]:
    """`passages` as those of `document`, with the ids that they have there."""
    repeats: Counter[str] = Counter()
    result = []
    for passage in passages:
        text = passage.text
        new = excerpt_id(document, text) if passage.excerpt else passage_id(document, text, repeats[text])
        repeats[text] += not passage.excerpt
        result.append(passage.model_copy(update={"id": new, "document": document}))
    return result


def _is_address(document: str) -> bool:
    return document.lower().startswith(("http://", "https://"))
