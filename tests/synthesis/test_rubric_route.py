import asyncio
import json
from pathlib import Path

import pytest

from deepresearch.errors import UserError
from deepresearch.judge.rubrics import read_rubrics
from deepresearch.models.client import ChatClient
from deepresearch.models.structured import StructuredClient
from deepresearch.settings import ModelSettings
from deepresearch.synthesis.data_files import read_card, read_records, read_tasks
from deepresearch.synthesis.record_steps import ModelStep
from deepresearch.synthesis.rubric_route import add_rubrics
from tests.support.chat_server import ChatServer, Received
from tests.synthesis.test_rollouts import tasks

__all__ = ["tasks"]
DRAFT = {
    "summary": "A town is found by its river and its neighbour.",
    "rubrics": [
        {"criterion": "Gives the right town.", "weight": 5, "role": "explicit", "axis": "answer"},
        {"criterion": "Says which river it is.", "weight": 3, "role": "implicit", "axis": "step"},
    ],
    "flaws": [{"criterion": "Gives a neighbouring town.", "weight": 3, "axis": "answer"}],
}
QUERY = {"query": "Which town is it?", "roles": {"c1": "explicit", "c2": "implicit", "c3": "negative"}}


def quiet(done: int, wanted: int, what: str) -> None:
    """No progress."""


def test_facts_and_descriptions_are_criteria_and_near_misses_flaws(tasks: Path, tmp_path: Path) -> None:
    out = tmp_path / "rubrics.jsonl"
    asyncio.run(add_rubrics(tasks, out, None, quiet))
    for task, rubrics in zip(read_tasks(out), read_rubrics(out), strict=True):  # the judge reads the tasks as they are
        assert rubrics.question == task.question and list(rubrics.rubrics) == task.rubrics
        criteria = [rubric.criterion for rubric in task.rubrics]
        assert all(any(passage.fact in criterion for criterion in criteria) for passage in task.evidence)
        flaws = [rubric for rubric in task.rubrics if rubric.negative]
        assert flaws and all(rubric.weight < 0 for rubric in flaws)
        wrong = [name for name in task.distractors[:4] if name != task.answer]
        assert all(any(f"gives {name} as" in flaw.criterion for flaw in flaws) for name in wrong)
        assert not any(f"gives {task.answer} as" in flaw.criterion for flaw in flaws)
        named = [c.criterion for c in task.rubrics if c.axis == "identification"]
        assert len(named) >= task.depth - 1


def test_a_killed_step_is_continued_with_the_same_result(tasks: Path, tmp_path: Path) -> None:
    out = tmp_path / "rubrics.jsonl"
    asyncio.run(add_rubrics(tasks, out, None, quiet))
    whole = out.read_bytes()
    state = out.with_name(out.name + ".state.json")
    saved = json.loads(state.read_text())
    first = len(whole.splitlines(keepends=True)[0])
    saved |= {"offset": first, "state": {**saved["state"], "read": 1, "card": {"records": 1}}}
    state.write_text(json.dumps(saved))
    out.write_bytes(whole[: first + 40])
    asyncio.run(add_rubrics(tasks, out, None, quiet))
    assert out.read_bytes() == whole and read_card(out).records == 6


def with_replies(source: Path, out: Path, query: dict, consistent: bool = True, draft: object = DRAFT) -> ChatServer:
    def reply(request: Received) -> dict:
        asked = request.body["messages"][1]["content"]
        answer = draft if "hidden facts" in asked else query if '"query"' in asked else {"consistent": consistent}
        return {"text": answer if isinstance(answer, str) else json.dumps(answer)}

    async def ask() -> ChatServer:
        async with ChatServer([reply]) as server:
            client = ChatClient(ModelSettings(name="m", base_url=server.url), "")
            try:
                await add_rubrics(source, out, ModelStep(StructuredClient(client)), quiet)
            finally:
                await client.close()
            return server

    return asyncio.run(ask())


def test_a_model_writes_rubrics_and_from_them_the_query(tasks: Path, tmp_path: Path) -> None:
    out = tmp_path / "rubrics.jsonl"
    with_replies(tasks, out, QUERY)
    made = list(read_tasks(out))
    assert len(made) == 6 and all(task.question == "Which town is it?" for task in made)
    assert made[0].rubrics[2].negative and made[0].rubrics[2].weight == -3
    assert [rubric.id for rubric in made[0].rubrics] == ["c1", "c2", "c3"] and made[0].provenance.route == "rubrics"
    counts = read_card(out).counts["model"]
    assert counts["asked"] == counts["usable"] == counts["requests"] == 18 and counts["tokens"] > 0


@pytest.mark.parametrize(
    ("query", "consistent", "draft", "reason"),
    [
        ({**QUERY, "roles": {**QUERY["roles"], "c2": "explicit"}}, True, DRAFT, "roles differ"),
        (QUERY, False, DRAFT, "inconsistent"),
        (QUERY, True, "Certainly! Here are some rubrics.", "no usable reply"),
        (QUERY, True, {**DRAFT, "flaws": []}, "no usable reply"),
    ],
)
def test_what_does_not_agree_is_left_out(
    tasks: Path, tmp_path: Path, query: dict, consistent: bool, draft: object, reason: str
) -> None:
    out = tmp_path / "rubrics.jsonl"
    with pytest.raises(UserError, match=reason):
        with_replies(tasks, out, query, consistent, draft)
    assert not out.exists()


def test_a_query_that_names_the_answer_is_left_out(tasks: Path, tmp_path: Path) -> None:
    out = tmp_path / "rubrics.jsonl"
    answer = next(read_records(tasks))["answer"]
    with_replies(tasks, out, {**QUERY, "query": f"Is it {answer}?"})
    assert answer not in {task.answer for task in read_tasks(out)}
    assert read_card(out).dropped["query: it names the answer"] >= 1
