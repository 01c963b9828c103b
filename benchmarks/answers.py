"""What a reader gets without a model: is the gold answer in the first section, is it in the report, is a refusal right?

Run: python -m benchmarks.answers [--limit N] [SET ...]        (data: $DEEPRESEARCH_SHARED/data, default ../shared/data)

Whole runs over public questions with short answers, each set over its own documents: HotpotQA and MoreHopQA (English,
several hops), CMRC and DRCD (Chinese), and Chinese questions of several steps (chinese_hops.py). "first" and
"report": the answer stands there, in what is quoted, case and white space aside; yes and no are left out, since no
quotation states them. "length": characters of the first section, without which "first" would reward whoever puts
everything there. "refused": nothing answers, says the report. "other book": Chinese questions asked of the other
set's documents, where a refusal is right.
"""

import argparse
import asyncio
import json
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import NamedTuple

from deepresearch.derived import answer
from deepresearch.library import LibraryProvider

from . import chinese_hops
from .multihop import as_library, research
from .retrieval import COLLECTIONS, DATA, Collection

NOT_STATED = {"yes", "no"}
NOTHING = re.compile(r"Nothing in the documents searched answers|没有能够回答这个问题")
OTHER_BOOK = {"cmrc": "drcd", "drcd": "cmrc"}
_SECTION = re.compile(r"^## ", re.MULTILINE)
_MARK = re.compile(r"\\cite\{[^}]*\}")


class Question(NamedTuple):
    text: str
    answers: list[str]


def questions(name: str) -> Iterator[Question]:
    if name in OTHER_BOOK:
        file = {"cmrc": "cmrc2018_trial.json", "drcd": "drcd_dev.json"}[name]
        for article in json.loads((DATA / "zh_passage_retrieval/dev" / file).read_text())["data"]:
            for paragraph in article["paragraphs"]:
                for asked in paragraph["qas"]:
                    yield Question(asked["question"], [a["text"] for a in asked["answers"]])
        return
    if name == "zh-hops":
        yield from (Question(one.text, [one.answer]) for one in chinese_hops.made()[1])
        return
    file = {"hotpot": "hotpot100/dev/hotpot.json", "morehop": "morehopqa150/dev/morehopqa.json"}[name]
    for row in json.loads((DATA / file).read_text()):
        if name == "hotpot":
            yield Question(row["question"], [row["answer"]])
        else:  # the hops alone: the last step of MoreHopQA is arithmetic on the answer, which quotes cannot give
            yield Question(row["previous_question"], [row["previous_answer"]])


def collection(name: str) -> Collection:
    if name == "zh-hops":
        return chinese_hops.collection()
    if name != "morehop":
        return COLLECTIONS[name]()
    texts = {}
    for row in json.loads((DATA / "morehopqa150/dev/morehopqa.json").read_text()):
        texts.update({(title, " ".join(map(str.strip, sentences))): None for title, sentences in row["context"]})
    rows = [{"id": str(n), "title": title, "text": text} for n, (title, text) in enumerate(texts)]
    return Collection(rows, {}, [], [], "")


def folded(text: str) -> str:
    return re.sub(r"[\W_]+", "", text.casefold())


def measure(name: str, asked: list[Question], provider: LibraryProvider) -> str:
    first = whole = refused = 0
    lengths = []
    for question in asked:
        report = answer(asyncio.run(research(question.text, provider)))
        assert report is not None
        text = _MARK.sub("", report.text).partition("\n")[2]  # the title repeats the question
        sections = _SECTION.split(text)
        if NOTHING.search(sections[0]):
            refused += 1
            continue
        said, gold = folded(sections[1]), [folded(one) for one in question.answers]
        first += any(one in said for one in gold)
        whole += any(one in folded(text) for one in gold)
        lengths.append(len(sections[1]))
    many = len(asked)
    length = round(median(lengths)) if lengths else 0
    return f"{name:22} {many:6} {first / many:7.3f} {whole / many:7.3f} {length:7} {refused / many:8.3f}"


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("sets", nargs="*", default=["hotpot", "morehop", "cmrc", "drcd", "zh-hops"])
    arguments.add_argument("--limit", type=int, default=60, help="questions of each set, spread evenly")
    given = arguments.parse_args()
    print(f"{'':22} {'asked':>6} {'first':>7} {'report':>7} {'length':>7} {'refused':>8}")
    with tempfile.TemporaryDirectory() as place:
        for name in given.sets:
            every = [q for q in questions(name) if folded(q.answers[0]) and q.answers[0].lower() not in NOT_STATED]
            asked = every[:: max(1, len(every) // given.limit)][: given.limit]
            provider = as_library(name, collection(name), Path(place))
            print(measure(name, asked, provider), flush=True)
            if other := OTHER_BOOK.get(name):
                library = as_library(other, collection(other), Path(place))
                print(measure(f"{name}, other book", asked, library), flush=True)


if __name__ == "__main__":
    main()
