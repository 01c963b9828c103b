"""The authority table: what it holds, how it agrees with lists of others, and what its boost does to ranking.

Run: python -m benchmarks.authority [counts] [lists] [cost] [copies] [fused]    (data: $DEEPRESEARCH_SHARED/data,
default ../shared/data; without a name, all five)

lists   AUC: how often a domain that a list calls good has a better tier than one that it calls bad, ties half. The
        AUC of the weight is the same, since a weight is its tier's. "held out": not used when the table was made.
cost    nDCG@10 lost where authority is drawn at random, as these collections have no addresses: even tiers, mean of
        ten draws. The margin is the largest that, with all below it, costs less than 0.5 % in each collection on every
        other query; beside it stand the remaining queries.
copies  every relevant document gets a copy (words dropped, title stuffed in) that counts as irrelevant; how often does
        the original come first?
fused   the same as cost for the search tool's fusion, where ranks are all that is known: one provider, and three that
        each hold a third of the documents. Beside the mean loss its 95 % interval over the queries; the margin is the
        largest that loses nothing significant in any collection on every other query. In order: neighbours among the
        first ten that the judgements hold for equally relevant and the tool for comparable, better tier first, before
        and after.
"""

import csv
import json
import math
import random
import sys
import tempfile
import time
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from itertools import pairwise, takewhile
from pathlib import Path
from statistics import mean, stdev
from zlib import crc32

import ir_measures
from ir_measures import Qrel, ScoredDoc, nDCG

from deepresearch.library import Library, authority
from deepresearch.library.authority import MARGIN, TIERS, Authority, SiteVerdict, read_table, rerank
from deepresearch.tools.fusion import RANK_MARGIN, RRF_K, TEXT_MARGIN, Group, by_authority, gather
from deepresearch.web.search import Hit, Query, SearchResult

from .retrieval import COLLECTIONS, DATA, Collection

LISTS = DATA / "authority/dev"
JUDGED = ("scifact", "cacm", "cranfield")
MARGINS = (0.01, 0.02, 0.04, 0.06, 0.08, 0.09, 0.1, 0.11, 0.12, 0.15, 0.2, 0.3)
ALLOWED = 0.005
"""Share of nDCG@10 that the boost may cost."""
SEEDS = range(10)
DEPTH = 50
TABLE = read_table(Path(authority.__file__).with_suffix(".csv"))
HOSTS = {tier: next(d for d, row in TABLE.items() if row[0] == tier and "*" not in d) for tier in TIERS} | {
    4: "unlisted.example"
}
"""A host of each tier."""
FUSED_MARGINS = (0.02, 0.05, 0.1, 0.2, 0.5)
Labels = list[tuple[str, bool]]
"""(domain, called good) of a list."""
UNKNOWN = Authority([])
Run = dict[str, list[Hit]]
"""Query -> hits, best first."""


def counts() -> None:
    domains = {domain: row for domain, row in TABLE.items() if not domain.startswith("*.")}
    chinese = sum(row[3] == "zh" or row[2] in ("cn", "hk", "mo", "tw", "sg") for row in domains.values())
    print(f"{len(domains)} domains, {chinese} of them Chinese; {len(TABLE) - len(domains)} families")
    for column, name in enumerate(("tier", "kind", "country", "language")):
        found = Counter(row[column] for row in domains.values()).most_common()
        rest = f", {len(found) - 30} more" if len(found) > 30 else ""
        print(f"  {name:9} {', '.join(f'{value} {number}' for value, number in found[:30])}{rest}")
    start = time.perf_counter()
    trusted = Authority.load()
    loading = time.perf_counter() - start
    urls = [f"https://www.{domain.removeprefix('*.')}/a/b.html?c=d" for domain in TABLE]
    start = time.perf_counter()
    for url in urls:
        trusted.verdict(url)
    each = (time.perf_counter() - start) / len(urls)
    print(f"  loading {1e3 * loading:.1f} ms, a verdict {1e6 * each:.1f} µs")


def lists() -> None:
    trusted = Authority.load()
    print(f"{'list':34} {'rows':>6} {'listed':>6} {'AUC of listed':>13} {'AUC of all':>10}")
    for name, (labels, use) in agreements().items():
        tiers = [(trusted.verdict(domain), good) for domain, good in labels]
        listed = [(verdict.tier, good) for verdict, good in tiers if verdict.match]
        every = [(verdict.tier, good) for verdict, good in tiers]
        print(f"{name:34} {len(labels):6} {len(listed):6} {auc(listed):13.3f} {auc(every):10.3f}   {use}")
    print(f"\n{'list of good domains only':34} {'rows':>6} {'tier 1':>6} {'tier 2':>6} {'else':>6}")
    for name, domains in good_only().items():
        tiers = Counter(trusted.verdict(domain).tier for domain in domains)
        total = len(domains)
        shares = (tiers[1] / total, tiers[2] / total, 1 - (tiers[1] + tiers[2]) / total)
        print(f"{name:34} {total:6} " + " ".join(f"{share:6.3f}" for share in shares))


def agreements() -> dict[str, tuple[Labels, str]]:
    lin = [(row["domain"], float(row["pc1"])) for row in _rows("lin2023_domain_pc1.csv")]
    lasser = _rows("misinformation_domain_list_clean.csv")
    ranking = _rows("wikipedia_reliability_ranking.csv")
    marks = {"gr": True, "gu": False, "d": False}
    goggle = [line.removeprefix("$").split(",site=") for line in _lines("wikipedia_perennial.goggle") if line[0] == "$"]
    votes = {"boost=2": True, "discard": False}
    held_out, used = "held out", "used: verdicts on news and user content"
    return {
        "Lin 2023, pc1 from .5": ([(domain, score >= 0.5) for domain, score in lin], held_out),
        "Lin 2023, pc1 from .75 or to .25": (
            [(domain, score >= 0.75) for domain, score in lin if not 0.25 < score < 0.75],
            held_out,
        ),
        "Lasser 2022, reliable or not": ([(row["url"], row["type"] == "reliable") for row in lasser], held_out),
        "Wikipedia perennial sources": (
            [(row["domain"], marks[row["status"]]) for row in ranking if row["status"] in marks and row["domain"]],
            used,
        ),
        "Wikipedia projects (goggle)": ([(site, votes[mark]) for mark, site in goggle if mark in votes], used),
    }


def good_only() -> dict[str, list[str]]:
    universities = json.loads((LISTS / "universities_hipo.json").read_text())
    return {
        "universities (Hipo)": [domain for row in universities for domain in row["domains"]],
        "universities of China (Hipo)": [
            domain for row in universities if row["alpha_two_code"] == "CN" for domain in row["domains"]
        ],
        "academic domains (swot)": [line.split("\t")[0] for line in _lines("swot_academic_domains.tsv")],
        "US government (dotgov)": [row["Domain name"] for row in _rows("dotgov_full.csv")],
    }


def auc(labelled: Iterable[tuple[int, bool]]) -> float:
    """Chance that a good one has a better (lower) tier than a bad one, ties counted half."""
    labelled = list(labelled)
    bad = sorted(tier for tier, good in labelled if not good)
    wins = [len(bad) - (bisect_left(bad, tier) + bisect_right(bad, tier)) / 2 for tier, good in labelled if good]
    return mean(wins) / len(bad)


def cost() -> None:
    print(f"{'':19} {'nDCG@10':>7}  loss in %, by margin\n{'':28}" + "".join(f"{margin:7}" for margin in MARGINS))
    with tempfile.TemporaryDirectory() as folder:
        found = [(name, collection, search(name, collection, Path(folder))) for name, collection in judged()]
    for kind, valued in (("index scores", lambda run: run), ("reciprocal ranks", by_rank)):
        worst = [0.0] * len(MARGINS)
        for name, collection, run in found:
            for part in ("chosen on", "others"):
                half = dict(list(valued(run).items())[part == "others" :: 2])
                before = quality(collection, half)
                lost = losses(collection, half, before)
                print(f"{name:9} {part:9} {before:7.3f}  " + "".join(f"{100 * loss:7.2f}" for loss in lost), flush=True)
                if part == "chosen on":
                    worst = list(map(max, worst, lost))
        cheap = takewhile(lambda pair: pair[1] < ALLOWED, zip(MARGINS, worst, strict=True))
        best = max((margin for margin, _ in cheap), default=0)
        print(f"{kind}: largest margin below {100 * ALLOWED} % is {best} (in use, for index scores: {MARGIN})\n")


def judged() -> Iterator[tuple[str, Collection]]:
    for name in JUDGED:
        yield name, COLLECTIONS[name]()


def losses(collection: Collection, run: Run, before: float) -> list[float]:
    """Share of nDCG@10 lost under random authority, per margin, mean over the seeds."""
    trusted = Authority.load()
    after: list[list[float]] = [[] for _ in MARGINS]
    for seed in SEEDS:
        source = random.Random(seed)
        tiers = {row["id"]: source.choice(list(TIERS)) for row in collection.rows}
        placed = {query: [placed_at(hit, tiers[hit.passage.document]) for hit in hits] for query, hits in run.items()}
        for values, margin in zip(after, MARGINS, strict=True):
            values.append(quality(collection, {q: rerank(hits, trusted, margin) for q, hits in placed.items()}))
    return [1 - mean(values) / before for values in after]


def copies() -> None:
    trusted = Authority.load()
    print(f"{'':10} {'original, copy in':18} {'nDCG@10':>15} {'original first':>15}   (without, with authority)")
    for name, plain in judged():
        collection = with_copies(plain)
        with tempfile.TemporaryDirectory() as folder:
            run = search(name, collection, Path(folder))
        for good, bad in ((1, 6), (2, 5), (3, 4)):
            placed = {
                query: [placed_at(hit, bad if is_copy(hit.passage.document) else good) for hit in hits]
                for query, hits in run.items()
            }
            after = {query: rerank(hits, trusted) for query, hits in placed.items()}
            quality_of = f"{quality(collection, placed):7.3f} {quality(collection, after):7.3f}"
            first = f"{originals_first(collection, placed):7.3f} {originals_first(collection, after):7.3f}"
            print(f"{name:10} tier {good}, tier {bad:<6} {quality_of:>15} {first:>15}")


def fused() -> None:
    print(f"{'':29} {'nDCG@10':>7}  loss in %, by rank margin (text margin {TEXT_MARGIN}), +- 95 %")
    print(f"{'':39}" + "".join(f"{margin:>15}" for margin in FUSED_MARGINS) + f"{f'in order at {RANK_MARGIN}':>20}")
    sound = dict.fromkeys(FUSED_MARGINS, True)
    with tempfile.TemporaryDirectory() as folder:
        found = [(name, collection, search(name, collection, Path(folder))) for name, collection in judged()]
    for providers in (1, 3):
        for name, collection, run in found:
            groups = {
                query: gather(split(hits, providers), collection.queries[query], UNKNOWN) for query, hits in run.items()
            }
            for part in ("chosen on", "others"):
                half = dict(list(groups.items())[part == "others" :: 2])
                before, lost, ordered = fused_losses(collection, half)
                told = "".join(
                    f"{100 * mean(lost[m]) / before:8.2f} +-{100 * spread(lost[m]) / before:5.2f}" for m in lost
                )
                shares = f"{ordered[0]:.2f} -> {ordered[1]:.2f}"
                print(
                    f"{providers} provider{'s' * (providers > 1):1} {name:9} {part:9} {before:7.3f}  {told}{shares:>20}"
                )
                if part == "chosen on":
                    sound = {m: sound[m] and mean(lost[m]) - spread(lost[m]) <= 0 for m in sound}
    best = max(takewhile(lambda margin: sound[margin], FUSED_MARGINS), default=0)
    print(f"largest margin without a significant loss: {best} (in use: {RANK_MARGIN})")


def split(hits: list[Hit], providers: int) -> list[SearchResult]:
    """The answers of providers that hold a share of the documents each."""
    share = {hit.passage.document: crc32(hit.passage.document.encode()) % providers for hit in hits}
    return [
        SearchResult([hit for hit in hits if share[hit.passage.document] == number], f"p{number}")
        for number in range(providers)
    ]


def fused_losses(
    collection: Collection, found: dict[str, list[Group]]
) -> tuple[float, dict[float, list[float]], tuple[float, float]]:
    """nDCG@10 without authority, what each query loses at each margin under random authority (mean over the seeds),
    and the shares of comparable neighbours in the order of their tiers, before and after."""
    before = by_query(collection, found)
    lost: dict[float, dict[str, list[float]]] = {margin: {query: [] for query in before} for margin in FUSED_MARGINS}
    ordered: tuple[list[bool], list[bool]] = ([], [])
    relevance = {(qrel.query_id, qrel.doc_id): qrel.relevance for qrel in collection.relevant}
    for seed in SEEDS:
        source = random.Random(seed)
        verdicts = {row["id"]: placed_verdict(source.choice(list(TIERS))) for row in collection.rows}
        for groups in found.values():
            for group in groups:
                group.verdicts = [verdicts[member.document] for member in group.members]
        for margin in FUSED_MARGINS:
            after = {query: by_authority(groups, rank=margin) for query, groups in found.items()}
            for query, value in by_query(collection, after).items():
                lost[margin][query].append(before[query] - value)
            if margin == RANK_MARGIN:
                for query in found:
                    ordered[0].extend(in_order(found[query][:10], query, relevance))
                    ordered[1].extend(in_order(after[query][:10], query, relevance))
    means = {margin: [mean(values) for values in queries.values()] for margin, queries in lost.items()}
    return mean(before.values()), means, (mean(ordered[0]), mean(ordered[1]))


def in_order(groups: list[Group], query: str, relevance: dict[tuple[str, str], int]) -> list[bool]:
    """For each two neighbours that are equally relevant and comparable: is the better tier first?"""
    told = []
    for upper, lower in pairwise(groups):
        equal = len({relevance.get((query, g.members[0].document), 0) for g in (upper, lower)}) == 1
        best, worst = sorted((upper, lower), key=lambda g: -g.verdict.weight)
        if equal and best.verdict.tier != worst.verdict.tier and comparable(best, worst):
            told.append(best is upper)
    return told


def comparable(best: Group, worst: Group) -> bool:
    lead = best.verdict.weight - worst.verdict.weight
    nearly, fits = math.pow(1 - RANK_MARGIN, lead), math.pow(1 - TEXT_MARGIN, lead)
    return best.score >= worst.score * nearly and best.text_score >= worst.text_score * fits


def by_query(collection: Collection, found: dict[str, list[Group]]) -> dict[str, float]:
    """nDCG@10 of each query."""
    run = {query: [Hit(group.members[0], 0.0) for group in groups] for query, groups in found.items()}
    relevant: list[Qrel] = [qrel for qrel in collection.relevant if qrel.query_id in run]
    return {m.query_id: m.value for m in ir_measures.iter_calc([nDCG @ 10], relevant, scored(run))}


def spread(values: list[float]) -> float:
    """Half of the 95 % interval of their mean."""
    return 1.96 * stdev(values) / math.sqrt(len(values))


def placed_verdict(tier: int) -> SiteVerdict:
    return SiteVerdict(HOSTS[tier], "", tier, "", "", "", "", "")


def with_copies(collection: Collection) -> Collection:
    """The collection with a spun copy of each relevant document."""
    relevant = {qrel.doc_id for qrel in collection.relevant if qrel.relevance > 0}
    source = random.Random(0)
    spun = [spin(row, source) for row in collection.rows if row["id"] in relevant]
    return replace(collection, rows=collection.rows + spun)


def spin(row: dict[str, str], source: random.Random) -> dict[str, str]:
    words = [word for word in row["text"].split() if source.random() > 0.15]
    return {"id": f"copy-{row['id']}", "title": row["title"], "text": " ".join([*words, row["title"], row["title"]])}


def is_copy(document: str) -> bool:
    return document.startswith("copy-")


def originals_first(collection: Collection, run: Run) -> float:
    """Share of the relevant documents, among those found beside their copy, that stand before it."""
    won = []
    for qrel in collection.relevant:
        documents = [hit.passage.document for hit in run.get(qrel.query_id, [])]
        if qrel.relevance > 0 and qrel.doc_id in documents and f"copy-{qrel.doc_id}" in documents:
            won.append(documents.index(qrel.doc_id) < documents.index(f"copy-{qrel.doc_id}"))
    return mean(won)


def search(name: str, collection: Collection, folder: Path) -> Run:
    """The library's own hits for every judged query."""
    corpus = folder / f"{name}.jsonl"
    corpus.write_text("".join(json.dumps(row) + "\n" for row in collection.rows))
    library = Library.open(folder, name)
    library.add([corpus])
    judged = {qrel.query_id for qrel in collection.relevant}
    return {
        query: library.search(Query(text, k=DEPTH)) for query, text in collection.queries.items() if query in judged
    }


def by_rank(run: Run) -> Run:
    """The same hits with the score that fusion gives them."""
    return {q: [Hit(hit.passage, 1 / (RRF_K + n)) for n, hit in enumerate(hits, 1)] for q, hits in run.items()}


def placed_at(hit: Hit, tier: int) -> Hit:
    """The hit as if its document stood on a host of that tier."""
    return Hit(hit.passage.model_copy(update={"url": f"https://{HOSTS[tier]}/x"}), hit.score)


def quality(collection: Collection, run: Run) -> float:
    relevant: list[Qrel] = [qrel for qrel in collection.relevant if qrel.query_id in run]
    return float(ir_measures.calc_aggregate([nDCG @ 10], relevant, scored(run))[nDCG @ 10])


def scored(run: Run) -> list[ScoredDoc]:
    """The first ten documents of each query."""
    return [
        ScoredDoc(query, document, -place)
        for query, hits in run.items()
        for place, document in enumerate(list(dict.fromkeys(hit.passage.document for hit in hits))[:10])
    ]


def _rows(name: str) -> list[dict[str, str]]:
    with (LISTS / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _lines(name: str) -> list[str]:
    return [line for line in (LISTS / name).read_text(encoding="utf-8").splitlines() if line]


PARTS: dict[str, Callable[[], None]] = {
    "counts": counts,
    "lists": lists,
    "cost": cost,
    "copies": copies,
    "fused": fused,
}


def main(names: list[str]) -> None:
    for name in names or PARTS:
        PARTS[name]()
        print(flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
