import asyncio
import copy
import json
from pathlib import Path

import pytest

from deepresearch.errors import UserError
from deepresearch.library import LibraryProvider
from deepresearch.settings import Settings
from deepresearch.synthesis.data_files import read_card, read_records
from deepresearch.synthesis.generation import Rejected
from deepresearch.synthesis.records import SyntheticTask
from deepresearch.synthesis.rollouts import RolloutOptions
from deepresearch.synthesis.verify_route import statements_task, unsound, verdict_tasks, verify_statements
from deepresearch.trajectory import Passage
from tests.synthesis.world import library_of

TOWNS = {
    "Arlen": "Arlen was founded by fishermen in 1452 near the mouth of the Moss. Its harbour is deep. The town hall of "
    "Arlen was built of red brick after a fire. Arlen has exported salt to the towns of the coast since 1610.",
    "Brosk": "Brosk is the largest town on the Nire and has a well known market. The bridge of Brosk was opened in "
    "1873 by the mayor. Brosk lost its railway station in 1968 when the line was closed.",
    "Books": "Brosk: a history of the town, 2nd edition. ISBN 0-618-51177-6. Towns of the Nire was written (1999).",
}
CHINESE = (
    "阿伦镇于1452年由渔民在苔河河口附近建立。阿伦镇的镇公所在一场火灾之后用红砖重建。"
    "阿伦镇自1610年起向沿海城镇出口食盐。"
)


def quiet(done: int, wanted: int, what: str) -> None:
    """No progress."""


def passage(text: str, title: str = "Arlen") -> Passage:
    return Passage(id="p", document="d", title=title, text=text)


def task(text: str = TOWNS["Arlen"], language: str = "en", seed: str = "1") -> SyntheticTask:
    return statements_task(passage(text), language, seed)


@pytest.mark.parametrize(("text", "language"), [(TOWNS["Arlen"], "en"), (CHINESE, "zh")])
def test_the_right_conclusion_on_every_statement_is_known(text: str, language: str) -> None:
    for seed in map(str, range(20)):
        made = task(text, language, seed)
        labels = made.provenance.notes["conclusions"]
        assert sorted(set(labels)) in ([0, 1, 2], [1, 2]) and labels.count(2) == 1 and labels.count(1) <= 2
        for point, label in zip(made.plan, labels, strict=True):
            assert (point in text) == (label == 0)
            assert point in made.question
    assert task(seed="3") == task(seed="3") != task(seed="4")


def test_what_is_no_prose_is_left_out() -> None:
    with pytest.raises(Rejected, match="no prose"):
        task(TOWNS["Books"])
    rest = "Brosk is a large old town among the inland hills. Celm is a small old town on the side of a hill."
    for text in (
        "Arlen is a large old town on the northern coast.",
        "Arlen was freed on May 12 by sailors of the fleet.",
    ):
        with pytest.raises(Rejected, match="no number"):
            task(f"{text} {rest}")


@pytest.fixture
def towns(tmp_path: Path) -> LibraryProvider:
    for title, text in TOWNS.items():
        (tmp_path / f"{title}.md").write_text(f"# {title}\n\n{text}\n")
    return library_of(tmp_path, "towns", *(tmp_path / f"{title}.md" for title in TOWNS))


def checked(towns: LibraryProvider, out: Path, teacher: str = "checker", seed: int = 0) -> list[dict]:
    options = RolloutOptions(teacher, 1, 2, "towns", seed)
    work = verify_statements("towns", out.parent, out, [towns], Settings(), options, 10, quiet)
    asyncio.run(work)
    return list(read_records(out))


def test_the_five_steps_are_one_trace_and_every_conclusion_holds(towns: LibraryProvider, tmp_path: Path) -> None:
    found = checked(towns, tmp_path / "runs.jsonl")
    assert len(found) == 2
    for record in found:
        texts = [event["text"] for event in record["events"] if event["type"] == "turn"]
        assert [text.split(":")[0].split(" ")[0] for text in texts] == ["Statements", "Verify", "Replan", "#"]
        assert record["report"].count("**Refuted**: “") == record["conclusions"].count(1)
    assert read_card(tmp_path / "runs.jsonl").counts["conclusions"]["Doubtful"] == 2


def test_a_run_that_does_not_hold_is_not_kept(towns: LibraryProvider, tmp_path: Path) -> None:
    [record, *_] = checked(towns, tmp_path / "runs.jsonl")
    title = "Arlen" if "on Arlen" in record["question"] else "Brosk"
    notes = {"conclusions": record["conclusions"], "title": title}
    made = task().model_copy(update={"plan": record["statements"]})
    made.provenance.notes = notes
    assert unsound(record, made) == ""

    def changed(old: str, new: str) -> str:
        other = copy.deepcopy(record)
        assert old in other["report"]
        other["report"] = other["report"].replace(old, new, 1)
        return unsound(other, made)

    assert "the run says Supported" in changed("**Refuted**", "**Supported**")
    assert "not in a passage" in changed("**Refuted**: “", "**Refuted**: “Indeed ")
    assert "not every statement" in changed("1. ", "1. Surely ")
    cited = record["report"].split("\\cite{")[1].split("}")[0]
    assert "not in a passage" in changed(cited, "aaaaaaaaaaaa")


def test_a_teacher_that_checks_nothing_and_a_library_that_is_none_are_errors(
    towns: LibraryProvider, tmp_path: Path
) -> None:
    with pytest.raises(UserError, match="not every statement has its conclusion"):
        checked(towns, tmp_path / "runs.jsonl", "one-search")
    assert not (tmp_path / "runs.jsonl").exists()
    options = RolloutOptions("checker", 1, 2, "none")
    with pytest.raises(UserError, match="no library has that name"):
        asyncio.run(verify_statements("none", tmp_path, tmp_path / "x", [towns], Settings(), options, 1, quiet))


def test_human_verdicts_are_checked_against_their_own_texts_and_the_agreement_is_counted(tmp_path: Path) -> None:
    bridge = "The bridge of Brosk was opened in 1873 by the mayor."
    harbour, salt = "The harbour of Arlen was dug in 1610.", "Arlen has exported salt since 1610."
    rows = [
        {"claim": bridge, "evidence": [f"{bridge} It is made of stone."], "label": "supported"},
        {"claim": bridge, "evidence": ["Brosk has a market."], "label": "not_supported"},
        {"claim": harbour, "evidence": "Salt was sold in Celm.", "stance": "irrelevant"},
        {"claim": salt, "evidence": "Celm lies on a hill.", "stance": "completely-support"},
        {"claim": "Celm has a mill.", "evidence": "Celm has a mill.", "stance": "partially-support"},
        {"answers": [{"claim_string": "Celm has a wall [1].", "evidence": ["x"], "support": "Complete"},
                     {"claim_string": "Celm has a wall.", "evidence": ["y"], "support": "contradiction"}]},
    ]  # fmt: skip
    source, out = tmp_path / "verdicts.jsonl", tmp_path / "out.jsonl"
    source.write_text("".join(json.dumps(row) + "\n" for row in rows))
    tasks = list(verdict_tasks(source))
    assert [(t.plan, t.provenance.notes["conclusions"]) for t in tasks] == [
        ([bridge], [0]), ([harbour], [2]), ([salt], [0]),
    ]  # fmt: skip
    options = RolloutOptions("checker", 1, 2, str(source))
    settings = Settings.model_validate({})
    card = asyncio.run(verify_statements(str(source), tmp_path, out, [], settings, options, 10, quiet))
    assert card.counts["people / run"] == {
        "Doubtful / Doubtful": 1, "Supported / Doubtful": 1, "Supported / Supported": 1,
    }  # fmt: skip
    assert [record["statements"] for record in read_records(out)] == [task.plan for task in tasks[:2]]
