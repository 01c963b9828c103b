import pytest

from deepresearch.guided.findings import PassageFinding, check, cited, nearest_to, recorded, recording, sentences_of
from deepresearch.report.verification import support
from deepresearch.trajectory import Passage, Turn

PASSAGE = Passage(
    id="p1",
    document="trams.md",
    title="Tram lines",
    text="Tram line 9 opened in 1903 with twelve cars. Tram line 4 opened in 1911 and was closed in 1956.",
)


def test_findings_are_read_back_from_the_calls_that_recorded_them() -> None:
    made = [
        PassageFinding("When?", "p1", "It opened in 1903.", "opened in 1903"),
        PassageFinding("When?", "p2"),
        PassageFinding("几时？", "p1", quotation="“引文”"),
    ]
    events = [Turn(calls=[recording(made[:2])]), Turn(text="between"), Turn(calls=[recording(made[2:])])]
    assert list(recorded(events).values()) == made
    assert [finding.says for finding in made] == ["It opened in 1903.", "", "“引文”"]


def test_each_sentence_is_judged_by_its_own_passage() -> None:
    right, wrong, mixed, foreign = (
        "Tram line 9 opened in 1903.",
        "Tram line 9 opened in 1904.",
        "Tram line 9 opened in 1911 and was closed in 1956.",
        "The moon base has a canteen for eighty people.",
    )
    verdicts = check([(text, "p1") for text in (right, wrong, mixed, foreign)], {"p1": PASSAGE})
    assert verdicts[0].level == "supports" and verdicts[0].evidence.startswith("Tram line 9 opened")
    assert verdicts[3].level == "unrelated"
    assert "supports" not in {verdict.level for verdict in verdicts[1:]}


def test_an_answer_that_is_only_a_name_is_checked_with_its_question() -> None:
    asked = ["What did tram line 9 open with?", "In which year was the town founded?"]
    answers = [("It was in 1903.", "p1"), ("Tram line 9 opened in 1903.", "p1")]
    levels = [[verdict.level for verdict in check(answers, {"p1": PASSAGE}, question)] for question in asked]
    assert levels == [["supports", "supports"], ["partly", "supports"]]


def test_words_that_the_passage_has_not_are_invented() -> None:
    """The check of reports lets such paraphrases pass; of a small model's, most are made up."""
    text = (
        "For projects where startup time is critical, this class allows for potentially minimizing the cost of loading "
        "a module if it is never used. For projects where startup time is not essential then use of this class is "
        "heavily discouraged due to error messages created during loading being postponed."
    )
    known = {"p1": PASSAGE.model_copy(update={"text": text, "title": "importlib"})}
    copied = "This class allows for potentially minimizing the cost of loading a module if it is never used."
    invented = "Loading a pickle file can lead to potential errors if it is never used."
    assert [verdict.level == "supports" for verdict in check([(copied, "p1"), (invented, "p1")], known)] == [
        True,
        False,
    ]
    assert support(invented, known["p1"]).level == "supports"


@pytest.mark.parametrize(
    ("text", "whole", "without"),
    [
        (
            "If the default value is a string, the parser parses the value as if it were an argument.",
            "If the default value is a string, the parser parses the value as if it were an argument.",
            "The parser parses the value as if it were an argument.",
        ),
        (
            "如果输出是大写字母，则表示下面的执行位未设置。",
            "输出是大写字母时，表示下面的执行位未设置。",
            "则表示下面的执行位未设置。",
        ),
    ],
)
def test_a_sentence_keeps_the_condition_of_its_passage(text: str, whole: str, without: str) -> None:
    known = {"p1": PASSAGE.model_copy(update={"text": text})}
    levels = [verdict.level for verdict in check([(whole, "p1"), (without, "p1")], known)]
    assert levels == ["supports", "partly"]
    assert support(without, known["p1"]).level == "supports"


@pytest.mark.parametrize(
    ("text", "right", "wrong"),
    [
        (
            "If the value is a string, it is parsed. In particular, the parser applies any conversion to it.",
            "If the value is a string, the parser applies any conversion to it.",
            "The parser applies any conversion to it.",
        ),
        (
            "Sets the largest number of cars that the line can take. The default value is chosen by the loader.",
            "The default for the largest number of cars that the line can take is chosen by the loader.",
            "The largest number of cars that the line can take is chosen by the loader.",
        ),
        (
            "TRIM specifies that the loader removes empty pages at the end of the file.",
            "TRIM specifies that the loader removes empty pages.",
            "The loader removes empty pages at the end of the file.",
        ),
        (
            "The trials were run when Alpha was a tool in Beta.",
            "Alpha was a tool in Beta.",
            "Alpha is a tool in Beta.",
        ),
        (
            "The mission was planned as a test of the loader by Ann Lee and Joe Fox.",
            "The mission was planned as a test by Ann Lee.",
            "The mission was a test of the loader by Ann Lee.",
        ),
        (
            "Some crews stay on the ground. For the ninth flight, these crew members included Ann Lee and Joe Fox.",
            "These crew members included Ann Lee and Joe Fox.",
            "The crew members of the ninth flight included Ann Lee and Joe Fox.",
        ),
        (
            "Until May 1956 the line was open to all of the town, then to members.",
            "Until May 1956 the line was open to all of the town.",
            "The line was open to all of the town.",
        ),
        (
            "比赛在 2025 年以前面向全年龄段的选手，后改为成年人。",
            "比赛在 2025 年以前面向全年龄段的选手。",
            "比赛面向全年龄段的选手。",
        ),
    ],
)
def test_a_sentence_keeps_what_limits_it(text: str, right: str, wrong: str) -> None:
    known = {"p1": PASSAGE.model_copy(update={"text": text, "title": ""})}
    assert [one.level for one in check([(right, "p1"), (wrong, "p1")], known)] == ["supports", "partly"]
    assert support(wrong, known["p1"]).level == "supports"


def test_chinese_function_words_are_no_invention() -> None:
    known = {"p1": PASSAGE.model_copy(update={"text": "粘滞位保护目录内的文件不被其所有者之外的用户删除。"})}
    [verdict] = check([("粘滞位保护的是目录内的文件，不被其所有者之外的用户删除。", "p1")], known)
    assert verdict.level == "supports"


def test_one_rare_word_of_its_own_is_an_invention() -> None:
    text = "These mechanisms could be used to invoke any code you like, so treat all of these files with caution."
    known = {"p1": PASSAGE.model_copy(update={"text": text})}
    copied = "These mechanisms could be used to invoke any code you like, so treat these files with caution."
    verdicts = check([(copied, "p1"), (copied.replace("mechanisms", "mechanisms of zebras"), "p1")], known)
    assert [verdict.level for verdict in verdicts] == ["supports", "partly"]


def test_words_that_are_each_somewhere_else_in_the_passage_are_no_support() -> None:
    text = (
        "All optional arguments may be omitted at the command line. The default keyword argument, whose value defaults "
        "to None, specifies what value should be used if the command-line argument is not present. "
        "The parser is made first."
    )
    known = {"p1": PASSAGE.model_copy(update={"text": text})}
    claim = "The parser specifies the value as if it were a command-line argument."
    assert support(claim, known["p1"]).level == "supports"
    assert check([(claim, "p1")], known)[0].level == "partly"


def test_the_line_above_a_passage_is_no_statement() -> None:
    known = {"p1": PASSAGE.model_copy(update={"heading": ["Tram lines", "The north"]})}
    [verdict] = check([("Tram line 9 opened in Tram lines / The north.", "p1")], known)
    assert verdict.level == "partly"


def test_a_cell_says_nothing_without_the_name_of_its_column() -> None:
    table = "| phase | meaning |\n| --- | --- |\n| sorting | The loader is currently sorting the twelve cars. |"
    known = {"p1": PASSAGE.model_copy(update={"text": table})}
    alone, named = (
        "The loader is currently sorting the twelve cars.",
        "In the phase sorting the loader is sorting cars.",
    )
    verdicts = check([(alone, "p1"), (named, "p1")], known)
    assert support(alone, known["p1"]).level == "supports"
    assert [verdict.level for verdict in verdicts] == ["partly", "supports"]
    assert nearest_to([alone], verdicts[:1], known) == (table.splitlines()[2], "p1")


def test_what_a_sentence_that_does_not_hold_comes_near_to_is_found() -> None:
    claims = [
        "Tram line 4 opened in 1911 and was repaired in 1956.",
        "The moon base has a canteen for eighty people.",
    ]
    verdicts = check([(claim, "p1") for claim in claims], {"p1": PASSAGE})
    near = nearest_to(claims, verdicts, {"p1": PASSAGE})
    assert near == ("Tram line 4 opened in 1911 and was closed in 1956.", "p1")
    assert nearest_to(claims[1:], verdicts[1:], {"p1": PASSAGE}) is None


def test_a_pronoun_continues_the_sentence_before_it() -> None:
    text = (
        "The loader reads a file into memory. It closes the file afterwards. Its second argument parses numbers. "
        "This can be used for decimal numbers."
    )
    known = {"p1": PASSAGE.model_copy(update={"text": text, "title": "Loader"})}
    right = "The loader reads a file into memory, and it closes the file afterwards."
    wrong = "The loader reads a file into memory, and it can be used for decimal numbers."
    assert support(wrong, known["p1"]).level == "supports"
    assert [one.level for one in check([(right, "p1"), (wrong, "p1")], known)] == ["supports", "partly"]


@pytest.mark.parametrize(
    ("text", "right", "wrong"),
    [
        (
            "The `set_one` class keeps every element once. The `map_one` class keeps a value for each key.",
            "The set_one class keeps every element once.",
            "The map_one class keeps every element once.",
        ),
        (
            "无序集合 unordered_set 只关心元素是否存在，使用哈希实现。无序映射 unordered_map 关心键与值。",
            "unordered_set 只关心元素是否存在，使用哈希实现。",
            "unordered_map 只关心元素是否存在，使用哈希实现。",
        ),
    ],
)
def test_what_is_stated_of_one_thing_is_not_of_another(text: str, right: str, wrong: str) -> None:
    known = {"p1": PASSAGE.model_copy(update={"text": text})}
    levels = [verdict.level for verdict in check([(right, "p1"), (wrong, "p1")], known)]
    assert levels == ["supports", "partly"]


def test_markup_of_the_model_neither_hides_a_sentence_nor_moves_a_verdict() -> None:
    claims = [("```python is a fence that opens here.", "p1"), ("# Tram line 9 opened in 1903.", "p1")]
    verdicts = check([*claims, ("Tram line 9 opened in 1903.", "p1")], {"p1": PASSAGE})
    assert verdicts[2].level == "supports" and verdicts[0].level == "unrelated"
    assert cited("a | b [x](y) <b>.", ["p1", "p2"]).endswith("\\cite{p1,p2}.")


def test_fragments_and_questions_are_no_sentences() -> None:
    assert sentences_of("The passage answers it by stating that bread is baked at home.") == ["Bread is baked at home."]
    assert sentences_of("Otherwise, the parser uses the value. 否则使用该值。") == []
    assert sentences_of("1903") == [] and sentences_of("When did tram line 9 open?") == []
    assert sentences_of("When did it open? Tram line 9 opened in 1903") == ["Tram line 9 opened in 1903."]
    assert sentences_of("九号线什么时候开通？九号电车线路于1903年开通") == ["九号电车线路于1903年开通。"]
    assert sentences_of("九号电车线路于1903年开通．") == ["九号电车线路于1903年开通。"]
    assert sentences_of("and it was closed in 1956 after a long fire.") == []
    assert sentences_of("The lines that were closed in 1956 are the following:") == []


def test_what_is_said_of_the_passage_is_no_part_of_the_sentence() -> None:
    framed = "The passage states that the tram line opened in 1903. It also mentions that it was closed in 1956."
    assert sentences_of(framed) == ["The tram line opened in 1903.", "It was closed in 1956."]
    assert sentences_of("根据段落，九号线于1903年开通。段落中提到，线路从港口通往磨坊。") == [
        "九号线于1903年开通。",
        "线路从港口通往磨坊。",
    ]
    assert sentences_of("The passage explains that os.close() closes the file.") == ["os.close() closes the file."]
