"""What a report is judged by: criteria with weights, from files that people write or benchmarks publish."""

import json
import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from ..errors import RubricError

Role = Literal["explicit", "implicit", "negative"]
"""explicit: the question asks for it; implicit: a good answer has it unasked; negative: a flaw."""
LARGEST = 32 * 2**20
"""Bytes of a file of rubrics."""
SHAPE = 'A criterion looks like this: {"criterion": "The report names its sources.", "weight": 3}.'

_QUESTION_NAMES = ("question", "task", "prompt", "query")
_LIST_NAMES = ("rubrics", "criteria")
_BLANKS = re.compile(r"\s+")


class Rubric(BaseModel):
    """One criterion. A flaw has the role `negative` and a weight of zero or below, any other role zero or above."""

    model_config = ConfigDict(extra="ignore", frozen=True, allow_inf_nan=False)

    id: str = ""
    """Unique within its set; given by position (c1, c2, ...) where it is empty."""
    criterion: str = Field(min_length=1)
    weight: float
    role: Role = "explicit"
    """Without one, a weight below zero makes it negative."""
    axis: str = ""
    """What it is about, in the author's words: factual grounding, structure ..."""
    fatal: bool = False
    """A flaw that zeroes the whole report where it is there."""

    @property
    def negative(self) -> bool:
        return self.role == "negative"

    @field_validator("id", mode="before")
    @classmethod
    def _id_as_text(cls, given: Any) -> Any:
        return str(given) if isinstance(given, int) else given

    @field_validator("criterion")
    @classmethod
    def _one_paragraph(cls, given: str) -> str:
        text = given.strip()
        if not text:
            raise ValueError("the criterion is empty")
        return text

    @model_validator(mode="before")
    @classmethod
    def _role_of_weight(cls, given: Any) -> Any:
        if isinstance(given, Mapping) and not given.get("role"):
            below = str(given.get("weight", "")).lstrip().startswith("-") and given.get("weight")
            return {**given, "role": "negative" if below else "explicit"}
        return given

    @field_validator("weight")
    @classmethod
    def _within_bounds(cls, given: float) -> float:
        if given and not 1e-6 <= abs(given) <= 1e6:
            raise ValueError("a weight is 0, or between 0.000001 and 1,000,000 in size")
        return given

    @model_validator(mode="after")
    def _signs(self) -> Self:
        if self.negative and self.weight > 0:
            raise ValueError(f"a negative criterion has a weight below zero, not {self.weight:g}")
        if not self.negative and self.weight < 0:
            raise ValueError(f"a criterion with the weight {self.weight:g} has the role negative, not {self.role}")
        if self.fatal and not self.negative:
            raise ValueError("only a negative criterion can be fatal: word it as the flaw")
        return self


class RubricSet(BaseModel):
    """The criteria for one question."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    question: str = ""
    language: str = ""
    """ISO 639-1 code, or "" where none is given."""
    origin: str = ""
    """Where they come from: a file, "drafted by MODEL", "drafted mechanically"."""
    rubrics: tuple[Rubric, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _ids(self) -> Self:
        named = tuple(r if r.id else r.model_copy(update={"id": f"c{n}"}) for n, r in enumerate(self.rubrics, 1))
        ids = [rubric.id for rubric in named]
        if twice := next((id_ for id_ in ids if ids.count(id_) > 1), None):
            raise ValueError(f"the id {twice!r} is given twice")
        object.__setattr__(self, "rubrics", named)
        return self


def read_rubrics(path: Path) -> list[RubricSet]:
    """The sets of criteria in a JSON, JSON lines or TOML file.

    A file holds one set ({"question", "rubrics": [...]}), a bare list of criteria, or several sets: as a list, or one
    a line. `task`, `prompt` and `query` are read as `question`, `criteria` as `rubrics`. Raises RubricError.
    """
    rows = _rows(path)
    if all(isinstance(row, Mapping) and _first(row, _LIST_NAMES) is None for _, row in rows):
        return [_set({"rubrics": [row for _, row in rows]}, path, places=[where for where, _ in rows])]
    return [_set(row, path, where if len(rows) > 1 else "") for where, row in rows]


def choose(sets: Sequence[RubricSet], question: str) -> RubricSet:
    """The set for `question`, or the only one there is. Raises RubricError where none or several would do."""
    if len(sets) == 1:
        return sets[0]
    fitting = [s for s in sets if _plain(s.question) == _plain(question)]
    if len(fitting) == 1:
        return fitting[0]
    found = f"{len(fitting)} of the {len(sets)} sets of criteria are for this question"
    raise RubricError(f"{found}: {question[:120]!r}.", "Give the question exactly as one of them has it: --question.")


def dump_rubrics(rubrics: RubricSet) -> str:
    """`rubrics` as a JSON file that read_rubrics reads back the same."""
    return json.dumps(rubrics.model_dump(mode="json"), ensure_ascii=False, indent=1) + "\n"


def _rows(path: Path) -> list[tuple[str, Any]]:
    """The file's content: (where, object) for each set or criterion."""
    text = _text(path)
    if path.suffix.lower() == ".toml":
        try:
            return [("", tomllib.loads(text))]
        except tomllib.TOMLDecodeError as error:
            raise RubricError(f"{path} is no TOML: {error}.", "Correct it there.") from error
    if path.suffix.lower() in (".jsonl", ".ndjson"):
        rows = [(f"line {n}", _json(line, path, n)) for n, line in enumerate(text.splitlines(), 1) if line.strip()]
    else:
        value = _json(text, path)
        items = value if isinstance(value, list) else [value]
        rows = [(f"entry {n}", item) for n, item in enumerate(items, 1)] if isinstance(value, list) else [("", value)]
    if not rows:
        raise RubricError(f"{path} holds no criteria.", SHAPE)
    for where, row in rows:
        if not isinstance(row, Mapping):
            raise RubricError(f"{path}, {where or 'the file'}: an object is due, not {type(row).__name__}.", SHAPE)
    return rows


def _text(path: Path) -> str:
    try:
        if path.stat().st_size > LARGEST:
            raise RubricError(f"{path} is larger than {LARGEST >> 20} MiB.", "Split it.")
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise RubricError(f"{path} is not UTF-8 text (byte {error.start}).", "Save it as UTF-8.") from error
    except OSError as error:
        raise RubricError(f"{path}: {error.strerror}.", "Name a JSON, JSON lines or TOML file of criteria.") from error


def _json(text: str, path: Path, line: int | None = None) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        place = f"line {line or error.lineno}, column {error.colno}"
        raise RubricError(f"{path}, {place}: {error.msg}.", "Correct the JSON there.") from error
    except RecursionError as error:
        raise RubricError(f"{path} is nested too deeply.", SHAPE) from error


def _set(row: Mapping[str, Any], path: Path, where: str = "", places: Sequence[str] = ()) -> RubricSet:
    """One set. places: where each criterion is, in words; none: counted within the set."""
    listed = _first(row, _LIST_NAMES)
    prefix = f"{path}, {where}" if where else str(path)
    if not isinstance(listed, list) or not listed:
        raise RubricError(f"{prefix}: `rubrics` must be a list with at least one criterion.", SHAPE)
    given = {"question": _first(row, _QUESTION_NAMES) or "", "language": row.get("language") or ""}
    try:
        return RubricSet.model_validate({**given, "origin": row.get("origin") or path.name, "rubrics": listed})
    except ValidationError as error:
        raise RubricError(f"{prefix}{_problems(error, places)}.", SHAPE) from None


def _problems(error: ValidationError, places: Sequence[str]) -> str:
    """What is wrong with the first part that is: a criterion, or the set as a whole."""
    first = error.errors()[0]["loc"][:2]
    number = int(first[1]) if len(first) > 1 else -1
    found = []
    for problem in (p for p in error.errors() if p["loc"][:2] == first):
        name = ".".join(map(str, problem["loc"][2:]))
        words = problem["msg"].removeprefix("Value error, ")
        given = "" if problem["type"] in ("missing", "value_error") else f" (given: {problem['input']!r:.60})"
        found.append(f"{name}: {words}{given}" if name else words)
    place = "" if number < 0 else f", {places[number]}" if places and places[number] else f", criterion {number + 1}"
    return f"{place}: {'; '.join(found)}"


def _first(row: Mapping[str, Any], names: Iterable[str]) -> Any:
    return next((row[name] for name in names if name in row), None)


def _plain(text: str) -> str:
    return _BLANKS.sub(" ", text).strip().casefold()
