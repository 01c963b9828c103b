"""A knowledge graph in files: compressed sparse rows in both directions, names, and numbers, all memory-mapped.

Entities and relations are numbered from 0. A graph of 20 million triples takes about 400 MB on disk and hardly any
memory, since only the pages that are looked at are read.
"""

import json
from collections.abc import Iterable
from functools import cache, cached_property, lru_cache
from hashlib import blake2b
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import UserError
from ..text.characters import normalise

Ints = npt.NDArray[np.integer[Any]]
Floats = npt.NDArray[np.float64]
NONE = np.empty(0, np.int32)
FORMAT = 1


def name_key(name: str) -> int:
    """64 bits by which names are compared: case and typography do not count."""
    return int.from_bytes(blake2b(normalise(name).casefold().encode("utf-8", "replace"), digest_size=8).digest())


class KnowledgeGraph:
    """A graph that GraphBuilder has written."""

    def __init__(self, folder: Path) -> None:
        """Raises UserError where there is no graph."""
        self.folder = folder
        try:
            self.about = json.loads((folder / "graph.json").read_bytes())
        except (OSError, ValueError) as error:
            raise UserError(f"{folder} holds no graph.", "Make it with deepresearch synth graph.") from error
        if self.about["format"] != FORMAT:
            raise UserError(f"{folder} was made by another version.", "Delete it, and make it again.")
        self.entities: int = self.about["entities"]
        self.triples: int = self.about["triples"]
        self.relations: list[str] = self.about["relations"]
        """Keys of the relations, by number."""
        self.relation_labels: dict[str, str] = self.about["relation_labels"]
        self._number = {key: number for number, key in enumerate(self.relations)}
        self._languages: list[str] = self.about["languages"]

    def relation(self, key: str) -> int | None:
        """The number of a relation; None where the graph has none of that key."""
        return self._number.get(key)

    def degree(self, entity: int) -> int:
        """Edges in both directions."""
        out, into = self._out[0], self._in[0]
        return int(out[entity + 1] - out[entity] + into[entity + 1] - into[entity])

    @cached_property
    def degrees(self) -> Ints:
        """The degree of every entity."""
        return np.diff(self._out[0]) + np.diff(self._in[0])

    def edges(self, entity: int, forward: bool) -> tuple[Ints, Ints]:
        """Relations and the entities at the other end, of edges that leave `entity`, or else that lead to it."""
        pointer, relations, others = self._out if forward else self._in
        start, end = pointer[entity], pointer[entity + 1]
        return relations[start:end], others[start:end]

    def neighbours(self, entity: int, relation: int, forward: bool) -> Ints:
        """Entities at the other end of the edges of one relation, sorted."""
        relations, others = self.edges(entity, forward)
        first, last = np.searchsorted(relations, [relation, relation + 1])
        return others[first:last]

    def has_edge(self, head: int, relation: int, tail: int) -> bool:
        """Whether the triple is in the graph."""
        others = self.neighbours(head, relation, True)
        place = int(np.searchsorted(others, tail))
        return place < len(others) and int(others[place]) == tail

    def number(self, entity: int, relation: int) -> float | None:
        """The number that a relation gives to an entity."""
        entities, values, _ = self._numbers(relation)
        place = int(np.searchsorted(entities, entity))
        return float(values[place]) if place < len(entities) and entities[place] == entity else None

    def within(self, relation: int, low: float, high: float) -> Ints:
        """Entities whose number is between the bounds, both included; sorted."""
        entities, values, order = self._numbers(relation)
        ascending = values[order]
        first = np.searchsorted(ascending, low, "left")
        last = np.searchsorted(ascending, high, "right")
        found: Ints = np.sort(entities[order[first:last]])
        return found

    @property
    def numeric(self) -> list[int]:
        """Relations whose values are numbers."""
        return [number for number, key in enumerate(self.relations) if key in self.about["numeric"]]

    def key(self, entity: int) -> str:
        """The entity's id in its source."""
        blob, offsets = self._load("keys"), self._load("keys_start")
        return bytes(blob[offsets[entity] : offsets[entity + 1]]).decode("utf-8", "replace")

    def names(self, entity: int) -> list[tuple[str, str]]:
        """(language, name), in the order of the source: the first of a language is the usual one."""
        parts = ("names_start", "names_offset", "names_length", "names_language", "names")
        pointer, offsets, lengths, languages, blob = map(self._load, parts)
        rows = range(int(pointer[entity]), int(pointer[entity + 1]))
        return [
            (
                self._languages[int(languages[row])],
                bytes(blob[int(offsets[row]) : int(offsets[row]) + int(lengths[row])]).decode("utf-8", "replace"),
            )
            for row in rows
        ]

    def name(self, entity: int, language: str) -> str:
        """The usual name in that language; empty where there is none. A name of no language serves for all."""
        names = self.names(entity)
        return next((name for code, name in names if code in (language, "")), "")

    def all_names(self, entity: int) -> list[str]:
        """Every name once."""
        return list(dict.fromkeys(name for _, name in self.names(entity)))

    def is_ambiguous(self, name: str) -> bool:
        """Whether several entities have this as a usual name in any language."""
        key = np.uint64(name_key(name))
        keys = self._load("name_keys")
        first = int(np.searchsorted(keys, key))
        return first + 1 < len(keys) and bool(keys[first + 1] == key)

    @cached_property
    def _out(self) -> tuple[Ints, Ints, Ints]:
        return self._load("out_start"), self._load("out_relation"), self._load("out_other")

    @cached_property
    def _in(self) -> tuple[Ints, Ints, Ints]:
        return self._load("in_start"), self._load("in_relation"), self._load("in_other")

    @lru_cache(maxsize=64)  # noqa: B019  a graph lives as long as the process that asks it
    def _numbers(self, relation: int) -> tuple[Ints, Floats, Ints]:
        """Entities in order, the number of each, and the order of the numbers."""
        relations, entities, values = (self._load(f"number_{part}") for part in ("relation", "entity", "value"))
        first, last = np.searchsorted(relations, [relation, relation + 1])
        chosen: Floats = np.asarray(values[first:last], np.float64)
        return np.asarray(entities[first:last]), chosen, np.argsort(chosen, kind="stable")

    @cache  # noqa: B019  as above
    def _load(self, name: str) -> Any:
        array = np.load(self.folder / f"{name}.npy", mmap_mode="r")
        return array if array.size else np.asarray(array)


def union(parts: Iterable[Ints]) -> Ints:
    """All entities of the parts, sorted, each once."""
    listed = list(parts)
    found: Ints = np.unique(np.concatenate(listed)) if listed else NONE
    return found
