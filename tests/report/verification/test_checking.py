"""Whole reports checked."""

import re
import time
from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from deepresearch.report.citations import find_marks
from deepresearch.report.verification import ModelVerdict, settle, undecided, verify
from deepresearch.report.verification.checking import copies
from deepresearch.trajectory import Citation, Passage, Verified

ICE = "Ice floats on water because it is less dense than water, as every winter shows on the lakes of the north."


def passage(id: str, text: str) -> Passage:
    return Passage(id=id, document=f"{id}.md", title=f"On {id}", text=text)


KNOWN = {
    p.id: p
    for p in (
        passage("a", ICE),
        passage("b", "Steam rises because hot air is light. In 1998 the plant made 40 tonnes of steam."),
        passage("c", "As we know: " + ICE),
    )
}


def one(text: str) -> Citation:
    (citation,) = verify(text, KNOWN).citations
    return citation


def test_a_verdict_says_what_it_rests_on() -> None:
    found = one("Ice floats on water because it is less dense \\cite{a}.")
    assert (found.level, found.mark, found.passage, found.by, found.faults) == ("supports", 0, "a", "mechanical", [])
    assert found.evidence == ICE and found.claim == "Ice floats on water because it is less dense."


def test_of_a_quotation_of_several_sentences_all_of_it_is_what_the_verdict_rests_on() -> None:
    whole = KNOWN["b"].text
    found = one(f"According to *On b*, “{whole}”\\cite{{b}}.")
    assert (found.level, found.evidence) == ("supports", whole)


def test_what_was_never_shown_is_unrelated() -> None:
    assert one("Ice floats \\cite{zzz}.").level == "unrelated"
    assert one("Ice floats \\cite{}.").level == "unrelated"


def test_the_wrong_passage_is_found_out() -> None:
    assert one("Ice floats on water because it is less dense \\cite{b}.").level == "unrelated"


def test_what_one_passage_lacks_another_may_give() -> None:
    text = "Ice floats on water, and in 1998 the plant made 40 tonnes of steam \\cite{a, b}."
    ice, steam = verify(text, KNOWN).citations
    assert ice.faults == steam.faults == [] and "contradicts" not in (ice.level, steam.level)


def test_the_question_of_an_answer_that_is_only_a_number_counts_in_every_passage() -> None:
    asked = ["When did the plant make steam?", "When did Rome fall?", ""]
    report = "It was in 1998 \\cite{b}. In 1998 \\cite{a, b}."
    levels = [[found.level for found in verify(report, KNOWN, question=question).citations] for question in asked]
    assert levels[0] == levels[2] and levels[0][0] == levels[0][2] == "supports"
    assert "supports" not in levels[1]


def test_copies_are_one_source() -> None:
    first, second = verify("Ice floats on water because it is less dense \\cite{a, c}.", KNOWN).citations
    assert (first.copy_of, second.copy_of) == (None, "a")


def test_every_mark_has_its_own_verdict() -> None:
    text = (
        "Ice floats on water \\cite{a}, while steam rises \\cite{b}. "
        "In 1999 the plant made 40 tonnes of steam \\cite{b}."
    )
    found = verify(text, KNOWN).citations
    assert [(c.mark, c.passage, c.level) for c in found] == [
        (0, "a", "supports"),
        (1, "b", "supports"),
        (2, "b", "contradicts"),
    ]


def test_statements_without_a_citation_are_listed_with_a_suggestion() -> None:
    text = (
        "# Ice on water is light\n\nThis report is about ice. Does ice float on water? In short:\n\n"
        "Ice floats on water because it is less dense. Whales sing songs about 30 minutes long.\n\n"
        "## How this report was made\n\nA program read 12 passages of 3 documents and wrote this.\n"
    )
    found = verify(text, KNOWN).uncited
    assert [(u.claim, u.suggestion) for u in found] == [
        ("Ice floats on water because it is less dense.", "a"),
        ("Whales sing songs about 30 minutes long.", None),
    ]


def test_short_sentences_state_something_too() -> None:
    text = "Zebras can fly. Why? Not so. See below. 斑马会飞。本报告讨论冰。"
    assert [u.claim for u in verify(text, KNOWN).uncited] == ["Zebras can fly.", "斑马会飞。"]


def test_chinese_statements_without_a_citation() -> None:
    known = {"z": passage("z", "冰的密度比水小，所以冰会浮在水面上。")}
    found = verify("本报告讨论冰。\n\n冰的密度比水小，所以冰会浮在水面上。为什么会这样？", known).uncited
    assert [(u.claim, u.suggestion) for u in found] == [("冰的密度比水小，所以冰会浮在水面上。", "z")]


def test_a_model_settles_what_is_undecided() -> None:
    checked = verify("Lakes show that ice swims upon water in winter \\cite{a}. Ice floats \\cite{zzz}.", KNOWN)
    (question,) = undecided(checked, KNOWN)
    assert question.passage.id == "a" and question.claim.startswith("Lakes show")
    answer = ModelVerdict(question.citation, "supports", "it says so", "less dense than water", "judge-1")
    settled = settle(checked, [answer], KNOWN).citations[question.citation]
    assert (settled.level, settled.by, settled.evidence) == ("supports", "judge-1", "less dense than water")
    assert checked.citations[question.citation].by == "mechanical"


def test_an_answer_without_true_evidence_is_not_used() -> None:
    checked = verify("Lakes show that ice swims upon water in winter \\cite{a}.", KNOWN)
    for evidence in ("Ice swims upon water.", "", "   "):
        assert settle(checked, [ModelVerdict(0, "supports", "", evidence, "j")], KNOWN) == checked
    assert settle(checked, [ModelVerdict(7, "supports", "", "Ice floats", "j")], KNOWN) == checked
    assert settle(checked, [ModelVerdict(0, "unrelated", "", "", "j")], KNOWN).citations[0].level == "unrelated"


def test_an_altered_quotation_is_no_question_for_a_model() -> None:
    checked = verify("It says “ice floats on water because it is more dense” \\cite{a}.", KNOWN)
    assert checked.citations[0].faults[0] == "quote" and undecided(checked, KNOWN) == []


def test_what_is_quoted_letter_by_letter_is_supported_whatever_stands_around_it() -> None:
    known = {
        "t": passage("t", "| Month | Shows |     |     | Gross Amount |\n|---|---|---|---|---|\n| May | 4 | | | 9 |"),
        "b": passage("b", "在“已安装软件包” 上按下 “[” 来陈列无用的软件包，按下“-” 将它们移除。"),
        "e": passage("e", "The name in the menu prompt takes a pattern as described below.\n\n提示：升级到可用版本。"),
    }
    report = """
- It also says: “Month | Shows | Gross Amount”\\cite{t}.
- Summary, p. 1: “Month | Shows | Gross Amount”\\cite{t}.
- 该文写道（第 3 页）：“在“已安装软件包” 上按下 “\\[” 来陈列无用的软件包，按下“-” 将它们移除”\\cite{b}。
- 按键绑定：“The name in the menu prompt takes a pattern as described below”\\cite{e}。
"""
    assert [(c.level, c.faults) for c in verify(report, known).citations] == [("supports", [])] * 4


def test_reasons_are_in_the_language_of_the_claim() -> None:
    known = {
        "t": passage("t", "港口的灯塔建于1907年，用红砂岩砌成。建造费用为12400英镑。灯塔可能在2030年重新开放。"),
        "u": passage("u", "多数企业提高了价格。工厂没有停产。出口比上年增长。"),
    }
    text = (
        "港口的灯塔建于1917年，用红砂岩砌成\\cite{t}。建造费用为13400英镑\\cite{t}。灯塔将在2030年重新开放\\cite{t}。"
        "据说“灯塔用白砂岩砌成”\\cite{t}。所有企业提高了价格\\cite{u}。工厂停产\\cite{u}。出口比上年下降\\cite{u}。"
        "《灯塔史》写道灯塔用红砂岩砌成\\cite{t}。港口的灯塔用红砂岩砌成\\cite{t}。"
    )
    found = verify(text, known).citations
    assert {fault for c in found for fault in c.faults} >= {"date", "number", "hedge", "quote", "name", "negation"}
    assert found[0].reason == "段落中没有日期1917年，而是1907年"
    assert not [c.reason for c in found if re.search("[A-Za-z]", c.reason)]


def test_another_number_than_the_passage_gives_is_no_question_for_a_model() -> None:
    checked = verify("In 1998 the plant made 70 tonnes of steam \\cite{b}.", KNOWN)
    assert (checked.citations[0].level, checked.citations[0].faults) == ("contradicts", ["number"])
    assert undecided(checked, KNOWN) == []


@given(
    st.lists(
        st.sampled_from(
            [
                "Ice floats ",
                "\\cite{a}",
                "\\cite{b, zz}",
                ". ",
                "\n\n",
                "| a | b |\n|-|-|\n| 1 | \\cite{c} |\n",
                "`",
                "1998 ",
                "“",
                "”",
                "# ",
            ]
        )
    ).map("".join)
)
def test_every_citation_gets_a_verdict(text: str) -> None:
    found = verify(text, KNOWN)
    wanted = [(n, id_) for n, mark in enumerate(find_marks(text, KNOWN)) for id_ in mark.ids]
    assert sorted((c.mark, c.passage) for c in found.citations) == sorted(wanted)
    assert Verified.model_validate(found.model_dump()) == found


def test_each_text_is_embedded_once() -> None:
    asked: list[str] = []

    def embed(texts: Sequence[str]) -> list[list[float]]:
        asked.extend(texts)
        return [[1.0] for _ in texts]

    text = "Whales sing at night \\cite{b}. Whales sing at night \\cite{b}. Wolves howl \\cite{b}."
    found = verify(text, KNOWN, embed=embed).citations
    assert [c.by for c in found] == ["semantic"] * 3 and len(asked) == len(set(asked)) == 4
    assert "in other words" in found[0].reason and "in other words" not in one("Wolves howl \\cite{b}.").reason


def test_a_long_report_takes_seconds() -> None:
    known = {
        f"p{n}": passage(
            f"p{n}", f"In {1900 + n} the mill of town {n} made {n * 7} tonnes of flour. " + "It ran on water. " * 20
        )
        for n in range(100)
    }
    text = "\n\n".join(
        f"In {1900 + n} the mill of town {n} made {n * 7} tonnes of flour \\cite{{p{n}}}. "
        + "The mills of the valley were all driven by water and by wind. " * 3
        for n in range(100)
    )
    start = time.process_time()
    found = verify(text, known)
    assert time.process_time() - start < 10
    assert [c.level for c in found.citations] == ["supports"] * 100


def test_an_altered_quotation_alone_contradicts_nothing_where_another_passage_gives_the_fact() -> None:
    known = {
        "one": passage("one", "The hall opened in 2014 with a very large crowd of happy people in all its rooms."),
        "two": passage("two", "The hall opened in 2015, as the city says."),
    }
    text = "The hall opened in 2015 with “a very large crowd of angry people in all its rooms” \\cite{one, two}."
    first, _ = verify(text, known).citations
    assert first.faults == ["quote"] and first.level == "partly"
    alone, *_ = verify(text.replace(", two", ""), known).citations
    assert "date" in alone.faults and alone.level == "contradicts"


def test_a_text_with_some_words_changed_is_still_a_copy() -> None:
    words = [f"word{n}" for n in range(60)]
    near, far = list(words), list(words)
    near[20], near[40] = "other", "another"
    far[::4] = ["else"] * 15
    made = [passage(name, " ".join(text)) for name, text in (("a", words), ("b", near), ("c", far))]
    assert copies(made) == {"b": "a"}
