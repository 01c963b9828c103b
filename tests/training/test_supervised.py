"""Training learns, weighs each token, and continues after a kill to the same weights as without it."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("torch")

import numpy as np
import torch

from deepresearch.errors import CheckpointError, Diverged
from deepresearch.training.checkpoints import new_model
from deepresearch.training.curves import CurveFile, draw, read_points
from deepresearch.training.packing import store_samples
from deepresearch.training.records import TokenSample, write_samples
from deepresearch.training.supervised import Objective, SupervisedOptions, train, validation_loss

OPTIONS = SupervisedOptions(context=32, rows=4, epochs=2, learning_rate=1e-2, warmup=3, save_every=3)


def counting(count=60, seed=0):
    """Samples that count upwards from a random number: the next token can be learnt."""
    random = np.random.default_rng(seed)
    starts = random.integers(1, 20, count)
    return [
        TokenSample(list(range(s, s + n)), [1.0] * n)
        for s, n in zip(starts, random.integers(4, 20, count), strict=True)
    ]


def small():
    return new_model(50, width=32, layers=2, heads=2, context=32)


def weights(model):
    return torch.cat([part.detach().flatten() for part in model.parameters()])


def losses(curve):
    return [value for _, value in curve.values("loss")]


def test_training_learns_and_reports(tmp_path) -> None:
    model, lines = small(), []
    held_out = store_samples(counting(seed=1), 32, 50)
    curve = train(
        model, counting(), OPTIONS, tmp_path, lambda model, _: {"held_out": validation_loss(model, held_out, 32)},
        lines.append,
    )  # fmt: skip
    assert curve.last("held_out") < losses(curve)[0] - 1
    assert curve.points == read_points(tmp_path / "curve.jsonl")
    assert "left out: none" in lines[0]
    assert "tokens/s" in lines[-1]
    assert "GB, held_out" in lines[-1]
    draw({"sft": curve}, ["loss", "held_out", "unknown"], tmp_path / "curve.svg")
    assert "held out" in (tmp_path / "curve.svg").read_text()


def test_a_weight_of_zero_is_not_learnt_and_weights_are_shares(tmp_path) -> None:
    model = small()
    objective = Objective(model)
    from deepresearch.training.packing import Batch

    both = objective(Batch.of([([1, 2, 3, 4], [0, 1, 0, 0.5])]))
    first = objective(Batch.of([([1, 2, 3, 4], [0, 1, 0, 0])]))
    third = objective(Batch.of([([1, 2, 3, 4], [0, 0, 0, 1])]))
    assert both.item() == pytest.approx(first.item() + third.item() / 2, abs=1e-5)


@pytest.mark.parametrize("micro_rows", [1, 3])
def test_parts_of_an_update_add_up_to_it(tmp_path, micro_rows) -> None:
    """Of rows with different numbers of own tokens: the mean is over tokens, not over parts."""
    curves = []
    for name, size in (("whole", 0), ("parts", micro_rows)):
        options = SupervisedOptions(context=32, rows=4, updates=4, micro_rows=size, learning_rate=1e-3)
        curves.append(losses(train(small(), counting(), options, tmp_path / name)))
    assert curves[0] == pytest.approx(curves[1], abs=1e-5)


def test_computing_layers_again_changes_nothing(tmp_path) -> None:
    curves = []
    for again in (False, True):
        options = SupervisedOptions(context=32, rows=4, updates=3, gradient_checkpointing=again)
        curves.append(losses(train(small(), counting(), options, tmp_path / str(again))))
    assert curves[0] == pytest.approx(curves[1], abs=1e-6)


def test_bfloat16_learns_like_float32(tmp_path) -> None:
    ends = []
    for precision in ("float32", "bfloat16"):
        model = small()
        options = SupervisedOptions(context=32, rows=4, epochs=2, learning_rate=3e-3, warmup=3, precision=precision)
        ends.append(losses(train(model, counting(), options, tmp_path / precision))[-1])
        assert model.dtype == torch.float32
    assert ends[0] == pytest.approx(ends[1], rel=0.05)


def test_low_rank_additions_are_merged_and_the_rest_stays(tmp_path) -> None:
    model = small()
    before = model.model.embed_tokens.weight.clone()
    projection = model.model.layers[0].mlp.up_proj.weight.clone()
    options = SupervisedOptions(context=32, rows=4, epochs=2, learning_rate=1e-2, warmup=3, lora_rank=4)
    curve = train(model, counting(), options, tmp_path)
    assert losses(curve)[-1] < losses(curve)[0] - 0.3
    assert torch.equal(model.model.embed_tokens.weight, before)
    assert not torch.equal(model.model.layers[0].mlp.up_proj.weight, projection)
    assert not any("lora" in name for name, _ in model.named_parameters())


def run_and_die(samples: Path, out: Path, update: int) -> None:
    """In a process of its own: trains, and is killed after an update."""

    def evaluate(model, number):
        if number == update:
            os.kill(os.getpid(), signal.SIGKILL)
        return {}

    from dataclasses import replace

    train(small(), samples, replace(OPTIONS, evaluate_every=1), out, evaluate)


@pytest.mark.slow
def test_a_run_that_was_killed_continues_to_the_same_weights(tmp_path) -> None:
    samples = tmp_path / "samples.jsonl"
    write_samples(counting(), samples)
    whole = small()
    expected = train(whole, samples, OPTIONS, tmp_path / "whole")
    out = tmp_path / "killed"
    call = f"run_and_die(Path({str(samples)!r}), Path({str(out)!r}), 11)"
    code = f"from pathlib import Path; import sys; sys.path.insert(0, {str(Path(__file__).parent)!r}); "
    command = [sys.executable, "-c", f"{code}import test_supervised; test_supervised.{call}"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == -signal.SIGKILL, done.stderr
    assert len([p for p in read_points(out / "curve.jsonl") if "loss" in p]) == 11
    resumed = small()
    found = train(resumed, samples, OPTIONS, out)
    assert losses(found) == pytest.approx(losses(expected), abs=1e-6)
    assert torch.allclose(weights(resumed), weights(whole), atol=1e-6)
    assert len(read_points(out / "curve.jsonl")) == len([p for p in found.points if "loss" in p])
    again = small()
    assert losses(train(again, samples, OPTIONS, out)) == losses(found)  # done already: nothing is learnt again
    assert torch.equal(weights(again), weights(resumed))


def test_the_state_of_another_run_is_refused(tmp_path) -> None:
    train(small(), counting(), OPTIONS, tmp_path)
    with pytest.raises(CheckpointError, match="other samples"):
        train(small(), counting(seed=5), OPTIONS, tmp_path)
    with pytest.raises(CheckpointError, match="other shapes"):
        train(new_model(50, width=16, layers=2, heads=2), counting(), OPTIONS, tmp_path)


def test_a_loss_that_is_no_number_ends_the_run_so_that_it_can_be_resumed(tmp_path) -> None:
    model = small()

    def spoil(model, update):
        if update == 4:
            with torch.no_grad():
                model.model.norm.weight.fill_(float("nan"))
        return {}

    options = SupervisedOptions(context=32, rows=4, epochs=2, save_every=3, evaluate_every=1)
    with pytest.raises(Diverged, match="update 5 is nan"):
        train(model, counting(), options, tmp_path, spoil)


def test_a_curve_without_a_file_is_in_memory_alone() -> None:
    file = CurveFile(None)
    file.add(update=1, loss=2.0)
    file.close()
    assert file.curve.last("loss") == 2.0
