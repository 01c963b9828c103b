"""What the readers make of files that others have chosen; two tables.

Run: python benchmarks/reading.py      (data: $DEEPRESEARCH_SHARED/data, default ../shared/data)

`markitdown_files`: strings that must, and must not, appear. "verbatim" counts a string that stands in the text as the
reader gives it, headings written as Markdown. "as text" leaves out, on both sides, the marks that say nothing about
what was read: Markdown for headings, links, emphasis, pictures and bullets. Files of the table that are not among the
data do not count. `article_extraction`: pages of news against the article as people copied it; F1 over runs of four
words, from the means of precision and recall over the pages, beside plain trafilatura; pages that differ are named.
Captions of pictures, which people did not copy, count against the reader.
"""

import gzip
import json
import os
import re
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

from trafilatura import extract

from deepresearch.errors import DocumentError
from deepresearch.library.documents import Document
from deepresearch.library.reading import read
from deepresearch.text.encoding import decode

DATA = Path(os.environ.get("DEEPRESEARCH_SHARED", Path(__file__).parents[2] / "shared")) / "data"
Score = tuple[float, float]
"""Precision and recall of one page."""
DIFFERENT = 0.01
"""Difference of F1 from which a page is named."""
_LINK = re.compile(r"!?\[([^\[\]]*)\]\([^()]*\)?")
_MARKS = re.compile(r"^[#>*-]+ |[*`|]|!?\[|\](?:\([^\s\"]*)?", re.MULTILINE)


def as_markdown(path: Path) -> str:
    parts = []
    for document in read(path):
        if isinstance(document, Document):
            parts.append(f"# {document.title}")
            parts += [
                f"{'#' * min(block.level, 6)} {block.text}" if block.kind == "heading" and block.text else block.text
                for block in document.blocks
            ]
    return "\n\n".join(parts)


def as_text(text: str) -> str:
    return " ".join(_MARKS.sub("", _LINK.sub(r"\1", text)).split())


def strings() -> None:
    rows = json.loads((DATA / "markitdown_files/expected_strings.json").read_text())
    print(f"{'file':24} {'verbatim':>9} {'as text':>9} {'unwanted':>9}  missing as text")
    total: Counter[str] = Counter()
    for row in rows:
        path = DATA / "markitdown_files" / row["filename"]
        if not path.exists():
            print(f"{path.name:24} is not among the data")
            continue
        counts, missing = _found(path, row)
        total.update(counts)
        print(_line(row["filename"], counts), "; ".join(text[:40] for text in missing), sep="  ")
    print(_line("all", total))


def _found(path: Path, row: dict[str, Any]) -> tuple[dict[str, int], list[str]]:
    try:
        markdown = as_markdown(path)
    except (DocumentError, OSError) as error:
        print(f"  {type(error).__name__}: {error}".replace(f"{path.parent}/", ""))
        markdown = ""
    wanted, unwanted = row["must_include"], row["must_not_include"]
    text = as_text(markdown)
    missing = [string for string in wanted if as_text(string) not in text]
    counts = {
        "wanted": len(wanted),
        "verbatim": sum(string in markdown for string in wanted),
        "text": len(wanted) - len(missing),
        "unwanted": sum(string in markdown for string in unwanted),
        "forbidden": len(unwanted),
    }
    return counts, missing


def _line(name: str, counts: dict[str, int] | Counter[str]) -> str:
    wanted = counts["wanted"]
    return (
        f"{name:24} {counts['verbatim']:4} /{wanted:3} {counts['text']:4} /{wanted:3} "
        f"{counts['unwanted']:4} /{counts['forbidden']:3}"
    )


def articles() -> None:
    folder = DATA / "article_extraction/dev"
    truth = json.loads((folder / "ground-truth.json").read_text())
    scores: dict[str, list[Score]] = {"reader": [], "trafilatura": []}
    with tempfile.TemporaryDirectory() as place:
        for name, row in truth.items():
            path = Path(place) / "page.html"
            path.write_bytes(gzip.decompress((folder / f"html/{name}.html.gz").read_bytes()))
            wanted = _shingles(row["articleBody"])
            scores["reader"].append(_score(wanted, _shingles(as_article(path))))
            plain = extract(decode(path.read_bytes(), name), include_comments=False) or ""
            scores["trafilatura"].append(_score(wanted, _shingles(plain)))
    print(f"\n{'':12} {'pages':>5} {'precision':>9} {'recall':>7} {'F1':>6}  (floor .950)")
    for who, found in scores.items():
        precision, recall = (sum(score[place] for score in found) / len(found) for place in (0, 1))
        print(f"{who:12} {len(found):5} {precision:9.3f} {recall:7.3f} {_f1((precision, recall)):6.3f}")
    for name, ours, theirs in zip(truth, scores["reader"], scores["trafilatura"], strict=True):
        if abs(_f1(ours) - _f1(theirs)) > DIFFERENT:
            print(f"  {name[:12]} {_f1(ours):.3f} against {_f1(theirs):.3f}")


def as_article(path: Path) -> str:
    try:
        return "\n".join(block.text for item in read(path) if isinstance(item, Document) for block in item.blocks)
    except DocumentError:
        return ""


def _f1(score: Score) -> float:
    precision, recall = score
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0


def _shingles(text: str) -> Counter[tuple[str, ...]]:
    words = re.findall(r"\w+", text)
    return Counter(tuple(words[place : place + 4]) for place in range(max(1, len(words) - 3)) if words)


def _score(wanted: Counter[tuple[str, ...]], found: Counter[tuple[str, ...]]) -> Score:
    """Precision and recall of one page."""
    shared = (wanted & found).total()
    return shared / found.total() if found else float(not wanted), shared / wanted.total() if wanted else 1.0


def main() -> None:
    if not DATA.is_dir():
        sys.exit(f"There is no data in {DATA}; set DEEPRESEARCH_SHARED.")
    strings()
    articles()


if __name__ == "__main__":
    main()
