"""What a report gives as its answer, and whether that is right: decided by the names in it, without a model."""

import re
from collections.abc import Iterable, Sequence

from ..text.characters import normalise
from ..text.names import is_named

HEADINGS = ("short answer", "简要回答")
_CITE = re.compile(r"\\cite\{([^}]*)\}")
_BOLD = re.compile(r"\*\*(.+?)\*\*")
_HEADING = re.compile(r"#{1,6}\s*(.+?)\s*#*")


def short_answer(report: str, cited: bool = False) -> str:
    """What is under the heading of the short answer; without one, the first paragraph. cited: with its citations."""
    lines = report.splitlines()
    start = next((i + 1 for i, line in enumerate(lines) if _is_heading(line)), 0)
    text: list[str] = []
    for line in lines[start:]:
        if _HEADING.fullmatch(line.strip()) or (not start and text and not line.strip()):
            if text:
                break
            continue
        text += [line] if line.strip() else []
    return "\n".join(text) if cited else _CITE.sub("", "\n".join(text))


def _is_heading(line: str) -> bool:
    found = _HEADING.fullmatch(line.strip())
    return bool(found) and found[1].casefold() in HEADINGS if found else False


def names_answer(report: str, question: str, names: Sequence[str], distractors: Sequence[str] = ()) -> bool:
    """Whether the short answer, or what is bold in it, has one of `names`, and no distractor that the question itself
    does not name."""
    text = normalise(short_answer(report))
    text = " ".join(_BOLD.findall(text)) or text
    if not any(is_named(name, text) for name in names):
        return False
    asked = normalise(question)
    wrong = [name for name in distractors if not is_named(name, asked) and not _within(name, names)]
    return not any(is_named(name, text) for name in wrong)


def _within(name: str, names: Iterable[str]) -> bool:
    """Whether a near miss is named whenever the answer is: Congo in DR Congo."""
    return any(is_named(name, normalise(other)) for other in names)


def cited_passages(report: str) -> set[str]:
    """Ids of the passages that a report cites."""
    return {part.strip() for found in _CITE.findall(report) for part in found.split(",") if part.strip()}
