"""Reports with planted faults: each label follows from the text, read here in another way than it was written."""

import re
from collections import Counter

import pytest

pytest.importorskip("torch")
pytest.importorskip("transformers")

from runs.planted_reports import Fact, planted_reports

RELATIONS = ("capital", "currency", "language", "domain")


def facts(subject: str) -> list[Fact]:
    """Values name their subject and relation, so that a wrong one can be told."""
    names = [f"{name}ia" for name in "ABCDE"]
    return [
        Fact(
            subject,
            relation,
            f"{relation}-of-{subject}",
            "{0} has the " + relation + " {1}.",
            [f"{relation}-of-{n}" for n in names],
        )
        for relation in RELATIONS
    ]


SUBJECTS = [facts("Aia"), facts("Bia"), facts("Cia")]


def test_labels_follow_from_the_text() -> None:
    seen = Counter[str]()
    for item in planted_reports(SUBJECTS, 300, 1, ["People like {0}."]):
        subject = re.fullmatch(r"What is known of (\w+)\?", item.question)
        assert subject
        stated = {
            m[1]: (m[2] == f"{m[1]}-of-{subject[1]}", bool(m[3]))
            for m in re.finditer(r"has the (\w+) ([\w-]+)\.( \[\d\])?", item.report)
        }
        for one in item.criteria:
            asked = [
                relation
                for relation in RELATIONS
                if re.search(
                    rf"\b{relation} (of|is|than|for)|the {relation}\b|another {relation}\b", one.criterion, re.I
                )
            ]
            assert len(asked) == 2
            if one.negative:
                held = sum(relation in stated and not stated[relation][0] for relation in asked)
            elif "source" in one.criterion:
                held = sum(relation in stated and stated[relation][1] for relation in asked)
            else:
                held = sum(relation in stated and stated[relation][0] for relation in asked)
            assert one.level == ("not", "partially", "fully")[held], (item.report, one)
            seen[f"{one.role} {one.level}"] += 1
    assert len(seen) == 9 and min(seen.values()) > 0.5 * max(seen.values()), "every verdict of every kind, as often"


def test_a_seed_gives_the_same_reports_and_subjects_stay_apart() -> None:
    first, again, other = (list(planted_reports(SUBJECTS[:2], 20, seed)) for seed in (1, 1, 2))
    assert first == again != other
    assert not any("Cia" in item.question for item in first)
