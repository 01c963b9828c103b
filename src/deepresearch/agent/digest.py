"""A dense extractive summary of a long tool result: what the policy sees while the whole is in a file."""

from itertools import pairwise

from ..text.sentences import split_sentences
from ..text.terms import content_terms, tokenise
from ..tools.fencing import MARK
from .tokens import estimate_tokens

HEAD_SHARE = 0.3
"""Share of the summary that goes to the beginning of the text, unchanged."""


def digest(text: str, about: str, limit: int) -> str:
    """At most about `limit` tokens of `text`: its beginning, then the lines most relevant to `about`, in order.

    A line scores by the words it shares with `about`, each word counting less the more lines have it. A quoted line
    comes with its document and its passage id above it, or it would look like another passage's text; these come
    only with a line of theirs, or a passage would count as shown of which nothing can be read.
    """
    if estimate_tokens(text) <= limit:
        return text
    lines = [part for line in text.splitlines() if line.strip(f"{MARK}. ") for part in _pieces(line)]
    opening = [_opens(line, after) for line, after in pairwise([*lines, ""])]
    words = [set() if opens else set(tokenise(line)) for line, opens in zip(lines, opening, strict=True)]
    wanted = set(content_terms(about))
    frequency = {w: sum(w in line for line in words) for w in wanted}
    above = _headings(lines)
    chosen: set[int] = set()
    spent = 0
    scores = [sum(1 / frequency[w] for w in wanted & line) for line in words]
    ranking = [n for n in sorted(range(len(lines)), key=lambda n: (-scores[n], n)) if scores[n] > 0]
    for most, order in ((limit * HEAD_SHARE, range(len(lines))), (limit, ranking)):
        for number in order:
            if opening[number]:
                continue
            new = ({number} | above[number]) - chosen
            cost = sum(estimate_tokens(lines[n]) + 1 for n in new)
            if spent + cost <= most:
                chosen |= new
                spent += cost
            elif order is not ranking and chosen:
                break
    return "\n".join(_with_gaps(lines, chosen))


def _opens(line: str, after: str) -> bool:
    """Whether the line is there for the quoted lines after it: it names their document or passage."""
    return line.startswith("## ") or (line.startswith("[") and after.startswith(MARK))


def _pieces(line: str) -> list[str]:
    """The line, or its sentences where it is long, each marked as the line was."""
    if len(line) <= 400:
        return [line]
    mark = MARK if line.startswith(MARK) else ""
    return [mark + piece[:2000] for piece in split_sentences(line.removeprefix(mark))]


def _headings(lines: list[str]) -> list[set[int]]:
    """For each quoted line the newest line of each kind (passage id, document) above it."""
    newest: dict[str, int] = {}
    above: list[set[int]] = []
    for number, line in enumerate(lines):
        if line.startswith(("[", "## ")):
            newest = {line[0]: number} if line[0] == "#" else {**newest, "[": number}
        above.append(set(newest.values()) if line.startswith(MARK) else set())
    return above


def _with_gaps(lines: list[str], chosen: set[int]) -> list[str]:
    shown: list[str] = []
    for number in sorted(chosen):
        if number and number - 1 not in chosen:
            shown.append("[…]")
        shown.append(lines[number])
    return [*shown, "[…]"] if len(lines) - 1 not in chosen else shown
