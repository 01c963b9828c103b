import asyncio
import json
import re
from pathlib import Path

import pytest

from deepresearch.errors import UserError
from deepresearch.judge.rubrics import read_rubrics
from deepresearch.models.client import ChatClient
from deepresearch.models.structured import StructuredClient
from deepresearch.settings import ModelSettings
from deepresearch.synthesis.data_files import read_card, read_records, read_tasks
from deepresearch.synthesis.generation import ModelStep
from deepresearch.synthesis.rubric_route import add_rubrics
from tests.support.chat_server import ChatServer, Received
from tests.synthesis.test_rollouts import tasks

__all__ = ["tasks"]
QUESTION = "Which town is it that borders another one, has a river and a twin town?"
SUMMARY = "A town is found by its river and its neighbour."


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


def with_replies(source: Path, out: Path, **changed: object) -> ChatServer:
    """The route with a model that says the right thing, apart from what is changed by the name of a field."""

    def told(asked: str, name: str) -> str:
        return re.search(rf"<<<{name} .*?>>>\n(.*?)\n<<<END", asked, re.DOTALL)[1]

    def reply(request: Received) -> dict:
        asked = request.body["messages"][1]["content"]
        if '"answer"' in asked:
            answer = {"answer": right[0]}
        elif '"criterion"' in asked:
            answer = {"criterion": f"The report states that {told(asked, 'FACT')}"}
            written.append(answer["criterion"])
        elif '"summary"' in asked:
            written.clear()
            right[:] = [told(asked, "ANSWER")]
            answer = {"summary": f"{SUMMARY} {told(asked, 'FACTS')}"[:200]}
        elif '"question"' in asked:
            answer = {"question": QUESTION}
        else:
            answer = {"consistent": True}
        answer |= {key: value for key, value in changed.items() if key in answer}
        return {"text": changed.get("text") or json.dumps(answer)}

    async def ask() -> ChatServer:
        async with ChatServer([reply]) as server:
            client = ChatClient(ModelSettings(name="m", base_url=server.url), "")
            try:
                await add_rubrics(source, out, ModelStep(StructuredClient(client)), quiet)
            finally:
                await client.close()
            return server

    written: list[str] = []
    right: list[str] = []
    return asyncio.run(ask())


def test_a_model_writes_rubrics_and_from_them_the_question(tasks: Path, tmp_path: Path) -> None:
    out = tmp_path / "rubrics.jsonl"
    with_replies(tasks, out)
    first, *_ = made = list(read_tasks(out))
    assert len(made) == 6 and all(task.question == QUESTION for task in made)
    assert first.rubrics[0].role == "explicit" and first.answer in first.rubrics[0].criterion
    assert all(task.rubrics[-1].negative for task in made)
    assert any("does not meet all conditions" in rubric.criterion for task in made for rubric in task.rubrics)
    assert not any(first.answer in rubric.criterion for rubric in first.rubrics if rubric.role == "implicit")
    assert first.provenance.route == "rubrics" and first.provenance.notes["summary"].startswith(SUMMARY)
    counts = read_card(out).counts["model"]
    assert counts["asked"] == counts["usable"] == counts["requests"] and counts["tokens"] > 0
    assert counts["asked again"] == 0


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"answer": "Celm"}, "role: explicit is not what the question asks for"),
        ({"answer": ""}, "role: no usable reply"),
        ({"consistent": False}, "inconsistent"),
        ({"text": "Certainly! Here are some rubrics."}, "summary: no usable reply"),
        ({"summary": "Velia lies on the Orm."}, "summary: no usable reply"),
        ({"criterion": "The report is about something else."}, "criterion: no usable reply"),
        ({"question": "What is the right answer to that?"}, "query: no usable reply"),
    ],
)
def test_what_does_not_agree_is_left_out(tasks: Path, tmp_path: Path, changed: dict, reason: str) -> None:
    out = tmp_path / "rubrics.jsonl"
    with pytest.raises(UserError, match=reason):
        with_replies(tasks, out, **changed)
    assert not out.exists()


def test_a_question_that_names_the_answer_is_left_out(tasks: Path, tmp_path: Path) -> None:
    out = tmp_path / "rubrics.jsonl"
    answer = next(read_records(tasks))["answer"]
    with_replies(tasks, out, question=f"Which town is it by the river, is it {answer}?")
    assert answer not in {task.answer for task in read_tasks(out)}
    assert read_card(out).dropped["query: no usable reply"] >= 1
