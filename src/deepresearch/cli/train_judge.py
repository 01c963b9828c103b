"""`train judge`, `train agreement`: judges that are trained, and how well they agree with labels."""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from cyclopts import App

from .options import Switch
from .terminal import dump, put, say

if TYPE_CHECKING:
    from ..training.engine import LocalEngine
    from ..training.judge_agreement import JudgeAgreement
    from ..training.judge_rl import JudgeRLOptions
    from ..training.judging import JudgeForm, LabelledReport
    from ..training.options import SupervisedOptions

judges = App(name="judges")


@judges.command
def judge(
    labels: Path,
    /,
    *,
    checkpoint: Path,
    out: Path,
    held_out: Path | None = None,
    epochs: int = 2,
    learning_rate: float = 1e-4,
    reinforce_updates: int = 100,
    reinforce_rate: float = 1e-5,
    context: int = 4096,
    rows: int = 16,
    precision: Literal["float32", "bfloat16"] = "bfloat16",
    seed: int = 0,
) -> int:
    """Train a judge on labelled reports: supervised, then reinforced by what can be verified.

    What was interrupted is continued by the same command. OUT/checkpoint is the judge: the reward of `train ppo --judge
    OUT/checkpoint`.

    Args:
        labels: JSON lines: question, report, criteria, each with criterion, weight, level (not, partially, fully) and
            reason.
        checkpoint: Hugging Face folder of the model to begin with; a judge's marks are added to its tokenizer.
        out: Folder for the judge, the states to resume from and the curves.
        held_out: Labelled reports on which agreement is measured before, between and after.
        epochs: Of the supervised stage.
        learning_rate: Of the supervised stage.
        reinforce_updates: Updates of reinforcement; 0: none.
        reinforce_rate: Learning rate of reinforcement.
        context: Longest report with its criteria and verdicts, tokens; longer ones are left out and counted.
        rows: Rows of `context` tokens of one supervised update.
        precision: Of the supervised computation.
        seed: Of everything that is drawn.
    """
    from .train import need_torch

    need_torch()
    from ..training.judge_rl import JudgeRLOptions
    from ..training.options import SupervisedOptions

    options = SupervisedOptions(
        context=context, rows=rows, epochs=epochs, learning_rate=learning_rate, precision=precision, seed=seed
    )
    reinforcement = JudgeRLOptions(updates=reinforce_updates, learning_rate=reinforce_rate, seed=seed)
    return _train(labels, held_out, checkpoint, out, options, reinforcement)


@judges.command(name="agreement")
def measure(labels: Path, /, *, checkpoint: Path, context: int = 4096, json: Switch = False) -> int:
    """Measure a judge against labels: agreement for each verdict, robustness, calibration.

    Args:
        labels: Labelled reports, as for `train judge`.
        checkpoint: Folder of the judge.
        context: Longest report with its criteria and verdicts, tokens.
        json: Print one JSON object.
    """
    from .train import need_torch

    need_torch()
    from ..training.checkpoints import load_model
    from ..training.engine import LocalEngine
    from ..training.judge_agreement import HEADER
    from ..training.judging import JudgeForm, read_labels

    model, tokenizer = load_model(checkpoint)
    engine = LocalEngine(model, slots=64, context=context)
    form = JudgeForm(tokenizer)
    found = _measured(engine, form, _fitting(list(read_labels(labels)), labels, form, context))
    if json:
        put(dump(found.model_dump(mode="json")))
    else:
        put(f"{HEADER}\n{found.row()}")
    return 0


def _train(
    labels: Path,
    held_out: Path | None,
    checkpoint: Path,
    out: Path,
    options: "SupervisedOptions",
    reinforcement: "JudgeRLOptions",
) -> int:
    from ..training.checkpoints import load_model, save_checkpoint
    from ..training.engine import LocalEngine
    from ..training.judge_rl import reinforce
    from ..training.judging import JudgeForm, add_marks, judge_samples, read_labels
    from ..training.supervised import train

    items = list(read_labels(labels))
    tests = list(read_labels(held_out)) if held_out else []
    model, tokenizer = load_model(checkpoint)
    added = add_marks(model, tokenizer)
    form = JudgeForm(tokenizer)
    items = _fitting(items, labels, form, options.context)
    tests = _fitting(tests, held_out, form, options.context) if held_out else []
    engine = LocalEngine(model, slots=64, context=options.context)
    say(f"{len(items):,} labelled reports, {len(tests):,} held out; {added} marks added to the tokenizer")
    _report("before", engine, form, tests)
    train(model, list(judge_samples(items, form, options.seed)), options, out / "sft", progress=say)
    _report("after SFT", engine, form, tests)
    if reinforcement.updates:
        curve = reinforce(model, engine, form, items, reinforcement, out / "rl")
        say(f"reward {curve.points[0].get('reward', 0):.3f} at first, {curve.last('reward'):.3f} at last")
        _report("after RL", engine, form, tests)
    save_checkpoint(out / "checkpoint", model, tokenizer, {"name": "judge"})
    put(str(out / "checkpoint"))
    return 0


def _fitting(given: "list[LabelledReport]", path: Path, form: "JudgeForm", context: int) -> "list[LabelledReport]":
    """Those that fit, with another beside them too; how many do not is printed."""
    from ..errors import TrainingError
    from ..training.judging import fitting

    items = fitting(given, form, context)
    if len(items) < len(given):
        say(f"{path}: {len(given) - len(items):,} of {len(given):,} reports left out: too long for {context:,} tokens")
    if not items:
        raise TrainingError(f"{path} has no report that fits {context:,} tokens.", "Raise --context.")
    return items


def _report(stage: str, engine: "LocalEngine", form: "JudgeForm", tests: "list[LabelledReport]") -> None:
    from ..training.judge_agreement import HEADER

    if tests:
        engine.forget()  # the weights have changed
        say(f"{'':<12}{HEADER}\n{stage:<12}{_measured(engine, form, tests).row()}")


def _measured(engine: "LocalEngine", form: "JudgeForm", items: "list[LabelledReport]") -> "JudgeAgreement":
    from ..training.judge_agreement import agreement

    return asyncio.run(agreement(engine, form, items))
