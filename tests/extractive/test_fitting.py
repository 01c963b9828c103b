"""What can answer, and what the form of a document adds: sections, rows, what numbers count, who is named."""

import pytest

from deepresearch.trajectory import Passage
from tests.extractive.test_answers import answers
from tests.extractive.test_candidates import passage

LIMITS = passage(
    "| Item | Limit |\n| --- | --- |\n| shelves per room | 40 |\n| books per shelf | 32 |\n| rooms per library | 12 |",
    "p1",
    "Limits of the library",
)


def first(question: str, *pages: Passage) -> str:
    [answer] = answers(question, list(pages))
    return answer.short[0].text if answer.answered else ""


def test_the_row_whose_key_is_asked_for_comes_first_and_alone() -> None:
    [answer] = answers("How many books can a shelf of the library have?", [LIMITS])
    assert [c.text for c in answer.short] == ["books per shelf | 32"]


@pytest.mark.parametrize(
    ("question", "text"),
    [
        ("学校有多少学生？", "学校有12间教室，第一轮面向6周岁以上的学生招生。"),
        ("用火车运煤要多少分钟？", "两分钟的思考可以省去许多麻烦。火车运煤很方便。"),
    ],
)
def test_a_number_of_something_else_is_no_answer(question: str, text: str) -> None:
    assert first(question, passage(text, "p1", "School")) == ""


def test_a_number_is_that_of_what_is_counted() -> None:
    page = passage("The school has 12 rooms. In all 310 pupils go to the school.", "p1", "School")
    assert "310" in first("How many pupils go to the school?", page)


def test_who_is_answered_by_a_person() -> None:
    pages = [
        passage("The Heron engine writes a log. Heron Log Viewer shows what the engine wrote.", "p1", "Heron engine"),
        passage("Mary Bell wrote the Heron engine and its manual. Tom Hill tested it.", "p2", "Authors"),
    ]
    assert first("Who wrote the Heron engine?", *pages).startswith("Mary Bell")
    assert first("Who wrote the Heron engine?", pages[0]) == ""


def test_a_section_whose_heading_says_it_in_another_word_answers() -> None:
    pages = [
        passage("Replication copies changes. Replication of a table is quick and safe.", "p1", "Replication"),
        passage(
            "- Views are not copied by replication.\n- Sequences are not copied.",
            "p2",
            "Manual",
            heading=["Manual", "7.2. Restrictions"],
        ),
    ]
    assert "Views" in first("What are the limitations of replication?", *pages)


def test_what_is_under_a_question_like_the_one_asked_is_quoted_alone() -> None:
    pages = [
        passage("Why does the kettle whistle?\n\nSteam is pressed through a small hole.", "p1", "Kettles"),
        passage("The kettle can whistle, and a whistle of the kettle is loud.", "p2", "Noise"),
    ]
    assert first("Why does a kettle whistle?", *pages).startswith("Steam")


def test_an_entry_defines_what_its_heading_names() -> None:
    pages = [
        passage("互动题用于考试。互动题的介绍见题型。", "p1", "考试"),
        passage("考生的程序要与评测程序来回通信才能完成任务。", "p2", "题型", heading=["题型", "互动题"]),
    ]
    assert "来回通信" in first("互动题是什么？", *pages)


def test_a_word_of_a_letter_and_a_character_is_looked_for() -> None:
    pages = [
        passage("文件放在硬盘的目录下。", "p1", "硬盘", document="a"),
        passage("文件放在 U 盘的根目录下。", "p2", "介质", document="b"),
    ]
    assert "U 盘" in first("文件放在 U 盘的什么位置？", *pages)


def test_a_line_that_all_documents_have_is_no_answer() -> None:
    pages = [
        passage(f"河桥手册 1.2 帮助\n\n第{n}章讲河桥的维护。", f"p{n}", f"手册{n}", document=f"d{n}") for n in range(5)
    ]
    [answer] = answers("河桥手册讲什么维护？", pages)
    assert not any("帮助" in candidate.text for candidate in answer.quoted)


def test_a_date_under_the_right_heading_but_of_another_name_is_no_answer() -> None:
    pages = [
        passage(
            "Westia was admitted on 3 May 1863. Nevia followed.",
            "p1",
            "Lincoln",
            heading=["Lincoln", "States admitted"],
        ),
        passage("Alasia is a cold state. It was admitted as a state on 3 January 1959.", "p2", "Alasia"),
    ]
    assert "1959" in first("On what date was Alasia admitted as a state?", *pages)


def test_of_several_names_those_tell_a_section_that_few_passages_have() -> None:
    question = "Can one install a package of Heron on Finch?"
    common = "One can install a package quickly. A package is installed as a whole."
    converted = "A package of another bird breaks easily and is better converted before."
    pages = [
        passage(common, "p1", "Finch", heading=["Finch", "Can one install a package?"]),
        passage(converted, "p2", "Heron and Finch", heading=["Finch", "Can one install a package of Heron?"]),
        *(passage(f"Finch has {n} rooms for guests.", f"p{n}", "Finch") for n in range(3, 9)),
    ]
    assert "converted" in first(question, *pages)


def test_a_section_that_is_read_in_pieces_is_about_what_all_of_them_say() -> None:
    pieces = [
        passage(text, f"p{n}", "Backup", document="b", heading=["Backup", "Restrictions"], position=n)
        for n, text in enumerate(
            (
                "A backup of the archive server has the following restrictions.",
                "Large files are left out. They have to be copied by hand every time.",
            )
        )
    ]
    [answer] = answers("What are the limitations of a backup of the archive server?", pieces)
    sections = {one.candidate.passage.id: one.values["section"] for one in answer.ranked}
    assert sections["p1"] == sections["p0"] > 0.5


def test_how_to_find_a_number_of_days_is_answered_without_one() -> None:
    text = "要计算两个日期之间的差，请在单元格中输入公式，用一个日期减去另一个日期。"
    assert "公式" in first("怎样在表格里计算两个日期相差多少天？", passage(text, "p1", "表格里的日期"))


def test_a_people_and_its_country_name_the_same() -> None:
    text = "In 1990, 40 percent of all households in Switzerland owned a bicycle."
    question = "What percentage of Swiss households owned a bicycle in 1990?"
    assert "40 percent" in first(question, passage(text, "p1", "Bicycles"))


def test_a_number_counts_what_is_right_behind_it() -> None:
    other = "The call fills in the last 5 arguments if the column exists in a table of the store."
    right = "By default a table of the store has 2000 columns at most."
    pages = [passage(other, "p1", "Columns of a table"), passage(right, "p2", "Store")]
    assert "2000" in first("How many columns may a table of the store have at most?", *pages)


def test_beside_what_names_the_thing_stands_nothing_that_does_not() -> None:
    pages = [
        passage(
            "The documents do not recommend Tanagra because it hides the order of writes.",
            "p1",
            "Why Tanagra is avoided",
        ),
        passage("The documents are not recommended because they are old and hide their age.", "p2", "Documents"),
    ]
    [answer] = answers("Why do the documents not recommend Tanagra?", pages)
    assert answer.short and all("Tanagra" in candidate.text for candidate in answer.short)


def test_how_large_something_is_may_be_told_in_seconds() -> None:
    pages = [
        passage("The daemon of the clock adjusts each offset in small steps.", "p1", "Daemon"),
        passage("The daemon exits where the clock has an offset of more than 1000 s.", "p2", "Limits"),
    ]
    assert "1000 s" in first("How large may the offset of the clock be until the daemon exits?", *pages)


def test_how_often_is_answered_by_every_minute() -> None:
    text = "守护进程每分钟醒来一次，检查所有要执行的任务。"
    assert "每分钟" in first("守护进程每隔多久检查一次要执行的任务？", passage(text, "p1", "守护进程"))
