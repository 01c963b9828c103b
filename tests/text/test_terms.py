import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepresearch.text.terms import LONGEST, content_terms, tokenise


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("Libraries are running", ["librari", "are", "run"]),
        ("Café Straße ＡＢＣ", ["cafe", "strass", "abc"]),
        ("naïve Ἀθῆναι", ["naiv", "αθηναι"]),
        ("3.14 and 1,200,000", ["3.14", "and", "1200000"]),
        ("机器学习", ["机器", "器学", "学习"]),
        ("第3章：水", ["第", "3", "章", "水"]),
        ("カタカナ 한국어", ["カタ", "タカ", "カナ", "한국", "국어"]),
        ("asyncio.TaskGroup", ["asyncio.taskgroup", "asyncio", "task", "group"]),
        ("run_in_executor", ["run_in_executor", "run", "in", "executor"]),
        ("10⁶ m²", ["10", "6", "m2"]),
        ("HTTPServer", ["httpserver", "http", "server"]),
        ("Smith,Jones", ["smith", "jone"]),
        ("___ --- !!!", []),
        ("", []),
    ],
)
def test_terms(text: str, terms: list[str]) -> None:
    assert tokenise(text) == terms


def test_marks_that_make_letters_stay() -> None:
    assert tokenise("がぎ") != tokenise("かき")
    assert tokenise("й") != tokenise("и")


def test_function_words_leave_a_query() -> None:
    assert content_terms("What is the capital of France?") == ["capit", "franc"]
    assert content_terms("电影的导演是谁") == ["电影", "导演", "演是", "是谁"]


def test_a_query_of_function_words_alone_is_kept() -> None:
    assert content_terms("to be or not to be") == tokenise("to be or not to be")


def test_a_function_word_in_capitals_is_a_name() -> None:
    assert "who" in content_terms("What does WHO say about it")
    assert "who" not in content_terms("Who says so?")
    assert content_terms("Are Local H and For Against from Nebraska?")[-3:] == ["for", "against", "nebraska"]


def test_an_ordinal_in_capitals_is_one_term() -> None:
    assert tokenise("My 20Th Century, 3RD") == ["my", "20th", "centuri", "3rd"]


@given(st.text())
def test_terms_can_be_joined_by_spaces(text: str) -> None:
    terms = tokenise(text)
    assert " ".join(terms).split() == terms
    assert all(len(term) <= LONGEST for term in terms)


@given(st.text(st.characters(codec="ascii")))
def test_case_does_not_matter_to_single_words(text: str) -> None:
    words = [word for word in text.split() if word.isalpha() and (word.islower() or word.isupper())]
    assert [tokenise(word) for word in words] == [tokenise(word.upper()) for word in words]


@given(st.text(st.characters(max_codepoint=127)) | st.text("aB1_.,- \x1c\n", max_size=40))
def test_the_quick_ways_give_what_the_general_one_gives(text: str) -> None:
    """Text without Chinese goes another way, and so does ASCII; a word in another script forces the general one."""
    assert tokenise(text) == tokenise(f"{text}\né")[:-1] == tokenise(f"{text}\n水")[:-1]


def test_long_words_are_cut_on_every_way() -> None:
    long = "x" * 1000
    assert tokenise(long) == tokenise(f"{long} 水")[:-1] == ["x" * LONGEST]
