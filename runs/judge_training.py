"""A judge from labelled reports to a reward, on two cores: supervised training, then reinforcement.

    python runs/judge_training.py countries.json --out judge [--quick]

Reports are written from facts with planted faults (planted_reports.py), so that every label is known by construction.
Countries are divided first: no country of a test report is in a training report. The model starts from random weights,
learns to copy, then to judge, then is reinforced; the table has a line before and after each. Every word is one token,
those of the test too, and names are exchanged at random while it learns. What was interrupted
continues.
"""

import argparse
import asyncio
import json
import random
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import torch

sys.path.insert(0, str(Path(__file__).parents[1]))

from runs.copying import free_words, name_ids, prepare_copying, renamed, repeated, word_tokenizer
from runs.planted_reports import Fact, planted_reports

from deepresearch.training.checkpoints import new_model, save_checkpoint
from deepresearch.training.engine import LocalEngine
from deepresearch.training.judge_agreement import HEADER, JudgeAgreement, agreement
from deepresearch.training.judge_rl import JudgeRLOptions, reinforce
from deepresearch.training.judging import MARKS, JudgeForm, LabelledReport, judge_samples, write_labels
from deepresearch.training.options import SupervisedOptions
from deepresearch.training.supervised import train

SENTENCES = {
    "capital": "The capital of {0} is {1}.",
    "currency": "In {0} people pay with the {1}.",
    "language": "The language of {0} is {1}.",
    "region": "{0} is a country of {1}.",
    "domain": "Web sites of {0} end in {1}.",
    "demonym": "The people of {0} are called {1}.",
}
REMARKS = ("Many travellers like {0}.", "The food of {0} is cheap.", "A ferry goes to {0}.", "Photographs of {0} sell.")
HELD_OUT = 0.2
CONTEXT = 512


def facts_of(countries: Path) -> list[list[Fact]]:
    """The facts of each country, from countries.json of mledoze/countries."""
    found = []
    for country in json.loads(countries.read_text(encoding="utf-8")):
        values = {
            "capital": next(iter(country["capital"]), ""),
            "currency": next((one["name"] for one in country["currencies"].values()), ""),
            "language": next(iter(country["languages"].values()), ""),
            "region": country["subregion"],
            "domain": next(iter(country["tld"]), ""),
            "demonym": country["demonyms"]["eng"]["m"],
        }
        found.append((country["name"]["common"], {key: value for key, value in values.items() if value}))
    every = {key: sorted({values[key] for _, values in found if key in values}) for key in SENTENCES}
    return [
        [Fact(name, key, value, SENTENCES[key], every[key]) for key, value in values.items()]
        for name, values in found
        if len(values) >= 4
    ]


def measure(engine: LocalEngine, form: JudgeForm, items: Sequence[LabelledReport]) -> JudgeAgreement:
    engine.forget()
    return asyncio.run(agreement(engine, form, items))


def say(line: str) -> None:
    print(line, flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("countries", type=Path)
    parser.add_argument("--out", type=Path, default=Path("judge"))
    parser.add_argument("--quick", action="store_true", help="sizes for a smoke run")
    parser.add_argument("--reports", type=int, default=6000)
    parser.add_argument("--criteria", type=int, default=3, help="most of one report")
    parser.add_argument("--epochs", type=int, default=2)
    parser.add_argument("--copying", type=int, default=6000, help="texts of the copying warm-up")
    parser.add_argument("--width", type=int, default=128, help="of the model; a head has 32")
    parser.add_argument("--layers", type=int, default=4)
    parser.add_argument("--updates", type=int, default=60, help="of reinforcement")
    parser.add_argument("--test-reports", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    if given.quick:
        given.reports, given.copying, given.updates, given.test_reports, given.criteria = 60, 60, 1, 8, 1
        given.width, given.layers = 32, 2
    out: Path = given.out
    out.mkdir(parents=True, exist_ok=True)

    subjects = facts_of(given.countries)
    random.Random(f"countries {given.seed}").shuffle(subjects)
    held_out = round(len(subjects) * HELD_OUT)
    test = list(planted_reports(subjects[:held_out], given.test_reports, given.seed + 1, REMARKS, given.criteria))
    training = list(planted_reports(subjects[held_out:], given.reports, given.seed, REMARKS, given.criteria))
    write_labels(test, out / "test.jsonl")
    write_labels(training, out / "train.jsonl")

    items = (*training, *test)
    criteria = [one for item in items for one in item.criteria]
    texts = [text for item in items for text in (item.report, item.question)] + [
        f"{one.criterion} {one.reason}" for one in criteria
    ]
    tokenizer = word_tokenizer(texts, MARKS)
    form = JudgeForm(tokenizer)
    model = new_model(len(tokenizer), given.width, given.layers, given.width // 32, CONTEXT, given.seed)
    prepare_copying(model, given.seed)
    words = {word for facts in subjects for fact in facts for word in f"{fact.subject} {fact.value}".split()}
    names = name_ids(tokenizer, sorted(words), {word for sentence in SENTENCES.values() for word in sentence.split()})
    engine = LocalEngine(model, slots=64, context=CONTEXT)
    print(f"{model.num_parameters():,} parameters, {len(training)} reports to learn from, {len(test)} held out")
    print(f"{'':<22}{HEADER}{'seconds':>9}")
    begun = time.monotonic()

    def row(name: str) -> None:
        nonlocal begun
        seconds = time.monotonic() - begun
        print(f"{name:<22}{measure(engine, form, test).row()}{seconds:>9.0f}", flush=True)
        begun = time.monotonic()

    common = {"context": CONTEXT, "precision": "bfloat16", "seed": given.seed, "save_every": 100}
    copied = list(repeated(given.copying, free_words(tokenizer), given.seed))
    train(model, copied, SupervisedOptions(rows=2, learning_rate=2e-3, **common), out / "copying", progress=say)
    row("before SFT")
    rng = random.Random(f"names {given.seed}")
    epochs = [judge_samples(training, form, given.seed + epoch) for epoch in range(given.epochs)]
    samples = [renamed(sample, names, rng) for epoch in epochs for sample in epoch]
    train(model, samples, SupervisedOptions(rows=2, learning_rate=2e-3, **common), out / "sft", progress=say)
    save_checkpoint(out / "sft" / "checkpoint", model, tokenizer, {"name": "judge"})
    row("after SFT")
    options = JudgeRLOptions(updates=given.updates, learning_rate=1e-4, seed=given.seed)
    reinforce(model, engine, form, training, options, out / "rl")
    save_checkpoint(out / "checkpoint", model, tokenizer, {"name": "judge"})
    row("after RL")


if __name__ == "__main__":
    torch.set_num_threads(1)
    main()
