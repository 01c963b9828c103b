"""What training reads and writes: tasks as synthesis made them, and runs as token ids with a loss weight each."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from ..errors import TrainingError
from ..files import write_file
from ..judge.rubrics import Rubric
from ..trajectory import Record

BATCH = 500
"""Samples of one Parquet row group."""


class ResearchTask(Record):
    """A question with its hidden side: a line of `deepresearch synth`; fields that are not named here are kept."""

    id: str = ""
    question: str
    language: str = "en"
    date: str = ""
    """The day that "now" means in the question, YYYY-MM-DD; empty: the question is not about time."""
    answer: str = ""
    aliases: list[str] = []
    """Other names of the answer that count as right."""
    rubrics: list[Rubric] = []
    evidence: list[dict[str, Any]] = []
    """Passages that support a part of the answer."""
    distractors: list[str] = []
    """Entities that a wrong answer would name."""


@dataclass(frozen=True)
class TokenSample:
    """A document or a run as token ids."""

    ids: list[int]
    weights: list[float]
    """Loss weight of each token; 0: context that is read and not learnt."""
    run: str = ""
    """The run that it comes from."""
    kind: str = ""
    """Which lesson it is, for counts."""


def read_tasks(path: Path) -> Iterator[ResearchTask]:
    """The tasks of a file, JSON lines or Parquet. Raises TrainingError naming the record that is no task."""
    for place, record in read_records(path):
        try:
            yield ResearchTask.model_validate(record)
        except ValueError as error:
            reason = " ".join(str(error).split())
            raise TrainingError(f"{place} is no task: {reason}.", "Make tasks with deepresearch synth.") from error


def read_samples(path: Path) -> Iterator[TokenSample]:
    """The samples of a file, JSON lines or Parquet, one by one. Raises TrainingError naming a record that is none."""
    for place, record in read_records(path):
        yield as_sample(place, record)


def as_sample(place: str, record: Mapping[str, Any]) -> TokenSample:
    """The sample that a record is. Raises TrainingError naming its place."""
    ids, weights = record.get("ids"), record.get("weights")
    if not isinstance(ids, list) or not isinstance(weights, list) or len(ids) != len(weights):
        raise TrainingError(f"{place} is no sample.", 'Write "ids" and "weights", two lists of the same length.')
    return TokenSample(ids, weights, str(record.get("run") or ""), str(record.get("kind") or ""))


def write_samples(samples: Iterable[TokenSample], path: Path) -> int:
    """Write a file of samples, replacing what is there; how many there were.

    Parquet where the name ends so, else JSON lines. Raises OSError.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    count = 0

    def lines() -> Iterator[bytes]:
        nonlocal count
        for count, sample in enumerate(samples, 1):  # noqa: B007  the number of the last is the number of all
            yield json.dumps(asdict(sample), ensure_ascii=False, separators=(",", ":")).encode() + b"\n"

    if path.suffix != ".parquet":
        write_file(path, lines())
        return count
    import pyarrow as pa  # noqa: PLC0415  quick start without Parquet
    import pyarrow.parquet as pq  # noqa: PLC0415

    types = {"ids": pa.list_(pa.int32()), "weights": pa.list_(pa.float32()), "run": pa.string(), "kind": pa.string()}
    schema = pa.schema(list(types.items()))
    rest = iter(samples)
    with pq.ParquetWriter(path, schema) as writer:
        while batch := [asdict(sample) for sample in islice(rest, BATCH)]:
            writer.write_table(pa.Table.from_pylist(batch, schema=schema))
            count += len(batch)
    return count


def read_records(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """The records of a JSON lines or Parquet file with their places. Raises TrainingError."""
    try:
        if path.suffix == ".parquet":
            import pyarrow.parquet as pq  # noqa: PLC0415

            with pq.ParquetFile(path) as file:
                nested = json.loads((file.schema_arrow.metadata or {}).get(b"json", b"[]"))  # as synthesis writes them
                rows = (row for batch in file.iter_batches(BATCH) for row in batch.to_pylist())
                for number, row in enumerate(rows, 1):
                    yield (
                        f"{path}: record {number}",
                        {
                            key: json.loads(value) if key in nested and value is not None else value
                            for key, value in row.items()
                        },
                    )
            return
        with path.open("rb") as lines:
            for number, line in enumerate(lines, 1):
                record = json.loads(line)
                if not isinstance(record, dict):
                    raise TrainingError(f"{path}:{number} is not a JSON object.", "Remove the line.")
                yield f"{path}:{number}", record
    except OSError as error:
        raise TrainingError(f"{path} cannot be read: {error.strerror or error}.", "Check the path.") from error
    except ValueError as error:  # no JSON; pyarrow's own errors are among them
        raise TrainingError(f"{path} cannot be read: {error}.", "Check the file.") from error
