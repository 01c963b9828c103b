import asyncio
from collections.abc import Callable

import pytest

from deepresearch.errors import ModelUnreachable
from deepresearch.judge import (
    CriterionVerdict,
    Judgement,
    MechanicalJudge,
    ModelJudge,
    Rubric,
    RubricSet,
    judge_report,
)
from deepresearch.models.client import ChatClient
from tests.judge.conftest import says
from tests.support.chat_server import ChatServer, Received

Make = Callable[..., ChatClient]
RUBRICS = RubricSet(
    question="Q",
    rubrics=(
        Rubric(criterion="Is right.", weight=3),
        Rubric(criterion="The report has a title.", weight=1),
        Rubric(criterion="Is rude.", weight=-2),
    ),
)
REPORT = "# Title\n\nText of the report."


async def judged(client: Make, answer: Callable[[Received], object], trials: int = 3, at_once: int = 8) -> Judgement:
    async with ChatServer([answer]) as server:  # type: ignore[list-item]
        model = client(server.url)
        try:
            return await judge_report(ModelJudge(model), "Q", REPORT, RUBRICS, trials=trials, at_once=at_once)
        finally:
            await model.close()


async def test_trials_views_and_counts(client: Make) -> None:
    def answer(request: Received) -> object:
        content = request.body["messages"][1]["content"]
        return says("partially", "no such words") if "Is rude" in content else says("fully", "Text of the report")

    found = await judged(client, answer)
    assert [len(row) for row in found.trials] == [3, 3, 3]
    assert found.binary.score == (4 - 2) / 4 and found.ternary.score == (4 - 1) / 4
    assert (found.undecided, found.unusable, found.invented, found.requests) == (0, 0, 3, 9)
    assert found.usage.output > 0 and found.cost is None
    assert found.judge == "judge-1"


async def test_unusable_replies_are_counted_and_left_out(client: Make) -> None:
    def answer(request: Received) -> object:
        return says("fully") if "Is rude" in request.body["messages"][1]["content"] else {"text": "no"}

    found = await judged(client, answer, trials=2)
    assert found.unusable == 4
    assert found.binary.score is None
    assert found.binary.trials[0].left_out == ("c1", "c2")


async def test_without_a_model_the_rest_is_undecided() -> None:
    found = await judge_report(MechanicalJudge(), "Q", REPORT, RUBRICS)
    assert len(found.trials) == 1 and found.undecided == 2 and found.binary.score == 1.0
    assert Judgement.model_validate_json(found.model_dump_json()) == found


async def test_no_more_than_so_many_at_once() -> None:
    class Slow:
        name = "slow"
        deterministic = False
        now = most = 0

        async def judge(self, question: str, report: str, rubric: Rubric, trial: int = 0) -> CriterionVerdict:
            self.now += 1
            self.most = max(self.most, self.now)
            await asyncio.sleep(0.001)
            self.now -= 1
            return CriterionVerdict(rubric=rubric.id, level="fully", trial=trial)

    slow = Slow()
    found = await judge_report(slow, "Q", REPORT, RUBRICS, trials=5, at_once=2)
    assert slow.most == 2 and [row[0].trial for row in found.trials] == [0, 1, 2, 3, 4]


async def test_an_endpoint_that_fails_ends_the_judging_and_leaves_nothing_running(client: Make) -> None:
    async with ChatServer([{"text": "x"}]) as server:
        model = client(server.url, retries=0)
    with pytest.raises(ModelUnreachable):
        await judge_report(ModelJudge(model), "Q", REPORT, RUBRICS)
    assert len(asyncio.all_tasks()) == 1
    await model.close()
