"""Builds a knowledge graph's files from triples that arrive one by one."""

import json
import shutil
from array import array
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import UserError
from ..files import write_file
from .graph import FORMAT, Ints, KnowledgeGraph, name_key
from .records import Problems

CHUNK = 1 << 20
"""Triples kept in memory before they are written."""


class GraphBuilder(Problems):
    """Takes triples, numbers and names; `finish` writes the graph. Keys of entities are the only thing in memory that
    grows with the graph: about 200 bytes each."""

    def __init__(self, folder: Path) -> None:
        """folder: need not exist; nothing is there before `finish`. Raises OSError."""
        self._folder = folder
        self._aside = folder.with_name(folder.name + ".part")
        shutil.rmtree(self._aside, ignore_errors=True)
        self._aside.mkdir(parents=True)
        self.entities: dict[str, int] = {}
        """The number of every key seen so far."""
        self._relations: dict[str, int] = {}
        self._labels: dict[str, str] = {}
        self._triples = array("i")
        self._file = (self._aside / "triples").open("wb")
        self._numbers: list[tuple[int, int, float]] = []
        self._languages: dict[str, int] = {}
        self._name_file = (self._aside / "names").open("wb")
        self._name_at = 0
        self._name_rows = (array("i"), array("q"), array("H"), array("B"))
        super().__init__()
        self.skipped: Counter[str] = Counter()
        """What the graph has no place for, by kind."""

    def add(self, head: str, relation: str, tail: str) -> None:
        """One triple."""
        entities = self.entities
        triples = self._triples
        triples.append(entities.setdefault(head, len(entities)))
        triples.append(self._relations.setdefault(relation, len(self._relations)))
        triples.append(entities.setdefault(tail, len(entities)))
        if len(triples) >= 3 * CHUNK:
            triples.tofile(self._file)
            del triples[:]

    def add_number(self, head: str, relation: str, number: float) -> None:
        """A fact whose value is a number."""
        entity = self.entities.setdefault(head, len(self.entities))
        self._numbers.append((self._relations.setdefault(relation, len(self._relations)), entity, number))

    def add_name(self, key: str, language: str, name: str, known_only: bool = False) -> None:
        """A name; the first of an entity in a language is its usual one. language: "" for names that serve for all.

        known_only: only where a triple has named the entity."""
        if known_only and key not in self.entities:
            self.skipped["names of entities without triples"] += 1
            return
        text = " ".join(name.split()).encode("utf-8", "replace")[:65_535]
        entity, offset, length, languages = self._name_rows
        entity.append(self.entities.setdefault(key, len(self.entities)))
        offset.append(self._name_at)
        length.append(len(text))
        languages.append(self._languages.setdefault(language, len(self._languages)))
        self._name_file.write(text)
        self._name_at += len(text)

    def label(self, relation: str, label: str) -> None:
        """What a relation is called."""
        self._labels.setdefault(relation, label)

    def abandon(self) -> None:
        """Remove what has been written."""
        self._file.close()
        self._name_file.close()
        shutil.rmtree(self._aside, ignore_errors=True)

    def finish(self, sources: list[dict[str, Any]] | None = None) -> KnowledgeGraph:
        """Write everything and open it. Raises UserError where there is no triple, OSError."""
        self._triples.tofile(self._file)
        self._file.close()
        self._name_file.close()
        place = self._aside / "triples"
        if not place.stat().st_size:
            raise UserError(
                f"There is no triple in the sources.{self.first_problem()}", "See docs/synthesis.md for the formats."
            )
        triples = np.memmap(place, np.int32, "r").reshape(-1, 3)
        entities = len(self.entities)
        count = self._write_rows(triples[:, 0], triples[:, 2], triples[:, 1], entities, "out")
        self._write_rows(triples[:, 2], triples[:, 0], triples[:, 1], entities, "in")
        del triples
        place.unlink()
        self._write_keys()
        self._write_names(entities)
        self._write_numbers()
        about = {
            "format": FORMAT,
            "entities": entities,
            "triples": count,
            "relations": list(self._relations),
            "relation_labels": self._labels,
            "numeric": sorted({list(self._relations)[relation] for relation, _, _ in self._numbers}),
            "languages": list(self._languages),
            "problems": self.problems,
            "problem_count": self.problem_count,
            "skipped": dict(self.skipped),
            "sources": sources or [],
        }
        write_file(self._aside / "graph.json", [json.dumps(about, ensure_ascii=False).encode()])
        shutil.rmtree(self._folder, ignore_errors=True)
        self._aside.replace(self._folder)
        return KnowledgeGraph(self._folder)

    def _write_rows(self, of: Ints, other: Ints, relation: Ints, entities: int, name: str) -> int:
        """Edges sorted by entity, relation and other end, each once; how many."""
        bits, relation_bits = max(1, entities.bit_length()), max(1, len(self._relations).bit_length())
        if 2 * bits + relation_bits <= 63:  # three numbers in one: sorted ten times quicker
            packed = of.astype(np.int64) << relation_bits
            packed |= relation
            packed <<= bits
            packed |= other
            packed.sort()
            fresh = np.ones(len(packed), bool)
            np.not_equal(packed[1:], packed[:-1], out=fresh[1:])
            packed = packed[fresh]
            others = (packed & ((1 << bits) - 1)).astype(np.int32)
            packed >>= bits
            relations = (packed & ((1 << relation_bits) - 1)).astype(np.int32)
            packed >>= relation_bits
            firsts = packed
        else:
            order = np.lexsort((other, relation, of))
            rows = np.stack([of[order], relation[order], other[order]])
            fresh = np.ones(rows.shape[1], bool)
            fresh[1:] = (rows[:, 1:] != rows[:, :-1]).any(axis=0)
            firsts, relations, others = rows[0, fresh].astype(np.int64), rows[1, fresh], rows[2, fresh]
        start = np.zeros(entities + 1, np.int64)
        np.cumsum(np.bincount(firsts, minlength=entities), out=start[1:])
        self._save(f"{name}_start", start)
        self._save(f"{name}_relation", relations.astype(np.uint16 if len(self._relations) < 65_536 else np.int32))
        self._save(f"{name}_other", others)
        return len(others)

    def _write_keys(self) -> None:
        blob, start = bytearray(), array("q", [0])
        for key in self.entities:
            blob += key.encode("utf-8", "replace")
            start.append(len(blob))
        self._save("keys", np.frombuffer(bytes(blob), np.uint8))
        self._save("keys_start", np.frombuffer(start, np.int64))

    def _write_names(self, entities: int) -> None:
        of = np.frombuffer(self._name_rows[0], np.int32) if self._name_rows[0] else np.empty(0, np.int32)
        order = np.argsort(of, kind="stable")
        start = np.zeros(entities + 1, np.int64)
        np.cumsum(np.bincount(of, minlength=entities), out=start[1:])
        self._save("names_start", start)
        rows = zip(("offset", "length", "language"), (np.int64, np.uint16, np.uint8), self._name_rows[1:], strict=True)
        sorted_rows: dict[str, Any] = {}
        for part, kind, values in rows:
            sorted_rows[part] = np.frombuffer(values, kind)[order] if values else np.empty(0, kind)
            self._save(f"names_{part}", sorted_rows[part])
        names = self._aside / "names"
        blob = np.memmap(names, np.uint8, "r") if self._name_at else np.empty(0, np.uint8)
        self._save("names", blob)
        self._save("name_keys", _name_keys(of[order], sorted_rows, blob))
        del blob
        names.unlink()

    def _write_numbers(self) -> None:
        first: dict[tuple[int, int], float] = {}
        for relation, entity, value in self._numbers:  # an entity with several values has no rank: the first counts
            first.setdefault((relation, entity), value)
        rows = sorted(first)
        self._save("number_relation", np.array([relation for relation, _ in rows], np.int32))
        self._save("number_entity", np.array([entity for _, entity in rows], np.int32))
        self._save("number_value", np.array([first[row] for row in rows], np.float64))

    def _save(self, name: str, values: Any) -> None:
        np.save(self._aside / f"{name}.npy", values)


def _name_keys(of: Ints, rows: dict[str, Any], blob: Ints) -> Ints:
    """The keys of the usual names, sorted; a name that several entities share is there as often."""
    keys, entity_of = array("Q"), array("i")
    seen: set[int] = set()
    newest = -1
    for entity, offset, length, language in zip(of, rows["offset"], rows["length"], rows["language"], strict=True):
        if entity != newest:
            seen, newest = set(), entity
        if language in seen:
            continue
        seen.add(language)
        keys.append(name_key(bytes(blob[offset : offset + length]).decode("utf-8", "replace")))
        entity_of.append(entity)
    if not keys:
        return np.empty(0, np.uint64)
    pairs = np.zeros(len(keys), [("key", np.uint64), ("entity", np.int32)])
    pairs["key"], pairs["entity"] = np.frombuffer(keys, np.uint64), np.frombuffer(entity_of, np.int32)
    unique: Ints = np.sort(np.unique(pairs)["key"])
    return unique
