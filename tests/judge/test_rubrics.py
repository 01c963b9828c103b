import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepresearch.errors import RubricError
from deepresearch.judge.rubrics import LARGEST, Rubric, RubricSet, choose, dump_rubrics, read_rubrics

ROW = {"criterion": "Names its sources.", "weight": 3}


def put(tmp_path: Path, name: str, content: object) -> Path:
    file = tmp_path / name
    file.write_text(content if isinstance(content, str) else json.dumps(content, ensure_ascii=False), encoding="utf-8")
    return file


def test_one_set_as_json(tmp_path: Path) -> None:
    [found] = read_rubrics(put(tmp_path, "r.json", {"question": "Why?", "language": "en", "rubrics": [ROW]}))
    assert (found.question, found.language, found.origin) == ("Why?", "en", "r.json")
    assert found.rubrics[0].id == "c1" and found.rubrics[0].role == "explicit"


def test_the_shape_of_research_rubrics(tmp_path: Path) -> None:
    rows = [
        {"criterion": "Covers costs.", "weight": 5.0, "axis": "Explicit Criteria"},
        {"criterion": "Invents a source.", "weight": -4, "axis": "References"},
    ]
    lines = "\n".join(
        json.dumps({"prompt": q, "sample_id": q, "domain": "x", "rubrics": rows}) for q in ("One?", "Two?")
    )
    sets = read_rubrics(put(tmp_path, "r.jsonl", lines + "\n\n"))
    assert [s.question for s in sets] == ["One?", "Two?"]
    assert [(r.role, r.weight) for r in sets[0].rubrics] == [("explicit", 5), ("negative", -4)]
    assert choose(sets, " two? ").question == "Two?"
    with pytest.raises(RubricError, match="0 of the 2 sets"):
        choose(sets, "Three?")


def test_bare_criteria_as_list_and_as_lines(tmp_path: Path) -> None:
    for file in (put(tmp_path, "a.json", [ROW, ROW]), put(tmp_path, "a.jsonl", f"{json.dumps(ROW)}\n" * 2)):
        [found] = read_rubrics(file)
        assert [r.id for r in found.rubrics] == ["c1", "c2"]


def test_toml(tmp_path: Path) -> None:
    text = 'question = "Why?"\n[[rubrics]]\ncriterion = "Says so."\nweight = -2\nfatal = true\n'
    [found] = read_rubrics(put(tmp_path, "r.toml", text))
    assert found.rubrics[0].fatal and found.rubrics[0].negative


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("r.json", {"rubrics": [ROW, {"criterion": "x"}]}, "criterion 2: weight: Field required"),
        ("r.json", {"rubrics": [{**ROW, "weight": "much"}]}, r"criterion 1: weight: .*given: 'much'"),
        ("r.json", {"rubrics": [{**ROW, "weight": 3, "role": "negative"}]}, "a weight below zero, not 3"),
        ("r.json", {"rubrics": [{**ROW, "weight": -3, "role": "explicit"}]}, "has the role negative, not explicit"),
        ("r.json", {"rubrics": [{**ROW, "role": "vital"}]}, "criterion 1: role"),
        ("r.json", {"rubrics": [{**ROW, "fatal": True}]}, "only a negative criterion can be fatal"),
        ("r.json", {"rubrics": [{**ROW, "criterion": "  "}]}, "the criterion is empty"),
        ("r.json", {"rubrics": [{**ROW, "id": "a"}, {**ROW, "id": "a"}]}, "the id 'a' is given twice"),
        ("r.json", {"rubrics": []}, "at least one criterion"),
        ("r.json", {"rubrics": "x"}, "must be a list"),
        ("r.json", [], "holds no criteria"),
        ("r.json", [1], "entry 1: an object is due, not int"),
        ("r.json", "7", "an object is due"),
        ("r.json", '{"rubrics": [', r"line 1, column 14: Expecting value"),
        ("r.json", '{"rubrics": [{"criterion": "x", "weight": NaN}]}', "finite"),
        ("r.json", {"rubrics": [{**ROW, "weight": 1e9}]}, "a weight is 0, or between"),
        ("r.jsonl", f"{json.dumps(ROW)}\n{{oops}}\n", "line 2, column 2"),
        ("r.jsonl", f"{json.dumps(ROW)}\n\n{json.dumps({'criterion': 'x'})}\n", "line 3: weight: Field required"),
        ("r.toml", "a = ", "is no TOML"),
        ("r.json", "[" * 100_000, "nested too deeply"),
    ],
)
def test_bad_files_name_the_row_and_the_hint(tmp_path: Path, name: str, content: object, says: str) -> None:
    with pytest.raises(RubricError, match=says) as caught:
        read_rubrics(put(tmp_path, name, content))
    assert name in caught.value.message and caught.value.hint and caught.value.exit_code == 2


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(RubricError, match="No such file"):
        read_rubrics(tmp_path / "none.json")
    (tmp_path / "b.json").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(RubricError, match="not UTF-8"):
        read_rubrics(tmp_path / "b.json")
    with (tmp_path / "c.json").open("wb") as file:
        file.truncate(LARGEST + 1)
    with pytest.raises(RubricError, match="larger than"):
        read_rubrics(tmp_path / "c.json")


def test_weights_as_texts(tmp_path: Path) -> None:
    [found] = read_rubrics(
        put(tmp_path, "r.json", [{**ROW, "weight": "-4"}, {**ROW, "weight": "-0"}, {**ROW, "weight": "2"}])
    )
    assert [(r.weight, r.role) for r in found.rubrics] == [(-4, "negative"), (0, "negative"), (2, "explicit")]


def test_zero_weights_stand_in_either_role() -> None:
    assert not Rubric(criterion="x", weight=0).negative
    assert Rubric(criterion="x", weight=0, role="negative").negative


@given(
    st.lists(
        st.tuples(st.text(min_size=1).filter(str.strip), st.integers(-10, 10), st.text(max_size=5)),
        min_size=1,
        max_size=5,
    )
)
def test_what_is_dumped_is_read_back(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, int, str]]
) -> None:
    clean = [
        (text.encode("utf-8", "replace").decode(), weight, axis.encode("utf-8", "replace").decode())
        for text, weight, axis in rows
    ]
    rubrics = tuple(Rubric(criterion=text, weight=weight, axis=axis) for text, weight, axis in clean)
    made = RubricSet(question="Q", language="en", origin="o", rubrics=rubrics)
    file = tmp_path_factory.mktemp("r") / "r.json"
    file.write_text(dump_rubrics(made), encoding="utf-8")
    assert read_rubrics(file) == [made]
