"""An index that was damaged on disk, in many ways: it is rebuilt from the document store, says so, and answers."""

import json
import random
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from deepresearch.library import Library, adding
from deepresearch.library.engine import Filters
from deepresearch.library.text_index import TextIndex
from deepresearch.web.search import Query

Harm = Callable[[Path], None]
PARTS = ("term", "idx", "pos", "fast", "fieldnorm", "store")


def of_kind(index: Path, kind: str) -> Path:
    if kind.endswith(".json"):
        return index / kind
    return max(index.glob(f"*.{kind}"), key=lambda path: (path.stat().st_size, path.name))


def emptied(path: Path) -> None:
    path.write_bytes(b"")


def halved(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def garbage(path: Path) -> None:
    path.write_bytes(random.Random(1).randbytes(path.stat().st_size))


def scratched(path: Path) -> None:
    """A few bytes changed before the footer, which stays whole."""
    data = bytearray(path.read_bytes())
    middle = max(1, len(data) - 150) // 2
    data[middle : middle + 4] = bytes(255 - byte for byte in data[middle : middle + 4])
    path.write_bytes(bytes(data))


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with a library whose index has several segments."""
    data = tmp_path_factory.mktemp("whole")
    rows = [
        {"id": str(n), "title": f"Row {n}", "text": f"Apple number{n} of the orchard, and pear {n % 7}."}
        for n in range(600)
    ]
    corpus = data / "corpus.jsonl"
    corpus.write_text("\n".join(map(json.dumps, rows)))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(adding, "BATCH", 200)
        library = Library.open(data, "x")
        library.add([corpus])
        library.close()
    assert len(list((library.place / "index").glob("*.term"))) > 1
    return data


def copy(whole: Path, tmp_path: Path) -> Path:
    """Times stay as they are: what is unchanged is not taken for changed."""
    return Path(shutil.copytree(whole, tmp_path / "data"))


def answers(library: Library) -> bool:
    return all(library.search(Query(f"number{n}", k=1))[0].passage.document == str(n) for n in (0, 199, 200, 599))


@pytest.mark.parametrize("harm", [Path.unlink, emptied, halved, garbage, scratched])
@pytest.mark.parametrize("kind", [*PARTS, "meta.json"])
def test_damage_is_seen_at_opening(whole: Path, tmp_path: Path, kind: str, harm: Harm) -> None:
    data = copy(whole, tmp_path)
    index = data / "libraries" / "x" / "index"
    path = of_kind(index, kind)
    harm(path)
    library = Library.open(data, "x")
    harmless = path.suffix == ".pos" and harm is Path.unlink and not library.notes  # empty: no positions are kept
    assert answers(library)
    assert harmless or ["has been rebuilt" in note for note in library.notes] == [True]
    library.close()
    again = Library.open(data, "x")
    assert again.notes == [] and answers(again)
    again.close()


@pytest.mark.parametrize("what", ["folder gone", "folder emptied", "a file in its place"])
def test_the_whole_index_gone(whole: Path, tmp_path: Path, what: str) -> None:
    data = copy(whole, tmp_path)
    index = data / "libraries" / "x" / "index"
    shutil.rmtree(index)
    if what == "folder emptied":
        index.mkdir()
    elif what == "a file in its place":
        index.write_text("no index")
    library = Library.open(data, "x")
    assert "has been rebuilt" in library.notes[0] and answers(library)
    library.close()


@pytest.mark.parametrize("harm", [Path.unlink, garbage])
def test_damage_that_shows_while_the_library_is_open(whole: Path, tmp_path: Path, harm: Harm) -> None:
    data = copy(whole, tmp_path)
    told: list[str] = []
    library = Library.open(data, "x")
    library._indexes._tell = told.append
    index = library.place / "index"
    harm(of_kind(index, "meta.json"))
    assert answers(library)
    assert len(library.notes) == 1 and "has been rebuilt" in library.notes[0] and "is being rebuilt" in told[0]
    library.close()


@pytest.mark.parametrize("content", ["[]", "3", "null", "{"])
def test_checksums_that_are_none_are_as_good_as_missing(whole: Path, tmp_path: Path, content: str) -> None:
    data = copy(whole, tmp_path)
    (data / "libraries" / "x" / "index" / "checksums.json").write_text(content)
    library = Library.open(data, "x")
    assert not library.notes and answers(library)
    library.close()


def test_damage_that_shows_while_adding(whole: Path, tmp_path: Path) -> None:
    data = copy(whole, tmp_path)
    library = Library.open(data, "x")
    (library.place / "index" / "meta.json").unlink()
    new = tmp_path / "new.txt"
    new.write_text("A newly planted quince.")
    library.add([new])
    assert answers(library) and library.search(Query("quince"))[0].passage.document == str(new)
    assert "has been rebuilt" in library.notes[0]
    library.close()


def test_whatever_the_engine_does_about_damage_is_reported_as_such(whole: Path, tmp_path: Path) -> None:
    """Scrambled postings make it panic, return an error or go on; nothing but a ValueError comes out of it."""
    index = copy(whole, tmp_path) / "libraries" / "x" / "index"
    for path in index.glob("*.idx"):
        content = bytearray(path.read_bytes())
        chance = random.Random(2)
        for _ in range(len(content) // 10):
            content[chance.randrange(len(content) - 150)] ^= chance.randrange(1, 256)
        path.write_bytes(bytes(content))
    told = []
    for number in range(40):
        try:
            TextIndex(index).search(f"number{number} apple pear orchard", 5, Filters(language="en"))
        except ValueError as error:
            told.append(str(error))
    assert any("the engine gave up" in line for line in told)
