"""Sets of human verdicts: statements with the texts they were judged against and what people concluded.

Read from JSON lines wherever in a record they are, by the names of their fields: `verdicts` in words.toml.
"""

import re
from collections.abc import Iterator
from hashlib import blake2b
from pathlib import Path
from typing import Any

from ..text.characters import has_han
from ..text.sentences import split_sentences
from ..trajectory import Passage
from ..web.search import Hit, Query, SearchResult, passage_id
from .data_files import read_records
from .generation import words_of
from .records import Provenance, SupportingPassage, SyntheticTask

LONGEST_PASSAGE = 1_500
"""Characters; longer texts become several passages."""
_MARK = re.compile(r"\s*\[\d+\]")


class GivenPassages:
    """A place to search that holds only the texts of one statement."""

    name = "given"

    def __init__(self, evidence: list[SupportingPassage]) -> None:
        self._passages = [Passage(id=e.passage, document=e.document, title=e.title, text=e.text) for e in evidence]

    async def search(self, query: Query) -> SearchResult:
        """All passages, in their order."""
        return SearchResult([Hit(passage, -float(n)) for n, passage in enumerate(self._passages)][: query.k], self.name)

    async def open(self, reference: str) -> list[Passage]:
        """The passages of a document; none where it is not there."""
        return [passage for passage in self._passages if passage.document == reference]

    def close(self) -> None:
        """Nothing is open."""


def verdict_tasks(path: Path) -> Iterator[SyntheticTask]:
    """A task for each statement of a file whose verdicts agree; its evidence is what it was judged against.

    Raises UserError for a file that cannot be read.
    """
    fields = words_of("verdicts", "en")
    meaning = {word: label for label, name in enumerate(("supported", "refuted", "doubtful")) for word in fields[name]}
    found: dict[str, tuple[set[int | None], list[str]]] = {}
    for row in (row for record in read_records(path) for row in _dicts(record)):
        statement, texts, verdict = (
            next((row[key] for key in fields[field] if row.get(key)), None)
            for field in ("statement", "passages", "conclusion")
        )
        if isinstance(statement, str) and isinstance(verdict, str) and texts:
            labels, own = found.setdefault(" ".join(_MARK.sub("", statement).split()), (set(), []))
            labels.add(meaning.get(verdict.casefold().replace("_", " ").replace("-", " ")))
            own += _passages(texts)
    for statement, (labels, texts) in found.items():
        decided = labels - {2} or labels  # beside a text that settles it, others may be beside the point
        if None not in labels and len(decided) == 1 and split_sentences(statement) == [statement]:
            yield _task(statement, int(decided.pop() or 0), list(dict.fromkeys(texts)), path.name)


def _task(statement: str, label: int, texts: list[str], source: str) -> SyntheticTask:
    language = "zh" if has_han(statement) else "en"
    key = blake2b(statement.encode(), digest_size=6).hexdigest()
    return SyntheticTask(
        id=f"verification-{language}-{key}",
        question=words_of("verification", language)["ask one"].format(statement),
        language=language,
        plan=[statement],
        evidence=[SupportingPassage(passage=passage_id(key, t), document=key, title=source, text=t) for t in texts],
        hops=1,
        provenance=Provenance(
            route="verification", pages=[source], notes={"title": "", "conclusions": [label], "by": "people"}
        ),
    )


def _dicts(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _dicts(inner)


def _passages(texts: Any) -> Iterator[str]:
    """Texts of a length that can be cited, whether they come as one, as sentences, or as records with a text."""
    parts = [texts] if isinstance(texts, str) else [t if isinstance(t, str) else t.get("text", "") for t in texts]
    text = ""
    for sentence in (sentence for part in parts for sentence in split_sentences(" ".join(part.split()))):
        if text and len(text) + len(sentence) > LONGEST_PASSAGE:
            yield text
            text = ""
        text = f"{text} {sentence}".strip()
    yield from [text] if text else []
