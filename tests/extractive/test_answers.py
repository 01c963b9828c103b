"""Whether a part is answered, with what, and where it is declined."""

import pytest

from deepresearch.extractive.answers import Answer, answer_parts, signals
from deepresearch.extractive.features import gather, prepare
from deepresearch.extractive.parts import parts_of
from deepresearch.extractive.question import analyse
from deepresearch.extractive.ranking import model, rank
from deepresearch.extractive.trail import Step
from deepresearch.trajectory import Passage
from tests.extractive.test_candidates import passage

BRIDGES = [
    passage(
        "The Alpha bridge was built by Jane Doe in 1931. It crosses the river Wye near Ross.", "p1", "Alpha bridge"
    ),
    passage("The Beta bridge was built of steel. It is painted green every seven years.", "p2", "Beta bridge"),
    passage("Tolls on bridges were common in former times.", "p3", "Tolls"),
]


def answers(question: str, passages: list[Passage] = BRIDGES) -> list[Answer]:
    return answer_parts(gather(passages), parts_of([analyse(question)]))


def test_an_answer_holds_what_is_asked() -> None:
    [answer] = answers("When was the Alpha bridge built?")
    assert answer.answered
    assert "1931" in answer.short[0].text


@pytest.mark.parametrize(
    "question",
    [
        "When was the Gamma bridge built?",  # nothing read names it
        "When was the Beta bridge built?",  # no date is said of it
        "How much does it cost to cross the Alpha bridge?",  # no amount
        "What happened on the Alpha bridge in 1977?",  # the year is nowhere
    ],
)
def test_what_does_not_answer_is_declined_and_shown_as_nearest(question: str) -> None:
    [answer] = answers(question)
    assert not answer.answered
    assert not answer.quoted
    assert answer.nearest


def test_a_chinese_word_that_nothing_has_is_declined() -> None:
    pages = [passage("上海的物价每年都有统计。2015年平均每户支出是三万元。", "p1", "上海")]
    [answer] = answers("2015年上海房价是多少元？", pages)
    assert not answer.answered


def test_a_document_that_the_question_is_about_dates_it() -> None:
    pages = [
        passage("嘉義市于1982年升格为省轄市，另有新東、新西、新北諸鎮。", "p1", "嘉義市"),
        passage("2010年臺北縣改制为直轄市，更名新北市。", "p2", "新北市"),
    ]
    [answer] = answers("新北市在哪一年升格为直轄市？", pages)
    assert answer.short[0].passage.id == "p2"


def test_terms_that_nothing_has_are_told() -> None:
    [answer] = answers("Who was the architect of the Gamma aqueduct?")
    assert "aqueduct" in answer.missing


def test_each_part_is_answered_by_itself() -> None:
    first, second = answers("Who built the Alpha bridge? When was the Gamma bridge opened?")
    assert first.answered and not second.answered


def test_a_comparison_has_what_is_said_of_each_side() -> None:
    [answer] = answers("What is the difference between the Alpha bridge and the Beta bridge?")
    [first, *_] = answer.rows
    assert [cell.passage.id for cell in first.cells if cell] == ["p1", "p2"]


MODES = [
    passage("--soft\n\nKeeps the index and the files as they are.", "m1", "reset"),
    passage("--hard\n\nOverwrites the index and the files in the folder.", "m2", "reset"),
    passage("The pull failed, so a reset --hard was needed for the index and the files.", "m3", "Diary"),
    *(passage(f"Meeting {n} was about the weather, with tea for all.", f"w{n}", "Meetings") for n in range(4)),
]


def test_a_row_of_a_comparison_has_entries_that_speak_of_the_same() -> None:
    [answer] = answers("What is the difference between --soft and --hard in reset?", MODES)
    assert [cell.text for cell in answer.rows[0].cells if cell] == [
        "Keeps the index and the files as they are.",
        "Overwrites the index and the files in the folder.",
    ]
    assert answer.rows[0].aspect == "index, files"


def test_what_compares_both_sides_comes_first_and_nothing_beside_it_that_does_not() -> None:
    pages = [
        passage("Use tuples or lists for a column of values. The lists of the club are kept in files.", "c1", "Notes"),
        passage("Lists can be changed, whereas tuples cannot be changed.", "c2", "Sequences"),
    ]
    [answer] = answers("What is the difference between lists and tuples?", pages)
    assert answer.short[0].passage.id == "c2"
    assert not answer.rows


def test_a_thing_whose_name_is_in_the_name_of_another_has_its_own_cell() -> None:
    pages = [
        passage("Build-Depends\n\nNames what is needed to build the package from its source.", "n1", "Fields"),
        passage("Depends\n\nNames what is needed when the package runs.", "n2", "Fields"),
        *(passage(f"Meeting {n} was about the weather, with tea for all.", f"w{n}", "Meetings") for n in range(4)),
    ]
    [answer] = answers("What is the difference between Build-Depends and Depends?", pages)
    assert [cell.passage.id for cell in answer.rows[0].cells if cell] == ["n1", "n2"]


def test_what_adds_nothing_is_not_quoted() -> None:
    text = "The Gamma tower was built in 1931. Many people had come to eat and drink."
    [answer] = answers("When was the Gamma tower built?", [passage(text, "g1", "Gamma tower")])
    assert [c.text for c in answer.short] == ["The Gamma tower was built in 1931."]


def test_every_signal_has_its_weight() -> None:
    [part] = parts_of([analyse("What is the Alpha bridge?")])
    pool = gather(BRIDGES)
    asked = prepare(part, pool)
    assert model()["answer"]["weights"].keys() == signals(rank(pool, asked), asked, pool).keys()


def test_a_trail_leads_the_short_answer_only_to_what_bears_on_the_question() -> None:
    pages = [
        *BRIDGES,
        passage("Jane Doe was born in Leeds and studied at Oxford.", "p4", "Jane Doe"),
        passage("Ross has a market every Friday, with cheese and wool.", "p5", "Markets of the county"),
    ]
    pool, parts = gather(pages), parts_of([analyse("Where was the engineer who built the Alpha bridge born?")])
    led = [Step(n, frozenset(["p1"]), frozenset([to]), ("born",)) for n, to in [("Jane Doe", "p4"), ("Ross", "p5")]]
    [answer] = answer_parts(pool, parts, ("p1", "p4", "p5"), led)
    assert answer.answered
    quoted = [candidate.passage.id for candidate in answer.short]
    assert quoted[:2] == ["p1", "p4"] and "p5" not in quoted


def test_an_aspect_in_chinese_is_a_word_of_both_cells() -> None:
    pages = [
        passage("甲赛制\n\n选手仅有一次提交机会，赛后公布成绩。", "z1", "赛制", document="z1"),
        passage("乙赛制\n\n选手有多次提交机会，比赛时公布成绩。", "z2", "赛制", document="z2"),
        *(passage(f"第{n}次会议讨论天气和茶点。", f"w{n}", "会议") for n in range(4)),
    ]
    [answer] = answers("甲赛制和乙赛制有什么区别？", pages)
    assert [cell.passage.id for cell in answer.rows[0].cells if cell] == ["z1", "z2"]
    assert "提交机会" in answer.rows[0].aspect


def test_whether_the_kind_of_answer_shows_is_independent_of_whether_anything_is_quoted() -> None:
    assert answers("When was the Alpha bridge built?")[0].shown
    [answer] = answers("Why was the Alpha bridge built?", BRIDGES[:1])
    assert not answer.shown
