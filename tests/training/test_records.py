"""Samples and tasks are read as they were written; what is none is named by its place."""

import json

import pytest

from deepresearch.errors import TrainingError
from deepresearch.training.records import TokenSample, read_samples, read_tasks, write_samples

SAMPLES = [TokenSample([1, 2], [0.0, 0.5], "run-1", "graph"), TokenSample([3], [1.0])]


@pytest.mark.parametrize("name", ["samples.jsonl", "deep/samples.parquet"])
def test_samples_are_read_as_written(tmp_path, name) -> None:
    if name.endswith("parquet"):
        pytest.importorskip("pyarrow")
    assert write_samples(iter(SAMPLES), tmp_path / name) == 2
    assert list(read_samples(tmp_path / name)) == SAMPLES


def test_tasks_keep_fields_of_other_versions(tmp_path) -> None:
    file = tmp_path / "tasks.jsonl"
    rubric = {"criterion": "It names Paris.", "weight": 2}
    file.write_text(json.dumps({"id": "t", "question": "Capital?", "answer": "Paris", "hops": 2, "rubrics": [rubric]}))
    (task,) = read_tasks(file)
    assert (task.answer, task.rubrics[0].weight) == ("Paris", 2)
    assert task.model_dump()["hops"] == 2


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{", "cannot be read"),
        ("[1]", "samples.jsonl:1 is not a JSON object"),
        ('{"ids": [1]}', "samples.jsonl:1 is no sample"),
        ('{"ids": [1], "weights": [1, 2]}', "two lists of the same length"),
    ],
)
def test_what_is_no_sample_is_named_by_its_place(tmp_path, line, message) -> None:
    file = tmp_path / "samples.jsonl"
    file.write_text(line)
    with pytest.raises(TrainingError, match=message):
        list(read_samples(file))
    with pytest.raises(TrainingError):
        list(read_tasks(file))


def test_a_file_that_is_not_there_is_named(tmp_path) -> None:
    with pytest.raises(TrainingError, match="nowhere"):
        list(read_samples(tmp_path / "nowhere.jsonl"))
