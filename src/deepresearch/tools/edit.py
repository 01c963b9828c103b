"""Change fragments of a text, each named by itself and just enough around it to be found once.

A fragment is looked for as given, then with differences of white space, quotation marks and character forms
ignored, then among similar places. All edits refer to the text as it is before any of them; all fit, or none is made.
"""

import heapq
import re
import unicodedata
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

from pydantic import Field
from rapidfuzz import fuzz

from ..errors import BadArguments, ToolFailed
from .base import Arguments

ALIKE = 0.9
"""Least similarity (0 to 1) at which a fragment counts as found."""
MARGIN = 0.05
"""How much less alike the next best place must be."""
WORTH_SHOWING = 0.5
"""Least similarity of a place that an error message shows."""
MOST_WORK = 2_000_000_000
"""Length of text times length of fragment beyond which no similar place is looked for: about a second."""
LONGEST = 1_000_000
"""Characters of a text beyond which only exact fragments are found: folding takes about a second here."""
CANDIDATES = 12
"""Places that are looked at more closely."""
_SHOWN = 300
"""Characters of the nearest place that an error message shows."""

_AROUND = 40
"""Characters before and after it that are shown with it, in the same lines."""

_FORMS = str.maketrans("‘’‚“”„–—−‐‑", "'''\"\"\"-----")
_INVISIBLE = frozenset("\u00ad\u200b\u200c\u200d\u2060\ufeff")


class Edit(Arguments):
    find: str
    """The fragment to change, copied from the file, with just enough around it that it occurs once."""
    replace: str
    """What the fragment becomes; empty deletes it."""
    nth: int | None = Field(default=None, ge=1)
    """Which occurrence, from 1, where the fragment occurs more than once."""


@dataclass(frozen=True)
class Replacement:
    start: int
    end: int
    """Offsets in the text, in characters."""
    new: str
    similarity: float = 1.0
    """1.0: found as given."""


@dataclass(frozen=True)
class Place:
    """A place in a text and how similar it is to what was looked for."""

    similarity: float
    start: int
    end: int


def plan_edits(text: str, edits: Sequence[Edit]) -> list[Replacement]:
    """Where each edit applies in `text` and what it puts there, in the order of `edits`.

    Raises BadArguments for edits that make no sense, ToolFailed where one does not fit or fits twice; the message
    names the problem of every such edit and shows the nearest place.
    """
    plain = _Plain(text)
    found: list[Replacement] = []
    problems = []
    for number, edit in enumerate(edits, 1):
        if not edit.find.strip():
            raise BadArguments(
                f"Edit {number}: find is empty.", "Give the text next to the place, or use append to add at the end."
            )
        try:
            found.append(plain.replacement(edit))
        except ToolFailed as error:
            problems.append(f"Edit {number}: {error.message}")
    if problems:
        raise ToolFailed("\n".join(["No edit was made.", *problems]))
    _check_apart(text, found)
    return found


def splice(text: str, replacements: Iterable[Replacement]) -> str:
    """`text` with the replacements made; all else stays as it is."""
    pieces = []
    end = 0
    for one in sorted(replacements, key=lambda one: one.start):
        pieces += [text[end : one.start], one.new]
        end = one.end
    return "".join([*pieces, text[end:]])


def line_number(text: str, offset: int) -> int:
    """The line, from 1, of the character at `offset`."""
    return text.count("\n", 0, offset) + 1


def show_nearest(text: str, fragment: str) -> str:
    """A sentence about the place in `text` most like `fragment`, for an error message."""
    if len(text) > LONGEST:
        return "The file is too long to look for something like it."
    folded = _Folded(text)
    places = folded.similar(_fold(fragment.strip())[0])
    if not places or places[0].similarity < WORTH_SHOWING:
        return "Nothing like it is there."
    place = folded.unfold(places[0])
    first, last = line_number(text, place.start), line_number(text, place.end)
    where = f"line {first}" if first == last else f"lines {first}-{last}"
    start = max(text.rfind("\n", 0, place.start) + 1, place.start - _AROUND)
    end = min((text + "\n").index("\n", place.end), place.end + _AROUND)
    snippet = text[start:end] if end - start <= _SHOWN else f"{text[start : start + _SHOWN]} …"
    return f"Nearest, {place.similarity:.0%} alike, {where}:\n{snippet}"


class _Plain:
    """A text with plain line ends, so that fragments are found whatever ends the lines of the file."""

    def __init__(self, raw: str) -> None:
        self.raw = raw
        self.text = raw.replace("\r\n", "\n")
        self._shortened = [match.start() - n for n, match in enumerate(re.finditer("\r\n", raw))]
        self._ending = "\r\n" if 2 * len(self._shortened) > self.text.count("\n") else "\n"

    @cached_property
    def folded(self) -> "_Folded":
        return _Folded(self.text)

    def replacement(self, edit: Edit) -> Replacement:
        """Where `edit` applies. Raises ToolFailed."""
        find, new = edit.find.replace("\r\n", "\n"), edit.replace.replace("\r\n", "\n")
        place = self._exact(find, edit.nth)
        if place is None and len(self.text) > LONGEST:
            raise ToolFailed("the fragment is not there as given, and the file is too long to look for similar places.")
        place = place or self._loose(find, edit.nth) or self._similar(find)
        start, end = self._raw(place.start), self._raw(place.end)
        ending = self._ending
        if "\n" in self.raw[start:end]:
            ending = "\r\n" if "\r\n" in self.raw[start:end] else "\n"
        return Replacement(start, end, new.replace("\n", ending), place.similarity)

    def _raw(self, offset: int) -> int:
        return offset + bisect_left(self._shortened, offset)

    def _exact(self, find: str, nth: int | None) -> Place | None:
        starts = _occurrences(self.text, find)
        return self._choose([Place(1.0, start, start + len(find)) for start in starts], nth)

    def _loose(self, find: str, nth: int | None) -> Place | None:
        core = _fold(find.strip())[0]
        starts = _occurrences(self.folded.text, core) if core else []
        spans = [Place(1.0, start, start + len(core)) for start in starts if self.folded.is_whole(start, len(core))]
        return self._choose([self._with_margins(self.folded.unfold(span), find) for span in spans], nth)

    def _similar(self, find: str) -> Place:
        core = _fold(find.strip())[0]
        places = self.folded.similar(core)
        if places and self.folded.is_safe(places[0], core):
            if len(places) == 1 or places[1].similarity < places[0].similarity - MARGIN:
                return self._with_margins(self.folded.unfold(places[0]), find)
            lines = [line_number(self.text, self.folded.unfold(place).start) for place in places]
            raise ToolFailed(f"the fragment is not there as given, and fits line {lines[0]} and line {lines[1]} alike.")
        raise ToolFailed(f"the fragment is not there. {show_nearest(self.text, find)}")

    def _choose(self, places: list[Place], nth: int | None) -> Place | None:
        if not places:
            return None
        if nth is None and len(places) == 1:
            return places[0]
        if nth is not None and nth <= len(places):
            return places[nth - 1]
        lines = ", ".join(str(line_number(self.text, place.start)) for place in places[:5])
        more = ", …" if len(places) > 5 else ""
        times = "once" if len(places) == 1 else f"{len(places)} times"
        raise ToolFailed(f"the fragment occurs {times} (lines {lines}{more}). Add text around it, or say which by nth.")

    def _with_margins(self, core: Place, find: str) -> Place:
        """`core` with the white space before and after it that corresponds to that of `find`."""
        before, after = self.text[: core.start], self.text[core.end :]
        run_before = before[len(before.rstrip()) :]
        run_after = after[: len(after) - len(after.lstrip())]
        lead, tail = find[: len(find) - len(find.lstrip())], find[len(find.rstrip()) :]
        start = core.start - _reach(lead[::-1], run_before[::-1])
        return Place(core.similarity, start, core.end + _reach(tail, run_after))


class _Folded:
    """A text with differences that do not count taken out, and the way back to its offsets."""

    def __init__(self, text: str) -> None:
        self.text, self._offsets = _fold(text)

    def unfold(self, place: Place) -> Place:
        """The same place in the text that was folded."""
        return Place(place.similarity, self._offsets[place.start], self._offsets[place.end - 1] + 1)

    def is_whole(self, start: int, length: int) -> bool:
        """Whether the span begins and ends between characters of the text, not within one."""
        end = start + length
        if start and self._offsets[start - 1] == self._offsets[start]:
            return False
        if end == len(self.text):
            return True
        return self._offsets[end] != self._offsets[end - 1] and not unicodedata.combining(self.text[end])

    def is_safe(self, place: Place, wanted: str) -> bool:
        """Whether a similar place counts as the wanted one: same ends, no word cut, the same numbers."""
        found = self.text[place.start : place.end]
        cut = _is_in_word(self.text, place.start) or _is_in_word(self.text, place.end)
        same_ends = found[0] == wanted[0] and found[-1] == wanted[-1]
        same_numbers = re.findall(r"\d+", found) == re.findall(r"\d+", wanted)
        whole = self.is_whole(place.start, place.end - place.start)
        return place.similarity >= ALIKE and same_ends and same_numbers and whole and not cut

    def similar(self, wanted: str) -> list[Place]:
        """The places most like `wanted`, best first, at most two, apart from each other."""
        if not wanted or not self.text or len(wanted) * len(self.text) > MOST_WORK:
            return []
        size = len(wanted)
        starts = range(0, len(self.text), max(1, size // 4))
        best: list[tuple[float, int]] = []
        for start in starts:  # one by one: a call over all windows would keep every other thread waiting
            full = len(best) == CANDIDATES
            cutoff = best[0][0] if full else 0.0
            score = fuzz.ratio(wanted, self.text[start : start + size], score_cutoff=cutoff)
            if not full:
                heapq.heappush(best, (score, -start))
            elif score > cutoff:
                heapq.heapreplace(best, (score, -start))
        found = [-start for _, start in best]
        settled = [self._settle(wanted, start, min(start + size, len(self.text))) for start in found]
        places = sorted(settled, key=lambda place: (-place.similarity, place.start))
        apart = [place for place in places[1:] if place.start >= places[0].end or place.end <= places[0].start]
        return places[:1] + apart[:1]

    def _settle(self, wanted: str, start: int, end: int) -> Place:
        """Move the ends of a window, by ever smaller steps, to where it is most like `wanted`."""
        best = fuzz.ratio(wanted, self.text[start:end])
        step = max(1, len(wanted) // 4)
        while step:
            moves = [(-step, -step), (step, step), (-step, 0), (step, 0), (0, -step), (0, step)]
            ends = [(start + a, end + b) for a, b in moves if 0 <= start + a < end + b <= len(self.text)]
            score, a, b = max(((fuzz.ratio(wanted, self.text[a:b]), a, b) for a, b in ends), default=(0.0, start, end))
            if score > best:
                best, start, end = score, a, b
            else:
                step //= 2
        return Place(best / 100, start, end)


def _fold(text: str) -> tuple[str, list[int]]:
    """`text` with white space, quotation marks, dashes and character forms made one, and each character's origin."""
    folded: list[str] = []
    offsets: list[int] = []
    for offset, character in enumerate(text):
        if character.isspace():
            forms = " " if folded and folded[-1] != " " else ""
        elif character.isascii():
            forms = character
        elif character in _INVISIBLE:
            forms = ""
        else:
            forms = unicodedata.normalize("NFKD", character.translate(_FORMS))
        folded += forms
        offsets += [offset] * len(forms)
    return "".join(folded), offsets


def _occurrences(text: str, find: str) -> list[int]:
    """Where `find` begins in `text`, overlapping occurrences too."""
    return [match.start() for match in re.finditer(f"(?={re.escape(find)})", text)]


def _reach(wanted: str, run: str) -> int:
    """How much of the white space `run` corresponds to the white space `wanted`; both read away from the fragment."""
    end = 0
    for _ in range(wanted.count("\n")):
        end = run.find("\n", end) + 1 or end
    blanks = len(run) - end - len(run[end:].lstrip(" \t"))
    return end + min(blanks, len(wanted) - wanted.rfind("\n") - 1)


def _is_in_word(text: str, offset: int) -> bool:
    return 0 < offset < len(text) and bool(re.fullmatch(r"[A-Za-z0-9]{2}", text[offset - 1 : offset + 1]))


def _check_apart(text: str, found: Sequence[Replacement]) -> None:
    """Raise ToolFailed where two edits want the same characters."""
    order = sorted(range(len(found)), key=lambda n: found[n].start)
    for one, other in pairwise(order):
        if found[other].start < found[one].end:
            numbers = " and ".join(str(n + 1) for n in sorted((one, other)))
            line = line_number(text, found[other].start)
            raise ToolFailed(f"Edits {numbers} overlap in line {line}.", "Make them one edit. No edit was made.")
