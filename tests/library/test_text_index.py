import json
import shutil
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepresearch.library.engine import Filters, day, sites
from deepresearch.library.text_index import TextIndex, name_of
from deepresearch.trajectory import Passage

NOTHING = Filters()


def passage(text: str, **fields: object) -> Passage:
    return Passage(id=text, document="d", title="", text=text).model_copy(update=fields)


def empty(folder: Path) -> TextIndex:
    index = TextIndex(folder)
    index.clear()
    return index


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> TextIndex:
    index = empty(tmp_path_factory.mktemp("index"))
    batch = [
        passage("The cat sat on the mat."),
        passage("Dogs chase cats.", date="2020", language="en", url="https://www.pets.example/dogs"),
        passage("狗追猫。图书馆", date="2021-06-15", language="zh", url="https://example.org/"),
        passage("Nothing of the kind.", title="Ermengarde of Tours", heading=["Life", "Marriage"]),
        passage("Tours is a town in France, and of interest."),
    ]
    index.update(enumerate(batch, 1), 0, [])
    return index


def keys(index: TextIndex, text: str, filters: Filters = NOTHING, k: int = 10) -> list[int]:
    return [key for key, _ in index.search(text, k, filters)]


def test_words_in_any_form_and_language(index: TextIndex) -> None:
    assert set(keys(index, "CATS")) == {1, 2}
    assert keys(index, "图书") == [3]
    assert keys(index, "marriages") == [4]
    assert keys(index, "zebra") == []


def test_scores_fall(index: TextIndex) -> None:
    scores = [score for _, score in index.search("cat sat chase tours", 10, NOTHING)]
    assert scores == sorted(scores, reverse=True) and len(scores) == 4


def test_a_title_that_stands_in_the_query_counts_more(index: TextIndex) -> None:
    assert keys(index, "When did Ermengarde of Tours die?")[0] == 4
    assert keys(index, "town of Tours")[0] == 5


def test_k(index: TextIndex) -> None:
    assert len(keys(index, "cat", k=1)) == 1
    assert keys(index, "cat", k=0) == []


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        (Filters(language="zh"), {3}),
        (Filters(since="2020-12-31"), {2, 3}),
        (Filters(since="2021-06-16"), set()),
        (Filters(until="2020-01-01"), {2}),
        (Filters(since="2021-01-01", until="2021-12-31"), {3}),
        (Filters(site="pets.example"), {2}),
        (Filters(site="example"), {2}),
        (Filters(site="example.org", language="en"), set()),
        (Filters(domains=frozenset(["pets.example", "nowhere.example"])), {2}),
        (Filters(domains=frozenset(["example", "org"]), language="zh"), {3}),
        (Filters(domains=frozenset(["nowhere.example"])), set()),
        (Filters(domains=frozenset()), set()),
    ],
)
def test_filters(index: TextIndex, filters: Filters, found: set[int]) -> None:
    assert set(keys(index, "cats chase 图书馆 mat", filters)) == found


def test_update_replaces_what_is_newer_and_drops(tmp_path: Path) -> None:
    index = empty(tmp_path / "index")
    index.update([(1, passage("one apple")), (2, passage("two apples"))], 0, [])
    index.update([(2, passage("two pears")), (3, passage("three apples"))], 1, [1])
    assert keys(index, "apple") == [3]
    assert keys(index, "pear") == [2]


@pytest.mark.parametrize("memory", [1, 32, 1 << 20])
def test_any_memory_will_do(tmp_path: Path, memory: int) -> None:
    index = TextIndex(tmp_path / "index", memory)
    index.clear()
    index.update([(1, passage("one apple"))], 0, [])
    assert keys(index, "apple") == [1]


def test_equal_scores_keep_their_order(tmp_path: Path) -> None:
    index = empty(tmp_path / "index")
    for key in range(1, 6):
        index.update([(key, passage("the same apple"))], key - 1, [])
    assert keys(index, "apple") == [1, 2, 3, 4, 5]


@given(
    st.text(max_size=80)
    | st.sampled_from(['a" AND (b OR', "title:*", "+-!(){}[]^~*?:\\/", "body:[a TO b]", "NOT", "\0"])
)
def test_no_query_can_do_harm(index: TextIndex, text: str) -> None:
    for key, score in index.search(text, 5, NOTHING):
        assert 1 <= key <= 5 and score > 0


def test_a_query_of_thousands_of_words(index: TextIndex) -> None:
    assert keys(index, "cat " + " ".join(f"word{n}" for n in range(5000))) != []


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("Ed Wood (film)", "ed_wood"),
        ("Tasks — Python 3.11 documentation", "task"),
        ("苏州（城市）", "苏州"),
        ("a b c d e f g h i j", ""),
        ("", ""),
    ],
)
def test_name_of(title: str, name: str) -> None:
    assert name_of(title) == name


def test_days_and_sites() -> None:
    assert (day("2020", last=False), day("2020", last=True)) == (20200101, 20201231)
    assert (day("2020-02", last=False), day("2020-02", last=True)) == (20200201, 20200231)
    assert day("2020-02-03", last=True) == 20200203
    assert sites("https://a.b.example:80/x") == ["a.b.example", "b.example", "example"]
    assert sites("http://[broken") == sites(None) == sites("no url") == []


def test_what_a_killed_writer_left_is_not_in_the_way(tmp_path: Path) -> None:
    """Killed after it had written which passages are gone, and before that counted."""
    one, other = tmp_path / "one", tmp_path / "other"
    empty(one).update(enumerate([passage("The cat sat."), passage("A cat slept.")], 1), 0, [])
    shutil.copytree(one, other)
    TextIndex(other).update([], 2, [1])
    [left] = other.glob("*.del")
    shutil.copy(left, one / left.name)
    managed = one / ".managed.json"
    managed.write_text(json.dumps([*json.loads(managed.read_text()), left.name]))
    again = TextIndex(one)
    again.update([], 2, [1])
    assert keys(again, "cat") == [2]
