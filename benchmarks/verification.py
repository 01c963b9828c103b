"""Does the mechanical check know a supported claim from one that is not? On labelled claims, without a model.

Run: python -m benchmarks.verification [NAME ...] [--levels] [--wrong] | --fit | --time | --reports | --embed FOLDER

The data is in $DEEPRESEARCH_SHARED/data, by default ../shared/data. One file, since all of it reads the same claims.

AUC is the chance that a supported claim scores above one that is not (ties count half), with the 95 % interval of 1000
bootstrap samples of whole questions; "held out" is that of the half on which no weight was fitted. R@10 is the share of
a claim's evidence sentences that are among the ten that rank first, by the best of its sets of evidence. --wrong prints
the claims whose score is furthest from the label, --fit the weights fitted on the other half (support.WEIGHTS),
--levels which share of the claims of each label has which verdict.

--embed: AUC with an embedding model (docs/dense.md) on a sample of each set of FITTED, by halves: words alone, meaning
alone, the mean of the two for all claims, and what is used: the mean for those that the words leave open. "lifted": of
the `unrelated` claims, the supported ones among those that meaning makes `partly`, and among those that stay.
"would be": the same of the `partly` ones that would be `supports` by the mean, which is not done, beside "by words".

refchecker_human and factool_zh come without their references. There a claim is held against what the other models
answered to the same question: agreement, not support. The keywords of uhgeval_zh are taken out of their sentences.

One file, since every data set is read, scored and printed in the same few lines.
"""

import json
import os
import random
import re
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.foreign_reports import parse_report
from deepresearch.library.dense.onnx import OnnxEmbedder
from deepresearch.report.verification import verify
from deepresearch.report.verification.lexical import letters, weigh
from deepresearch.report.verification.reading import read
from deepresearch.report.verification.support import SUPPORTS, WEIGHTS, Support, compared, features, likeness, support
from deepresearch.trajectory import Passage

DATA = Path(os.environ.get("DEEPRESEARCH_SHARED", "../shared")) / "data"
SAMPLES = 1000
RANKED = 10
NEIGHBOUR = 0.2
"""What a sentence beside it counts for one."""
EMBEDDED = 700
"""Claims of a set whose meaning is compared."""
LIFTED = ("partly", "unrelated")
FITTED = ("wice", "expertqa", "factcheck_gpt", "refchecker_human")


@dataclass(frozen=True)
class Row:
    claim: str
    passage: str
    supported: bool
    label: str
    group: str
    """What belongs together stays in one half."""
    title: str = ""
    gold: tuple[frozenset[int], ...] = ()
    """Sets of evidence sentences, by index, each of which suffices."""

    @property
    def held_out(self) -> bool:
        return sha256(self.group.encode()).digest()[0] % 2 == 1


def _lines(path: str) -> Iterator[dict[str, Any]]:
    for line in (DATA / path).read_text(encoding="utf-8").splitlines():
        yield json.loads(line)


def wice() -> Iterator[Row]:
    """Supported in full or in part against not supported."""
    for row in _lines("wice/dev/claim_dev.jsonl"):
        gold = tuple(frozenset(s) for s in row["supporting_sentences"] if s)
        passage = "\n\n".join(row["evidence"])
        yield Row(row["claim"], passage, row["label"] != "not_supported", row["label"], row["meta"]["id"], "", gold)


def wice_full() -> Iterator[Row]:
    """Supported in full against in part or not."""
    for row in wice():
        yield Row(row.claim, row.passage, row.label == "supported", row.label, row.group)


def expertqa() -> Iterator[Row]:
    """Complete support against partial and none."""
    for row in _lines("expertqa/dev/domain_val.jsonl"):
        for answer in row["answers"].values():
            for claim in answer["claims"]:
                passage = "\n\n".join(re.sub(r"^\[\d+\]\s*\S+\s*", "", text) for text in claim["evidence"])
                if claim["support"] in ("Complete", "Partial", "Incomplete") and passage.strip():
                    text = re.sub(r"\s*\[\d+\]", "", claim["claim_string"])
                    yield Row(text, passage, claim["support"] == "Complete", claim["support"], row["question"])


def factcheck_gpt() -> Iterator[Row]:
    """Evidence that bears on the claim against irrelevant evidence."""
    for row in _lines("factcheck_gpt/dev/stance.jsonl"):
        yield Row(row["claim"], row["evidence"], row["stance"] != "irrelevant", row["stance"], row["claim"])


def factcheck_gpt_support() -> Iterator[Row]:
    """Evidence that supports, in full or in part, against evidence that refutes or is irrelevant."""
    for row in factcheck_gpt():
        yield Row(row.claim, row.passage, row.label.endswith("support"), row.label, row.group)


def refchecker_human() -> Iterator[Row]:
    """Triplets that the (absent) reference entails against others; held against the other models' answers."""
    answers: dict[str, dict[str, Any]] = {}
    for path in sorted((DATA / "refchecker_human/dev/accurate_context").glob("*.json")):
        for row in json.loads(path.read_text(encoding="utf-8")):
            answers.setdefault(row["id"], {})[path.stem] = row
    for id_, by_model in answers.items():
        for model, row in by_model.items():
            others = "\n\n".join(r["response"] for name, r in by_model.items() if name != model)
            for triplet in row["claude2_response_kg"] or []:
                label = triplet["human_label"]
                if label:
                    yield Row(" ".join(triplet["triplet"]), others, label == "Entailment", label, id_)


def uhgeval_zh() -> Iterator[Row]:
    """Keywords of invented continuations of news: those that the article supports against the others."""
    for row in _lines("uhgeval_zh/dev/uhgeval.jsonl"):
        article = f"{row['newsBeginning']}\n\n{row['newsRemainder']}"
        for annotation in row["annotations"]:
            keyword, _, verdict = annotation.partition("<sep>")
            supported = verdict.startswith("合理")
            yield Row(keyword, article, supported, verdict, row["id"], row["headLine"])


def uhgeval_zh_sentence() -> Iterator[Row]:
    """The article's own continuation, which it holds word for word, against the invented one."""
    for row in _lines("uhgeval_zh/dev/uhgeval.jsonl"):
        article = f"{row['newsBeginning']}\n\n{row['newsRemainder']}"
        for text, real in ((row["realContinuation"], True), (row["hallucinatedContinuation"], False)):
            yield Row(text, article, real, "real" if real else "invented", row["id"], row["headLine"])


def factool_zh() -> Iterator[Row]:
    """Factual answers against others; held against the other models' answers."""
    for row in _lines("factool_zh/dev/factool_zh.jsonl"):
        answers = row["responses_and_factuality"]
        for number, answer in enumerate(answers):
            if answer["factuality"] in (True, False):
                others = "\n\n".join(str(a["response"]) for n, a in enumerate(answers) if n != number)
                label = "factual" if answer["factuality"] else "not factual"
                yield Row(str(answer["response"]), others, answer["factuality"], label, row["prompt"], row["prompt"])


SETS: dict[str, Callable[[], Iterator[Row]]] = {
    f.__name__: f
    for f in (
        wice,
        wice_full,
        expertqa,
        factcheck_gpt,
        factcheck_gpt_support,
        refchecker_human,
        uhgeval_zh,
        uhgeval_zh_sentence,
        factool_zh,
    )
}  # fmt: skip


def auc(labels: Sequence[bool], scores: Sequence[float]) -> float:
    """Area under the ROC curve: the rank-sum statistic of Mann and Whitney over the number of pairs."""
    truth, values = np.array(labels, bool), np.array(scores, float)
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[place]
    positive, negative = truth.sum(), (~truth).sum()
    if not positive or not negative:
        return float("nan")
    return float((ranks[truth].sum() - positive * (positive + 1) / 2) / (positive * negative))


def interval(rows: Sequence[Row], scores: Sequence[float]) -> tuple[float, float]:
    """The middle 95 % of the AUC over bootstrap samples of the groups."""
    chance = random.Random(0)
    groups: dict[str, list[int]] = {}
    for number, row in enumerate(rows):
        groups.setdefault(row.group, []).append(number)
    members = list(groups.values())
    found = []
    for _ in range(SAMPLES):
        sample = [n for group in chance.choices(members, k=len(members)) for n in group]
        found.append(auc([rows[n].supported for n in sample], [scores[n] for n in sample]))
    low, high = np.nanpercentile(found, [2.5, 97.5])
    return float(low), float(high)


def judge(rows: Sequence[Row]) -> list[Support]:
    """Every claim against its passage; terms weigh as they are rare in the set's passages, as in a run."""
    weights = weigh(read(passage) for passage in {row.passage for row in rows})
    return [support(row.claim, row.passage, title=row.title, weights=weights) for row in rows]


def recall(rows: Sequence[Row], k: int) -> float:
    """The share of evidence sentences among the first `k`: for each claim of the best set."""
    shares = []
    for row in rows:
        if not row.gold:
            continue
        sentences = row.passage.split("\n\n")
        first = set(rank(row.claim, sentences, weigh(map(read, sentences)))[:k])
        shares.append(max(len(first & gold) / len(gold) for gold in row.gold))
    return sum(shares) / len(shares)


def rank(claim: str, sentences: Sequence[str], weights: Mapping[str, float]) -> list[int]:
    """Indexes of the sentences that bear on a claim, the best first: by the terms that they share, half as much by runs
    of letters, and a little by what their neighbours share."""
    rarest = max(weights.values(), default=1.0)
    needed = {term: max(0.1, weights.get(term, rarest)) for term in read(claim).terms}
    total = sum(needed.values()) or 1.0
    own = [
        sum(needed[term] for term in read(text).terms & needed.keys()) / total + letters(claim, text) / 2
        for text in sentences
    ]
    padded = [0.0, *own, 0.0]
    scores = [score + NEIGHBOUR * (padded[n] + padded[n + 2]) for n, score in enumerate(own)]
    return sorted(range(len(scores)), key=lambda n: (-scores[n], n))


def share(rows: Sequence[Row]) -> str:
    return f"{sum(row.supported for row in rows)}/{len(rows)}"


def meaning(folder: Path) -> None:
    """What likeness in meaning adds to words."""
    model = OnnxEmbedder(folder)

    def embed(texts: Sequence[str]) -> Sequence[Sequence[float]]:
        return model.embed(texts, "passage")

    print(
        f"{'':17} {'half':6}{'n':>5}{'words':>7}{'meaning':>9}{'mean':>7}{'used':>7}  lifted, stay; would be, by words"
    )
    start = time.perf_counter()
    for name in FITTED:
        rows = list(SETS[name]())
        weights = weigh(read(passage) for passage in {row.passage for row in rows})
        rows = random.Random(1).sample(rows, min(EMBEDDED, len(rows)))
        for held in (False, True):
            half = [row for row in rows if row.held_out == held]
            words = [support(row.claim, row.passage, weights=weights) for row in half]
            used = [support(row.claim, row.passage, weights=weights, embed=embed) for row in half]
            alike = [likeness(row.claim, read(row.passage), weights, embed)[0] for row in half]
            mean = [(w.score + a) / 2 for w, a in zip(words, alike, strict=True)]
            scores = [[w.score for w in words], alike, mean, [u.score for u in used]]
            figures = [auc([row.supported for row in half], column) for column in scores]
            pairs = [(row, w.level, u) for row, w, u in zip(half, words, used, strict=True)]
            sides = [share([r for r, before, u in pairs if (before, u.level) == ("unrelated", to)]) for to in LIFTED]
            would = [r for r, _, u in pairs if u.by == "semantic" and not u.faults and u.score >= SUPPORTS]
            sides += [share(would), share([r for r, before, _ in pairs if before == "supports"])]
            line = "{:7.3f}{:9.3f}{:7.3f}{:7.3f}".format(*figures)
            print(f"{name:17} {'held' if held else 'fitted':6}{len(half):5}{line}  " + ", ".join(sides))
    print(f"{time.perf_counter() - start:.0f} s")


def main(arguments: list[str]) -> None:
    if "--embed" in arguments:
        return meaning(Path(arguments[arguments.index("--embed") + 1]))
    names = [name for name in arguments if not name.startswith("-")] or list(SETS)
    if "--fit" in arguments:
        return fit()
    if "--time" in arguments:
        return clock()
    if "--reports" in arguments:
        return parsing()
    head = f"{'':22} {'n':>5} {'supported':>9} {'AUC':>6} {'95 %':>12} {'held out':>9} {'ms':>6}"
    print(f"{head}  faults in supported / not")
    for name in names:
        rows = list(SETS[name]())
        start = time.perf_counter()
        found = judge(rows)
        each = 1000 * (time.perf_counter() - start) / len(rows)
        scores = [s.score for s in found]
        labels = [row.supported for row in rows]
        low, high = interval(rows, scores)
        held = [n for n, row in enumerate(rows) if row.held_out]
        out = auc([labels[n] for n in held], [scores[n] for n in held])
        sides = [[bool(s.faults) for s, y in zip(found, labels, strict=True) if y == side] for side in (True, False)]
        figures = f"{auc(labels, scores):6.3f} {low:6.3f}-{high:.3f} {out:9.3f} {each:6.1f}"
        flagged = " / ".join(f"{sum(side) / len(side):.2f}" for side in sides)
        print(f"{name:22} {len(rows):5} {sum(labels):9} {figures}  {flagged}")
        if name == "wice":
            print(f"{'  evidence sentences':22} R@{RANKED} {recall(rows, RANKED):.3f}")
        if "--levels" in arguments:
            show_levels(rows, found)
        if "--wrong" in arguments:
            show_wrong(rows, found)


def show_levels(rows: Sequence[Row], found: Sequence[Support]) -> None:
    """How often each label got each verdict."""
    for label in sorted({row.label for row in rows}):
        own = Counter(result.level for row, result in zip(rows, found, strict=True) if row.label == label)
        many = sum(own.values())
        print(
            f"  {label:20} {many:5} " + ", ".join(f"{level} {count / many:.2f}" for level, count in own.most_common())
        )


def show_wrong(rows: Sequence[Row], found: Sequence[Support], many: int = 10) -> None:
    """The claims whose score is furthest from their label, on either side."""
    order = sorted(range(len(rows)), key=lambda n: found[n].score)
    worst = [n for n in order if rows[n].supported][:many] + [n for n in order[::-1] if not rows[n].supported][:many]
    for n in worst:
        row, result = rows[n], found[n]
        print(f"\n  {row.label}, score {result.score:.2f}, {result.level}: {' '.join(row.claim.split())[:300]}")
        for start, end in result.evidence:
            print(f"    | {' '.join(row.passage[start:end].split())[:300]}")
        for fault in result.faults:
            print(f"    ! {fault.kind}: {fault.reason}")


def clock(words: int = 5000, citations: int = 100) -> None:
    """How long one report takes: claims of WiCE, each citing a whole web page, and more that cite nothing."""
    rows = list(wice())
    known = {
        f"p{n}": Passage(id=f"p{n}", document=str(n), title="", text=r.passage) for n, r in enumerate(rows[:citations])
    }
    parts = [f"{row.claim.rstrip('.')} \\cite{{p{n}}}." for n, row in enumerate(rows[:citations])]
    filling = (row.claim for row in rows[citations:])
    while len(" ".join(parts).split()) < words:
        parts.append(next(filling))
    text = "\n\n".join(parts)
    start = time.perf_counter()
    found = verify(text, known)
    seconds = time.perf_counter() - start
    size = sum(len(p.text.split()) for p in known.values())
    print(
        f"a report of {len(text.split())} words, {len(found.citations)} citations, passages of {size} words together, "
        f"{len(found.uncited)} claims without a citation: {seconds:.1f} s"
    )


def parsing() -> None:
    """Reports of other systems taken apart: claims, marks and sources by system and language."""
    heads = ("reports", "claims", "cited", "rows", "marks", "lost", "sources", "unresolved", "ms")
    print(f"{'':22}" + "".join(f"{head:>11}" for head in heads))
    for path in sorted((DATA / "drb1_reports/dev").glob("*.jsonl")):
        sums: dict[str, Counter[str]] = {}
        for line in path.read_text(encoding="utf-8").splitlines():
            start = time.perf_counter()
            report = parse_report(json.loads(line)["article"])
            backed = {mark for claim in report.claims for mark in claim.marks}
            figures = {
                "reports": 1,
                "claims": len(report.claims),
                "cited": sum(bool(claim.marks) for claim in report.claims),
                "rows": sum(claim.kind == "row" for claim in report.claims),
                "marks": len(report.marks),
                "lost": len(report.marks) - len(backed),
                "sources": len(report.sources),
                "unresolved": len(report.unresolved),
                "ms": round(1000 * (time.perf_counter() - start)),
            }
            sums.setdefault(report.language, Counter()).update(figures)
        for language, total in sorted(sums.items()):
            print(f"{path.stem + ' ' + language:22}" + "".join(f"{total[head]:11}" for head in heads))


def fit() -> None:
    """Weights of the score, fitted on one half of FITTED: logistic regression with an intercept for each set, every set
    and either label of equal weight in it, ridge 1."""
    from scipy.optimize import minimize

    blocks, labels, importance = [], [], []
    for number, name in enumerate(FITTED):
        rows = [row for row in SETS[name]() if not row.held_out]
        weights = weigh(read(passage) for passage in {row.passage for row in rows})
        values = np.array(
            [[*features(*compared(read(row.claim), read(row.passage), "", weights)).values()] for row in rows]
        )
        truth = np.array([row.supported for row in rows])
        own = np.zeros((len(rows), len(FITTED)))
        own[:, number] = 1
        blocks.append(np.hstack([values, own]))
        labels.append(truth)
        importance.append(np.where(truth, 100 / truth.sum(), 100 / (~truth).sum()))
    table, truth, share = np.vstack(blocks), np.concatenate(labels), np.concatenate(importance)
    many = len(WEIGHTS)

    def loss(beta: np.ndarray) -> float:
        z = table @ beta
        return float((share * np.logaddexp(0, np.where(truth, -z, z))).sum() + (beta[:many] ** 2).sum() / 2)

    fitted = minimize(loss, np.zeros(table.shape[1]), method="L-BFGS-B").x
    print({name: round(float(value), 2) for name, value in zip(WEIGHTS, fitted, strict=False)})
    print({name: round(float(value), 2) for name, value in zip(FITTED, fitted[many:], strict=True)})


if __name__ == "__main__":
    main(sys.argv[1:])
