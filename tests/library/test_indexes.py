"""Several engines over one docstore: kept level, done without, fused."""

import json
from collections.abc import Iterable
from pathlib import Path

import pytest

from deepresearch.errors import LibraryError
from deepresearch.library import Library, indexes
from deepresearch.library.engine import Filters
from deepresearch.library.library import Setup
from deepresearch.library.text_index import TextIndex
from deepresearch.trajectory import Passage
from deepresearch.web.search import Query


class Server:
    """What an engine on another machine keeps, and whether it can be reached."""

    def __init__(self) -> None:
        self.up = True
        self.kept: dict[int, str] = {}
        self.updates = 0


class Letters:
    """An engine that ranks by how many letters of the query a passage has."""

    name = "letters"
    version = "1"

    def __init__(self, server: Server) -> None:
        self.notes: list[str] = []
        self._server = server

    def _reach(self) -> dict[int, str]:
        if not self._server.up:
            raise LibraryError("The server of letters does not answer.")
        return self._server.kept

    def check(self) -> None:
        pass

    def update(self, batch: Iterable[tuple[int, Passage]], above: int, dropped: Iterable[int]) -> None:
        kept = self._reach()
        self._server.updates += 1
        for key in [key for key in kept if key > above]:
            del kept[key]
        for key in dropped:
            kept.pop(key, None)
        kept.update((key, passage.text) for key, passage in batch)

    def search(self, text: str, k: int, filters: Filters) -> list[tuple[int, float]]:
        scores = {key: float(sum(letter in kept for letter in set(text))) for key, kept in self._reach().items()}
        return sorted(scores.items(), key=lambda hit: (-hit[1], hit[0]))[:k]

    def clear(self) -> None:
        self._reach().clear()

    def close(self) -> None:
        pass


@pytest.fixture
def server() -> Server:
    return Server()


def open_both(data: Path, server: Server) -> Library:
    return Library.open(data, "x", setup=Setup(lambda place: [TextIndex(place / "index"), Letters(server)]))


def write(path: Path, **texts: str) -> None:
    path.write_text("".join(json.dumps({"id": id, "text": text}) + "\n" for id, text in texts.items()))


def found(library: Library, query: str) -> list[str]:
    return [hit.passage.document for hit in library.search(Query(query))]


def test_rankings_are_fused(tmp_path: Path, server: Server, docs: Path) -> None:
    write(docs / "c.jsonl", a="zebra", b="bread zest", c="quiz")
    library = open_both(tmp_path, server)
    library.add([docs])
    hits = library.search(Query("zebra"))
    assert [hit.passage.document for hit in hits] == ["a", "b", "c"]  # b by its letters alone
    assert hits[0].score == pytest.approx(2 / 61) and hits[1].score == pytest.approx(1 / 62)
    library.close()


def test_an_engine_out_of_reach_is_done_without_and_catches_up(tmp_path: Path, server: Server, docs: Path) -> None:
    corpus = docs / "c.jsonl"
    write(corpus, a="apples", b="bananas")
    library = open_both(tmp_path, server)
    library.add([docs])
    assert sorted(server.kept.values()) == ["apples", "bananas"]
    server.up = False
    write(corpus, b="blueberries", c="cherries")
    library.add([docs])
    hits, notes = library.look(Query("cherries"))
    assert [hit.passage.document for hit in hits] == ["c"]
    assert notes == ["not searched by letters: The server of letters does not answer."]
    assert library.look(Query("blueberries"))[1] == []  # each failure is named once
    assert any("letters of x was left as it is" in note for note in library.notes)
    library.close()
    down = open_both(tmp_path, server)
    assert any("left as it is" in note for note in down.notes) and found(down, "blueberries") == ["b"]
    down.close()
    server.up = True
    again = open_both(tmp_path, server)
    assert again.notes == [] and sorted(server.kept.values()) == ["blueberries", "cherries"]
    again.close()


def test_a_library_made_while_an_engine_was_out_of_reach(tmp_path: Path, server: Server, docs: Path) -> None:
    write(docs / "c.jsonl", a="apples")
    server.up = False
    library = open_both(tmp_path, server)
    library.add([docs])
    assert found(library, "apples") == ["a"]
    server.up = True
    write(docs / "d.jsonl", d="dates")
    library.add([docs])
    assert sorted(server.kept.values()) == ["apples", "dates"]
    library.close()


def test_without_any_engine_there_is_no_answer(tmp_path: Path, server: Server, docs: Path) -> None:
    write(docs / "c.jsonl", a="apples")
    library = Library.open(tmp_path, "x", setup=Setup(lambda place: [Letters(server)]))
    library.add([docs])
    server.up = False
    with pytest.raises(LibraryError, match="does not answer"):
        library.search(Query("apples"))
    library.close()
    with pytest.raises(LibraryError, match="does not answer"):
        write(docs / "d.jsonl", d="dates")
        Library.open(tmp_path, "x", setup=Setup(lambda place: [Letters(server)])).add([docs])


def test_another_version_is_rebuilt(tmp_path: Path, server: Server, docs: Path) -> None:
    write(docs / "c.jsonl", a="apples")
    library = open_both(tmp_path, server)
    library.add([docs])
    library.close()
    server.kept = {99: "of another version"}
    library = Library.open(tmp_path, "x", setup=Setup(lambda place: [TextIndex(place / "index"), Newer(server)]))
    assert list(server.kept.values()) == ["apples"] and library.notes == []
    library.close()


class Newer(Letters):
    version = "2"


class Full(Letters):
    """Has no room for more."""

    def update(self, batch: Iterable[tuple[int, Passage]], above: int, dropped: Iterable[int]) -> None:
        if above:
            raise ValueError("no space left")
        super().update(batch, above, dropped)


def test_an_index_that_is_sound_but_full_is_kept(tmp_path: Path, server: Server, docs: Path) -> None:
    write(docs / "c.jsonl", a="apples")
    library = Library.open(tmp_path, "x", setup=Setup(lambda place: [Full(server)]))
    library.add([docs])
    write(docs / "d.jsonl", d="dates")
    with pytest.raises(LibraryError, match="cannot be written: no space left"):
        library.add([docs])
    assert list(server.kept.values()) == ["apples"] and found(library, "apples") == ["a"]
    library.close()


def test_an_index_is_filled_in_steps(
    tmp_path: Path, server: Server, docs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(docs / "c.jsonl", **{f"r{n}": f"apples number {n}" for n in range(25)})
    library = Library.open(tmp_path, "x")
    library.add([docs])
    library.close()
    monkeypatch.setattr(indexes, "STEP", 10)
    both = open_both(tmp_path, server)
    assert len(server.kept) == 25 and server.updates == 3
    both.close()


def test_a_flood_does_not_hide_the_authoritative(tmp_path: Path, docs: Path) -> None:
    """A hundred pages that score a little better, and one of a site of the first tier."""

    def row(id: str, url: str, length: int) -> dict[str, str]:
        return {"id": id, "url": url, "text": " ".join(["Measles", *(f"{id}w{n}" for n in range(length))])}

    rows = [row(f"spam{n}", f"https://spam{n}.example/", 20) for n in range(100)]
    rows.append(row("who", "https://www.who.int/measles", 21))
    (docs / "c.jsonl").write_text("\n".join(map(json.dumps, rows)))
    library = Library.open(tmp_path, "x")
    library.add([docs])
    bare = [key for key, _ in TextIndex(library.place / "index").search("measles", 22, Filters())]
    assert len(bare) == 22 and len(rows) not in bare  # the flood fills all that is looked at
    assert found(library, "measles")[0] == "who"
    library.close()
