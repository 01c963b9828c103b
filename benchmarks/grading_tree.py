"""Weighted trees of requirements: leaves are graded, every inner node scores the weighted mean of its children."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Self

from deepresearch.errors import RubricError

DEEPEST = 200


@dataclass(frozen=True)
class Node:
    id: str
    requirements: str
    weight: float
    children: tuple["Node", ...] = ()
    score: float | None = None
    """A leaf's grade, 0 to 1, None while it has none; of an inner node, the score that its file recorded."""

    @classmethod
    def read(cls, record: Mapping[str, Any], depth: int = 0) -> Self:
        """The tree of a JSON object with `id`, `requirements`, `weight`, `score`, `sub_tasks`. Raises RubricError."""
        name = f"node {record.get('id', '(without id)')!r}" if isinstance(record, Mapping) else "a node"
        if depth > DEEPEST:
            raise RubricError(f"{name}: the tree is deeper than {DEEPEST}.", "Flatten it.")
        weight = record.get("weight") if isinstance(record, Mapping) else None
        below = record.get("sub_tasks", []) if isinstance(record, Mapping) else None
        grade = record.get("score") if isinstance(record, Mapping) else None
        if not isinstance(weight, int | float) or weight < 0 or not isinstance(below, list):
            raise RubricError(
                f"{name}: a weight of zero or above and a list of sub_tasks are due.", "Correct it there."
            )
        if grade is not None and not isinstance(grade, int | float):
            raise RubricError(f"{name}: the score {grade!r} is no number.", "Correct it there.")
        return cls(
            id=str(record.get("id", "")),
            requirements=str(record.get("requirements", "")),
            weight=weight,
            children=tuple(cls.read(child, depth + 1) for child in below),
            score=grade,
        )

    def walk(self) -> Iterator["Node"]:
        """This node and all below it."""
        yield self
        for child in self.children:
            yield from child.walk()


def aggregate(node: Node) -> float | None:
    """The score of `node` from its leaves alone; None where none of them has a grade.

    Children without a score are left out of both sums. Weights that are all zero give 0. Summed from the first child to
    the last in plain floating point, as the published trees were, so that equal means equal to the last bit.
    """
    if not node.children:
        return node.score
    scored = [(child.weight, grade) for child in node.children if (grade := aggregate(child)) is not None]
    if not scored:
        return None
    upper = lower = 0.0
    for weight, grade in scored:
        upper += weight * grade
        lower += weight
    return upper / lower if lower else 0.0
