"""The paper's claims in an hour on two cores: real facts, a closed web, and a policy that is trained to research it.

    python -m runs.miniature             one seed, about twenty minutes
    python -m runs.miniature --seeds 3   three seeds, with intervals over them
    python -m runs.miniature --ablate    also what happens without a stage
    python -m runs.miniature --quick     everything in small, a few minutes: does it still work?

Facts of countries become a closed web (miniature_world.py); chains of one to three facts become tasks with rubrics,
some about countries and by paths that training never meets (miniature_tasks.py); a teacher that knows the answers works
on them in the project's loop (miniature_teacher.py); texts about invented countries teach to copy, to read and to
decide (miniature_lessons.py). Then mid-training I and II, fine-tuning on the teacher's runs, and PPO with the rubrics
as reward (miniature_stages.py), each measured on the same held-out tasks in the same loop (miniature_measure.py). The
table is printed, and written with the curves and some runs as one page (miniature_page.py).

What is there in the output folder is not done again: an interrupted run is continued by the same command.
"""

import argparse
import os
import random
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import torch
from transformers.utils.logging import disable_progress_bar

from deepresearch.agent.setup import open_policy

from .miniature_measure import Outcome, recovery, rows_of, table
from .miniature_page import write_page
from .miniature_product import by_command
from .miniature_stages import (
    LONGEST_TURN,
    PASSAGES,
    QUICK,
    TEST,
    VARIANTS,
    Data,
    Recipe,
    Sizes,
    make_data,
    new_student,
    read_result,
    token_counter,
    write_result,
)
from .miniature_teacher import Teacher

STAGES = ("mid-training I", "mid-training II", "fine-tuning", "PPO")
SHOWN = 10
"""Held-out runs on the page."""
REFERENCES = ("extractive", "oracle")
Tell = Callable[[str], None]


def main() -> int:
    """Run the pipeline as the command line says; 1 where the small run does not do what it must."""
    options = read_options()
    began = time.monotonic()
    options.out.mkdir(parents=True, exist_ok=True)
    sizes = QUICK if options.quick else Sizes()
    sizes = replace(sizes, ppo_updates=options.updates or sizes.ppo_updates)
    tell: Tell = lambda line: print(f"[{(time.monotonic() - began) / 60:5.1f} min] {line}", flush=True)  # noqa: E731
    torch.set_num_threads(options.threads)
    disable_progress_bar()
    data = make_data(options.out / "data", facts(options.facts), sizes)
    if options.only:
        seed, variant = options.only
        train_one(data, sizes, int(seed), variant, options.out, tell)
        return 0
    tell(f"{len(data.world.countries)} countries, {len(data.world.pages):,} pages; tasks: {counts(data)}")
    results = {name: reference(data, sizes, name, options.out, tell) for name in REFERENCES}
    seeds = range(options.seeds)
    work = [(seed, "full") for seed in seeds]
    carry_out(work, data, sizes, options, tell)
    if options.ablate:
        carry_out([(seed, name) for seed in seeds for name in VARIANTS if name != "full"], data, sizes, options, tell)
    results |= by_product(data, sizes, options.out, tell)
    text = report(data, results, seeds, options)
    print(text)
    tell(f"done; see {options.out / 'miniature.html'}")
    return check_quick(options.out) if options.quick else 0


def read_options() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, help="folder for all results; by default below miniature/")
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--ablate", action="store_true", help="also without one stage or another")
    parser.add_argument("--quick", action="store_true", help="everything in small")
    parser.add_argument("--facts", type=Path, help="countries.json; by default where DEEPRESEARCH_SHARED says")
    parser.add_argument("--processes", type=int, default=1, help="trainings side by side, a thread each if several")
    parser.add_argument("--threads", type=int, default=1, help="more only on a machine that does nothing else")
    parser.add_argument("--updates", type=int, help="of PPO; fewer where time is short")
    parser.add_argument("--only", nargs=2, metavar=("SEED", "VARIANT"), help="one training, without the table")
    options = parser.parse_args()
    options.out = options.out or Path("miniature", "quick" if options.quick else "full")
    return options


def facts(given: Path | None) -> Path | None:
    """Where the real facts are; None: made-up ones take their place."""
    shared = Path(os.environ.get("DEEPRESEARCH_SHARED", "../shared"))
    path = given or shared / "data" / "kg_countries" / "countries.json"
    return path if path.exists() or given else None


def counts(data: Data) -> str:
    """How many tasks there are."""
    return ", ".join(f"{len(tasks):,} {group}" for group, tasks in data.tasks.items())


def reference(data: Data, sizes: Sizes, name: str, out: Path, tell: Tell) -> list[Outcome]:
    """What a policy that is not trained makes of the test: extractive, or the teacher, who knows the answers."""
    file = out / f"{name}.json"
    if not file.exists():
        pages = data.whole.pages
        makers = {
            "extractive": lambda task, tools, settings: open_policy(settings, tools),
            "oracle": lambda task, tools, settings: Teacher(task, pages, PASSAGES),
        }
        outcomes = data.arena.run(data.test(), makers[name], new_student(sizes, 0, out, data.lexicon).tokens)
        write_result(file, {name: outcomes})
        tell(f"{name}: answers {sum(o.right for o in outcomes) / len(outcomes):.3f}")
    return read_result(file)[0][name]


def by_product(data: Data, sizes: Sizes, out: Path, tell: Tell) -> dict[str, list[Outcome]]:
    """The first seed's policy and the extractive one through `deepresearch run`, on a few tasks of each group."""
    folder = result_file(out, 0, "full").parent / "PPO"
    tasks = [task for group in TEST for task in data.tasks[group][: sizes.by_command]]
    trained = ["--policy", "local", "--checkpoint", str(folder), "--max-reply-tokens", str(LONGEST_TURN)]
    policies = {"extractive": ["--policy", "extractive"], "local": trained}
    found = {}
    for name, flags in policies.items():
        file = out / f"by-command-{name}.json"
        if not file.exists():
            write_result(file, {name: by_command(tasks, data.folder, flags, token_counter(folder))})
            tell(f"deepresearch run --policy {name}: {len(tasks)} tasks")
        found[f"run --policy {name}"] = read_result(file)[0][name]
    return found


def carry_out(
    work: Sequence[tuple[int, str]], data: Data, sizes: Sizes, options: argparse.Namespace, tell: Tell
) -> None:
    """All trainings of the list that are not there yet, here or in processes of their own."""
    left = [(seed, name) for seed, name in work if not result_file(options.out, seed, name).exists()]
    if options.processes < 2:
        for seed, name in left:
            train_one(data, sizes, seed, name, options.out, tell)
        return
    running: list[subprocess.Popen[bytes]] = []
    for seed, name in left:
        while len(running) >= options.processes:
            running = [process for process in running if process.poll() is None]
            time.sleep(0.5)
        command = [sys.executable, "-m", "runs.miniature", "--out", str(options.out), "--threads", "1"]
        command += ["--only", str(seed), name, *(["--quick"] if options.quick else [])]
        command += ["--facts", str(options.facts)] if options.facts else []
        command += ["--updates", str(options.updates)] if options.updates else []
        running.append(subprocess.Popen(command))
    if any(process.wait() for process in running):
        raise SystemExit("A training has failed; see above.")


def result_file(out: Path, seed: int, variant: str) -> Path:
    """Where the outcomes of a training are."""
    return out / f"seed-{seed}" / variant.replace(" ", "-") / "result.json"


def train_one(data: Data, sizes: Sizes, seed: int, variant: str, out: Path, tell: Tell) -> None:
    """One training."""
    file = result_file(out, seed, variant)
    own: Tell = lambda line: tell(f"seed {seed}, {variant}: {line}")  # noqa: E731
    recipe = Recipe(data, sizes, seed, file.parent, own, VARIANTS[variant], result_file(out, seed, "full").parent)
    recipe.run()
    write_result(file, recipe.outcomes, {"seconds": recipe.seconds, "tokens": recipe.tokens})


def report(data: Data, results: dict[str, list[Outcome]], seeds: Sequence[int], options: argparse.Namespace) -> str:
    """The tables as text; writes the page."""
    rows = [row for name, outcomes in results.items() for row in rows_of(name, [outcomes])]
    stages = [read_result(result_file(options.out, seed, "full")) for seed in seeds]
    for stage in STAGES:
        rows += rows_of(stage, [outcomes[stage] for outcomes, _ in stages if stage in outcomes])
    tables = {"Held-out tasks": rows}
    if options.ablate:
        tables["Without a part"] = ablation_rows(options.out, seeds)
    about = [f"{len(seeds)} seed(s); tasks: {counts(data)}."]
    for seed, (outcomes, known) in zip(seeds, stages, strict=True):
        spent = ", ".join(f"{stage} {seconds:.0f} s" for stage, seconds in known["seconds"].items())
        learnt = ", ".join(f"{stage} {tokens:,}" for stage, tokens in known["tokens"].items())
        about.append(f"Seed {seed}: {spent}; tokens: {learnt}.")
        last = list(outcomes)[-1]
        for stage in dict.fromkeys(["fine-tuning", last]):
            right, runs = recovery(outcomes[stage])
            about.append(f"Seed {seed}, {stage}: right in {right} of {runs} runs with a failed or useless search.")
    folders = {f"seed {seed}": result_file(options.out, seed, "full").parent for seed in seeds}
    texts = stages[0][1]["transcripts"] if stages else {}
    shown = dict(random.Random(0).sample(sorted(texts.items()), min(SHOWN, len(texts))))
    write_page(options.out / "miniature.html", about, tables, folders, shown)
    return "\n\n".join([*(f"{heading}\n{table(part)}" for heading, part in tables.items()), "\n".join(about)])


def ablation_rows(out: Path, seeds: Sequence[int]) -> list:
    """The last stage of every variant on all held-out tasks."""
    rows = []
    for name in VARIANTS:
        done = [read_result(file)[0] for seed in seeds if (file := result_file(out, seed, name)).exists()]
        for stage in [s for s in STAGES if done and s in done[0]][-2:]:
            rows += rows_of(f"{name}: {stage}", [outcomes[stage] for outcomes in done])[:1]
    return rows


def check_quick(out: Path) -> int:
    """What must hold of the small run: every stage there, whole reports by the end, none by a model that only reads."""
    outcomes, _ = read_result(result_file(out, 0, "full"))
    ends = {stage: sum(bool(o.calls) for o in found) / len(found) for stage, found in outcomes.items()}
    wrong = [f"no stage {stage}" for stage in STAGES if stage not in outcomes]
    if ends.get("fine-tuning", 0) < 0.5:
        wrong.append(f"after fine-tuning only {ends.get('fine-tuning', 0):.2f} of the runs search")
    print("\n".join(["The small run fails:", *wrong]) if wrong else "The small run does what it must.")
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main())
