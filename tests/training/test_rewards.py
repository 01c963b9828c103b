import pytest

pytest.importorskip("torch")

from deepresearch.judge.rubrics import Rubric
from deepresearch.judge.verdicts import CriterionVerdict
from deepresearch.report.verification.checking import verify
from deepresearch.training.rewards import OUTCOME_ONLY, RewardOptions, is_right, judged_reward, reward
from deepresearch.trajectory import Answered, Call, Event, Turn
from tests.training.world import PASSAGES, REPORT, TASK, WHOLE_REPORT, run_of, shown


def run_with(report: str, *titles: str) -> list[Event]:
    known = {PASSAGES[title].id: PASSAGES[title] for title in titles}
    search = Turn(calls=[Call(id="c1-1", tool="batch_web_surfer", arguments={})])
    return run_of(search, shown("c1-1", *titles), Answered(text=report), verify(report, known))


def test_a_right_report_with_every_fact_cited_earns_everything() -> None:
    earned = reward(TASK, run_with(WHOLE_REPORT, "Avon", "Brill"))
    assert earned.parts == {"answer": 1, "fact 1": 1, "fact 2": 1, "citations": 1, "distractor": 0}
    assert (earned.score, earned.right) == (1.0, True)


def test_each_criterion_is_its_own() -> None:
    only = reward(TASK, run_with("The answer is **Cato**.", "Avon", "Brill"))
    assert {name for name, met in only.parts.items() if met} == {"answer"}
    assert only.score == pytest.approx(0.5)
    unseen = reward(TASK, run_with(WHOLE_REPORT, "Brill"))
    assert unseen.parts["fact 1"] == 0, "the passage was never shown"
    assert unseen.parts["citations"] == 0
    swapped = WHOLE_REPORT.replace(PASSAGES["Avon"].id, PASSAGES["Esk"].id)
    wrong_source = reward(TASK, run_with(swapped, "Avon", "Brill", "Esk"))
    assert (wrong_source.parts["fact 1"], wrong_source.parts["citations"]) == (0, 0)
    missed = reward(TASK, run_with("The answer is **Fells**.", "Fells"))
    assert (missed.parts["distractor"], missed.score) == (1, pytest.approx(-0.4))


def test_form_alone_pays_nothing() -> None:
    """Every fact, perfectly cited, but the wrong answer; and no report at all."""
    formal = WHOLE_REPORT.replace("answer is **Cato**", "answer is **Dole**")
    events = run_with(formal, "Avon", "Brill")
    earned = reward(TASK, events)
    assert earned.parts["fact 1"] == 1
    assert (earned.score, earned.right) == (0.0, False)
    assert reward(TASK, events, RewardOptions(gated=False)).score > 0.3
    assert reward(TASK, run_of()).score == 0.0


def test_options_leave_out_the_process_and_charge_for_calls() -> None:
    events = run_with(REPORT, "Brill")
    assert reward(TASK, events, OUTCOME_ONLY).parts == {"answer": 1}
    assert reward(TASK, events, OUTCOME_ONLY).score == 1.0
    charged = RewardOptions(fact=0, citations=0, distractor=0, per_call=0.1)
    assert reward(TASK, events, charged).score == pytest.approx(0.9)


class Generous:
    """A judge that finds everything met."""

    name = "generous"
    deterministic = True

    async def judge(self, question: str, report: str, rubric: Rubric, trial: int = 0) -> CriterionVerdict:
        return CriterionVerdict(rubric=rubric.id, level="fully", by=self.name)


async def test_a_judge_decides_the_tasks_rubrics_behind_the_same_gate() -> None:
    rubrics = [Rubric(id="depth", criterion="It is deep.", weight=3), Rubric(id="flaw", criterion="Vague.", weight=-1)]
    task = TASK.model_copy(update={"rubrics": rubrics})
    options = RewardOptions(judge=Generous())
    right = await judged_reward(task, run_with(REPORT, "Brill"), options)
    assert right.score == pytest.approx(2 / 3)
    wrong = await judged_reward(task, run_with("The answer is **Dole**.", "Brill"), options)
    assert wrong.score == pytest.approx(-1 / 3), "flaws count in any case"
    open_question = task.model_copy(update={"answer": ""})
    assert (await judged_reward(open_question, run_with("Long.", "Brill"), options)).score == pytest.approx(2 / 3)


class Unreadable(Generous):
    """A judge whose reply on some criteria cannot be used."""

    async def judge(self, question: str, report: str, rubric: Rubric, trial: int = 0) -> CriterionVerdict:
        level = "unusable" if "lost" in rubric.id else "fully"
        return CriterionVerdict(rubric=rubric.id, level=level, by=self.name)


async def test_what_the_judge_could_not_read_pays_nothing() -> None:
    wanted = [Rubric(id=id_, criterion="It is deep.", weight=1) for id_ in ("clear", "lost")]
    flaw = Rubric(id="lost flaw", criterion="Vague.", weight=-1)
    options = RewardOptions(judge=Unreadable())
    task = TASK.model_copy(update={"rubrics": wanted})
    assert (await judged_reward(task, run_with(REPORT, "Brill"), options)).score == pytest.approx(0.5)
    flawed = await judged_reward(task.model_copy(update={"rubrics": [*wanted, flaw]}), run_with(REPORT), options)
    assert flawed.score == pytest.approx(0.0)
    assert flawed.flaws == {"lost flaw"}


@pytest.mark.parametrize(
    "report",
    [
        "It is the Brill, the Dole, the Cato or the Esk.",
        "It is Cato or Dole.",
        "The answer is **Dole**, **Esk**, **Cato**.",
        "It is Dole. It is Esk. It is Cato.",
        "Cato/Dole",
    ],
)
def test_a_list_of_candidates_is_no_answer(report: str) -> None:
    assert not is_right(TASK, run_with(report))


@pytest.mark.parametrize(
    "report",
    [
        "The answer is **Cato**: The mayor of Brill is Cato \\cite{pbrillaaaaaa}; Esk, Dole or Avon.",
        "It is Cato [1].\n\nDole, Esk or Avon.",
        "The mayor of Brill, the capital of Avon, is Cato.",
        "It is Dr. Cato, Avon.",
        "## Short answer\n\nBased on the passages, it is Cato. Esk, Dole or Avon are rivers.",
    ],
)
def test_an_answer_with_its_reasons_is_right(report: str) -> None:
    assert is_right(TASK, run_with(report))


def test_an_answer_whose_name_is_itself_a_list_is_right() -> None:
    task = TASK.model_copy(update={"answer": "Trinidad and Tobago"})
    assert is_right(task, run_with("It is Trinidad and Tobago."))
    assert is_right(task.model_copy(update={"answer": "欧元"}), run_with("答案是欧元。"))
    assert not is_right(task.model_copy(update={"answer": "欧元"}), run_with("法郎、欧元或比索。"))
