"""Data files: JSON lines that grow and can be continued, Parquet, and the data card beside each."""

import hashlib
import importlib
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any, Self

from ..errors import UserError
from ..files import write_file
from ..version import __version__
from .records import DataCard, Problems, SourceFile, SyntheticTask

BATCH = 500
"""Rows of one Parquet row group."""
COUNTED = ("language", "hops", "depth", "level", "policy", "correct", "state")
_BLOCK = 1 << 20


class LineFile:
    """A file of JSON lines that is written in order and continued after any interruption.

    `save` records how far the work is; what a killed process wrote after that is cut off and made again.
    """

    def __init__(self, path: Path, identity: Mapping[str, Any], in_order: bool = True) -> None:
        """identity: what determines the content. in_order: false where lines come as they are done, so that every
        whole line counts, saved or not. Raises UserError where the file was begun with another, OSError."""
        self.path = path
        self._state_file = path.with_name(path.name + ".state.json")
        self._identity = json.loads(json.dumps(identity, default=str))
        self.state: dict[str, Any] = {}
        """What was saved last; empty at the beginning."""
        if path.suffix == ".parquet":
            hint = "Name it .jsonl; synth filter and synth export write Parquet from it."
            raise UserError(f"{path}: records are added one by one, which Parquet does not allow.", hint)
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists() and not self._state_file.exists():
            raise UserError(f"{path} exists, and was not made by this command.", "Name another file.")
        if self._state_file.exists():
            saved = json.loads(self._state_file.read_bytes())
            if saved["identity"] != self._identity:
                raise UserError(f"{path} was begun with other inputs or settings.", "Name another file, or delete it.")
            self.state = saved["state"]
            offset = saved["offset"]
        else:
            offset = 0
        self._file = path.open("ab")
        self._file.truncate(offset if in_order else self._sound())
        self._file.seek(0, 2)
        if not self._state_file.exists():
            self.save()

    def write(self, record: Mapping[str, Any]) -> None:
        """Append one record."""
        self._file.write(json.dumps(record, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace"))
        self._file.write(b"\n")

    def flush(self) -> None:
        """Hand what is written to the system, so that a killed process does not lose it."""
        self._file.flush()

    def save(self, **state: Any) -> None:
        """Record `state` together with the length of the file."""
        self.state |= state
        self.flush()
        saved = {"identity": self._identity, "state": self.state, "offset": self._file.tell()}
        write_file(self._state_file, [json.dumps(saved, ensure_ascii=False).encode()])

    def close(self) -> None:
        self._file.close()

    def discard(self) -> None:
        """Remove the file: nothing came of it."""
        self.close()
        self.path.unlink(missing_ok=True)
        self._state_file.unlink(missing_ok=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _sound(self) -> int:
        """Bytes up to the end of the last whole line."""
        sound = 0
        with self.path.open("rb") as file:
            for line in file:
                sound += len(line) if line.endswith(b"\n") else 0
        return sound


def read_records(path: Path) -> Iterator[dict[str, Any]]:
    """The records of a JSON lines or Parquet file, one by one. Raises UserError naming a line that is no record."""
    if path.suffix == ".parquet":
        yield from _read_parquet(path)
        return
    try:
        with path.open("rb") as file:
            for number, line in enumerate(file, 1):
                try:
                    record = json.loads(line)
                except ValueError as error:
                    raise UserError(f"{path}:{number} is not JSON: {error}.", "Remove the line.") from error
                if not isinstance(record, dict):
                    raise UserError(f"{path}:{number} is not a JSON object.", "Remove the line.")
                yield record
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror}.", "Check the path.") from error


def read_tasks(path: Path) -> Iterator[SyntheticTask]:
    """The tasks of a file. Raises UserError."""
    for number, record in enumerate(read_records(path), 1):
        try:
            yield SyntheticTask.model_validate(record)
        except ValueError as error:
            reason = str(error).splitlines()[0]
            raise UserError(
                f"{path}: record {number} is no task: {reason}.", "Make it with deepresearch synth."
            ) from error


def write_whole(records: Iterable[Mapping[str, Any]], path: Path) -> None:
    """Write records as JSON lines, or as Parquet where the name ends so, with nested values as JSON text: all or
    nothing. Raises UserError, and what `records` raises."""
    if path.suffix != ".parquet":
        lines = (json.dumps(r, ensure_ascii=False, separators=(",", ":")) + "\n" for r in records)
        write_file(path, (line.encode("utf-8", "replace") for line in lines))
        return
    pa, pq = optional_package("pyarrow"), optional_package("pyarrow.parquet")
    rows = iter(records)
    writer, aside = None, path.with_name(path.name + ".part")
    types: dict[tuple[type, ...], Any] = {
        (bool,): pa.bool_(),
        (int,): pa.int64(),
        (float,): pa.float64(),
        (str,): pa.string(),
    }
    try:
        while batch := list(map(dict, islice(rows, BATCH))):
            if writer is None:
                found = {key: {type(row.get(key)) for row in batch} - {type(None)} for key in batch[0]}
                nested = [key for key, kinds in found.items() if tuple(kinds) not in types]
                columns = [(key, types.get(tuple(kinds), pa.string())) for key, kinds in found.items()]
                schema = pa.schema(columns, metadata={"json": json.dumps(nested)})
                writer = pq.ParquetWriter(aside, schema)
            flat = [row | {key: json.dumps(row.get(key), ensure_ascii=False) for key in nested} for row in batch]
            writer.write_table(pa.Table.from_pylist(flat, schema=schema))
    except BaseException:  # of any kind: no half-written file stays
        if writer:
            writer.close()
        aside.unlink(missing_ok=True)
        raise
    if writer:
        writer.close()
        aside.replace(path)


def optional_package(name: str, extra: str = "synth") -> Any:
    """A module that not every installation has. Raises UserError."""
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise UserError(
            f"{name.partition('.')[0]} is not installed.", f"pip install 'step-deepresearch[{extra}]'"
        ) from error


def _read_parquet(path: Path) -> Iterator[dict[str, Any]]:
    pa, pq = optional_package("pyarrow"), optional_package("pyarrow.parquet")
    try:
        with pq.ParquetFile(path) as file:
            nested = json.loads((file.schema_arrow.metadata or {}).get(b"json", b"[]"))
            for batch in file.iter_batches(BATCH):
                for row in batch.to_pylist():
                    yield {k: json.loads(v) if k in nested and v is not None else v for k, v in row.items()}
    except (OSError, pa.ArrowInvalid) as error:
        raise UserError(f"{path} cannot be read as Parquet: {error}.", "Check the file.") from error


class Card(Problems):
    """A data card while its file is being written: counts what goes in and what is left out."""

    def __init__(self, path: Path, route: str, seed: int | None, sources: Iterable[SourceFile] = ()) -> None:
        super().__init__()
        self.path = path
        self.counts: dict[str, Counter[str]] = {}
        self.dropped: Counter[str] = Counter()
        generator = f"step-deepresearch {__version__}"
        self.card = DataCard(file=path.name, route=route, generator=generator, seed=seed, sources=list(sources))

    def add(self, record: Mapping[str, Any]) -> None:
        """Count one record that is written."""
        self.card.records += 1
        for key in COUNTED:
            if key in record:
                self.counts.setdefault(key, Counter())[str(record[key])] += 1

    def state(self) -> dict[str, Any]:
        """The counts, for LineFile.save."""
        return {"records": self.card.records, "counts": self.counts, "dropped": self.dropped}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Continue from saved counts."""
        self.card.records = state.get("records", 0)
        self.counts = {key: Counter(values) for key, values in state.get("counts", {}).items()}
        self.dropped = Counter(state.get("dropped", {}))

    def write(self) -> DataCard:
        """Put the card beside its file."""
        self.card.counts = {key: dict(sorted(counter.items())) for key, counter in sorted(self.counts.items())}
        self.card.dropped = dict(self.dropped.most_common())
        self.card.problems, self.card.problem_count = self.problems, self.problem_count
        return save_card(self.card, self.path)


def card_file(path: Path) -> Path:
    """Where the data card of a file is."""
    return path.with_name(path.name + ".card.json")


def save_card(card: DataCard, path: Path) -> DataCard:
    """Put a card beside the file at `path`; the card."""
    write_file(card_file(path), [card.model_dump_json(indent=1).encode()])
    return card


def read_card(path: Path) -> DataCard:
    """The data card of a file. Raises UserError where there is none."""
    try:
        return DataCard.model_validate_json(card_file(path).read_bytes())
    except (OSError, ValueError) as error:
        raise UserError(f"{path} has no data card that can be read.", "deepresearch synth writes one.") from error


def source_of(path: Path, licence: str = "") -> SourceFile:
    """A source with its checksum; of a folder that of all its files. The licence, where none is given, is read from
    a line `licence:` of a SOURCE.txt beside it. Raises UserError where there is nothing."""
    if not path.exists():
        raise UserError(f"{path} does not exist.", "Check the spelling.")
    files = sorted(file for file in path.rglob("*") if file.is_file()) if path.is_dir() else [path]
    whole, size = hashlib.sha256(), 0
    for file in files:
        whole.update(file.relative_to(path.parent).as_posix().encode() + b"\0")
        with file.open("rb") as stream:
            while block := stream.read(_BLOCK):
                whole.update(block)
                size += len(block)
    note = (path if path.is_dir() else path.parent) / "SOURCE.txt"
    if not licence and note.is_file():
        lines = note.read_text(encoding="utf-8", errors="replace").splitlines()
        licence = next((line.partition(":")[2].strip() for line in lines if line.startswith("licence:")), "")
    return SourceFile(name=path.name, licence=licence, sha256=whole.hexdigest(), bytes=size)
