import json
import os
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from deepresearch.errors import LibraryError
from deepresearch.library import AddReport, Library, adding
from deepresearch.web.search import Query
from tests.library.pdf_maker import make_pdf


def counts(report: AddReport) -> tuple[int, int, int, int]:
    return report.added, report.updated, report.unchanged, report.removed


def texts(library: Library, query: str, **filters: str) -> list[str]:
    return [hit.passage.text for hit in library.search(Query(query, **filters))]  # type: ignore[arg-type]


def rows(path: Path, **texts_by_id: str) -> None:
    path.write_text("".join(json.dumps({"id": id, "text": text}) + "\n" for id, text in texts_by_id.items()))


def test_every_kind_is_found_again(library: Library, docs: Path) -> None:
    (docs / "a.md").write_text("# Apples\n\nApples grow on trees.")
    (docs / "b.txt").write_text("Bananas grow in bunches.")
    (docs / "c.html").write_text("<html><body><pre>x</pre><p>Cherries grow in pairs.</p></body></html>")
    (docs / "d.pdf").write_bytes(make_pdf([[(72, 700, 10, "Dates grow on palms.")]]))
    rows(docs / "e.jsonl", elder="Elderberries grow in hedges.")
    (docs / "f.txt").write_bytes("无花果生长在温暖的地方。".encode("gb18030"))
    report = library.add([docs])
    assert counts(report) == (6, 0, 0, 0) and not report.skipped
    for query, document in [
        ("apples", "a.md"),
        ("banana", "b.txt"),
        ("cherry", "c.html"),
        ("dates palms", "d.pdf"),
        ("elderberries", "elder"),
        ("无花果", "f.txt"),
    ]:
        assert library.search(Query(query))[0].passage.document.endswith(document)
    stats = library.stats()
    assert (stats["files"], stats["documents"], stats["passages"], stats["undated"]) == (6, 6, 6, 5)


def test_a_passage_carries_what_is_needed_to_cite_it(library: Library, docs: Path) -> None:
    (docs / "a.md").write_text(
        "---\ndate: 2024-01-02\nurl: https://a.example/x\n---\n# Title\n\n## Part\n\nThe text of it."
    )
    library.add([docs])
    (hit,) = library.search(Query("text"))
    (passage,) = library.passages(str(docs / "a.md"))
    assert hit.passage == passage
    assert passage.model_dump() == {
        "id": passage.id,
        "document": str(docs / "a.md"),
        "title": "Title",
        "text": "The text of it.",
        "url": "https://a.example/x",
        "heading": ["Title", "Part"],
        "position": 0,
        "page": None,
        "date": "2024-01-02",
        "language": "en",
        "excerpt": False,
    }


def test_incremental(library: Library, docs: Path) -> None:
    for name in ("a.txt", "b.txt", "c.txt"):
        (docs / name).write_text(f"Text of {name[0]} apples.")
    assert counts(library.add([docs])) == (3, 0, 0, 0)
    assert counts(library.add([docs])) == (0, 0, 3, 0)
    (docs / "a.txt").write_text("Text of pears now.")
    os.utime(docs / "b.txt", (1, 1))
    (docs / "c.txt").unlink()
    (docs / "d.txt").write_text("Plums are new.")
    assert counts(library.add([docs])) == (1, 1, 1, 1)
    assert texts(library, "apples") == ["Text of b apples."]
    assert texts(library, "pears plums") == ["Plums are new.", "Text of pears now."]
    assert library.passages(str(docs / "c.txt")) == []


def test_only_what_changed_in_a_corpus_is_written(library: Library, docs: Path) -> None:
    corpus = docs / "c.jsonl"
    rows(corpus, a="Apples.", b="Bananas.", c="Cherries.")
    library.add([corpus])
    rows(corpus, a="Apples.", b="Blueberries.", d="Dates.")
    report = library.add([corpus])
    assert counts(report) == (1, 1, 1, 1)
    assert report.passages == 2
    assert texts(library, "bananas cherries") == []


def test_adding_one_folder_leaves_the_others(library: Library, docs: Path, tmp_path: Path) -> None:
    (docs / "a.txt").write_text("Apples.")
    other = tmp_path / "docs-other"
    other.mkdir()
    (other / "b.txt").write_text("Bananas.")
    library.add([docs])
    assert counts(library.add([other])) == (1, 0, 0, 0)
    assert library.stats()["documents"] == 2


def test_two_corpora_may_number_their_rows_alike(library: Library, docs: Path) -> None:
    rows(docs / "a.jsonl", **{"1": "Apples."})
    rows(docs / "b.jsonl", **{"1": "Bananas."})
    library.add([docs])
    assert sorted(id for id, _ in library.documents()) == ["1", "b.jsonl#1"]
    (docs / "a.jsonl").rename(docs / "c.jsonl")
    library.add([docs])
    assert sorted(id for id, _ in library.documents()) == ["1", "b.jsonl#1"]


def test_an_id_that_stands_twice_is_named(library: Library, docs: Path) -> None:
    (docs / "a.jsonl").write_text('{"id": 1, "text": "First."}\n{"id": "1", "text": "Second."}\n')
    report = library.add([docs])
    assert report.skipped == [(str(docs / "a.jsonl"), "the id 1 is there twice: only the first is indexed")]
    assert texts(library, "first second") == ["First."]


def test_bad_files_are_named_and_do_not_stop_the_others(library: Library, docs: Path) -> None:
    (docs / "good.txt").write_text("Good text.")
    (docs / "empty.md").write_text("")
    (docs / "picture.pdf").write_bytes(b"\x89PNG\r\n\x1a\n")
    (docs / "secret.pdf").write_bytes(make_pdf([[(9, 9, 9, "x")]], encrypted=True))
    (docs / "table.xyz").write_text("x")
    (docs / "blank.txt").write_text("  \n ")
    report = library.add([docs])
    assert report.added == 1
    said = {Path(path).name: reason for path, reason in report.skipped}
    assert said.keys() == {"empty.md", "picture.pdf", "secret.pdf", "table.xyz", "blank.txt"}
    assert "PNG image" in said["picture.pdf"] and "without a password" in said["secret.pdf"]


def test_bad_files_are_named_again_without_being_read_again(library: Library, docs: Path) -> None:
    (docs / "good.txt").write_text("Good text.")
    (docs / "picture.pdf").write_bytes(b"\x89PNG\r\n\x1a\n")
    (docs / "c.jsonl").write_text('{"id": 1}\n{"id": 2, "text": "Second."}\n')
    first = library.add([docs])
    again = library.add([docs])
    assert again.skipped == first.skipped and len(first.skipped) == 2
    assert counts(again) == (0, 0, 2, 0)
    (docs / "picture.pdf").write_bytes(make_pdf([[(72, 700, 10, "Now it is one.")]]))
    again = library.add([docs])
    assert counts(again) == (1, 0, 2, 0) and len(again.skipped) == 1


def test_a_file_that_went_bad_leaves(library: Library, docs: Path) -> None:
    (docs / "good.txt").write_text("Good apples.")
    (docs / "a.txt").write_text("More apples.")
    library.add([docs])
    (docs / "a.txt").write_bytes(bytes(100))
    report = library.add([docs])
    assert counts(report) == (0, 0, 1, 1) and len(report.skipped) == 1
    assert texts(library, "apples") == ["Good apples."]


def test_nothing_to_read(library: Library, docs: Path) -> None:
    with pytest.raises(LibraryError, match="does not exist"):
        library.add([docs / "nothing"])
    with pytest.raises(LibraryError, match=r"docs \(empty\)") as caught:
        library.add([docs])
    assert caught.value.hint
    (docs / "a.pdf").write_bytes(b"\x89PNG")
    with pytest.raises(LibraryError, match="PNG image"):
        library.add([docs])


def test_progress(library: Library, docs: Path) -> None:
    for name in "abc":
        (docs / f"{name}.txt").write_text(name)
    seen: list[tuple[int, int, str]] = []
    library.add([docs], lambda done, total, path: seen.append((done, total, Path(path).name)))
    assert seen == [(0, 3, "a.txt"), (1, 3, "b.txt"), (2, 3, "c.txt"), (3, 3, "")]


def test_an_addition_that_is_broken_off_can_be_taken_up(
    library: Library, docs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(adding, "BATCH", 1)
    rows(docs / "c.jsonl", a="Apples.", b="Bananas.", c="Cherries.")
    calls: list[str] = []

    def stop(done: int, total: int, path: str) -> None:
        calls.append(path)
        if len(calls) == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        library.add([docs], stop)
    assert library.stats()["documents"] == 2
    (docs / "c.jsonl").rename(docs / "d.jsonl")
    assert counts(library.add([docs])) == (3, 0, 0, 2)
    assert texts(library, "apples bananas cherries") == ["Apples.", "Bananas.", "Cherries."]


def test_the_data_folder_is_no_source(docs: Path) -> None:
    (docs / "a.txt").write_text("Apples.")
    library = Library.open(docs / "data", "inner")
    (docs / "data" / "report.md").write_text("A report on apples.")
    assert counts(library.add([docs])) == (1, 0, 0, 0)
    library.close()


@pytest.mark.parametrize("name", ["", "../x", "a/b", ".hidden", "x" * 65, "a b", "a\0"])
def test_names(tmp_path: Path, name: str) -> None:
    with pytest.raises(LibraryError, match="cannot be the name"):
        Library.open(tmp_path, name)


def test_unknown_and_known_libraries(tmp_path: Path) -> None:
    with pytest.raises(LibraryError, match="no library other"):
        Library.open(tmp_path, "other", create=False)
    Library.open(tmp_path, "法律").close()
    assert Library.names(tmp_path) == ["法律"]
    with pytest.raises(LibraryError, match="there is: 法律"):
        Library.open(tmp_path, "other", create=False)


def test_paths_have_a_library_of_their_own(tmp_path: Path, docs: Path) -> None:
    (docs / "a.txt").write_text("Apples.")
    first = Library.of_paths(tmp_path, [docs])
    assert counts(first.add([docs])) == (1, 0, 0, 0)
    first.close()
    again = Library.of_paths(tmp_path, [docs / ".." / "docs", docs])
    assert again.name == first.name
    assert counts(again.add([docs])) == (0, 0, 1, 0)
    again.close()
    other = Library.of_paths(tmp_path, [docs / "a.txt"])
    assert other.name != first.name
    other.close()


def test_find(library: Library, docs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = docs / "a.md"
    path.write_text("---\nurl: https://a.example/x\n---\n# The Title\n\nText.")
    library.add([docs])
    monkeypatch.chdir(docs)
    for reference in (str(path), "a.md", "https://a.example/x", "The Title"):
        assert library.find(reference) == str(path)
    for reference in ("b.md", "", "\0", "x" * 10_000, "' OR 1=1 --"):
        assert library.find(reference) is None


def test_a_damaged_index_is_rebuilt_and_says_so(tmp_path: Path, docs: Path) -> None:
    (docs / "a.txt").write_text("Apples.")
    library = Library.open(tmp_path, "x")
    library.add([docs])
    library.close()
    for damage in ("meta.json", "folder"):
        index = library.place / "index"
        shutil.rmtree(index) if damage == "folder" else (index / damage).write_text("garbage")
        library = Library.open(tmp_path, "x")
        assert "has been rebuilt" in library.notes[0]
        assert texts(library, "apples") == ["Apples."]
        library.close()


def test_a_damaged_library_is_named(tmp_path: Path) -> None:
    Library.open(tmp_path, "x").close()
    docstore = tmp_path / "libraries" / "x" / "docstore.sqlite"
    docstore.write_bytes(b"garbage" * 1000)
    with pytest.raises(LibraryError, match="not a sound library") as caught:
        Library.open(tmp_path, "x")
    assert str(docstore) in caught.value.message and caught.value.hint


def test_near_duplicates_count_once(library: Library, docs: Path) -> None:
    story = (
        "The mayor opened the new library on Monday and promised that it would stay open until late in the evening, "
    )
    story += "so that people who work during the day may come and read there after work, as they had asked for years. "
    for number in range(30):
        (docs / f"copy{number}.txt").write_text(story + "Read more. " * (number % 3))
    (docs / "other.txt").write_text("Another library, of which nobody has heard.")
    library.add([docs])
    assert len(library.search(Query("library mayor", k=5))) == 2


def test_an_unnamed_library_that_is_damaged_or_of_another_version_is_made_anew(tmp_path: Path) -> None:
    docs = tmp_path / "docs"
    docs.mkdir()
    (docs / "a.md").write_text("# Sky\n\nThe sky is blue because air scatters blue light.\n")
    first = Library.of_paths(tmp_path, [docs])
    first.add([docs])
    first.close()
    for spoil in (b"not a database at all, but text" * 40, None):
        docstore = first.place / "docstore.sqlite"
        if spoil:
            docstore.write_bytes(spoil)
        else:
            with closing(sqlite3.connect(docstore)) as db:
                db.execute("PRAGMA user_version = 99")
        again = Library.of_paths(tmp_path, [docs])
        assert again.add([docs]).added == 1
        assert len(again.search(Query("blue sky"))) == 1
        again.close()


def test_a_named_library_of_another_version_is_left_alone(tmp_path: Path) -> None:
    library = Library.open(tmp_path, "mine")
    library.close()
    with closing(sqlite3.connect(library.place / "docstore.sqlite")) as db:
        db.execute("PRAGMA user_version = 99")
    with pytest.raises(LibraryError, match="format 99"):
        Library.open(tmp_path, "mine")


def test_of_two_copies_the_more_authoritative_is_shown(tmp_path: Path) -> None:
    text = "Measles vaccination prevented an estimated sixty million deaths between 2000 and 2023."
    rows = [
        {"id": "spam", "title": "Measles", "text": text, "url": "https://naturalnews.com/measles"},
        {"id": "who", "title": "Measles", "text": text, "url": "https://www.who.int/news-room/fact-sheets/measles"},
        {"id": "other", "title": "Bridges", "text": "Bridges span rivers.", "url": "https://example.com/bridges"},
    ]
    corpus = tmp_path / "c.jsonl"
    corpus.write_text("\n".join(map(json.dumps, rows)))
    library = Library.open(tmp_path, "copies")
    library.add([corpus])
    assert library.search(Query("measles vaccination deaths", k=1))[0].passage.document == "who"
    library.close()


def test_a_text_that_is_there_again_and_again_is_not_read_to_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("deepresearch.library.library.DEEPEST", 100)
    corpus = tmp_path / "corpus.jsonl"
    same = "The ferry to Velmark leaves every hour from the western pier."
    other = "In winter, when the sound freezes and the islands are cut off for weeks, nobody takes the ferry."
    texts = [same] * 1_000 + [other]
    corpus.write_text("\n".join(json.dumps({"id": str(n), "text": text}) for n, text in enumerate(texts)))
    library = Library.open(tmp_path, "same")
    library.add([corpus])
    found = library.search(Query("ferry Velmark", k=5))
    assert [hit.passage.text for hit in found] == [same], "what comes after hundreds of copies is given up"
    monkeypatch.undo()
    assert [hit.passage.text for hit in library.search(Query("ferry Velmark", k=5))] == [same, other]
    library.close()


def test_ctrl_c_keeps_the_files_that_were_read_whole(library: Library, docs: Path) -> None:
    for number in range(6):
        (docs / f"{number}.txt").write_text(f"Apples number {number}.")

    def stop(done: int, of: int, path: str) -> None:
        if done == 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        library.add([docs], stop)
    assert library.stats()["documents"] == 4
    report = library.add([docs])
    assert (report.added, report.unchanged) == (2, 4)
    assert len(library.search(Query("apples", k=9))) == 6
