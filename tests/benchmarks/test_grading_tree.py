import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.grading_tree import DEEPEST, Node, aggregate
from deepresearch.errors import RubricError
from tests.support.shared import DATA


def node(weight: float = 1, score: float | None = None, *children: dict[str, Any], id: str = "n") -> dict[str, Any]:
    return {"id": id, "requirements": "r", "weight": weight, "score": score, "sub_tasks": list(children)}


def test_inner_nodes_are_weighted_means() -> None:
    tree = node(1, None, node(3, 1.0), node(1, None, node(2, 0.0), node(2, 1.0)))
    assert aggregate(Node.read(tree)) == (3 * 1.0 + 1 * 0.5) / 4


def test_recorded_scores_of_inner_nodes_are_not_used() -> None:
    assert aggregate(Node.read(node(1, 0.123, node(1, 1.0)))) == 1.0


def test_leaves_without_a_grade_leave_both_sums() -> None:
    assert aggregate(Node.read(node(1, None, node(5), node(1, 1.0)))) == 1.0
    assert aggregate(Node.read(node(1, None, node(5)))) is None


def test_weights_of_zero() -> None:
    assert aggregate(Node.read(node(1, None, node(0, 1.0), node(2, 0.5)))) == 0.5
    assert aggregate(Node.read(node(1, None, node(0, 1.0)))) == 0.0


@pytest.mark.parametrize(
    "bad",
    [
        {**node(), "weight": -1},
        {**node(), "weight": "x"},
        {**node(), "sub_tasks": None},
        {**node(), "score": "x"},
        node(1, None, 7),  # type: ignore[arg-type]
    ],
)
def test_bad_trees_name_the_node(bad: dict[str, Any]) -> None:
    with pytest.raises(RubricError, match="node"):
        Node.read(bad)


def test_a_bottomless_tree_is_refused() -> None:
    tree = node(1, 1.0)
    for _ in range(DEEPEST + 1):
        tree = node(1, None, tree)
    with pytest.raises(RubricError, match="deeper"):
        Node.read(tree)


trees = st.recursive(
    st.builds(node, st.integers(1, 9), st.floats(0, 1)),
    lambda inner: st.builds(
        lambda w, below: node(w, None, *below), st.integers(1, 9), st.lists(inner, min_size=1, max_size=4)
    ),
    max_leaves=20,
)


@given(trees)
def test_a_score_lies_between_its_leaves(tree: dict[str, Any]) -> None:
    read = Node.read(tree)
    leaves = [n.score for n in read.walk() if not n.children and n.score is not None]
    found = aggregate(read)
    assert found is not None and min(leaves) - 1e-9 <= found <= max(leaves) + 1e-9


def test_published_trees_are_met_to_the_last_bit() -> None:
    files = sorted((DATA / "paperbench_judgeeval").glob("*/*_expected_result.json"))
    if not files:
        pytest.skip(f"there are no graded trees in {DATA}")
    for file in files:
        for part in Node.read(json.loads(file.read_text())).walk():
            assert aggregate(part) == part.score, (file.name, part.id)
