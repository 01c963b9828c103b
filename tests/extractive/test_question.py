"""What the extractive policy makes of a question, and which names it sees in a text."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deepresearch.extractive.parts import compared, parts_of
from deepresearch.extractive.phrases import phrases_for
from deepresearch.extractive.question import analyse, unclear
from deepresearch.extractive.trail import leads_in
from deepresearch.extractive.words import content_terms, is_relation, lexicon, related, stem
from deepresearch.text.names import is_weak, names_in


@pytest.mark.parametrize(
    ("question", "names"),
    [
        ("When did Lothair Ii's mother die?", ["Lothair Ii"]),
        ("Which film came out first, 3 Dots or Dying God?", ["3 Dots", "Dying God"]),
        ("Where did Maurice, Prince Of Orange's father die?", ["Maurice, Prince Of Orange"]),
        ("Who directed Wrong Turn 5: Bloodlines?", ["Wrong Turn 5: Bloodlines"]),
        ("Who directed Dark River (2017 Film)?", ["Dark River (2017 Film)"]),
        ("Who directed God'S Gift To Women?", ["God'S Gift To Women"]),
        ("The director of the comedy “Big Stone Gap” is based where?", ["Big Stone Gap"]),
        ("Is asyncio.TaskGroup faster for CPU-bound work in Python 3.11?", ["asyncio.TaskGroup", "Python 3.11"]),
        ("Who is the spouse of the longest reigning British monarch?", []),
        ("Debian 中如何配置 NetworkManager？", ["Debian", "NetworkManager"]),
        ("《红楼梦》的作者是谁？", ["红楼梦"]),
        ("Aside from the Apple Remote, what controls Front Row?", ["Apple Remote", "Front Row"]),
        ("Are Local H and For Against both bands?", ["Local H", "For Against"]),
    ],
)
def test_names_in_questions(question: str, names: list[str]) -> None:
    assert list(analyse(question).names) == names


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("It was directed by Robert A. Stemmle and stars Werner Hinz.", ["Robert A. Stemmle", "Werner Hinz"]),
        ("He was the son of John Wallop, 2nd Earl of Portsmouth.", ["John Wallop, 2nd Earl of Portsmouth"]),
        ("The film stars 17-year-old Shirley Temple.", ["Shirley Temple"]),
        ("She died in Castile.He was five.", ["Castile"]),
        ("Although it rained, nothing happened.", []),
    ],
)
def test_names_in_running_text(text: str, names: list[str]) -> None:
    assert [n.text for n in names_in(text)] == names


@settings(deadline=None)
@given(st.text(max_size=200))
def test_names_stand_where_they_say(text: str) -> None:
    for name in names_in(text):
        assert 0 <= name.start < name.end <= len(text)
        assert name.text in text[name.start : name.end]
    analyse(text)


def test_nationalities_and_months_lead_nowhere() -> None:
    assert all(is_weak(name) for name in ("January", "American", "West German"[5:], "1st", "Queen"))
    assert not is_weak("Debian")


@pytest.mark.parametrize(
    ("question", "kind"),
    [
        ("When was it built?", "date"),
        ("Who built it?", "person"),
        ("How many rooms are there?", "number"),
        ("How do I install it?", "how"),
        ("What is a descriptor?", "definition"),
        ("What is the difference between a list and a tuple?", "compare"),
        ("What is the total of the receipt?", "definition"),
        ("Why is the sky blue?", "why"),
        ("Why should I not compare values to None with ==?", "why"),
        ("In which version was the match statement introduced?", "version"),
        ("Are both films French?", "yes or no"),
        ("Tell me about cheese.", "open"),
        ("为什么天空是蓝色的？", "why"),
        ("如何备份数据？", "how"),
        ("有哪些工具？", "list"),
    ],
)
def test_kinds(question: str, kind: str) -> None:
    assert analyse(question).kind == kind


@pytest.mark.parametrize(
    ("question", "sides"),
    [
        ("What is the difference between a list and a tuple?", ("list", "tuple")),
        ("How do asyncio.TaskGroup and plain tasks differ in errors?", ("asyncio.TaskGroup", "plain tasks")),
        ("Compare SQLite with Postgres.", ("SQLite", "Postgres")),
        ("systemd-networkd 与 NetworkManager 有什么区别？", ("systemd-networkd", "NetworkManager")),
        ("请比较 apt 和 aptitude 的优缺点", ("apt", "aptitude")),
        ("When was Rome founded?", ()),
    ],
)
def test_what_is_compared(question: str, sides: tuple[str, ...]) -> None:
    assert compared(analyse(question)) == sides


def test_a_question_of_several_parts_has_each_of_them() -> None:
    parts = parts_of([analyse("How does a run survive a crash, and how can a reader check the claims?")])
    assert [p.heading for p in parts] == ["How does a run survive a crash", "How can a reader check the claims"]
    [_, tools] = parts_of([analyse("如何备份数据？有哪些工具？")])
    assert "备份" in tools.terms, "a part that says little is about what the first is about"


def test_a_pronoun_stands_for_what_was_named_before() -> None:
    [_, second] = parts_of([analyse("Who built the Alpha Bridge? When was it opened?")])
    assert "alpha" in second.terms


def test_a_clause_that_says_little_stays_with_the_one_before() -> None:
    [part] = parts_of([analyse("Did people drink more lemonade in 1999, and by how much?")])
    assert part.kinds[-1] == "number"


def test_a_name_is_not_cut_in_two_clauses() -> None:
    [part] = parts_of([analyse("Which game was designed by Ken St. Andre in 1975?")])
    assert part.names == ("Ken St. Andre",)


def test_who_did_two_things_is_one_question() -> None:
    assert len(parts_of([analyse("Who wrote Salt Road and who died in 2007?")])) == 1
    assert len(parts_of([analyse("Who wrote Salt Road and who directed Pepper Lane?")])) == 2


def test_what_is_sought_is_not_what_a_name_is_the_name_of() -> None:
    question = analyse("Who portrayed Ann Lee in the film Salt Road?")
    assert stem("portrayed") in question.links and stem("film") not in question.links


def test_a_side_of_a_comparison_has_what_is_asked_about_both() -> None:
    [part] = parts_of([analyse("How do lists and tuples differ in memory use?")])
    assert part.side("lists").terms == (stem("lists"), stem("memory"))


def test_words_that_ask_for_a_kind_of_answer_are_known() -> None:
    [part] = parts_of([analyse("用 unordered_map 有什么隐患？")])
    assert part.kind_terms == {"隐患"}


def test_leads_stand_near_the_relation() -> None:
    text = "The Goose Woman is a 1925 film of Universal Pictures, directed by Clarence Brown and shot in California."
    leads = leads_in((text,), "p", (stem("director"),))
    assert (leads[0].name, leads[0].link) == ("Clarence Brown", stem("director"))


def test_a_name_in_between_counts_as_one_word() -> None:
    text = "She was a daughter of Duke Karl Theodor in Bavaria and his second wife, Infanta Maria Josepha of Portugal."
    strong = [lead.name for lead in leads_in((text,), "p", (stem("mother"),))]
    assert "Infanta Maria Josepha of Portugal" in strong[:3]


@pytest.mark.parametrize(
    ("text", "relation", "name"),
    [
        ("电影《玻璃河流》于2001年公映，导演为陈建思。", "导演", "陈建思"),
        ("《蓝色花园》是一部电影，由阿尔贝托·罗西执导。", "导演", "阿尔贝托·罗西"),
        ("面积30,355平方公里。陆地上与南非相邻。", "邻国", "南非"),
        ("其父林若云当过医生，1996年与孙文结婚。", "配偶", "孙文"),
    ],
)
def test_chinese_names_are_found_beside_the_relation(text: str, relation: str, name: str) -> None:
    assert leads_in((text,), "p", (relation,))[0].name == name


def test_a_chinese_word_for_a_relation_is_not_cut() -> None:
    assert "首都" in analyse("莱索托唯一的邻国的首都是哪里？").phrases


def test_relations_are_known_across_languages() -> None:
    assert {stem("directed"), "执导"} <= related("导演")
    assert "导演" in related(stem("director"))


def test_words_without_content_go_before_they_are_stemmed() -> None:
    assert content_terms("nothing except this") == [stem("nothing")]
    assert stem("exception") in content_terms("an exception is raised")


def test_relations_are_found_in_other_words() -> None:
    assert stem("directed") in related(stem("director"))
    assert stem("married") in related(stem("wife"))
    assert is_relation(stem("mother"))
    assert not is_relation(stem("born"))


def test_the_lexicon_has_words_for_every_kind() -> None:
    assert {*lexicon()["kinds"], "open"} == set(phrases_for("en").kinds) == set(phrases_for("zh").kinds)


@pytest.mark.parametrize(
    ("question", "headings"),
    [
        ("如何配置网络接口，并在启动时自动启用？", ["如何配置网络接口", "在启动时自动启用"]),
        ("如何升级内核，而且怎样恢复旧版本？", ["如何升级内核", "怎样恢复旧版本"]),
        ("如何安装软件包，并行下载怎样设置？", ["如何安装软件包", "并行下载怎样设置"]),
        (
            "What is a spar buoy? And where are spar buoys moored?",
            ["What is a spar buoy", "Where are spar buoys moored"],
        ),
    ],
)
def test_no_heading_begins_with_a_conjunction(question: str, headings: list[str]) -> None:
    assert [part.heading for part in parts_of([analyse(question)])] == headings


@pytest.mark.parametrize(
    ("question", "why"),
    [
        ("Wie viele Spalten kann eine Tabelle haben?", "language"),
        ("Combien de colonnes une table peut-elle avoir ?", "language"),
        ("¿Cuántas columnas puede tener una tabla?", "language"),
        ("Сколько столбцов может быть в таблице?", "language"),
        ("テーブルには何列ありますか", "language"),
        ("What?", "content"),
        ("什么？", "content"),
        ("???", "content"),
        ("Who composed Der Ring des Nibelungen?", ""),  # names in another language
        ("这座桥是哪一年建成的？", ""),
        ("Apollo 8 crew", ""),
    ],
)
def test_a_question_without_content_or_in_another_language_is_known(question: str, why: str) -> None:
    assert unclear(question) == why


def test_words_of_comparing_are_asked_for_where_nothing_is_compared() -> None:
    [part] = parts_of([analyse("What are the disadvantages of WAL mode?")])
    assert not part.sides and stem("disadvantages") in part.terms


def test_a_name_alone_is_searched_for_in_more_than_one_wording() -> None:
    for question in ("What is AutoGen?", "什么是 AutoGen？"):
        [part] = parts_of([analyse(question)])
        assert len(part.queries) > 1 and "AutoGen" in part.queries[1]


def test_a_chinese_word_with_a_function_word_in_it_is_not_cut() -> None:
    assert analyse("相对引用和绝对引用有什么区别？").phrases == ("相对引用", "绝对引用")
    assert analyse("两个日期之间相差多少天？").phrases[0] == "两个日期"


@pytest.mark.parametrize(
    ("question", "word"),
    [
        ("How many shelves may a room have at most?", "maximum"),
        ("Which port does the library listen on out of the box?", "default"),
        ("Which rooms are in the library?", ""),
    ],
)
def test_what_documents_call_otherwise_is_searched_for_by_their_word(question: str, word: str) -> None:
    found = analyse(question)
    assert (word in found.phrases and word in found.terms) if word else "maximum" not in found.phrases
    assert word not in found.sought or not word


def test_the_words_of_an_idiom_are_not_searched_for() -> None:
    phrases = analyse("How many clients can connect at the same time if I leave the settings alone?").phrases
    assert {"default", "simultaneous"} <= set(phrases)
    assert not {"leave", "settings", "alone"} & {word for phrase in phrases for word in phrase.split()}


def test_where_a_name_comes_from_is_asked_in_both_languages() -> None:
    assert "named after" in analyse("Where do the names of the rooms come from?").phrases
    asked = analyse("Heron 这个名字是怎么来的？")
    assert "含义" in asked.phrases and "how" not in asked.kinds
    assert "place" not in analyse("Heron 是在哪一年发布的？").kinds
