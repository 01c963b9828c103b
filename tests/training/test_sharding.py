"""Two processes, started by torchrun, learn what one learns: sharing weights, and sharing the tokens of a stream."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

pytest.importorskip("torch")

from deepresearch.errors import TrainingError
from deepresearch.training.checkpoints import new_model
from deepresearch.training.packing import store_samples
from deepresearch.training.records import TokenSample
from deepresearch.training.sharding import Processes, whole_weights
from deepresearch.training.supervised import SupervisedOptions, train

OPTIONS = SupervisedOptions(
    context=32, rows=3, micro_rows=2, updates=5, learning_rate=1e-2, warmup=2, save_every=3, evaluate_every=4
)


def samples():
    """Of odd lengths and weights, so that nothing divides evenly."""
    sizes = [5 + start % 23 for start in range(40)]
    return [
        TokenSample([(start + i) % 50 for i in range(size)], [1.0, 0.0, 0.5] + [1.0] * (size - 3))
        for start, size in enumerate(sizes)
    ]


def small():
    return new_model(50, width=32, layers=2, heads=4, context=32)


def learn(out: Path, options: SupervisedOptions, name: str) -> None:
    model = small()
    held_out = store_samples(samples()[:11], options.context, 50)
    curve = train(model, samples(), options, out / name, held_out=held_out)
    weights = whole_weights(model)
    if weights:
        losses = [value for name in ("loss", "held_out_loss") for _, value in curve.values(name)]
        first = {key: value.flatten()[:50].tolist() for key, value in sorted(weights.items())}
        (out / f"{name}.json").write_text(json.dumps([losses, first]))


def compare(out: Path, name: str, alone: str = "one") -> None:
    (expected, weights), (losses, found) = (json.loads((out / f"{kind}.json").read_text()) for kind in (alone, name))
    assert losses == pytest.approx(expected, abs=1e-5)
    assert set(found) == set(weights)
    for key, values in weights.items():
        assert found[key] == pytest.approx(values, abs=1e-5), key


def in_two_processes(out: Path) -> None:
    learn(out, OPTIONS, "sharded")
    learn(out, replace(OPTIONS, context_processes=2), "context")
    learn(out, replace(OPTIONS, gradient_checkpointing=True, context_processes=2), "again")
    learn(out, replace(OPTIONS, lora_rank=4), "two adapted")
    learn(out, OPTIONS, "half")  # began with one process, three updates of five


@pytest.mark.slow
def test_two_processes_learn_what_one_learns(tmp_path) -> None:
    learn(tmp_path, OPTIONS, "one")
    learn(tmp_path, replace(OPTIONS, lora_rank=4), "one adapted")
    begun = small()

    def stop(model, update):
        if update == 3:
            raise KeyboardInterrupt
        return {}

    with pytest.raises(KeyboardInterrupt):
        train(begun, samples(), replace(OPTIONS, evaluate_every=1), tmp_path / "half", stop)
    script = tmp_path / "script.py"
    script.write_text(
        f"import sys; sys.path.insert(0, {str(Path(__file__).parent)!r})\nfrom pathlib import Path\n"
        f"import test_sharding\ntest_sharding.in_two_processes(Path({str(tmp_path)!r}))\n"
    )
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", str(script)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    compare(tmp_path, "sharded")
    compare(tmp_path, "context")
    compare(tmp_path, "again")
    compare(tmp_path, "half")
    compare(tmp_path, "two adapted", "one adapted")


def test_processes_that_cannot_be_divided_are_refused(monkeypatch) -> None:
    monkeypatch.setenv("WORLD_SIZE", "3")
    with pytest.raises(TrainingError, match="3 processes cannot share"):
        Processes.join(2)
    monkeypatch.setenv("WORLD_SIZE", "1")
    assert Processes.join(1) is None
