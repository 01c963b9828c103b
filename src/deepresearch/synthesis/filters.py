"""Filters of rollouts and tasks: one table, each with its figures before and after and ten examples of what it dropped.

A filter is a class with `reason(record)`: why the record is left out, or "". What a model would have to judge is not
here. A new filter is a class and a line in FILTERS, or an entry point of an installed package.
"""

import json
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any, ClassVar

from ..errors import UserError
from ..judge.short_answer import cited_passages, short_answer
from ..plugins import Registry
from ..text.characters import HAN, HANGUL, KANA, count_han
from .data_files import Card, optional_package, read_records, source_of, write_whole
from .generation import Progress
from .records import DataCard, FilterReport
from .samples import (
    Sample,
    all_texts,
    calls_of,
    identity,
    language_of,
    ngrams,
    own_texts,
    queries_of,
    suite_questions,
    tokens,
)

EXAMPLES = 10
PROGRESS_EVERY = 1_000
LOOP = 0.25
"""Share of a text's n-grams that are repeats in a loop; in a list of facts of one kind it is smaller."""
_QUOTED = re.compile(r"“[^”]{0,600}”|\"[^\"\n]{0,600}\"|《[^》]{0,100}》|「[^」]{0,200}」|`[^`]*`|\\cite\{[^}]*\}")
_YEAR = re.compile(r"(?<![\d.,])(?:19|20)\d\d(?![\d.,]\d|\d)")
_HAN_LETTER, _LATIN_LETTER = re.compile(f"[{HAN}]"), re.compile(r"[A-Za-zÀ-ÿ]")
_OTHER_LETTER = re.compile(rf"[{KANA}{HANGUL}\u0400-\u04ff\u0590-\u06ff\u0e00-\u0e7f]")


@dataclass(frozen=True)
class FilterOptions:
    """What the filters can be set to."""

    errors: float = 0.05
    """Largest share of runs with a tool error from which they recovered."""
    near: float = 0.8
    """Similarity from which two records are near-duplicates."""
    words: int = 9
    """Length of the n-grams for loops and near-duplicates."""
    repeats: int = 4
    """Times that one n-gram occurs in a loop: in one text, and twice as often in all that a policy wrote."""
    suites: Sequence[Path] = ()
    """Files and folders of evaluation suites."""
    most_passed: float = 0.5
    """Largest pass rate of a task that is kept."""


class Filter:
    """Base of the filters."""

    def __init__(self, options: FilterOptions) -> None:
        self.options = options

    def look(self, record: Sample) -> None:
        """See every record once before any is judged, where that is needed."""

    def reason(self, record: Sample) -> str:
        """Why the record is left out; empty: it stays."""
        raise NotImplementedError


_NAMES = {"correct": "Correct", "shortest": "Shortest", "citations": "Citations", "errors": "Errors", "loops": "Loops"}
_NAMES |= {"language": "MixedLanguage", "year": "StrayYear", "private": "PrivateData", "difficulty": "TooEasy"}
_NAMES |= {"contamination": "Contamination", "duplicates": "NearDuplicates"}
FILTERS: Registry[type[Filter]] = Registry("filters", {key: f"{__name__}:{name}" for key, name in _NAMES.items()})
FOR_ROLLOUTS = [name for name in FILTERS.names() if name != "difficulty"]
FOR_TASKS = ["difficulty", "language", "private", "contamination", "duplicates"]


class Correct(Filter):
    """Only runs that ended with a report with the right answer."""

    def reason(self, record: Sample) -> str:
        return "" if record["correct"] and record["state"] == "finished" else "wrong, partial or failed"


class Shortest(Filter):
    """Of several right runs of a task the one with the fewest turns."""

    def __init__(self, options: FilterOptions) -> None:
        super().__init__(options)
        self._best: dict[str, tuple[int, int, int]] = {}

    def look(self, record: Sample) -> None:
        if record["correct"]:
            task = record["task"]
            self._best[task] = min(self._best.get(task, self._length(record)), self._length(record))

    def reason(self, record: Sample) -> str:
        best = self._best.get(record["task"])
        return (
            f"{record['turns']} turns, one that is kept took {best[0]}" if best and best != self._length(record) else ""
        )

    def _length(self, record: Sample) -> tuple[int, int, int]:
        return record["turns"], record["calls"], record["attempt"]


class Citations(Filter):
    """The short answer cites, and nothing is cited that was not shown."""

    def reason(self, record: Sample) -> str:
        if not record["cited"]:
            return "cites nothing, or what was not shown"
        report = record["report"]
        opening = short_answer(report, cited=True)
        return "" if cited_passages(opening) else "the short answer cites nothing"


class Errors(Filter):
    """Runs with tool errors only up to a share, and only those that used a tool with success afterwards."""

    def __init__(self, options: FilterOptions) -> None:
        super().__init__(options)
        self._kept, self._with_errors = 0, 0

    def reason(self, record: Sample) -> str:
        if record["errors"]:
            results = [e.get("status", "ok") for e in record["events"] if e["type"] == "observation" and e.get("call")]
            if results and results[-1] not in ("ok", "empty"):
                return "a tool error without recovery"
            if self._with_errors + 1 > self.options.errors * (self._kept + 1):
                return f"the share of runs with tool errors would pass {self.options.errors:.0%}"
            self._with_errors += 1
        self._kept += 1
        return ""


class Loops(Filter):
    """No n-gram again and again in what the policy wrote, and no call made three times."""

    def reason(self, record: Sample) -> str:
        calls = Counter(
            json.dumps([call.get("tool"), call.get("arguments")], sort_keys=True) for call in calls_of(record)
        )
        if calls and max(calls.values()) >= 3:
            return f"one call {max(calls.values())} times"
        whole: Counter[tuple[str, ...]] = Counter()
        for text in own_texts(record):
            plain = _QUOTED.sub(" ", text)
            length = self.options.words * (2 if count_han(plain) > len(plain) / 3 else 1)
            grams = Counter(ngrams(tokens(plain), length))
            whole.update(grams)
            for counted, most in ((grams, self.options.repeats), (whole, 2 * self.options.repeats)):
                gram, count = max(counted.items(), key=lambda item: item[1], default=((), 0))
                again = sum(n for n in counted.values() if n >= most)
                if again >= LOOP * counted.total() and count >= most:
                    return f"“{' '.join(gram)}” {count} times"
        return ""


class NearDuplicates(Filter):
    """Records that share nearly all n-grams of their lines with one that was kept, by MinHash."""

    PERMUTATIONS, BANDS = 128, 16

    def __init__(self, options: FilterOptions) -> None:
        super().__init__(options)
        self._rensa = optional_package("rensa")
        self._index = self._rensa.RMinHashLSH(options.near, self.PERMUTATIONS, self.BANDS)
        self._kept: list[tuple[str, Any]] = []

    def reason(self, record: Sample) -> str:
        lines = [words for text in own_texts(record) for line in text.splitlines() if (words := tokens(line))]
        grams = {" ".join(gram) for words in lines for gram in ngrams(words, min(self.options.words, len(words)))}
        sketch = self._rensa.RMinHash(self.PERMUTATIONS, 42)
        sketch.update(sorted(grams))
        for key in self._index.query(sketch):
            other, kept = self._kept[key]
            if sketch.jaccard(kept) >= self.options.near:
                return f"nearly the same as {other}"
        self._index.insert(len(self._kept), sketch)
        self._kept.append((identity(record), sketch))
        return ""


class StrayYear(Filter):
    """A question about no time must not be tied to a past year by the queries or the plan."""

    def reason(self, record: Sample) -> str:
        asked = set(_YEAR.findall(record["question"]))
        if asked or record.get("date"):
            return ""
        shown = " ".join(p["text"] for e in record["events"] for p in e.get("passages", []))
        for text in (*queries_of(record), *own_texts(record)[:1]):
            for year in _YEAR.findall(text):
                if year not in shown:
                    return f"{year} in “{text[:80]}”"
        return ""


class MixedLanguage(Filter):
    """Each paragraph in the script of the task's language; quotations, names in brackets and code do not count."""

    SHORTEST = 40
    """Letters of a paragraph from which its script is looked at."""

    def reason(self, record: Sample) -> str:
        language = record.get("language") or language_of(record)
        for text in own_texts(record):
            for paragraph in text.split("\n"):
                plain = _QUOTED.sub(" ", paragraph)
                han, latin = len(_HAN_LETTER.findall(plain)), len(_LATIN_LETTER.findall(plain))
                other = len(_OTHER_LETTER.findall(plain))
                weight = 3 * han + latin + other  # a Chinese character says as much as three letters
                if weight < self.SHORTEST:
                    continue
                own = 3 * han if language == "zh" else latin
                if own / weight < 0.5 or max(other, 3 * han * (language != "zh")) > 0.25 * weight:
                    return f"in a text in {language}: “{paragraph.strip()[:80]}”"
        return ""


class PrivateData(Filter):
    """No personal data and no secrets, whoever wrote them."""

    PATTERNS: ClassVar[dict[str, re.Pattern[str]]] = {
        "an e-mail address": re.compile(r"[\w.+-]+@(?!example\.|test\.)[\w-]+(?:\.[\w-]+)*\.[a-z]{2,}", re.IGNORECASE),
        "a private key": re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY"),
        "an access key": re.compile(
            r"\b(?:sk-[\w-]{20,}|AKIA[A-Z0-9]{16}|gh[pousr]_[A-Za-z0-9]{30,}|xox[bap]-[\w-]{20,})"
        ),
        "a telephone number": re.compile(
            r"(?<![\w.+-])(?:\+\d{1,3}[ .-]?(?:\(\d{1,4}\)[ .-]?)?\d{2,4}(?:[ .-]\d{2,4}){2,}|1[3-9]\d{9})(?![\w-])"
        ),
        "a Chinese identity number": re.compile(
            r"(?<!\d)\d{6}(?:19|20)\d{2}(?:0[1-9]|1[0-2])(?:[0-2]\d|3[01])\d{3}[\dXx](?!\d)"
        ),
    }
    _CARD = re.compile(r"(?<![\d.-])(?:\d[ -]?){13,19}(?!\d|\.\d)")

    def reason(self, record: Sample) -> str:
        for text in all_texts(record):
            for name, pattern in self.PATTERNS.items():
                if pattern.search(text):
                    return name
            if any(_is_card(found) for found in self._CARD.findall(text)):
                return "a card number"
        return ""


class Contamination(Filter):
    """No evaluation question, and no 13-gram of one, anywhere in a record."""

    LENGTH = 13
    SHORTEST = 6
    """Words of a question that is looked for whole."""

    def __init__(self, options: FilterOptions) -> None:
        super().__init__(options)
        self._grams: dict[bytes, str] = {}
        self._lengths = {self.LENGTH}
        for file, question in suite_questions(options.suites):
            words = tokens(question)
            length = min(self.LENGTH, len(words))
            if length >= self.SHORTEST:
                self._lengths.add(length)
                for gram in ngrams(words, length):
                    self._grams.setdefault(_digest(gram), f"{file}: {question[:60]}")

    def reason(self, record: Sample) -> str:
        if not self._grams:
            return ""
        for text in all_texts(record):
            words = tokens(text)
            for length in self._lengths:
                for gram in ngrams(words, length):
                    if found := self._grams.get(_digest(gram)):
                        return f"has words of {found}"
        return ""


class TooEasy(Filter):
    """Tasks that a plain solver passes too often; those that were not tried stay."""

    def reason(self, record: Sample) -> str:
        rate = record.get("pass_rate")
        return f"passed in {rate:.0%} of the tries" if rate is not None and rate > self.options.most_passed else ""


def _digest(gram: Sequence[str]) -> bytes:
    return blake2b("\0".join(gram).encode("utf-8", "replace"), digest_size=8).digest()


def _is_card(text: str) -> bool:
    digits = [int(c) for c in text if c.isdigit()]
    if not 13 <= len(digits) <= 19 or len(set(digits)) < 4:
        return False
    doubled = [d if i % 2 == 0 else (2 * d - 9 if d > 4 else 2 * d) for i, d in enumerate(reversed(digits))]
    return sum(doubled) % 10 == 0


def filter_file(
    source: Path,
    out: Path,
    names: Sequence[str],
    options: FilterOptions,
    progress: Progress = lambda done, wanted, what: None,
) -> DataCard:
    """Put what passes all filters, in their order, into `out`; the card has the figures. Raises UserError."""
    chosen = [(name, FILTERS.get(name)(options)) for name in names]
    reports = {name: FilterReport(name=name, before=0, after=0) for name in names}
    card = Card(out, "filter", None, [source_of(source)])
    card.card.settings = {**options.__dict__, "suites": [str(s) for s in options.suites], "filters": list(names)}

    def kept() -> Iterator[Sample]:
        for record in read_records(source):
            for _, one in chosen:
                one.look(record)
        for number, record in enumerate(read_records(source), 1):
            if number % PROGRESS_EVERY == 0:
                progress(number, number, f"{card.card.records} kept")
            for name, one in chosen:
                reports[name].before += 1
                if why := one.reason(record):
                    card.dropped[name] += 1
                    if len(reports[name].examples) < EXAMPLES:
                        reports[name].examples.append({"id": identity(record), "reason": why})
                    break
                reports[name].after += 1
            else:
                card.add(record)
                yield record

    try:
        write_whole(kept(), out)
    except KeyError as error:
        raise UserError(f"{source}: a record has no {error}.", "Rollouts and tasks take different filters.") from error
    card.card.filters = list(reports.values())
    return card.write()
