"""Ranking above the providers: one list out of several, the same thing found twice counted once, authority's part.

Pure functions; the order of what they return depends on their arguments alone, never on timing.
"""

import math
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field

from rapidfuzz.fuzz import ratio

from ..library.authority import TIERS, Authority, SiteVerdict
from ..library.ranking import Repeats
from ..text.characters import HAN, KANA, fold_accents
from ..text.terms import content_terms, tokenise
from ..trajectory import Passage
from ..web.passage_index import PassageIndex
from ..web.search import SearchResult
from ..web.urls import page_key

RRF_K = 60
"""Constant of reciprocal-rank fusion; the customary value (Cormack, Clarke and Büttcher 2009)."""
RANK_MARGIN, TEXT_MARGIN = 0.05, 0.05
"""Shares of the fused score and of the text's own score that a hit of the best tier may lack against one of the worst
and still come first. The largest that cost no significant nDCG@10 where authority is drawn at random;
benchmarks/authority.py."""
SHORT_EXCERPT = 60
"""Characters below which an excerpt ("Editorial", "No abstract available") may be that of many pages."""
MISSPELT = 90
"""Similarity, of 100, from which two titles count as spellings of one."""

_WORD = re.compile(rf"[{KANA}{HAN}]|[^\W_]+")
_APOSTROPHE = re.compile(r"['\u2018\u2019\u02bc`]")
_QUALIFIER = re.compile(r"\s*\([^()]*\)\s*$")
_EPITHET = re.compile(r"\s?,|\s(?:of|the|de|von|[ivx]+)\b")
"""What may follow a single name in a title: "Ermengarde of Tours", "Paris, Texas"."""
_UNDECOMPOSED = str.maketrans({"ł": "l", "ø": "o", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ı": "i"})


@dataclass(frozen=True)
class FusedHit:
    """A passage with its fused score (reciprocal ranks summed; comparable within one query only)."""

    passage: Passage
    score: float
    providers: tuple[str, ...] = ()
    """Who found it or a copy of it, in the order asked."""
    copies: tuple[Passage, ...] = ()
    """The same text elsewhere, or other excerpts of the same page."""


@dataclass(eq=False)
class Group:
    """Hits that count as one."""

    members: list[Passage] = field(default_factory=list)
    verdicts: list[SiteVerdict] = field(default_factory=list)
    providers: list[str] = field(default_factory=list)
    weighed: set[str] = field(default_factory=set)
    """Those of its providers that have weighed authority among their own hits."""
    score: float = 0.0
    text_score: float = 0.0

    @property
    def best(self) -> int:
        """The member shown for all: of the best source, a page rather than an excerpt, the fullest excerpt."""
        keys = [
            (-v.weight, p.excerpt, -len(p.text) * p.excerpt) for p, v in zip(self.members, self.verdicts, strict=True)
        ]
        return keys.index(min(keys))

    @property
    def verdict(self) -> SiteVerdict:
        return self.verdicts[self.best]

    def ranked(self) -> FusedHit:
        best = self.best
        copies = tuple(p for n, p in enumerate(self.members) if n != best)
        return FusedHit(self.members[best], round(self.score, 6), tuple(self.providers), copies)


def fuse(
    results: Sequence[SearchResult], query: str, title: str = "", authority: Authority | None = None
) -> list[FusedHit]:
    """One ranking out of the providers' rankings, best first.

    Near-duplicates, and excerpts of one page, count once, and once per provider; the most authoritative of them
    is shown for all. Equal fused scores are ordered by the text's own fit to the query. Then authority decides among
    the comparably relevant. title: only documents whose title fits this name, better fits first. Without it,
    documents that `query` names come first, unless they are of the worst tier. authority: the built-in table where
    None.
    """
    groups = by_authority(gather(results, query, authority or Authority.load()))
    if title:
        fits = [(match_title(title, g.members[g.best].title), g) for g in groups]
        return [g.ranked() for fit, g in sorted(fits, key=lambda pair: -pair[0]) if fit]
    worst = max(TIERS)
    named = [g.verdict.tier < worst and names_title(query, g.members[g.best].title) for g in groups]
    return [g.ranked() for g, _ in sorted(zip(groups, named, strict=True), key=lambda pair: not pair[1])]


def gather(results: Sequence[SearchResult], query: str, authority: Authority) -> list[Group]:
    """The hits in groups that count as one, by fused score, and where that is equal by the text's own.

    A provider that is alone and has weighed its hits has done all that already.
    """
    settled = len(results) == 1 and results[0].weighed
    gathered = _Gathered()
    for result in results:
        met: list[Group] = []
        for hit in result.hits:
            group = gathered.new() if settled else gathered.of(hit.passage)
            if group not in met:
                met.append(group)
                group.score += 1 / (RRF_K + len(met))
                group.providers.append(result.provider)
                group.weighed |= {result.provider} if result.weighed else set()
            if hit.passage.id not in [member.id for member in group.members]:
                group.members.append(hit.passage)
                group.verdicts.append(authority.of(hit.passage))
    groups = gathered.groups
    if settled:
        return groups
    scores = text_scores(query, [group.members[group.best] for group in groups])
    for group, score in zip(groups, scores, strict=True):
        group.text_score = score
    return sorted(groups, key=lambda g: (-g.score, -g.text_score))


class _Gathered:
    """Groups in the order in which their first hits came."""

    def __init__(self) -> None:
        self.groups: list[Group] = []
        self._of_page: dict[str, Group] = {}
        self._of_text: list[Group] = []
        self._repeats = Repeats()

    def new(self) -> Group:
        self.groups.append(Group())
        return self.groups[-1]

    def of(self, passage: Passage) -> Group:
        """The group of an excerpt of the same page, or of a near-duplicate; a new one where there is none."""
        page = page_key(passage.url or passage.document, variants=True) if passage.excerpt else ""
        if page in self._of_page:
            return self._of_page[page]
        group = self.new() if page and len(passage.text) < SHORT_EXCERPT else self._of_same_text(passage.text)
        if page:
            self._of_page[page] = group
        return group

    def _of_same_text(self, text: str) -> Group:
        number = self._repeats.of(text)
        if number is not None:
            return self._of_text[number]
        self._of_text.append(self.new())
        return self._of_text[-1]


def text_scores(query: str, passages: Sequence[Passage]) -> list[float]:
    """How well each text fits the query by its words alone: BM25 over title, headings and text, these passages being
    the whole collection. Providers' own scores cannot be compared with each other; these can.
    """
    found = dict(PassageIndex.build(passages, tokenise).search(content_terms(query), len(passages)))
    return [found.get(number, 0.0) for number in range(len(passages))]


def by_authority(groups: Sequence[Group], rank: float = RANK_MARGIN, text: float = TEXT_MARGIN) -> list[Group]:
    """`groups` in their order, but that each has gone up past those of worse sources just above it that are no more
    than comparably relevant.

    rank, text: the margins, from 0 to below 1.
    """
    ordered: list[Group] = []
    for group in groups:
        place = len(ordered)
        while place and _may_pass(group, ordered[place - 1], rank, text):
            place -= 1
        ordered.insert(place, group)
    return ordered


def _may_pass(lower: Group, upper: Group, rank: float, text: float) -> bool:
    """Whether authority puts `lower` first: a better source, nearly as high in the lists, and nearly as good a text.

    Two that one provider has already weighed against each other by its own scores stay as that left them.
    """
    lead = lower.verdict.weight - upper.verdict.weight
    if lead <= 0 or lower.weighed & upper.weighed:
        return False
    nearly, fits = math.pow(1 - rank, lead), math.pow(1 - text, lead)
    return lower.score >= upper.score * nearly and lower.text_score >= upper.text_score * fits


def fold(text: str) -> list[str]:
    """Words of `text` without case, accents and punctuation; each Chinese character counts as a word."""
    text = fold_accents(unicodedata.normalize("NFKC", _APOSTROPHE.sub("", text).casefold()))
    return _WORD.findall(text.translate(_UNDECOMPOSED))


def match_title(wanted: str, title: str) -> int:
    """How well a document's title fits a name: 4 the same, 3 except for a qualifier in brackets ("Dark River (2017
    film)"), 2 with what distinguishes the bearer from others ("Ermengarde of Tours"), 1 nearly, 0 not.
    """
    name, whole = _bare(wanted), _bare(title)
    if not name or not whole:
        return 0
    bare = _bare(_QUALIFIER.sub("", title)) or whole
    if name in (whole, bare):
        return 4 if name == whole else 3
    if bare[: len(name)] == name and _EPITHET.match(title.casefold(), len(wanted)):
        return 2
    if len(name) == 1:
        return int(len(bare) in (2, 3) and bare[-1] == name[0])
    short, long = sorted((name, bare), key=len)
    if len(short) > 1 and (long[: len(short)] == short or (2 * len(short) >= len(long) and _contains(long, short))):
        return 1
    without = _bare(_QUALIFIER.sub("", wanted))
    close = without == bare or _same_ends(name, bare) or ratio(" ".join(name), " ".join(bare)) >= MISSPELT
    return int(close)


def names_title(query: str, title: str) -> bool:
    """True where `query` is about this document by name: its title is in the query and is half of it or more."""
    words, bare = fold(query), fold(_QUALIFIER.sub("", title))
    return bool(bare) and 2 * len(bare) >= len(words) and _contains(words, bare)


def _bare(name: str) -> list[str]:
    """The folded words of a name without an article in front."""
    words = fold(name)
    return words[1:] if len(words) > 1 and words[0] in ("the", "a", "an") else words


def _contains(words: list[str], part: list[str]) -> bool:
    """Whether `words` contain `part` without a gap."""
    return any(words[i : i + len(part)] == part for i in range(len(words) - len(part) + 1))


def _same_ends(one: list[str], other: list[str]) -> bool:
    """A name with and without its middle: first and last words agree, the shorter is within the longer in order."""
    short, long = sorted((one, other), key=len)
    if len(short) < 2 or len(long) - len(short) > 2 or short[0] != long[0] or short[-1] != long[-1]:
        return False
    rest = iter(long)
    return all(word in rest for word in short)
