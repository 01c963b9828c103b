"""One page of the web is one document, whatever address leads to it."""

from typing import Any

import pytest

from deepresearch.tools.base import ToolContext, ToolResult
from deepresearch.tools.batch_web_surfer import BatchWebSurfer, SurferArguments
from deepresearch.tools.pages import KnownPages
from deepresearch.trajectory import Passage, Task
from deepresearch.web.search import Hit, Query, SearchResult, excerpt_id, passage_id

TEXTS = ["The mill burned in 1873 and was rebuilt the next year by Maud Ferrin. " * 3, "It ground corn until 1951."]


def page(address: str, *texts: str) -> list[Passage]:
    return [
        Passage(id=passage_id(address, text), document=address, url=address, title="Mill", text=text, position=n)
        for n, text in enumerate(texts or TEXTS)
    ]


def excerpt(address: str, text: str) -> Passage:
    ident = excerpt_id(address, text)
    return Passage(id=ident, document=address, url=address, title="Mill", text=text, excerpt=True)


class Web:
    """Serves the same page at every address, or another text under each of `others`."""

    name = "web"

    def __init__(self, *found: Passage, others: dict[str, str] | None = None) -> None:
        self.found = found
        self.others = others or {}
        self.opened: list[str] = []

    async def search(self, query: Query) -> SearchResult:
        return SearchResult([Hit(passage, 1 / rank) for rank, passage in enumerate(self.found, 1)], self.name)

    async def open(self, reference: str) -> list[Passage]:
        self.opened.append(reference)
        return page(reference, *([self.others[reference]] if reference in self.others else TEXTS))

    def close(self) -> None:
        pass


async def call(web: Web, tmp_path: Any, seen: list[Passage], **arguments: Any) -> ToolResult:
    context = ToolContext("c", tmp_path, tmp_path, Task(question="?"), {passage.id: passage for passage in seen})
    return await BatchWebSurfer([web]).run(SurferArguments.model_validate(arguments), context)


@pytest.mark.parametrize(
    "other",
    ["https://a.example/mill?utm_source=news", "https://a.example/mill/", "https://a.example/mill#wheel",
     "http://a.example:80/mill", "https://www.a.example/mill", "https://m.a.example/mill/"],
)  # fmt: skip
async def test_a_page_opened_twice_is_one_document(tmp_path: Any, other: str) -> None:
    first = await call(Web(), tmp_path, [], action="batch_open", references=["https://a.example/mill"])
    second = await call(Web(), tmp_path, first.passages, action="batch_open", references=[other])
    assert [passage.id for passage in second.passages] == [passage.id for passage in first.passages]
    both = await call(Web(), tmp_path, [], action="batch_open", references=["https://a.example/mill", other], k=9)
    assert {passage.document for passage in both.passages} == {"https://a.example/mill"}
    assert len(both.passages) == len(TEXTS) and "(shown before)" in both.shown


@pytest.mark.parametrize(
    "other",
    ["https://www.a.example/mill", "https://m.a.example/mill", "https://a.example/mill?id=2", "https://b.example/mill"],
)
async def test_pages_that_differ_are_two_documents(tmp_path: Any, other: str) -> None:
    web = Web(others={other: "Another text altogether."})
    both = await call(web, tmp_path, [], action="batch_open", references=["https://a.example/mill", other], k=9)
    assert [passage.document for passage in both.passages].count(other) == 1


async def test_a_known_page_is_read_at_its_first_address(tmp_path: Any) -> None:
    web = Web()
    await call(web, tmp_path, page("https://a.example/mill"), action="batch_open",
               references=["http://a.example/mill/?utm_medium=x#top"])  # fmt: skip
    assert web.opened == ["https://a.example/mill"]


async def test_excerpts_of_a_known_page_are_of_its_document(tmp_path: Any) -> None:
    web = Web(excerpt("http://a.example/mill/?utm_source=x", "The wheel is of oak, four metres across, they say."))
    found = await call(web, tmp_path, page("https://a.example/mill"), action="batch_search", queries=["wheel"])
    (passage,) = found.passages
    assert passage.document == "https://a.example/mill" and passage.excerpt
    assert passage.id == excerpt_id("https://a.example/mill", passage.text)


def test_documents_that_are_no_addresses_stay_as_they_are() -> None:
    own = [Passage(id="x", document="notes.md", url="https://a.example/mill", title="", text="t")]
    known = KnownPages(own)
    assert known.settle(own) == own and known.document("notes.md") == "notes.md"
    assert known.document("https://a.example/mill/") == "https://a.example/mill/"


def test_repeated_paragraphs_keep_ids_of_their_own() -> None:
    known = KnownPages(page("https://a.example/x", "one"))
    moved = known.settle(page("https://a.example/x/", "same", "same"))
    assert [p.id for p in moved] == [passage_id("https://a.example/x", "same", n) for n in (0, 1)]
