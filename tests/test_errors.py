"""The tree that is drawn is the tree that stands."""

import re

from deepresearch import errors
from deepresearch.errors import DeepResearchError


def classes(root: type[DeepResearchError]) -> set[type[DeepResearchError]]:
    return {root}.union(*(classes(child) for child in root.__subclasses__()))


def test_the_drawing_names_every_class_under_its_parent() -> None:
    drawn: list[tuple[int, str]] = []
    for line in (errors.__doc__ or "").splitlines():
        if found := re.match(r"^    ([│├└─ ]*)(\w+)(?:\s{2,}|$)", line):
            drawn.append((len(found[1]) // 4, found[2]))
    parents: dict[str, str] = {}
    path: list[str] = []
    for depth, name in drawn:
        path[depth:] = [name]
        if depth:
            parents[name] = path[depth - 1]
    assert parents == {c.__name__: c.__bases__[0].__name__ for c in classes(DeepResearchError) - {DeepResearchError}}


def test_reasons_are_unique() -> None:
    reasons = [c.reason for c in classes(DeepResearchError) if c not in (DeepResearchError, errors.InternalError)]
    assert len(reasons) == len(set(reasons))


def test_a_reason_is_the_name_of_its_class_as_records_have_it() -> None:
    named = (errors.UserError, errors.UnknownRun, errors.NotAnEndpoint, errors.InternalError, errors.ProcessFailed)
    assert [c.reason for c in named] == ["user", "unknown_run", "not_an_endpoint", "internal", "process"]


def test_text_is_message_and_hint() -> None:
    assert str(errors.UnknownRun("No run x.", "Try y.")) == "No run x. Try y."
    assert str(errors.UnknownRun("No run x.")) == "No run x."
