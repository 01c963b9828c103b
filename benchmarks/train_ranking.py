"""Learns how the extractive policy ranks candidates, and shows what that is worth.

Run: python -m benchmarks.train_ranking [--write] [--questions N]   (data: $DEEPRESEARCH_SHARED, default ../shared)

Labelled questions come from several data sets; each is tested by weights that were trained on all the others. The
table shows the share of questions whose gold is among the first 1, 3 and 10 candidates, for the learned score and for
plain overlap weighted by rarity (idf). READER_RUNS names folders of runs over manuals (`ID.json`, what `run --json`
printed for that question; the documents of manuals.jsonl are those of the Debian packages sqlite3-doc, developers-
reference, installation-guide-amd64, debmake-doc and debian-faq-zh-cn). --write stores weights trained on all of them
in `ranking.json`, the thresholds from which something counts as an answer among them, and the background frequencies
of terms in `frequencies.txt`. One file, since every data set is read into the same labelled questions.

One file, since what is learned, how it is tested and what is printed of it have to be read together.
"""

import argparse
import json
import math
import os
import random
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from deepresearch.extractive import features as extracted
from deepresearch.extractive.answers import EXAMINED, fitting, signals
from deepresearch.extractive.candidates import Candidate
from deepresearch.extractive.features import FREQUENCIES, gather, prepare
from deepresearch.extractive.parts import parts_of
from deepresearch.extractive.question import analyse
from deepresearch.extractive.ranking import WEIGHTS, Ranked
from deepresearch.text.characters import has_han
from deepresearch.text.sentences import split_sentences
from deepresearch.text.terms import tokenise
from deepresearch.trajectory import Passage

SHARED = Path(os.environ.get("DEEPRESEARCH_SHARED", "../shared"))
PACKAGE = Path(extracted.__file__).parent
EPOCHS, RATE, DECAY = 40, 0.05, 0.1
"""Rounds of training, its first step, and how strongly weights are kept small: the sets differ much."""
READER = 6
"""How often each question on manuals counts: they are nearest to what people ask of their documents."""
MAY_HURT = frozenset("number_asked_missing length short windows item row line first".split())
"""Features whose weight may be below zero; of all others more is never worse."""
RARE = 11
"""A term that one of 2 ** RARE sentences has is just common enough to be kept."""
DISTRACTORS = 8
"""Passages of other documents that share words with the question, beside the documents of the gold."""
FALSE_REFUSALS = 0.025
"""Share of the answerable questions that may be declined."""
ASKED_OF_ALL = ("hotpot", "wice")
"""Sets whose questions need several documents, or one: without it nothing is left to ask."""
EXTRA_UNIT = 0.08
"""What each unit of a candidate beyond the gold costs of its worth."""


@dataclass
class Case:
    """A question with the passages that were read for it."""

    question: str
    passages: list[Passage]
    gold: Callable[[Candidate], float]
    """How much of the gold a candidate has, 0 to 1."""
    answerable: bool = True


@dataclass
class Group:
    """The candidates of one case as numbers."""

    values: np.ndarray
    gold: np.ndarray
    overlap: np.ndarray


def passage(document: str, text: str, position: int = 0, title: str = "") -> Passage:
    return Passage(
        id=f"{document}#{position}", document=document, title=title or document, text=text, position=position
    )


def squeezed(text: str) -> str:
    return re.sub(r"\s+", "", text)


def holds(*sentences: str) -> Callable[[Candidate], float]:
    """The share of the gold sentences that a candidate has."""
    wanted = [squeezed(one) for one in sentences if one.strip()]

    def gold(candidate: Candidate) -> float:
        text = squeezed(candidate.text)
        had = sum(one in text for one in wanted)
        if not had:
            return 0.0
        return max(0.1, 1.0 - EXTRA_UNIT * max(0, len(candidate.units) - had))

    return gold


class Index:
    """Finds texts with words of a question, for distractors."""

    def __init__(self, texts: Sequence[str]) -> None:
        self.terms = [frozenset(tokenise(text)) for text in texts]
        count = Counter(term for terms in self.terms for term in terms)
        self.idf = {term: math.log(len(texts) / n) for term, n in count.items()}
        self.places: dict[str, list[int]] = {}
        for place, terms in enumerate(self.terms):
            for term in terms:
                if count[term] < len(texts) / 10:
                    self.places.setdefault(term, []).append(place)

    def near(self, question: str, most: int) -> list[int]:
        scores: Counter[int] = Counter()
        for term in set(tokenise(question)):
            for place in self.places.get(term, ()):
                scores[place] += self.idf[term] / math.sqrt(len(self.terms[place]))  # type: ignore[assignment]
        return [place for place, _ in scores.most_common(most)]


def hotpot(shared: Path) -> Iterator[Case]:
    for row in json.loads((shared / "data/hotpot100/dev/hotpot.json").read_text()):
        context = dict(zip(row["context"]["title"], row["context"]["sentences"], strict=True))
        supporting = zip(row["supporting_facts"]["title"], row["supporting_facts"]["sent_id"], strict=True)
        gold = [context[t][i] for t, i in supporting if t in context and i < len(context[t])]
        yield Case(row["question"], [passage(t, "".join(s)) for t, s in context.items()], holds(*gold))


def morehop(shared: Path) -> Iterator[Case]:
    """The single questions that each question of MoreHopQA is taken apart into."""
    rows = json.loads((shared / "data/morehopqa150/dev/morehopqa.json").read_text())
    texts = {t: " ".join(one.strip() for one in s) for row in rows for t, s in row["context"]}
    sentences = {t: s for row in rows for t, s in row["context"]}
    titles = list(texts)
    index = Index([texts[t] for t in titles])
    for row in rows:
        for step in row["question_decomposition"]:
            title = step["paragraph_support_title"]
            gold = [s for s in sentences.get(title, []) if step["answer"].casefold() in s.casefold()]
            if gold:
                near = dict.fromkeys([title, *(titles[i] for i in index.near(step["question"], DISTRACTORS))])
                yield Case(step["question"], [passage(t, texts[t]) for t in near], holds(*gold[:1]))


def scifact(shared: Path) -> Iterator[Case]:
    rows = [json.loads(line) for line in (shared / "data/scifact/corpus.jsonl").open()]
    abstracts = {str(row["doc_id"]): row for row in rows}
    keys = list(abstracts)
    index = Index([" ".join([abstracts[k]["title"], *abstracts[k]["abstract"]]) for k in keys])
    for line in (shared / "data/scifact/dev/claims_train.jsonl").open():
        claim = json.loads(line)
        row = abstracts.get(str(claim["evidence_doc_id"]))
        if row:
            gold = [row["abstract"][i] for i in claim["evidence_sentences"] if i < len(row["abstract"])]
            near = dict.fromkeys(
                [str(claim["evidence_doc_id"]), *(keys[i] for i in index.near(claim["claim"], DISTRACTORS))]
            )
            given = [
                passage(k, " ".join(s.strip() for s in abstracts[k]["abstract"]), title=abstracts[k]["title"])
                for k in near
            ]
            yield Case(claim["claim"], given, holds(*gold))


def wice(shared: Path) -> Iterator[Case]:
    for line in (shared / "data/wice/dev/claim_dev.jsonl").open():
        row = json.loads(line)
        evidence = row["evidence"]
        gold = [evidence[i] for i in sorted({i for group in row["supporting_sentences"] for i in group})]
        if gold and len(evidence) < 250:
            parts = [evidence[i : i + 6] for i in range(0, len(evidence), 6)]
            title = evidence[0].removeprefix("(meta data) TITLE:").strip()
            yield Case(
                row["claim"], [passage("page", "\n\n".join(p), n, title) for n, p in enumerate(parts)], holds(*gold)
            )


def squad(file: str) -> Callable[[Path], Iterator[Case]]:
    """Questions on paragraphs with the span of the answer."""

    def cases(shared: Path) -> Iterator[Case]:
        articles = json.loads((shared / "data/zh_passage_retrieval/dev" / file).read_text())["data"]
        rows = [(a.get("title", "") or a["id"], n, p) for a in articles for n, p in enumerate(a["paragraphs"])]
        index = Index([p["context"] for _, _, p in rows])
        for place, (_, _, paragraph) in enumerate(rows):
            for asked in paragraph["qas"]:
                answer = asked["answers"][0]
                gold = next(
                    (s for s in sentences_at(paragraph["context"], answer["answer_start"]) if answer["text"] in s), ""
                )
                near = [place, *(i for i in index.near(asked["question"], DISTRACTORS) if i != place)]
                given = [passage(rows[i][0], rows[i][2]["context"], rows[i][1]) for i in near]
                if gold:
                    yield Case(asked["question"], given, holds(gold))

    return cases


def sentences_at(text: str, place: int) -> list[str]:
    """The sentence at a place of the text."""
    start = 0
    for sentence in split_sentences(text):
        start = text.index(sentence, start)
        if start <= place < start + len(sentence):
            return [sentence]
        start += len(sentence)
    return []


def manuals(questions: Path) -> Callable[[Path], Iterator[Case]]:
    """Questions on manuals with what was read for them, where runs of them are kept (READER_RUNS)."""

    def cases(shared: Path) -> Iterator[Case]:
        kept = os.environ.get("READER_RUNS")
        for line in (shared / questions).open() if kept else ():
            row = json.loads(line)
            files = [f for folder in str(kept).split(os.pathsep) if (f := Path(folder) / f"{row['id']}.json").is_file()]
            for file in files[:1]:
                passages = [
                    Passage(document=d["document"], title=d["title"], **{k: v for k, v in p.items() if k != "document"})
                    for d in json.loads(file.read_text())["sources"]
                    for p in d["passages"]
                ]
                yield Case(
                    row["question"], passages, matches(row["answer"], row.get("document", [""])), bool(row["answer"])
                )

    return cases


def matches(groups: list[list[str]], documents: list[str]) -> Callable[[Candidate], float]:
    def gold(candidate: Candidate) -> float:
        if not groups or not any(candidate.passage.document.endswith(one) for one in documents):
            return 0.0
        text = f"{candidate.above} {candidate.text} {candidate.code}"
        had = sum(any(re.search(one, text, re.I | re.S) for one in group) for group in groups)
        return had / len(groups) * (1.0 - EXTRA_UNIT * (len(candidate.units) - 1) / 2)

    return gold


SETS: dict[str, Callable[[Path], Iterator[Case]]] = {
    "hotpot": hotpot,
    "morehop": morehop,
    "scifact": scifact,
    "wice": wice,
    "cmrc": squad("cmrc2018_trial.json"),
    "drcd": squad("drcd_dev.json"),
    "reader": manuals(Path("cases/reader/questions-dev.jsonl")),
    "manuals": manuals(Path(__file__).with_name("manuals.jsonl")),
}


def sampled(name: str, most: int) -> list[Case]:
    cases = list(SETS[name](SHARED))
    random.Random(name).shuffle(cases)
    return cases[:most]


def numbers(case: Case) -> Group | None:
    """The candidates of a case with their features, and how much of the gold each has; None where none has any."""
    pool = gather(case.passages)
    values, gold, overlap = [], [], []
    for part in parts_of([analyse(case.question)]):
        asked = prepare(part, pool)
        for candidate in pool.candidates:
            found = extracted.features(candidate, asked, pool)
            values.append(list(found.values()))
            gold.append(case.gold(candidate))
            overlap.append(found["covered"])
    if not values or max(gold) <= 0:
        return None
    return Group(np.array(values), np.array(gold), np.array(overlap))


def feature_names() -> tuple[str, ...]:
    """The names of the features, in their order."""
    pool = gather([Passage(id="p", document="d", title="Geese", text="Geese eat the grass of the park.")])
    [part] = parts_of([analyse("What do geese eat?")])
    return tuple(extracted.features(pool.candidates[0], prepare(part, pool), pool))


NAMES = feature_names()


def train(groups: Sequence[Group]) -> np.ndarray:
    """Weights under which the candidates with the gold come first: a softmax over the candidates of each question."""
    rng = np.random.default_rng(0)
    bounded = np.array([name not in MAY_HURT for name in NAMES])
    w, mean, square = np.zeros(len(NAMES)), np.zeros(len(NAMES)), np.zeros(len(NAMES))
    step = 0
    for epoch in range(EPOCHS):
        rate = RATE * (1 - epoch / EPOCHS)
        for batch in np.array_split(rng.permutation(len(groups)), max(1, len(groups) // 16)):
            gradient = DECAY * w
            for at in batch:
                group = groups[at]
                scores = group.values @ w
                share = np.exp(scores - scores.max())
                off = share / share.sum() - group.gold / group.gold.sum()
                gradient = gradient + group.values.T @ off / len(batch)
            step += 1
            mean = 0.9 * mean + 0.1 * gradient
            square = 0.999 * square + 0.001 * gradient**2
            w = w - rate * (mean / (1 - 0.9**step)) / (np.sqrt(square / (1 - 0.999**step)) + 1e-8)
            w = np.where(bounded, np.maximum(w, 0), w)
    return w


def weighted(sets: dict[str, list[Group]]) -> list[Group]:
    """The groups of all sets, each as often as it counts."""
    return [
        group for name, groups in sets.items() for group in groups * (READER if name in ("reader", "manuals") else 1)
    ]


def shares(groups: Sequence[Group], score: Callable[[Group], np.ndarray]) -> list[float]:
    """The share of questions with gold among the first 1, 3 and 10 candidates."""
    found = np.zeros(3)
    for group in groups:
        order = np.argsort(-score(group), kind="stable")
        found += [bool((group.gold[order[:k]] > 0).any()) for k in (1, 3, 10)]
    return [float(x) for x in found / max(1, len(groups))]


def table(sets: dict[str, list[Group]]) -> None:
    print(f"{'left out':10} {'asked':>6} {'learned 1 / 3 / 10':>22} {'overlap 1 / 3 / 10':>22}")
    every: list[list[float]] = []
    for name, groups in sets.items():
        w = train(weighted({other: groups for other, groups in sets.items() if other != name}))
        learned = shares(groups, lambda g, w=w: g.values @ w)  # type: ignore[misc]
        overlap = shares(groups, lambda g: g.overlap)
        every.append([*learned, *overlap])
        print(f"{name:10} {len(groups):6} {show(learned):>22} {show(overlap):>22}", flush=True)
    mean = [float(x) for x in np.mean(every, axis=0)]
    print(f"{'mean':10} {'':6} {show(mean[:3]):>22} {show(mean[3:]):>22}")


def show(values: Sequence[float]) -> str:
    return " / ".join(f"{v:.2f}" for v in values)


def general_text() -> Iterator[str]:
    """Sentences of general text in both languages."""
    for line in (SHARED / "data/wice/dev/claim_dev.jsonl").open():
        yield from json.loads(line)["evidence"]
    for row in json.loads((SHARED / "data/wiki2_multihop101/corpus_6119.json").read_text())[::6]:
        yield from split_sentences(row["text"])
    for row in json.loads((SHARED / "data/strategyqa_dev/dev.json").read_text()):
        yield row["question"]
        yield from row.get("facts", [])
    for number, line in enumerate((SHARED / "data/scifact/corpus.jsonl").open()):
        if number % 10 == 0:
            yield from json.loads(line)["abstract"]
    for file in ("cmrc2018_trial.json", "drcd_dev.json"):
        for article in json.loads((SHARED / "data/zh_passage_retrieval/dev" / file).read_text())["data"]:
            for paragraph in article["paragraphs"]:
                yield from split_sentences(paragraph["context"])
                yield from (asked["question"] for asked in paragraph["qas"])


def write_frequencies() -> None:
    """Each term that general text has often enough, with its class: 9 in one sentence of 8, 8 in one of 16, ..."""
    counts: dict[bool, Counter[str]] = {True: Counter(), False: Counter()}
    total = {True: 0, False: 0}
    for sentence in general_text():
        chinese = has_han(sentence)
        total[chinese] += 1
        counts[chinese].update(t for t in set(tokenise(sentence)) if has_han(t) == chinese)
    classes: dict[int, list[str]] = {}
    for chinese, count in counts.items():
        for term, n in count.items():
            place = min(9, math.floor(RARE + 1 + math.log2(n / total[chinese])))
            if place > 0 and not term.isdigit():
                classes.setdefault(place, []).append(term)
    lines = [f"{place} {' '.join(sorted(classes[place]))}" for place in sorted(classes, reverse=True)]
    (PACKAGE / FREQUENCIES).write_text("\n".join(lines) + "\n", encoding="utf-8")


def write_weights(w: np.ndarray, answer: dict[str, Any]) -> None:
    data = {"weights": {name: round(float(x), 3) for name, x in zip(NAMES, w, strict=True)}, "answer": answer}
    (PACKAGE / WEIGHTS).write_text(json.dumps(data, indent=1) + "\n", encoding="utf-8")


def without_answer(case: Case, whole: bool) -> Case:
    """The same question asked of what is left without the passages that answer it, or without their documents."""
    pool = gather(case.passages)
    gold = {c.passage.document if whole else c.passage.id for c in pool.candidates if case.gold(c) > 0}
    rest = [p for p in case.passages if (p.document if whole else p.id) not in gold]
    return Case(case.question, rest, case.gold)


def signals_of(case: Case, w: np.ndarray) -> dict[str, float] | None:
    """What shows whether the passages answer the question's first part."""
    if not case.passages:
        return None
    pool = gather(case.passages)
    asked = prepare(parts_of([analyse(case.question)])[0], pool)
    values = [extracted.features(c, asked, pool) for c in pool.candidates]
    if not values:
        return None
    scores = np.array([list(found.values()) for found in values]) @ w
    order = np.argsort(-scores, kind="stable")[:EXAMINED]
    ranked = [Ranked(pool.candidates[i], float(scores[i]), values[i]) for i in order]
    return signals(fitting(ranked, asked, pool), asked, pool)


def fit(values: np.ndarray, answered: np.ndarray) -> tuple[np.ndarray, float]:
    """Logistic regression, each class counted as one half."""
    share = np.where(answered, 0.5 / answered.mean(), 0.5 / (1 - answered.mean()))
    weights, bias = np.zeros(values.shape[1]), 0.0
    for _ in range(3000):
        off = share * (1 / (1 + np.exp(-(values @ weights + bias))) - answered)
        weights -= 0.3 * (values.T @ off / len(values) + 1e-3 * weights)
        bias -= 0.3 * float(off.mean())
    return weights, bias


def calibrate(cases: dict[str, list[Case]], w: np.ndarray) -> dict[str, Any]:
    """Weights of the signals, and the likelihood below which a part is declined; prints what it gives."""
    rows: list[tuple[str, bool, dict[str, float]]] = []
    for name, listed in cases.items():
        for case in listed:
            asked_elsewhere = (
                [(f"{name}, other passages", without_answer(case, whole=False))] if case.answerable else []
            )
            asked_elsewhere += (
                [(f"{name}, other documents", without_answer(case, whole=True))] if case.answerable else []
            )
            for what, one in [(name, case), *asked_elsewhere]:
                if found := signals_of(one, w):
                    rows.append((what, what == name and case.answerable, found))
    values = np.array([list(found.values()) for _, _, found in rows])
    answered = np.array([a for _, a, _ in rows])
    weights, bias = fit(values, answered)
    likely = 1 / (1 + np.exp(-(values @ weights + bias)))
    threshold = float(np.quantile(likely[answered], FALSE_REFUSALS))
    print(f"\n{'declined':26}")
    for what in dict.fromkeys(what for what, _, _ in rows):
        for right in (True, False):
            here = np.array([w == what and a == right for w, a, _ in rows])
            if here.any():
                kind = "answerable" if right else "unanswerable"
                print(f"{what:26} {kind:14} {(likely[here] < threshold).sum():>5} of {here.sum()}")
    print(f"threshold {threshold:.3f}")
    return {
        "weights": {name: round(float(x), 3) for name, x in zip(rows[0][2], weights, strict=True)},
        "bias": round(bias, 3),
        "threshold": round(threshold, 3),
    }


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--write", action="store_true")
    arguments.add_argument("--frequencies", action="store_true", help="count the background frequencies and stop")
    arguments.add_argument("--questions", type=int, default=200, help="of each data set at most")
    given = arguments.parse_args()
    if given.frequencies:
        write_frequencies()
        return
    cases = {name: sampled(name, given.questions) for name in SETS}
    sets = {name: [g for case in listed if (g := numbers(case))] for name, listed in cases.items()}
    sets = {name: groups for name, groups in sets.items() if groups}
    table(sets)
    w = train(weighted(sets))
    answer = calibrate({name: cases[name] for name in sets if name not in ASKED_OF_ALL}, w)
    if given.write:
        write_weights(w, answer)


if __name__ == "__main__":
    main()
