"""What every engine must do, whichever it is; and which of them the settings ask for."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from deepresearch.errors import LibraryError, SettingsError
from deepresearch.library import Library
from deepresearch.library.dense.engine import DenseEngine
from deepresearch.library.engine import Engine, Filters, name_on_server, open_engines
from deepresearch.library.library import Setup
from deepresearch.library.opensearch import OpenSearchEngine
from deepresearch.library.text_index import TextIndex
from deepresearch.settings import Settings
from deepresearch.trajectory import Passage
from deepresearch.web.search import Query
from tests.support.loopback import Answer, Request, serving
from tests.support.opensearch_server import opensearch
from tests.support.qdrant_server import qdrant
from tests.support.tiny_model import write_model

NONE = Filters()
TEXTS = ["car truck", "tea coffee", "automobile car car", "coffee coffee tea the", "the truck", "car"]


def passage(number: int, text: str = "", **fields: Any) -> Passage:
    text = text or TEXTS[number % len(TEXTS)]
    return Passage(id=f"p{number}", document=f"d{number}", title="", text=text, **fields)


def batch(*numbers: int) -> list[tuple[int, Passage]]:
    return [(number, passage(number)) for number in numbers]


@contextmanager
def opened(kind: str, folder: Path) -> Iterator[Engine]:
    library: dict[str, Any] = {}
    if kind == "opensearch":
        pytest.importorskip("opensearchpy")
    with opensearch() as words, qdrant() as vectors:
        if kind == "opensearch":
            library = {"engine": "opensearch", "opensearch_url": words.url}
        elif kind != "text":
            model = str(write_model(folder / "model"))
            library = {"dense": "onnx", "dense_model": model, "vectors": kind, "qdrant_url": vectors.url}
        engines = open_engines(folder / "place", Settings.model_validate({"library": library}))
        yield engines[-1]
        for engine in engines:
            engine.close()


@pytest.fixture(params=["text", "opensearch", "numpy", "qdrant"])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    with opened(request.param, tmp_path) as made:
        yield made


def held(engine: Engine) -> list[int]:
    texts = ["car", "automobile", "truck", "tea", "coffee"]
    return sorted({key for text in texts for key, _ in engine.search(text, 100, NONE)})


def test_before_it_is_cleared_there_is_nothing_sound(engine: Engine) -> None:
    with pytest.raises(ValueError):
        engine.check()
    engine.clear()
    engine.check()
    assert engine.search("car", 5, NONE) == []


def test_a_search_ranks(engine: Engine) -> None:
    engine.clear()
    engine.update(batch(1, 2, 3, 4), 0, [])
    found = engine.search("coffee", 2, NONE)
    assert [key for key, _ in found] == [3, 1]
    assert found[0][1] > found[1][1]
    assert engine.search("coffee", 0, NONE) == engine.search("", 5, NONE) == engine.search(" ", 5, NONE) == []


def test_a_query_of_many_words(engine: Engine) -> None:
    engine.clear()
    engine.update(batch(1, 2, 3), 0, [])
    words = " ".join(f"car tea truck coffee word{number}" for number in range(400))
    assert {key for key, _ in engine.search(words, 5, NONE)} == {1, 2, 3}


def test_equal_scores_go_by_key(engine: Engine) -> None:
    engine.clear()
    engine.update([(number, passage(number, "car tea")) for number in range(1, 30)], 0, [])
    assert [key for key, _ in engine.search("car tea", 29, NONE)] == list(range(1, 30))


def test_update_can_be_done_twice_and_forgets_what_came_after(engine: Engine) -> None:
    engine.clear()
    engine.update(batch(1, 2, 3), 0, [])
    for _ in range(2):
        engine.update(batch(4, 5), 3, [1])
        assert held(engine) == [2, 3, 4, 5]
    engine.update(batch(5, 6), 3, [])
    assert held(engine) == [2, 3, 5, 6]
    engine.update([], 6, [2, 77])
    assert held(engine) == [3, 5, 6]


def test_an_update_that_was_broken_off_leaves_no_trace(engine: Engine) -> None:
    engine.clear()
    engine.update(batch(1, 2), 0, [])

    def broken() -> Iterator[tuple[int, Passage]]:
        yield from ((number, passage(number)) for number in range(3, 603))
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        engine.update(broken(), 2, [])
    engine.update(batch(3, 4), 2, [])
    assert held(engine) == [1, 2, 3, 4]


def test_clear_leaves_nothing(engine: Engine) -> None:
    for _ in range(3):
        engine.clear()
        assert held(engine) == []
        engine.update(batch(1, 2), 0, [])
    assert held(engine) == [1, 2]


def test_filters(engine: Engine) -> None:
    engine.clear()
    passages = [
        passage(1, "car", date="2020", language="en", url="https://www.a.example/x"),
        passage(2, "car", date="2020-05", language="zh", url="https://b.example"),
        passage(3, "car", date="2021-03-04", language="en", url="https://a.example"),
        passage(4, "car"),
    ]
    engine.update(list(enumerate(passages, 1)), 0, [])
    for filters, keys in {
        Filters(since="2020-06"): [1, 3],
        Filters(until="2020-05-31"): [1, 2],
        Filters(since="2021", language="en"): [3],
        Filters(language="zh"): [2],
        Filters(site="a.example"): [1, 3],
        Filters(site="nowhere.example"): [],
    }.items():
        assert [key for key, _ in engine.search("car", 10, filters)] == keys, filters


def test_a_library_over_it(engine: Engine, tmp_path: Path) -> None:
    docs = tmp_path / "docs"
    docs.mkdir()
    for number, text in enumerate(TEXTS):
        (docs / f"{number}.txt").write_text(f"{text} {text}")  # a title that the model does not know weighs less then
    library = Library.open(tmp_path / "data", "x", setup=Setup(engines=lambda _: [engine]))
    library.add([docs])
    assert library.search(Query("coffee", k=1))[0].passage.text.startswith("coffee coffee tea the")
    (docs / "3.txt").unlink()
    library.add([docs])
    assert library.search(Query("coffee", k=1))[0].passage.text.startswith("tea coffee")
    library.close()


@pytest.mark.parametrize("kind", ["opensearch", "qdrant"])
def test_an_index_that_is_lost_on_the_server_is_rebuilt(kind: str, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("car truck car truck")
    with opened(kind, tmp_path) as engine:
        for _ in range(2):
            library = Library.open(tmp_path / "data", "x", setup=Setup(engines=lambda _: [engine]))
            library.add([tmp_path / "a.txt"])
            assert [hit.passage.text for hit in library.search(Query("car"))] == ["car truck car truck"]
            if isinstance(engine, OpenSearchEngine):
                engine._client.indices.delete(index=engine._current())
            else:
                assert isinstance(engine, DenseEngine)
                engine._vectors._client.delete_collection(engine._vectors._collection)  # type: ignore[attr-defined]
    assert "rebuilt" in " ".join(library.notes)


def test_both_ways_together_find_what_either_misses(tmp_path: Path) -> None:
    docs = tmp_path / "docs"
    docs.mkdir()
    (docs / "meant.txt").write_text("automobile automobile automobile")
    (docs / "other.txt").write_text("tea tea tea tea")
    settings = Settings.model_validate(
        {"library": {"dense": "onnx", "dense_model": str(write_model(tmp_path / "model"))}}
    )
    library = Library.open(tmp_path / "data", "x", setup=Setup(engines=lambda place: open_engines(place, settings)))
    library.add([docs])
    assert library.search(Query("car", k=1))[0].passage.text == "automobile automobile automobile"
    library.close()


def test_a_language_that_the_model_does_not_know(tmp_path: Path) -> None:
    docs = tmp_path / "docs"
    docs.mkdir()
    (docs / "zh.txt").write_text("北京是首都。")
    (docs / "en.txt").write_text("car truck car")
    settings = Settings.model_validate(
        {"library": {"dense": "onnx", "dense_model": str(write_model(tmp_path / "model"))}}
    )
    library = Library.open(tmp_path / "data", "x", setup=Setup(engines=lambda place: open_engines(place, settings)))
    library.add([docs])
    assert [hit.passage.text for hit in library.search(Query("首都"))] == ["北京是首都。"]
    assert any("1 passages are in a language" in note for note in library.notes)
    library.close()


def made(place: Path, library: dict[str, Any], **more: Any) -> list[Engine]:
    return open_engines(place, Settings.model_validate({"library": library, **more}))


def test_words_alone_are_the_default(tmp_path: Path) -> None:
    (engine,) = made(tmp_path, {"memory": 64})
    assert isinstance(engine, TextIndex) and engine.folder == tmp_path / "index"


@pytest.mark.parametrize(
    ("library", "named"),
    [
        ({"engine": "opensearch"}, r"library\.opensearch_url"),
        ({"engine": "opensearch", "opensearch_url": "nowhere"}, r"library\.opensearch_url"),
        ({"engine": "opensearch", "opensearch_url": "http://u:secret@h"}, "DEEPRESEARCH_OPENSEARCH_API_KEY"),
        ({"dense": "onnx"}, r"library\.dense_model"),
        ({"dense": "endpoint", "dense_model": "m"}, r"library\.dense_url"),
        ({"dense": "endpoint", "dense_model": "m", "dense_url": "http://h", "vectors": "qdrant"}, "qdrant_url"),
    ],
)
def test_settings_that_lack_something(tmp_path: Path, library: dict[str, Any], named: str) -> None:
    with pytest.raises(SettingsError, match=named) as caught:
        made(tmp_path, library)
    assert "secret" not in str(caught.value)


def test_a_folder_without_a_model(tmp_path: Path) -> None:
    with pytest.raises(LibraryError, match=r"model\.onnx"):
        made(tmp_path, {"dense": "onnx", "dense_model": str(tmp_path)})


@pytest.mark.parametrize(
    "library",
    [
        {"engine": "opensearch", "opensearch_url": "http://search.example"},
        {"dense": "endpoint", "dense_model": "m", "dense_url": "https://api.example/v1"},
        {"dense": "endpoint", "dense_model": "m", "dense_url": "http://127.0.0.1", "vectors": "qdrant",
         "qdrant_url": "http://10.0.0.1"},
    ],
)  # fmt: skip
def test_in_private_mode_nothing_leaves_the_machine(tmp_path: Path, library: dict[str, Any]) -> None:
    with pytest.raises(SettingsError, match="private mode"):
        made(tmp_path, library, search={"private": True})


@pytest.mark.parametrize(
    ("elsewhere", "keys", "key"),
    [
        (False, {}, "Bearer model-key"),
        (True, {}, None),
        (True, {"embeddings": "embedding-key"}, "Bearer embedding-key"),
    ],
)
def test_the_models_key_goes_to_the_models_server_alone(
    tmp_path: Path, elsewhere: bool, keys: dict[str, str], key: str | None
) -> None:
    asked: list[Request] = []

    def answer(request: Request) -> Answer:
        asked.append(request)
        return Answer(200, {"data": [{"index": 0, "embedding": [1.0, 0.0]}]})

    with serving(answer) as url:
        model = {"base_url": "http://127.0.0.1:9/v1" if elsewhere else url + "/v1", "api_key": "model-key"}
        library = {"dense": "endpoint", "dense_model": "m", "dense_url": url + "/v1" if elsewhere else ""}
        engine = made(tmp_path, library, keys=keys, model=model)[1]
        engine.clear()
        engine.close()
    assert asked[0].headers.get("authorization") == key


def test_a_library_has_a_name_of_its_own_on_servers(tmp_path: Path) -> None:
    one, other = name_on_server(tmp_path / "a" / "My_Docs 文档"), name_on_server(tmp_path / "b" / "My_Docs 文档")
    assert one == name_on_server(tmp_path / "a" / "My_Docs 文档") != other
    assert one.startswith("deepresearch-my-docs-") and one.isascii() and one == one.lower()


def test_a_damaged_mark_is_named(tmp_path: Path) -> None:
    (tmp_path / "mark").write_text("")
    with pytest.raises(LibraryError, match="mark is damaged"):
        name_on_server(tmp_path)


def test_words_rank_on_the_server_as_they_do_on_disk(
    tmp_path: Path, real_passages: Callable[[], list[Passage]]
) -> None:
    """The same weights in the same formula; lengths are stored rounded on disk, so near ties may turn."""
    passages = list(enumerate(real_passages(), 1))
    with opened("text", tmp_path) as disk, opened("opensearch", tmp_path / "o") as server:
        for engine in (disk, server):
            engine.clear()
            engine.update(passages, 0, [])
        for text in ("How does a run survive a crash?", "retrieval with BM25", "import rules between rooms"):
            ours, theirs = ([key for key, _ in engine.search(text, 5, NONE)] for engine in (disk, server))
            assert ours[0] == theirs[0]
            assert len(set(ours) & set(theirs)) >= len(ours) - 1


@pytest.fixture
def real_passages() -> Callable[[], list[Passage]]:
    from deepresearch.library.documents import Document
    from deepresearch.library.passages import make_passages
    from deepresearch.library.reading import read

    def found() -> list[Passage]:
        docs = Path(__file__).parents[2] / "docs"
        documents = [item for path in sorted(docs.glob("[a-l]*.md")) for item in read(path)]
        return [p for document in documents if isinstance(document, Document) for p in make_passages(document)][:60]

    return found
