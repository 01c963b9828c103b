"""Reinforcement of judges: what pays, what does not, that it learns, and that a kill changes nothing."""

from pathlib import Path

import pytest
import torch

from deepresearch.errors import CheckpointError, Diverged
from deepresearch.judge.verdicts import LEVELS
from deepresearch.training.checkpoints import new_model
from deepresearch.training.engine import LocalEngine
from deepresearch.training.judge_rl import (
    FORM,
    ROBUST,
    STATE,
    JudgeRLOptions,
    _resume,
    class_weights,
    reinforce,
    verdict_reward,
)
from deepresearch.training.judging import CriterionOpinion, JudgeForm, LabelledReport, judge_samples
from deepresearch.training.options import SupervisedOptions
from deepresearch.training.supervised import train
from tests.training.judging_data import labelled, tiny_tokenizer

TOKENIZER = tiny_tokenizer()
EVEN = dict.fromkeys(LEVELS, 1.0)
OPTIONS = JudgeRLOptions(updates=2, reports=4, samples=3, learning_rate=3e-3, save_every=1)


def given(*levels: str) -> list[CriterionOpinion]:
    return [CriterionOpinion(level, "", 0.5) for level in levels]


def same(item: LabelledReport, *levels: str) -> dict[str, str]:
    return {one.criterion: level for one, level in zip(item.criteria, levels, strict=True)}


def test_right_and_robust_verdicts_earn_all() -> None:
    item = labelled(0, ("fully", "not"))
    assert verdict_reward(item, given("fully", "not"), same(item, "fully", "not"), EVEN) == pytest.approx(1.0)
    assert verdict_reward(item, given("fully", "not"), same(item, "not", "not"), EVEN) == pytest.approx(1 - ROBUST / 2)
    assert verdict_reward(item, given("fully", "not"), {}, EVEN) == pytest.approx(1 - ROBUST)
    assert verdict_reward(item, None, {}, EVEN) == 0.0


def test_being_wrong_twice_in_the_same_way_earns_nothing_but_the_form() -> None:
    item = labelled(0, ("fully",))
    assert verdict_reward(item, given("not"), same(item, "not"), EVEN) == FORM


def test_the_commonest_verdict_pays_no_more_than_the_rarest() -> None:
    """Constant verdicts, perfectly robust, earn the same whichever they are."""
    items = [labelled(n, ("not",)) for n in range(8)] + [labelled(9, ("fully",)), labelled(10, ("partially",))]
    weights = class_weights(items)
    sums = {
        level: sum(weights[one.level] for i in items for one in i.criteria if one.level == level) for level in LEVELS
    }
    assert list(sums.values()) == pytest.approx([10 / 3] * 3)
    assert class_weights(items[:8]) == {"not": 1.0}


@pytest.fixture(scope="module")
def taught(tmp_path_factory: pytest.TempPathFactory) -> dict[str, torch.Tensor]:
    """A model that has learnt the form, and gives either of two verdicts by chance."""
    model = new_model(len(TOKENIZER), width=32, layers=2, heads=2, context=256)
    items = [labelled(n, (level,)) for n in range(8) for level in ("fully", "not")]
    options = SupervisedOptions(context=256, rows=4, updates=60, learning_rate=1e-2, warmup=2)
    samples = list(judge_samples(items, JudgeForm(TOKENIZER), varied=0.2))
    train(model, samples, options, tmp_path_factory.mktemp("taught"))
    return {name: value.clone() for name, value in model.state_dict().items()}


def learn(
    taught: dict[str, torch.Tensor], out: Path, options: JudgeRLOptions, levels: tuple[str, ...] = ("not",)
) -> tuple[torch.nn.Module, list[float]]:
    model = new_model(len(TOKENIZER), width=32, layers=2, heads=2, context=256)
    model.load_state_dict(taught)
    engine = LocalEngine(model, slots=16, context=256)
    curve = reinforce(model, engine, JudgeForm(TOKENIZER), [labelled(n, levels) for n in range(8)], options, out)
    return model, [value for _, value in curve.values("reward")]


def test_rewards_rise(taught: dict[str, torch.Tensor], tmp_path: Path) -> None:
    _, rewards = learn(taught, tmp_path, JudgeRLOptions(updates=8, reports=4, samples=4, learning_rate=3e-3))
    assert 0.2 < rewards[0] < 0.8
    assert rewards[-1] > rewards[0] + 0.2


def test_what_was_interrupted_continues_to_the_same_weights(taught: dict[str, torch.Tensor], tmp_path: Path) -> None:
    whole, rewards = learn(taught, tmp_path / "whole", OPTIONS)
    learn(taught, tmp_path / "parts", JudgeRLOptions(**{**vars(OPTIONS), "updates": 1}))
    continued, all_rewards = learn(taught, tmp_path / "parts", OPTIONS)
    assert all_rewards == rewards
    for name, value in whole.state_dict().items():
        assert torch.equal(value, continued.state_dict()[name]), name
    optimizer = torch.optim.AdamW(continued.parameters(), lr=1.0)
    slower = JudgeRLOptions(**{**vars(OPTIONS), "learning_rate": 1e-6})
    assert _resume(continued, optimizer, slower, tmp_path / "parts" / STATE) == 2
    assert [group["lr"] for group in optimizer.param_groups] == [1e-6]
    with pytest.raises(CheckpointError, match="other options"):
        learn(taught, tmp_path / "parts", JudgeRLOptions(updates=3, reports=4, samples=2))


def test_a_gradient_that_is_no_number_is_named(
    taught: dict[str, torch.Tensor], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> tuple[torch.Tensor, ...]:
        return tuple(torch.tensor(float("nan"), requires_grad=True) for _ in range(3))

    monkeypatch.setattr("deepresearch.training.judge_rl.policy_loss", broken)
    monkeypatch.setattr("torch.nn.utils.clip_grad_norm_", lambda *_: torch.tensor(float("nan")))
    with pytest.raises(Diverged, match="not finite"):
        learn(taught, tmp_path, OPTIONS)
